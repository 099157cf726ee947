"""Smart meters that push: every maker and list of the reference, encoded here from quantities.

Nothing in here knows the decoder: the check sums are computed bit by bit and the lists written out
one element after the other, as the documents print them.
"""
