"""The families that Voltrail knows: an explicit list, so that nothing is found by magic."""

from typing import Final

from . import alfen, ams_han, mennekes_rtu, mennekes_tcp, victron_evcs, victron_gx
from .family import Family

FAMILIES: Final[tuple[Family, ...]] = (
    mennekes_tcp.FAMILY,
    mennekes_rtu.FAMILY,
    alfen.FAMILY,
    victron_gx.FAMILY,
    victron_evcs.FAMILY,
    ams_han.FAMILY,
)


def family(key: str) -> Family:
    """Return the family with this key."""
    return next(known for known in FAMILIES if known.key == key)


def code_text(name: str, code: int) -> str:
    """Return what programs call a code of a reading."""
    texts = (known.code_texts.get(name, {}) for known in FAMILIES)
    return next((found[code] for found in texts if code in found), f"Unknown ({code})")
