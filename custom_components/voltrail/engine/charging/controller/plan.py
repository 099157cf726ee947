"""Ready in time, as cheaply as prices allow."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from .samples import Slot

RESERVE: Final = 1.03
RESERVE_S: Final = 120.0
LAST_CALL_S: Final = 300.0
"""With so little left to spare the car charges, whatever it costs."""
_NEAR: Final = timedelta(minutes=20)
"""A pause that would be shorter than this is none."""


@dataclass(frozen=True, slots=True)
class Plan:
    """When to charge: stretches of time, the earliest first, and whether that is now."""

    stretches: tuple[tuple[datetime, datetime], ...] = ()
    charging: bool = False
    last_call: bool = False

    def next_start(self, at: datetime) -> datetime | None:
        """The next moment at which a stretch begins."""
        return next((start for start, _ in self.stretches if start > at), None)


def need_s(missing_wh: float, power_w: float) -> float:
    """Return how many seconds a car needs for some energy, with some to spare."""
    if missing_wh <= 0:
        return 0.0
    return missing_wh / max(power_w, 1.0) * 3600 * RESERVE + RESERVE_S


def make(
    at: datetime,
    departure: datetime,
    need: float,
    slots: Sequence[Slot],
    *,
    latest: bool,
    charging: bool = False,
) -> Plan:
    """Fill the cheapest slots until the departure; without prices the last or the first hours.

    What a list of prices leaves out is unknown and not used, so long as there is time: of the
    prices that are known the plan takes what they offer, and what then is missing comes last.
    A car that is ``charging`` goes on rather than pause within one price: its need shrinks as it
    charges, and a stretch at the end of a slot would begin later and later, with a pause each time.
    """
    left = (departure - at).total_seconds()
    if need <= 0 or left <= 0:
        return Plan()
    if need >= left - LAST_CALL_S:
        return Plan(stretches=((at, departure),), charging=True, last_call=True)
    pieces = _cut(slots, at, departure)
    ahead = not _begins_now(pieces, at)
    pieces.sort(
        key=lambda piece: (
            piece.price,
            -piece.start.timestamp() if latest else piece.start.timestamp(),
        )
    )
    chosen: list[tuple[datetime, datetime]] = []
    for piece in pieces:
        if need <= 0:
            break
        length = (piece.end - piece.start).total_seconds()
        going = charging and piece.start == at
        chosen.append(
            _part(piece, need, chosen, latest=latest and not going)
            if need < length
            else (piece.start, piece.end)
        )
        need -= length
    if need > 0:
        rest = _without_prices(chosen, at, departure, need, latest=latest or not ahead)
        if charging and not pieces and rest[0] - at < _NEAR:
            rest = at, at + (rest[1] - rest[0])
        chosen.append(rest)
    stretches = _joined(chosen)
    now = any(start <= at < end for start, end in stretches)
    return Plan(stretches=stretches, charging=now)


def _begins_now(pieces: Sequence[Slot], at: datetime) -> bool:
    return any(piece.start <= at < piece.end for piece in pieces)


def _cut(slots: Sequence[Slot], at: datetime, departure: datetime) -> list[Slot]:
    return [
        Slot(max(slot.start, at), min(slot.end, departure), slot.price)
        for slot in slots
        if slot.end > at and slot.start < departure
    ]


def _part(
    piece: Slot, need: float, chosen: Sequence[tuple[datetime, datetime]], *, latest: bool
) -> tuple[datetime, datetime]:
    """Use part of a slot, at the end where it touches what is used already."""
    length = timedelta(seconds=need)
    before = any(end == piece.start for _, end in chosen)
    after = any(start == piece.end for start, _ in chosen)
    if before or not (after or latest):
        return piece.start, piece.start + length
    return piece.end - length, piece.end


def _without_prices(
    chosen: Sequence[tuple[datetime, datetime]],
    at: datetime,
    departure: datetime,
    need: float,
    *,
    latest: bool,
) -> tuple[datetime, datetime]:
    """Return where the rest goes that no price is known for."""
    if not latest:
        taken = max((end for _, end in chosen), default=at)
        return taken, min(departure, taken + timedelta(seconds=need))
    taken_s = sum((end - start).total_seconds() for start, end in chosen)
    # Slots that lie within the last stretch do not count twice: it begins the earlier.
    start = departure - timedelta(seconds=need)
    for begin, end in sorted(chosen, reverse=True):
        if end > start:
            start -= end - max(begin, start)
    assert taken_s >= 0
    return max(at, start), departure


def _joined(chosen: Sequence[tuple[datetime, datetime]]) -> tuple[tuple[datetime, datetime], ...]:
    joined: list[tuple[datetime, datetime]] = []
    for start, end in sorted(chosen):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return tuple(joined)
