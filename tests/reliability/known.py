"""The cells of the fault table that do not hold yet, each with the reason.

A cell that is listed must fail, so that the list shrinks with every mend.
"""

from typing import Final

CONTENT: Final = (
    "what a device says soundly is believed at once: a block of zeros, ones or NaN has to be read"
    " again before anything of it is shown"
)
ABSENT: Final = (
    "hardware behind a gateway that refuses for a moment counts as removed until it is searched"
    " for again"
)
DOUBTFUL: Final = (
    "when answers of every length are doubtful, nothing proves that none is owed any more, and the"
    " line waits a minute rather than show a wrong value"
)

_FILLED: Final = ("registers 0", "registers all ones", "registers NaN", "some registers NaN")


def _cells(subject: str, faults: tuple[str, ...], reason: str) -> dict[tuple[str, str], str]:
    return {(subject, fault): reason for fault in faults}


KNOWN: Final[dict[tuple[str, str], str]] = {
    **_cells("mennekes_tcp 4X", _FILLED, CONTENT),
    **_cells("mennekes_tcp ECU", _FILLED, CONTENT),
    **_cells("mennekes_rtu serial", _FILLED, CONTENT),
    **_cells("mennekes_rtu serial", ("doubled",), DOUBTFUL),
    **_cells("mennekes_rtu gateway", _FILLED, CONTENT),
    **_cells("alfen", ("registers 0", "registers NaN", "some registers NaN"), CONTENT),
    **_cells("victron_gx", _FILLED, CONTENT),
    **_cells(
        "victron_gx",
        tuple(
            f"exception {code} {when}"
            for code in (2, 10, 11)
            for when in ("now and then", "for one block")
        ),
        ABSENT,
    ),
}
