"""A Home Assistant with Voltrail in faked time, and what can be seen of it from outside."""

import asyncio
import logging
import math
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, override

from homeassistant import loader
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_STATE_CHANGED, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import Event, HomeAssistant, State, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import frame
from homeassistant.helpers.storage import Store
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_test_home_assistant,
    mock_storage,
)

from custom_components.voltrail.const import DOMAIN
from tests.reliability.subjects import INSTALLER, LIMIT, Subject

NOTHING: Final = frozenset({STATE_UNAVAILABLE, STATE_UNKNOWN})
SLACK: Final = 0.04
"""The share by which a measured value may wander beyond what was seen in quiet."""


class Log(logging.Handler):
    """The lines that Voltrail wrote, with their level."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[tuple[int, str]] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append((record.levelno, record.getMessage()))

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Listen while the block runs, and keep it off the screen."""
        logger = logging.getLogger(f"custom_components.{DOMAIN}")
        before = logger.level, logger.propagate, logging.root.level
        logger.addHandler(self)
        logger.setLevel(logging.INFO)
        logger.propagate = False
        logging.root.setLevel(logging.WARNING)
        try:
            yield
        finally:
            logger.removeHandler(self)
            logger.level, logger.propagate = before[:2]
            logging.root.setLevel(before[2])


@dataclass
class Seen:
    """What one entity showed in quiet: numbers by their bounds, the rest by their words."""

    low: float = math.inf
    high: float = -math.inf
    words: set[str] = field(default_factory=set)

    def take(self, text: str) -> None:
        """Take note of a value that is right."""
        number = _number(text)
        if number is None:
            self.words.add(text)
        else:
            self.low, self.high = min(self.low, number), max(self.high, number)

    def fits(self, text: str) -> bool:
        """Whether a value can be right."""
        number = _number(text)
        if number is None:
            return text in self.words
        room = SLACK * max(abs(self.low), abs(self.high), 1.0)
        return self.low - room <= number <= self.high + room


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


class Home:
    """One entry in one Home Assistant, in front of one device."""

    def __init__(
        self, hass: HomeAssistant, entry: MockConfigEntry, subject: Subject, *, watch: bool = True
    ) -> None:
        self.hass = hass
        self.entry = entry
        self.subject = subject
        self.log = Log()
        self.changes: list[tuple[float, str, str, str]] = []
        """When which entity changed from what into what."""
        self.entities: frozenset[str] = frozenset()
        """What was there before anything broke."""
        if watch:
            hass.bus.async_listen(EVENT_STATE_CHANGED, self._changed)

    @property
    def now(self) -> float:
        """The loop's time."""
        return self.hass.loop.time()

    @callback
    def _changed(self, event: Event[Any]) -> None:
        new: State | None = event.data["new_state"]
        old: State | None = event.data["old_state"]
        if new is not None:
            before = STATE_UNAVAILABLE if old is None else old.state
            if before != new.state:
                self.changes.append((self.now, new.entity_id, before, new.state))

    async def start(self) -> None:
        """Set the entry up."""
        await self.hass.config_entries.async_setup(self.entry.entry_id)
        await self.hass.async_block_till_done(wait_background_tasks=False)

    async def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        await asyncio.sleep(seconds)

    def states(self) -> Mapping[str, str]:
        """Return what all entities show; buttons show nothing."""
        return {
            state.entity_id: state.state
            for state in self.hass.states.async_all()
            if state.domain not in {"button", "update"}
        }

    def present(self) -> frozenset[str]:
        """Return the entities that are there."""
        return frozenset(key for key, state in self.states().items() if state != STATE_UNAVAILABLE)

    def counters(self) -> frozenset[str]:
        """Return the entities that only count up."""
        return frozenset(
            state.entity_id
            for state in self.hass.states.async_all("sensor")
            if state.attributes.get("state_class") == "total_increasing"
        )

    def find(self, platform: str, path: str) -> str | None:
        """Return the id of the entity of a value or control, if there is one."""
        key = self.entry.runtime_data.coordinator.identity_key
        return er.async_get(self.hass).async_get_entity_id(
            platform, DOMAIN, f"{key}_{path.replace('/', '_')}"
        )

    def entity(self, platform: str, path: str) -> str:
        """Return the id of the entity of a value or control that has to be there."""
        found = self.find(platform, path)
        assert found is not None, f"there is no {platform} for {path}"
        return found

    async def order(self, amps: float) -> None:
        """Ask for a limit."""
        assert self.subject.order is not None
        await self.hass.services.async_call(
            "number",
            "set_value",
            {"entity_id": self.entity("number", self.subject.order), "value": amps},
            blocking=True,
        )

    @property
    def polls(self) -> bool:
        """Whether the device is asked, and not listened to."""
        return self.subject.order is not None or "unit_id" in self.subject.data

    async def settle(self) -> None:
        """Wait until everything that the device has is there, and ask for the usual limit."""
        await self.pass_time(25 if self.polls else 45)
        assert self.entry.state is ConfigEntryState.LOADED, (self.entry.state, self.entry.reason)
        if self.subject.order is not None:
            await self.order(LIMIT)
            await self.pass_time(65)
        self.entities = self.present()

    def forget(self) -> None:
        """Drop what only the harness remembers, so that the memory tells of Voltrail alone."""
        self.changes.clear()
        self.log.lines.clear()
        self.subject.forget()
        for method in vars(Store).values():
            # The disk is a mock, which remembers who called it.
            if (forget := getattr(method, "reset_mock", None)) is not None:
                forget()

    async def end(self) -> list[str]:
        """Remove the entry; return what is left over."""
        await self.hass.config_entries.async_remove(self.entry.entry_id)
        await self.hass.async_block_till_done()
        await self.pass_time(15)
        left = [
            f"task {task.get_name()}"
            for task in asyncio.all_tasks()
            if DOMAIN in (task.get_name() + repr(task.get_coro()))
            and task is not asyncio.current_task()
        ]
        left += [f"connection of {link}" for link in self.subject.relay.links]
        left += [f"entity {key}" for key in self.hass.states.async_entity_ids()]
        traffic = getattr(self.subject.device, "traffic", None)
        if traffic is not None and traffic.connections_open:
            left.append(f"{traffic.connections_open} connections at the device")
        return left


