"""What no mode may exceed: the fuses, the limit on a mean, limits from outside, the fallback."""

from collections.abc import Sequence
from typing import Final

from .bay import Bay
from .config import ControllerConfig
from .following import rounded_down
from .fuse import Fuse, room_up_a, too_warm
from .fuse import pause as note_pause
from .limit import UNLIMITED_W
from .reasons import Reason
from .sharing import Claim, share

TURN_S: Final = 900.0
"""So long a car that waits for another of the same priority waits at most, and so long a car
that got its turn keeps it."""


def cap(bay: Bay, up_a: float, down_a: float, reason: Reason) -> None:
    """Let a charger rise only to one current, and make it go down to another."""
    present = bay.state.order_a if bay.state.level else 0.0
    step = bay.config.step_a
    if bay.amps > down_a:
        bay.amps = rounded_down(down_a, step)
        bay.reason = reason
        bay.urgent = True
    if bay.amps > present and bay.amps > up_a:
        bay.amps = max(min(present, bay.amps), rounded_down(up_a, step))
        bay.reason = reason


class FuseCaps:
    """Shares the room below the fuses among the chargers, and pauses who must not go on."""

    def __init__(
        self, config: ControllerConfig, fuses: Sequence[tuple[str, Fuse, float, float]]
    ) -> None:
        self._config = config
        self._fuses = fuses

    def apply(self, bays: Sequence[Bay], now: float) -> None:
        """Cap all chargers that want to charge."""
        asking = [bay for bay in bays if bay.level and bay.own]
        if not asking or not self._fuses:
            return
        places = [self._places(bay) for bay in asking]
        claims = [
            Claim(
                minimum=0.0 if bay.idle else bay.minimum_a,
                maximum=max(bay.amps, bay.minimum_a),
                uses=place,
                priority=bay.config.priority,
                running=bay.running,
            )
            for bay, place in zip(asking, places, strict=True)
        ]
        up = share(self._room(up=True), claims)
        down = share(self._room(up=False), claims)
        for bay, place, up_a, down_a in zip(asking, places, up, down, strict=True):
            if place:
                self._cap(bay, place, up_a, down_a, now)
        self._pause_hot(asking, places, now)

    def _room(self, *, up: bool) -> list[float]:
        room: list[float] = []
        for _, fuse, *_ in self._fuses:
            room += room_up_a(fuse) if up else fuse.high_a
        return room

    def _places(self, bay: Bay) -> tuple[int, ...]:
        """Return where in the room of all fuses a charger takes its part."""
        places: list[int] = []
        first = 0
        for key, fuse, *_ in self._fuses:
            measured = bay.config.measured if not key else bay.config.distribution == key
            if measured:
                places += [
                    first + phase
                    for phase in bay.house_phases(bay.level)
                    if phase < len(fuse.high_a)
                ]
            first += len(fuse.high_a)
        return tuple(places)

    def _cap(
        self, bay: Bay, places: tuple[int, ...], up_a: float, down_a: float, now: float
    ) -> None:
        tightest = min(places, key=self._room(up=False).__getitem__)
        if not bay.running:
            waiting = any(
                now < fuse.wait_until_s for _, fuse, *_ in self._fuses if bay.state.paused_by
            )
            if up_a < bay.minimum_a or waiting:
                bay.level, bay.amps, bay.reason = 0, 0.0, Reason.FUSE
                bay.phase = tightest
                return
        wanted = bay.amps
        cap(bay, up_a, down_a, Reason.FUSE)
        if bay.amps < bay.minimum_a and not bay.idle:
            bay.amps = bay.minimum_a
        if bay.amps < wanted:
            bay.phase = tightest

    def _pause_hot(
        self, asking: Sequence[Bay], places: Sequence[tuple[int, ...]], now: float
    ) -> None:
        """Pause the last in the order that loads a phase which is too warm, one at a time."""
        running = [
            (bay, place)
            for bay, place in zip(asking, places, strict=True)
            if bay.running and bay.level and not bay.idle and place
        ]
        paused: set[int] = set()
        for bay, place in reversed(running):
            if paused.intersection(place):
                continue
            if self._too_warm(running, place):
                bay.level, bay.amps, bay.urgent = 0, 0.0, True
                bay.reason, bay.state.paused_by = Reason.FUSE, Reason.FUSE
                bay.phase = place[0]
                for _, fuse, *_ in self._fuses:
                    note_pause(fuse, now)
                paused.update(place)

    def _too_warm(
        self, running: Sequence[tuple[Bay, tuple[int, ...]]], mine: tuple[int, ...]
    ) -> bool:
        first = 0
        for _, fuse, rating, margin in self._fuses:
            count = len(fuse.high_a)
            added = [0.0] * count
            for bay, place in running:
                amps = min(bay.amps, bay.minimum_a) if bay.amps else 0.0
                for one in place:
                    if first <= one < first + count:
                        added[one - first] += max(amps, 0.0)
            own = [one - first for one in mine if first <= one < first + count]
            if too_warm(fuse, own, added, rating, margin):
                return True
            first += count
        return False


def cap_total(
    bays: Sequence[Bay], low_w: float, high_w: float, reason: Reason, *, pausing: bool
) -> None:
    """Share a limit on the power of all chargers; ``pausing`` pauses who does not fit at all."""
    asking = [bay for bay in bays if bay.level]
    if not asking or high_w >= UNLIMITED_W:
        return
    claims = [
        Claim(
            minimum=bay.level * bay.unit_w,
            maximum=bay.level * max(bay.amps, bay.minimum_a) * bay.voltage_v,
            priority=bay.config.priority,
            running=bay.running and not pausing,
        )
        for bay in asking
    ]
    up, down = share([low_w], claims), share([high_w], claims)
    for bay, up_w, down_w in zip(asking, up, down, strict=True):
        unit = bay.level * bay.voltage_v
        if pausing and (down_w if bay.running else up_w) < bay.level * bay.unit_w:
            bay.level, bay.amps, bay.reason, bay.urgent = 0, 0.0, reason, True
            continue
        cap(bay, up_w / unit, down_w / unit, reason)
        bay.amps = max(bay.amps, bay.minimum_a) if bay.level else 0.0
