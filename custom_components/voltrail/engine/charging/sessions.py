"""Charging sessions: what a charge point goes through from a car's coming to its going.

Nothing here asks or stores by itself. The caller reads the charge point, hands in what it
says, gets back what happened, and stores what :meth:`SessionLog.dump_state` returns. So a
session that began between two looks is noticed afterwards, also over a restart.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from ..model.charging import BlockedBy, ChargingState
from ..model.clock import ClockWatch

KEPT_FOR: Final = timedelta(days=5 * 366)
"""How long a finished session is kept: what tax offices and employers ask for."""

GAP: Final = timedelta(minutes=2)
"""Without a look for longer than this, a car may have gone and another one come."""

TRAILING: Final = timedelta(minutes=2)
"""After a car left, the counter still tells of its session: it may be read once a minute."""

FULL_AFTER: Final = timedelta(minutes=10)
"""A car that does not ask for energy for as long as this takes no more. A shorter pause is a car
that balances its battery, or wakes up."""

FULL_ENERGY: Final = 100.0
"""Wh without which no car counts as charged: one that never began is not full."""

GONE_BACK: Final = 3
"""Looks in a row at a lower counter, before the meter counts as replaced."""

NOTICEABLE: Final = 50.0
"""Wh by which two counters of one session may differ: they are not read at the same moment."""

SETTLED_WITHIN: Final = timedelta(minutes=15)
"""How much later a price may come and still be the price of what was charged."""

SHORTEST: Final = timedelta(minutes=1)
"""A plug that was moved for less, without energy, was no session."""

_ALMOST_ALL: Final = 0.99
"""The part of a session's energy whose price or source must be known to tell it for the whole."""


class Happening(StrEnum):
    """What can happen at a charge point."""

    CONNECTED = "connected"
    """A car was plugged in: a session begins."""
    STARTED = "started"
    """Charging began."""
    STOPPED = "stopped"
    """Charging ended; the car is or was still there."""
    FULL = "full"
    """The car has been charged and takes no more."""
    FINISHED = "finished"
    """The car left: the session is over."""
    BLOCKED = "blocked"
    """Something keeps the car from charging."""
    UNBLOCKED = "unblocked"
    """Nothing keeps it from charging any more."""
    CONTROL_LOST = "control_lost"
    """The charger has lost the program that sets its limit, and charges by its own fallback."""
    CONTROL_REGAINED = "control_regained"
    """The charger is told its limit again."""


@dataclass(frozen=True, kw_only=True)
class Happened:
    """Something that happened, with what is known about it."""

    kind: Happening
    session: Session | None = None
    reason: BlockedBy | None = None


@dataclass(frozen=True, kw_only=True)
class Observation:
    """What a charge point says at one moment; None for what it does not say now."""

    at: datetime
    state: ChargingState | None
    blocked_by: BlockedBy | None = None
    on_fallback: bool | None = None
    counter: float | None = None
    """The lifetime counter, in Wh."""
    told_energy: float | None = None
    """What the charger itself counts for the present or last session, in Wh."""
    told_duration: float | None = None
    """How long that session lasts by the charger, in seconds."""
    power: float | None = None
    phases: int | None = None
    authorised_by: str | None = None
    solar_share: float | None = None
    """The part of the present power that comes from the sun, from 0 to 1."""
    price: float | None = None
    """What a kWh from the grid costs now."""

    @property
    def present(self) -> bool | None:
        """Whether a car is there; None where the state does not tell."""
        if self.state is None or self.state is ChargingState.ERROR:
            return None
        return self.state is not ChargingState.NO_VEHICLE

    @property
    def charging(self) -> bool | None:
        """Whether energy flows into a car."""
        if self.state is None or self.state is ChargingState.ERROR:
            return None
        return self.state in (ChargingState.CHARGING, ChargingState.VENTILATION)


