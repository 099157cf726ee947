"""How Victron's products say what they are."""

from typing import Final

RELEASE: Final = 0xFF


def device_firmware(code: float | None) -> str | None:
    """Return the firmware of a product: hexadecimal, a last byte of FF for a release.

    Short codes have no such byte. The form follows from Victron's own protocols and was
    not seen through this server (UNCONFIRMED).
    """
    if not code:
        return None
    number, beta = int(code), RELEASE
    if number > 0xFFFF:
        number, beta = number >> 8, number & 0xFF
    shown = f"{number >> 8:x}.{number & 0xFF:02x}"
    return shown if beta in (0, RELEASE) else f"{shown}~{beta:x}"
