"""What a value means and what can be asked: the words that all rooms share."""
