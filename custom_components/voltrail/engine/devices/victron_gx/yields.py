"""The total yield of solar chargers, out of two registers that each tell half of it."""

from typing import Final

from .component import unwrapped

SPAN: Final = 6_553_600.0
"""Wh. Where the counter in tenths of a kWh starts anew."""

COARSE_STEP: Final = 1_000.0
"""Wh. The step of the counter that never does."""


def total_yield(tenths: float | None, whole: float | None) -> float | None:
    """Return the yield as fine as the one and as far as the other counter goes.

    The two are read at different moments and one of them is rounded. If they differ by more
    than that can explain, the fine one does not wrap here (UNCONFIRMED on hardware) and
    the coarse one is right. None if one of them was lost, so that nobody knows how often the
    other one wrapped.
    """
    if whole == 0 and tenths is not None and tenths > 2 * COARSE_STEP:
        return None
    if not whole:
        return tenths
    fine = unwrapped(tenths, whole, SPAN)
    if fine is None or abs(fine - whole) > 2 * COARSE_STEP:
        return whole
    return fine
