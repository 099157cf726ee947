"""What every device offers to the program that shows it, polled or pushed."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ..model.charging import Chargeable
from ..model.controls import AnyControl, NumberControl
from ..model.errors import VoltrailError
from ..model.options import Options
from ..model.parts import Identity, Part
from ..model.points import Point, Value
from .keep_alive import KeepAlive


@dataclass(frozen=True, kw_only=True, eq=False)
class Reading:
    """One value of one device: its name, its meaning, and where it comes from."""

    name: str
    point: Point
    part: Part | None
    components: frozenset[str]
    """The components it depends on; if one failed, the value is not available."""
    read: Callable[[], Value]
    details: Callable[[], Mapping[str, Value]] | None = None
    """The numbers behind the value, for a person who asks why."""

    @property
    def path(self) -> str:
        """The name within the device: ``name`` or ``part/name``."""
        return self.name if self.part is None else f"{self.part.key}/{self.name}"

    @property
    def word(self) -> str:
        """The word to translate for its name."""
        return self.point.word(self.name)


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something that a person has to put right, at the device or in its settings."""

    key: str
    part: Part | None = None
    details: Mapping[str, str]
    asks_secret: bool = False
    """Whether a secret is missing or wrong: only a person who enters the right one can help."""
    remedy: NumberControl | None = None
    """A number that puts it right once a person has chosen it."""
    suggested: float = 0.0
    """The number that is right for most."""


class BaseDevice(ABC):
    """A device with values and verbs, whichever way its values come."""

    options: Options
    memory_changed: Callable[[], None]
    """Called when something changed that has to survive a restart."""
    memory_store: Callable[[], Awaitable[None]]
    """Stores at once what has to survive a restart, and returns when that is done."""
    expected: str | None
    """The fingerprint of the device that belongs here; the first one met, if not told."""
    failures: dict[str, VoltrailError]
    """Components whose last read failed, and why."""
    title: str
    """What its owner calls it, where the log speaks of it."""

    def prepare(self, options: Options | None) -> None:
        """Take what the installer decided; to be called when the device is built."""
        self.options = options or Options()
        self.memory_changed = _nothing
        self.memory_store = _store_nothing
        self.expected = None
        self.failures = {}
        self.title = type(self).__name__

    @property
    @abstractmethod
    def identity(self) -> Identity:
        """Who the device says it is. Only valid once it has said so."""

    @property
    def fingerprint(self) -> str:
        """What tells this device from another of its kind at the same address.

        The serial number where there is one.
        """
        identity = self.identity
        return identity.serial or identity.model

    @abstractmethod
    def readings(self) -> Iterator[Reading]:
        """Yield every value of the device."""

    def reading(self, path: str) -> Reading:
        """Return the value with a path; ``KeyError`` if this device has none."""
        return named(self.readings(), path)

    @abstractmethod
    def available(self, components: Iterable[str]) -> bool:
        """Whether the values that depend on these components are current."""

    def received(self, components: Iterable[str]) -> float | None:  # noqa: ARG002 - a hook
        """Return when the oldest of these components was received, on the loop's clock.

        None if one of them never was. What is judged together has to be of one moment.
        """
        return None

    def newest(self, reading: Reading) -> Value:
        """Return a value as it was received last, also if an entity shows another."""
        return reading.read()

    def unseen(self, reading: Reading) -> bool:
        """Whether a value is missing, and this unit may never have it; asked after the first poll.

        A dormant value is offered switched off, and switched on once it is not dormant any
        more, unless its tier keeps it off anyway. What is missing in a
        component that did not answer is not known.
        """
        return (
            reading.point.disabled_until_seen
            and self.available(reading.components)
            and reading.read() is None
        )

    async def refresh(self, names: Iterable[str]) -> None:  # noqa: B027 - a meter cannot be asked
        """Read the named components now, if the device can be asked."""

    @abstractmethod
    def serving(self, depends_on: Iterable[str], part: Part | None) -> frozenset[str]:
        """Return those of the needed components that this device has, by their full names."""

    def parts(self) -> Iterator[Part]:
        """Yield the parts of the device, each once."""
        yield from ()

    def forget(self, part_key: str) -> bool:  # noqa: ARG002 - most have no parts that can go
        """Forget a part that is away; return whether that was possible."""
        return False

    def controls(self) -> Iterable[AnyControl]:
        """Yield what this device can be asked to do."""
        return ()

    def control(self, path: str) -> AnyControl:
        """Return the control with a path; ``KeyError`` if this device has none now."""
        return named(self.controls(), path)

    def charge_points(self) -> Iterable[Chargeable]:
        """Yield the places of this device where a car is plugged in."""
        return ()

    def keep_alives(self) -> Iterable[KeepAlive]:
        """Yield what has to be renewed while an order relies on it."""
        return ()

    def life_signs(self) -> Iterable[KeepAlive]:
        """Yield those of them that need not wait until the device has said who it is.

        It may be counting the seconds since the last one already. Who knows of another device
        at its address says none.
        """
        return ()

    def problems(self) -> Iterable[Problem]:
        """Yield what a person should put right, judged by the values at hand."""
        return ()

    @property
    def layout(self) -> object:
        """A value whose change means that the device now has other values to offer."""
        return None

    def dump_state(self) -> dict[str, Any]:
        """Return what has to survive a restart."""
        return {}

    def restore_state(self, memory: Mapping[str, Any]) -> None:  # noqa: B027 - most need nothing
        """Restore what :meth:`dump_state` returned before a restart."""

    def keep_memory(self) -> None:
        """Tell the owner that something changed that has to survive a restart."""
        self.memory_changed()

    async def store_memory(self) -> None:
        """Have stored at once what has to survive a restart."""
        await self.memory_store()

    def close(self) -> None:  # noqa: B027 - most hold nothing
        """Let go of whatever the device holds."""


class _Named(Protocol):
    @property
    def path(self) -> str: ...


def named[N: _Named](known: Iterable[N], path: str) -> N:
    """Return the one with a path; ``KeyError`` if there is none."""
    for one in known:
        if one.path == path:
            return one
    raise KeyError(path)


def _nothing() -> None:
    """Do nothing."""


async def _store_nothing() -> None:
    """Do nothing."""
