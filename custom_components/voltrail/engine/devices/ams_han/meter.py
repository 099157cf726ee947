"""The meter: from messages to values that are current, believable and its own."""

import logging
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, override

from ...han import (
    UNITS,
    ListKind,
    Message,
    Meter,
    Number,
    Reason,
    Unit,
    Zone,
    is_same_serial,
    parse_key,
)
from ...model.options import Options
from ...model.parts import Identity, Part
from ...model.points import Value, points_of
from ...polling.base_device import Problem, Reading
from ...polling.pushed_device import Impression, PushedDevice
from .receiver import Receiver
from .rhythm import Rhythm
from .senders import Senders
from .showing import Showing
from .totals import Totals
from .words import TOTALS, Words

_LOGGER = logging.getLogger(__name__)

#: A hint is old news after this many seconds.
_LATELY: Final = 300.0
#: Lists that come every few seconds carry counters too: an SD card must not be written as often.
_MEMORY_INTERVAL: Final = 900.0

#: Decimals, in W, var and A.
_FINEST: Final = 6
_SCALED: Final = frozenset({Unit.W, Unit.VAR, Unit.A})
_WRONG_KEY: Final = frozenset({Reason.DECRYPTION, Reason.AUTHENTICATION})


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """A value as the meter sent it, before any factor."""

    value: Number
    received: float
    """The time of the event loop."""
    kind: ListKind


def _utc_now() -> datetime:
    return datetime.now(UTC)