@dataclass(kw_only=True)
class Session:
    """One stay of one car."""

    start: datetime
    end: datetime | None = None
    first: float | None = None
    """The lifetime counter when it began, in Wh."""
    last: float | None = None
    """The lifetime counter when it was last read."""
    told_energy: float | None = None
    """What the charger counted; stands in where it has no lifetime counter."""
    charging_time: float = 0.0
    """Seconds in which energy flowed."""
    phases: int | None = None
    """The most phases that carried current."""
    highest_power: float | None = None
    solar_energy: float = 0.0
    cost: float = 0.0
    sourced: float = 0.0
    """Wh of which is known how much came from the sun."""
    priced: float = 0.0
    """Wh of which is known what they cost."""
    authorised_by: str | None = None
    complete: bool = True
    """Whether its beginning and its end were both observed."""

    @property
    def energy(self) -> float | None:
        """What was charged, in Wh, by the lifetime counter where there is one."""
        if self.first is not None and self.last is not None:
            return max(0.0, self.last - self.first)
        return self.told_energy

    @property
    def total_cost(self) -> float | None:
        """What it cost; None unless the price of (almost) all of it is known."""
        return self.cost if self._covers(self.priced) else None

    @property
    def solar_share(self) -> float | None:
        """The part that came from the sun, from 0 to 1; None unless it is known of all."""
        energy = self.energy
        if not energy or not self._covers(self.sourced):
            return None
        return min(1.0, self.solar_energy / energy)

    def _covers(self, known: float) -> bool:
        energy = self.energy or 0.0
        return energy > 0 and known >= energy * _ALMOST_ALL

    def duration(self, now: datetime) -> float:
        """How long the car stayed or has been staying, in seconds."""
        return max(0.0, ((self.end or now) - self.start).total_seconds())

    def dump_state(self) -> dict[str, Any]:
        """Return it in a form that can be stored."""
        stored: dict[str, Any] = _plain(asdict(self))
        return stored

    @classmethod
    def restored(cls, memory: Mapping[str, Any]) -> Session:
        """Return what was stored; what does not belong to a session is left out."""
        known = {one.name: memory[one.name] for one in fields(cls) if one.name in memory}
        start = _moment(known.pop("start"))
        assert start is not None, "a session has a beginning"
        return cls(start=start, end=_moment(known.pop("end", None)), **known)


@dataclass(kw_only=True)
class _Unsettled:
    """Energy of which is not known yet where it came from or what it costs."""

    energy: float = 0.0
    since: datetime | None = None

    def settle(self, came: float, now: datetime, *, known: bool) -> float:
        """Add energy; return what can be settled now, which is all of it once that is known.

        After a restart a price may come later than the counter. What is not known by
        then stays unknown: a later price was not the price.
        """
        if self.since is not None and now - self.since > SETTLED_WITHIN:
            self.energy, self.since = 0.0, None
        self.energy += came
        if not known:
            self.since = self.since or now
            return 0.0
        settled, self.energy, self.since = self.energy, 0.0, None
        return settled

    @classmethod
    def restored(cls, memory: Mapping[str, Any]) -> _Unsettled:
        """Return what was stored."""
        return cls(energy=memory["energy"], since=_moment(memory["since"]))


@dataclass(kw_only=True)
class _Past:
    """What was seen last, which is what the next look is compared with."""

    looked: bool = False
    seen: datetime | None = None
    """When it was last known whether a car is there."""
    present: bool | None = None
    charging: bool | None = None
    blocked: BlockedBy | None = None
    on_fallback: bool | None = None
    idle: float | None = None
    """The counter while no car was there: where the next session begins."""
    counter: float | None = None
    """The counter up to which energy has been shared out to sun and price."""
    told: float | None = None
    full_since: datetime | None = None
    full_told: bool = False
    unpriced: _Unsettled = field(default_factory=_Unsettled)
    unsourced: _Unsettled = field(default_factory=_Unsettled)


