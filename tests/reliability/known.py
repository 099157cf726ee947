"""The cells of the fault table that do not hold yet, each with the reason.

A cell that is listed must fail, so that the list shrinks with every mend. It is empty now; what
breaks one day, and cannot be mended at once, is listed here with the reason.
"""

from typing import Final

KNOWN: Final[dict[tuple[str, str], str]] = {}
"""The reason, by subject and fault."""
