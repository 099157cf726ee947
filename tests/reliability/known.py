"""The cells of the fault table that do not hold yet, each with the reason.

A cell that is listed must fail, so that the list shrinks with every mend.
"""

from typing import Final

DOUBTFUL: Final = (
    "when answers of every length are doubtful, nothing proves that none is owed any more, and the"
    " line waits a minute rather than show a wrong value"
)


def _cells(subject: str, faults: tuple[str, ...], reason: str) -> dict[tuple[str, str], str]:
    return {(subject, fault): reason for fault in faults}


KNOWN: Final[dict[tuple[str, str], str]] = {
    **_cells("mennekes_rtu serial", ("doubled",), DOUBTFUL),
}