class HanMeter(Words, PushedDevice):
    """A smart meter at its AMS HAN or P1 port."""

    def __init__(
        self, options: Options | None = None, *, wall: Callable[[], datetime] = _utc_now
    ) -> None:
        self.prepare(options)
        extra = self.options.extra
        self._wall = wall
        self._receiver = Receiver(
            encryption_key=_key(extra.get("key")),
            authentication_key=_key(extra.get("authentication_key")),
            zone=Zone(extra.get("clock_zone") or Zone.AUTOMATIC),
        )
        self.scale_factor = float(extra.get("scale_factor") or 1)
        """Of current transformers: for power, current and energy."""
        self.energy_factor = float(extra.get("energy_factor") or 1)
        """For energy alone, on top of that."""
        self._showing = Showing(
            power_interval=float(extra.get("power_interval", 0)),
            interval=float(extra.get("update_interval", 10)),
        )
        self._rhythm = Rhythm()
        self._senders = Senders()
        self._totals = Totals()
        self._who = Meter()
        self._kinds: dict[str, set[ListKind]] = {}
        self._valid_until: dict[str, float] = {}
        self.latest: dict[str, Sample] = {}
        """What the meter sent last of each value, with the time it was received."""
        self.refused: Counter[str] = Counter()
        """Messages and values that were whole, and were rejected all the same."""
        self._memory: Mapping[str, Any] = {}
        self._memory_due = -math.inf
        self._messages: Counter[ListKind] = Counter()
        self._now = 0.0
        self._alive_until = 0.0

    # -- life ------------------------------------------------------------------

    @override
    def begin(self, now: float) -> None:
        self._now = now
        memory = self._memory
        self._rhythm.restore_state(memory.get("periods", {}), now)
        self._who = Meter(**memory.get("meter", {}))
        for name, kinds in memory.get("words", {}).items():
            self._kinds[name] = {ListKind(kind) for kind in kinds}
        # Until it speaks, or should have spoken, it counts as there: a restart leaves no hole.
        self._alive_until = now + self._rhythm.patience
        self._begin_totals(memory, now)
        self._showing.restore("list_version", self._who.list_version)

    def _begin_totals(self, memory: Mapping[str, Any], now: float) -> None:
        if not (totals := memory.get("totals")):
            return
        elapsed = (self._wall() - datetime.fromisoformat(memory["totals_at"])).total_seconds()
        received = now - max(elapsed, 0)
        for name, value in totals.items():
            kind = ListKind.HOURLY if self._hourly(name) else ListKind.COMPLETE
            self._totals.accept(name, value, received)
            self.latest[name] = Sample(value=value, received=received, kind=kind)
            self._valid_until[name] = math.inf if self._hourly(name) else self._alive_until
            self._showing.restore(name, self._scaled(name, value))
        if moment := memory.get("energy_timestamp"):
            self._valid_until["energy_timestamp"] = math.inf
            self._showing.restore("energy_timestamp", datetime.fromisoformat(moment))

    @override
    def pass_time(self, now: float) -> None:
        self._now = now
        self._showing.pass_time(now)

    @property
    @override
    def next_moment(self) -> float | None:
        moments = [*self._showing.moments(), *self._valid_until.values(), self._alive_until]
        return min((moment for moment in moments if self._now < moment < math.inf), default=None)

    @property
    @override
    def alive(self) -> bool:
        return self._now < self._alive_until

    @property
    @override
    def patience(self) -> float:
        return self._rhythm.patience

    # -- hearing ---------------------------------------------------------------

    @override
    def hear(self, data: bytes, now: float) -> None:
        self.pass_time(now)
        self._take_all(self._receiver.receive(data, now), now)

    @override
    def stream_idle(self, now: float) -> None:
        self.pass_time(now)
        self._take_all(self._receiver.idle(now), now)

    @override
    def stream_opened(self, now: float) -> None:
        self.pass_time(now)
        self._receiver.reset()
        self._senders.forget()

    @override
    def hear_message(self, payload: bytes, now: float, *, topic: str) -> None:
        self.pass_time(now)
        self._take_all(self._receiver.receive_message(payload, now, topic), now, topic)

    def _take_all(self, messages: Iterable[Message], now: float, channel: str = "") -> None:
        for message in messages:
            self.take(message, now, channel)

    def take(self, message: Message, now: float, channel: str = "") -> None:
        """Take a message that came under a channel, unless it is another meter's."""
        self.pass_time(now)
        if not self._is_mine(message, now, channel):
            return
        message = message._replace(kind=self._rhythm.heard(message.kind, now))
        self._messages[message.kind] += 1
        self._alive_until = now + self._rhythm.patience
        known = len(self._kinds)
        self._introduce(message.meter, now)
        for name, value in message.readings.items():
            self._take_value(name, value, message, now)
        self._take_net_power(message, now)
        self._take_clock(message, now)
        hourly = message.kind is ListKind.HOURLY
        counted = not TOTALS.isdisjoint(message.readings)
        if len(self._kinds) != known or hourly or (counted and now >= self._memory_due):
            self._memory_due = now + _MEMORY_INTERVAL
            self.keep_memory()

    def _is_mine(self, message: Message, now: float, channel: str) -> bool:
        serial, mine = message.meter.serial, self._serial
        if serial is not None:
            is_mine = mine is None or is_same_serial(serial, mine)
            self._senders.named(mine if is_mine and mine else serial, channel, now)
            if is_mine:
                return True
            self.refused["other_meter"] += 1
            return False
        senders = self._senders.heard(channel, now)
        if senders == (set() if mine is None else {mine}):
            return True
        if not senders:
            # Some meters say their id every few lists only. Until then the values may be
            # another meter's, but a meter is there.
            self._alive_until = now + self._rhythm.patience
        self.refused["unnamed"] += 1
        return False

    @property
    def _serial(self) -> str | None:
        """The id that messages must carry; none for a meter that never said one."""
        return self.expected or self._who.serial

    def _introduce(self, said: Meter, now: float) -> None:
        new = {
            name: value
            for name in ("manufacturer", "model", "serial", "list_version")
            if (value := getattr(said, name)) is not None
            and value != getattr(self._who, name)
            # A list without a name only lets one guess at the maker.
            and (said.serial is not None or getattr(self._who, name) is None)
        }
        known = self._who.serial
        if (
            known
            and is_same_serial(said.serial, known)
            and len(new.get("serial", known)) < len(known)
        ):
            # The last digits of a number that is known.
            del new["serial"]
        if not new:
            return
        self._who = replace(self._who, **new)
        if self._who.list_version is not None:
            self._kinds.setdefault("list_version", set())
            self._showing.offer("list_version", self._who.list_version, now)
        self.keep_memory()

    def _take_value(self, name: str, value: Number, message: Message, now: float) -> None:
        received = now - message.age
        if (before := self.latest.get(name)) is not None and received < before.received:
            # From a batch that was overtaken.
            return
        if name in TOTALS and (wrong := self._judged(name, value, message, received)):
            self.refused[wrong] += 1
            return
        self.latest[name] = Sample(value=value, received=received, kind=message.kind)
        self._kinds.setdefault(name, set()).add(message.kind)
        self._valid_until[name] = self._validity(name, now)
        self._showing.offer(name, self._scaled(name, value), now)

    def _judged(self, name: str, value: Number, message: Message, received: float) -> str | None:
        told = self._totals.refuses(name)
        often = message.kind is not ListKind.HOURLY
        wrong = self._totals.judge(name, value, received, often=often)
        if wrong is not None and not told:
            _LOGGER.warning("%s is not believed: it went to %s by a %s", name, value, wrong)
        return wrong

    def _validity(self, name: str, now: float) -> float:
        """Return until when a value is current: its next list is overdue by then."""
        coming = [
            kind
            for kind in self._kinds[name]
            if kind is not ListKind.HOURLY and self._rhythm.comes(kind)
        ]
        if coming:
            return now + min(map(self._rhythm.validity, coming))
        if name in TOTALS:
            # Hourly counters are believed until the next ones, as long as the meter speaks.
            return math.inf
        return now + self._rhythm.validity(ListKind.VALUES)

    def _hourly(self, name: str) -> bool:
        kinds = self._kinds.get(name, set())
        return ListKind.HOURLY in kinds and not self._rhythm.comes(ListKind.COMPLETE)

    def _take_net_power(self, message: Message, now: float) -> None:
        """Work out what is drawn from the grid, import positive.

        The meter nets its phases, so only one direction is ever at work: the short list, which
        has no export, decides by itself as long as anything is imported. (A telegram may hold
        both; then the difference is meant.)
        """
        imported = message.readings.get("power_imported")
        exported = message.readings.get("power_exported")
        if imported is None and exported is None:
            return
        self._kinds.setdefault("power", set())
        valid_until = min(
            self._valid_until[name]
            for name in ("power_imported", "power_exported")
            if name in message.readings
        )
        if exported is None and not imported:
            # Nothing is imported: what is exported was in the last longer list.
            if (last := self.latest.get("power_exported")) is None or not self._current(
                "power_exported"
            ):
                self._valid_until["power"] = now
                return
            exported = last.value
            valid_until = min(valid_until, self._valid_until["power_exported"])
        # Some send fractions of a watt: 0.3 - 0.1 must be 0.2 and not 0.19999999999999998.
        net = round((imported or 0) - (exported or 0), _FINEST)
        self.latest["power"] = Sample(value=net, received=now - message.age, kind=message.kind)
        self._valid_until["power"] = valid_until
        self._showing.offer("power", self._scaled("power_imported", net), now)

    def _take_clock(self, message: Message, now: float) -> None:
        if message.timestamp is None:
            return
        self._kinds.setdefault("meter_clock", set()).add(message.kind)
        self._valid_until["meter_clock"] = self._validity("meter_clock", now)
        self._showing.offer("meter_clock", message.timestamp, now)
        # A list that looked hourly and turned out to come often goes on to tell its time.
        timed = message.kind is ListKind.HOURLY or "energy_timestamp" in self._kinds
        if timed and not TOTALS.isdisjoint(message.readings):
            # Not the time of arrival: the same list may come again an hour later.
            self._kinds.setdefault("energy_timestamp", set()).add(message.kind)
            self._valid_until["energy_timestamp"] = math.inf
            self._showing.offer("energy_timestamp", message.timestamp, now)

    def _scaled(self, name: str, value: Number) -> Number:
        if name in TOTALS:
            # No meter counts finer than a Wh; what comes behind is made by arithmetic.
            return round(value * self.scale_factor * self.energy_factor)
        if self.scale_factor == 1 or UNITS[name] not in _SCALED:
            return value
        # Rounded: 1.1 A through a transformer of 50 to 1 must be 55 A and not 55.00000000000001.
        return round(value * self.scale_factor, _FINEST)

    # -- what there is ---------------------------------------------------------

    @override
    def shown(self, name: str) -> Value:
        return self._showing[name] if self._current(name) else None

    def _current(self, name: str) -> bool:
        if name == "list_version":
            return self._who.list_version is not None
        return self._now < self._valid_until.get(name, -math.inf)

    @property
    @override
    def identity(self) -> Identity:
        """Who the meter says it is; empty words until it has said so."""
        return Identity(
            manufacturer=self._who.manufacturer or "",
            model=self._who.model or "",
            serial=self._who.serial,
            variant=self._who.list_version,
        )

    @property
    @override
    def fingerprint(self) -> str:
        """The id of the meter; empty for one that never says it."""
        return self._who.serial or ""

    @override
    def readings(self) -> Iterator[Reading]:
        for declared in points_of(type(self)):
            if declared.name in self._kinds:
                yield Reading(
                    name=declared.name,
                    point=declared.point,
                    part=None,
                    components=frozenset({declared.name}),
                    read=partial(getattr, self, declared.name),
                )

    @property
    @override
    def layout(self) -> object:
        return frozenset(self._kinds)

    @override
    def available(self, components: Iterable[str]) -> bool:
        return self.alive and all(map(self._current, components))

    @override
    def received(self, components: Iterable[str]) -> float | None:
        times = [self.latest[name].received for name in components if name in self.latest]
        return min(times, default=None)

    @override
    def newest(self, reading: Reading) -> Value:
        sample = self.latest.get(reading.name)
        if sample is None or not self._current(reading.name):
            return None
        # The net power is made of both directions, and scaled as they are.
        return self._scaled(
            "power_imported" if reading.name == "power" else reading.name, sample.value
        )

    @override
    def serving(self, depends_on: Iterable[str], part: Part | None) -> frozenset[str]:
        return frozenset(need for need in depends_on if need in self._kinds)

    @override
    def dump_state(self) -> dict[str, Any]:
        totals = {name: self.latest[name] for name in TOTALS if name in self.latest}
        moment = self._showing["energy_timestamp"]
        age = self._now - max((sample.received for sample in totals.values()), default=self._now)
        return {
            "meter": {
                "manufacturer": self._who.manufacturer,
                "model": self._who.model,
                "serial": self._who.serial,
                "list_version": self._who.list_version,
            },
            "words": {name: sorted(map(str, kinds)) for name, kinds in self._kinds.items()},
            "periods": self._rhythm.dump_state(),
            "totals": {name: sample.value for name, sample in totals.items()},
            "totals_at": datetime.fromtimestamp(self._wall().timestamp() - age, UTC).isoformat(),
            "energy_timestamp": moment.isoformat() if isinstance(moment, datetime) else None,
        }

    @override
    def restore_state(self, memory: Mapping[str, Any]) -> None:
        self._memory = memory

    # -- what it looks like ----------------------------------------------------

    @property
    @override
    def messages(self) -> int:
        return self._messages.total()

    @property
    @override
    def frames(self) -> int:
        return self._receiver.frames

    @property
    @override
    def impression(self) -> Impression:
        dropped = self._receiver.dropped_since(-math.inf)
        for impression, fits in (
            (Impression.NAMED, self._who.serial is not None),
            (Impression.UNNAMED, bool(self._messages)),
            (Impression.WRONG_KEY, not _WRONG_KEY.isdisjoint(dropped)),
            (Impression.ENCRYPTED, Reason.ENCRYPTED_WITHOUT_KEY in dropped),
            (Impression.STRANGE, Reason.UNKNOWN_LIST in dropped),
            (Impression.TEXT, bool(self._receiver.quote)),
            (Impression.BYTES, self._receiver.bytes > 0),
        ):
            if fits:
                return impression
        return Impression.NOTHING

    @property
    @override
    def introduced(self) -> bool:
        # A list of everything without a name: there is no other that could have one.
        return self._who.serial is not None or self._messages[ListKind.COMPLETE] > 0

    @property
    @override
    def quote(self) -> str:
        return self._receiver.quote

    @override
    def problems(self) -> Iterator[Problem]:
        if self.alive:
            return
        lately = self._receiver.dropped_since(self._now - _LATELY)
        others = self._senders.all_named(self._now) - {self._serial}
        if others:
            yield Problem(
                key="another_meter", details={"found": ", ".join(sorted(map(str, others)))}
            )
        elif not _WRONG_KEY.isdisjoint(lately):
            yield Problem(key="meter_key_wrong", details={}, asks_secret=True)
        elif Reason.ENCRYPTED_WITHOUT_KEY in lately:
            yield Problem(key="meter_key_needed", details={}, asks_secret=True)

    @override
    def diagnose(self) -> dict[str, Any]:
        now = self._now
        serials = {serial for serial in (self._serial, *self._senders.all_named(now)) if serial}
        return {
            "alive": self.alive,
            "patience": self.patience,
            "scale_factor": self.scale_factor,
            "energy_factor": self.energy_factor,
            "periods": self._rhythm.dump_state(),
            "messages": {str(kind): count for kind, count in self._messages.items()},
            "refused": dict(self.refused),
            "samples": {
                name: {
                    "value": sample.value,
                    "age": round(now - sample.received, 1),
                    "list": str(sample.kind),
                }
                for name, sample in self.latest.items()
            },
            **self._receiver.diagnose(now, serials),
        }


def _key(text: object) -> bytes | None:
    """Return a key; one that makes no sense was refused where it was typed."""
    if not isinstance(text, str) or not text.strip():
        return None
    try:
        return parse_key(text)
    except ValueError:
        return None