class SessionLog:
    """The sessions of one charge point: the present one, and those of five years."""

    def __init__(self, watch: ClockWatch | None = None) -> None:
        self.present: Session | None = None
        self.finished: list[Session] = []
        self.changes = 0
        """How often a finished session came, or changed: what is stored may be old."""
        self._past = _Past()
        self._below = 0
        self._watch = watch or ClockWatch()

    # -- what it says --

    def latest(self, count: int) -> list[Session]:
        """Return the last finished sessions, the newest first."""
        return self.finished[: -count - 1 : -1]

    def between(self, begin: datetime, end: datetime) -> list[Session]:
        """Return the sessions that ended in a span of time; one belongs to where it ended."""
        return [one for one in self.finished if one.end is not None and begin <= one.end < end]

    # -- what it is told --

    def note(self, now: Observation) -> list[Happened]:
        """Take note of what the charge point says; return what happened since the last look."""
        if step := self._watch.set_by(now.at):
            self._follow_clock(step)
        past = self._past
        if now.present is None and now.blocked_by is None and now.on_fallback is None:
            return []
        gap = past.seen is None or now.at - past.seen > GAP
        counter = self._believed(now.counter)
        happened = [*self._note_car(now, counter, gap=gap)]
        self._measure(now, counter, gap=gap)
        happened += self._note_charging(now)
        happened += self._note_full(now)
        happened += self._note_reasons(now)
        past.looked = True
        if now.present is not None:
            past.seen = now.at
        if now.told_energy is not None:
            past.told = now.told_energy
        if past.present is False and counter is not None:
            past.idle = counter
        self._forget(now.at - KEPT_FOR)
        return happened

    def _follow_clock(self, step: timedelta) -> None:
        """Move what was noted of the present session along with a clock that was set."""
        past, watch = self._past, self._watch
        past.seen = watch.moved(past.seen, step)
        past.full_since = watch.moved(past.full_since, step)
        for unsettled in (past.unpriced, past.unsourced):
            unsettled.since = watch.moved(unsettled.since, step)
        if self.present is not None:
            self.present.start = watch.moved(self.present.start, step)

    def _note_car(
        self, now: Observation, counter: float | None, *, gap: bool
    ) -> Iterator[Happened]:
        past = self._past
        if now.present is None:
            return
        if self.present is not None and (not now.present or (gap and self._another_car(now))):
            yield from self._close(now, counter, gap=gap)
        first_look, past.present = past.present is None, now.present
        if now.present and self.present is None:
            self.present = self._opened(now, counter, gap=gap)
            if not first_look:
                yield Happened(kind=Happening.CONNECTED, session=self.present)

    def _another_car(self, now: Observation) -> bool:
        """Whether the charger's counter went back: a new session began between two looks."""
        told, before = now.told_energy, self._past.told
        return told is not None and before is not None and told < before - NOTICEABLE

    def _opened(self, now: Observation, counter: float | None, *, gap: bool) -> Session:
        past, told = self._past, now.told_energy
        first, past.idle = past.idle, None
        if counter is not None and gap and told is not None and 0 <= told <= counter:
            # Its beginning was not observed. What the charger counts for it has come since, and
            # what came before that belongs to other sessions.
            begun = counter - told
            first = begun if first is None or begun > first + NOTICEABLE else first
        if first is None:
            first = counter
        start = now.at
        if gap and now.told_duration is not None:
            start -= timedelta(seconds=now.told_duration)
            if past.seen is not None:
                start = max(start, past.seen)
        past.counter = first
        past.full_since, past.full_told = None, False
        past.unpriced, past.unsourced = _Unsettled(), _Unsettled()
        # Where the counter is not read, it is the charger that counts.
        last = None if counter is None else first
        return Session(start=start, first=first, last=last, complete=not gap)

    def _close(self, now: Observation, counter: float | None, *, gap: bool) -> Iterator[Happened]:
        session, past = self.present, self._past
        assert session is not None
        if past.charging:
            past.charging = False
            yield Happened(kind=Happening.STOPPED, session=session)
        if now.present and counter is not None and now.told_energy is not None:
            # What the next car has taken does not belong to this session.
            counter = max(session.last or 0.0, counter - now.told_energy)
        if counter is not None and session.first is not None:
            self._share_out(session, now, counter)
        session.end = self._end_of(session, now, gap=gap)
        session.complete = session.complete and not gap
        self.present = None
        past.full_since = None
        past.idle = session.last
        if session.energy or session.duration(session.end) >= SHORTEST.total_seconds():
            self.finished.append(session)
            self.changes += 1
        yield Happened(kind=Happening.FINISHED, session=session)

    def _end_of(self, session: Session, now: Observation, *, gap: bool) -> datetime:
        """Return when a session ended, as far as that is known."""
        seen = self._past.seen
        if not gap or seen is None:
            return now.at
        if now.present:
            return seen
        if now.told_duration is None:
            return now.at
        told = session.start + timedelta(seconds=now.told_duration)
        return min(max(told, seen), now.at)

    def _measure(self, now: Observation, counter: float | None, *, gap: bool) -> None:
        session = self.present
        if session is None:
            self._trail(now, counter)
            return
        if now.told_energy is not None:
            session.told_energy = now.told_energy
        if counter is not None:
            if session.first is None:
                session.first = session.last = self._past.counter = counter
            self._share_out(session, now, counter)
        if now.power is not None:
            session.highest_power = max(session.highest_power or 0.0, now.power)
        if now.phases is not None:
            session.phases = max(session.phases or 0, now.phases)
        if now.authorised_by:
            session.authorised_by = now.authorised_by
        if self._past.charging and now.charging and not gap and self._past.seen is not None:
            session.charging_time += (now.at - self._past.seen).total_seconds()

    def _trail(self, now: Observation, counter: float | None) -> None:
        """Let the counter of a session that has just ended catch up."""
        last = self.finished[-1] if self.finished else None
        if last is None or last.end is None or not timedelta(0) <= now.at - last.end <= TRAILING:
            return
        if counter is not None and last.first is not None and counter != last.last:
            self._share_out(last, now, counter)
            self.changes += 1

    def _share_out(self, session: Session, now: Observation, counter: float) -> None:
        """Count what came since the last look, and where it came from and what it cost."""
        past = self._past
        session.last = max(session.last or counter, counter)
        came = counter - (counter if past.counter is None else past.counter)
        if came <= 0:
            return
        share = None if now.solar_share is None else min(1.0, max(0.0, now.solar_share))
        sourced = past.unsourced.settle(came, now.at, known=share is not None)
        priced = past.unpriced.settle(came, now.at, known=now.price is not None)
        session.sourced += sourced
        session.priced += priced
        session.solar_energy += sourced * (share or 0.0)
        # What comes from the own roof is not bought.
        session.cost += priced * (1 - (share or 0.0)) / 1000 * (now.price or 0.0)
        past.counter = counter

    def _believed(self, counter: float | None) -> float | None:
        """Return a counter that can be believed; what goes back for a moment cannot."""
        if counter is None:
            return None
        session = self.present
        known = self._past.idle
        if session is not None:
            known = session.first if session.last is None else session.last
        if known is None or counter >= known:
            self._below = 0
            return counter
        self._below += 1
        if self._below < GONE_BACK:
            return None
        # A meter that was replaced. What was counted so far stays counted.
        self._below = 0
        if session is not None and session.first is not None:
            session.first -= known - counter
            session.last = counter
        self._past.idle = self._past.counter = counter
        return counter

    def _note_charging(self, now: Observation) -> Iterator[Happened]:
        past, charging = self._past, now.charging
        if charging is None or charging is past.charging:
            return
        before, past.charging = past.charging, charging
        if not past.looked:
            return
        if charging:
            past.full_since, past.full_told = None, False
            yield Happened(kind=Happening.STARTED, session=self.present)
        elif before:
            yield Happened(kind=Happening.STOPPED, session=self.present)

    def _note_full(self, now: Observation) -> Iterator[Happened]:
        past, session = self._past, self.present
        if session is None or now.blocked_by is None:
            return
        if now.blocked_by is not BlockedBy.VEHICLE:
            past.full_since = None
            return
        past.full_since = past.full_since or now.at
        if past.full_told or (session.energy or 0.0) < FULL_ENERGY:
            return
        if now.at - past.full_since >= FULL_AFTER:
            past.full_told = True
            yield Happened(kind=Happening.FULL, session=session)

    def _note_reasons(self, now: Observation) -> Iterator[Happened]:
        past, reason = self._past, now.blocked_by
        if reason is not None:
            found = None if reason in (BlockedBy.NOTHING, BlockedBy.NO_VEHICLE) else reason
            before, past.blocked = past.blocked, found
            if found is not before and past.looked:
                kind = Happening.UNBLOCKED if found is None else Happening.BLOCKED
                yield Happened(kind=kind, session=self.present, reason=found or before)
        if now.on_fallback is not None:
            known, past.on_fallback = past.on_fallback, now.on_fallback
            if known is not None and known is not now.on_fallback:
                kind = Happening.CONTROL_LOST if now.on_fallback else Happening.CONTROL_REGAINED
                yield Happened(kind=kind, session=self.present)

    def _forget(self, before: datetime) -> None:
        while self.finished and (self.finished[0].end or before) < before:
            del self.finished[0]

    # -- memory --

    def dump_state(self) -> dict[str, Any]:
        """Return what is compared with at the next look, in a form that can be stored."""
        return {
            "past": _plain(asdict(self._past)),
            "present": None if self.present is None else self.present.dump_state(),
        }

    def dump_finished(self) -> list[dict[str, Any]]:
        """Return the finished sessions in a form that can be stored.

        Apart from the state, which changes often. To be stored first where both changed.
        """
        return [one.dump_state() for one in self.finished]

    def restore_state(
        self, memory: Mapping[str, Any] | None, finished: Iterable[Mapping[str, Any]]
    ) -> None:
        """Take back what was stored before a restart."""
        self.finished = [Session.restored(one) for one in finished]
        if memory is not None:
            self._restore_past(memory)

    def _restore_past(self, memory: Mapping[str, Any]) -> None:
        stored = memory["past"]
        past = {one.name: stored[one.name] for one in fields(_Past) if one.name in stored}
        for name in ("seen", "full_since"):
            past[name] = _moment(past.get(name))
        for name in ("unpriced", "unsourced"):
            past[name] = _Unsettled.restored(past[name])
        blocked = past.get("blocked")
        past["blocked"] = BlockedBy(blocked) if blocked in tuple(BlockedBy) else None
        self._past = _Past(**past)
        present = memory["present"]
        self.present = None if present is None else Session.restored(present)
        if self.present is not None and self.finished:
            last = self.finished[-1]
            if last.start == self.present.start:
                # It ended after the state had been stored for the last time.
                self.present, self._past.present, self._past.charging = None, False, False
                self._past.idle = last.last


def shortened(token: str) -> str:
    """Return enough of the number of a card to know it, and too little to copy it."""
    token = token.strip()
    return f"…{token[-4:]}" if len(token) > 4 else token


def _plain(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _plain(value) for key, value in node.items()}
    if isinstance(node, datetime):
        return node.astimezone(UTC).isoformat()
    return node.value if isinstance(node, StrEnum) else node


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