@asynccontextmanager
async def home(
    subject: Subject, *, disk: dict[str, Any] | None = None, entry: MockConfigEntry | None = None
) -> AsyncIterator[Home]:
    """Start a Home Assistant in faked time with the subject's entry in it, not yet set up."""
    with mock_storage(disk):
        async with async_test_home_assistant() as hass:
            # The custom component is looked for in this repository.
            hass.data.pop(loader.DATA_CUSTOM_COMPONENTS)
            frame.async_setup(hass)
            entry = entry or entry_of(subject)
            entry.add_to_hass(hass)
            house = Home(hass, entry, subject)
            with house.log.listening():
                try:
                    yield house
                finally:
                    await hass.async_stop(force=True)


@asynccontextmanager
async def shared_home(subjects: Sequence[Subject]) -> AsyncIterator[list[Home]]:
    """Start one Home Assistant for many devices."""
    with mock_storage():
        async with async_test_home_assistant() as hass:
            hass.data.pop(loader.DATA_CUSTOM_COMPONENTS)
            frame.async_setup(hass)
            houses = []
            for subject in subjects:
                entry = entry_of(subject)
                entry.add_to_hass(hass)
                houses.append(Home(hass, entry, subject, watch=False))
            with houses[0].log.listening():
                try:
                    yield houses
                finally:
                    await hass.async_stop(force=True)


def entry_of(subject: Subject, *, like: MockConfigEntry | None = None) -> MockConfigEntry:
    """Return an entry as the config flow makes it, or as it is after a restart."""
    options = dict(subject.options)
    if subject.order is not None:
        options["max_current"] = INSTALLER
    if like is not None:
        options = dict(like.options)
    return MockConfigEntry(
        entry_id=None if like is None else like.entry_id,
        domain=DOMAIN,
        title=subject.key,
        unique_id=f"{subject.data['family']}_{subject.data['host']}",
        data=subject.data,
        options=options,
    )


def jumps(house: Home, since: float, seconds: float) -> list[str]:
    """Tell which counters stepped back, or grew by more than can be."""
    found: list[str] = []
    counters = house.counters()
    last: dict[str, float] = {}
    for moment, entity_id, before, after in house.changes:
        number = _number(after)
        if entity_id not in counters or number is None:
            continue
        earlier = last.get(entity_id, _number(before))
        last[entity_id] = number
        if moment < since or earlier is None:
            continue
        # 60 kW for the whole time, and a thousandth for rounding.
        if not -1e-9 <= number - earlier <= 60 * (seconds + 120) / 3600 + 0.001 * abs(earlier):
            found.append(f"{entity_id}: {before} to {after}")
    return found


def seen_in_quiet(house: Home, begin: float, end: float) -> dict[str, Seen]:
    """Return what entities showed between two moments in which nothing was wrong."""
    seen: dict[str, Seen] = defaultdict(Seen)
    for key, text in house.states().items():
        seen[key].take(text)
    # What is older than the quiet counts no more.
    house.changes = [change for change in house.changes if change[0] >= begin]
    for moment, key, before, after in house.changes:
        if begin <= moment <= end:
            seen[key].take(before)
            seen[key].take(after)
    return seen
