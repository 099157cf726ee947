"""A family: a kind of device, and how one of them is reached."""

import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..model.options import Options
from ..transport.endpoint import LineSettings, Transport
from .predecessor import Predecessor

if TYPE_CHECKING:
    from ..polling.polled_device import PolledDevice, UnitSource
    from ..polling.pushed_device import PushedDevice


class Late:
    """Something of a module that is imported when it is called for the first time.

    A family can be listed, chosen and explained without the code of its devices.
    """

    def __init__(self, package: str, module: str, name: str) -> None:
        self._module = f"{package}.{module}"
        self._name = name

    @property
    def loaded(self) -> bool:
        """Whether it was imported."""
        return self._module in sys.modules

    def load(self) -> Any:
        """Return it; takes a while the first time, and reads from the disk."""
        return getattr(import_module(self._module), self._name)

    def __call__(self, *arguments: Any) -> Any:
        """Call it."""
        return self.load()(*arguments)


@dataclass(frozen=True, kw_only=True)
class OptionField:
    """A setting that only this family has."""

    key: str
    default: bool | float | str | None = None
    minimum: float | None = None
    """A number has both bounds; what has none is a yes or no, a choice or a text."""
    maximum: float | None = None
    above: str | None = None
    """The key of another number, than which this one is greater."""
    step: float | None = None
    unit: str | None = None
    choices: tuple[str, ...] = ()
    secret: bool = False
    """A text that no person should read over a shoulder. It is asked for where the device is
    reached, again when the device cannot be understood with it, and never among the settings."""
    check: Callable[[str], object] | None = None
    """Raises ``ValueError`` for a text that makes no sense."""
    suggestions: tuple[str, ...] = ()
    """Offered for a list of texts, whose user may add others."""
    early: bool = False
    """Asked for when the device is added: later is too late to have its full effect."""
    target: bool = False
    """Something to be done once: its value is how often its user has asked for it."""


@dataclass(frozen=True, kw_only=True)
class Family[D: PolledDevice = PolledDevice]:
    """A kind of device: what the config flow, the command line and the docs need to know."""

    key: str
    title: str
    manufacturer: str
    transports: tuple[Transport, ...]
    create: Callable[[UnitSource, int, Options], D]
    """Build a device on a link; nothing is sent yet."""
    listen: Callable[[Options], PushedDevice] | None = None
    """Build a device that speaks by itself; such a family has no links to ask anything on."""
    check: Callable[[PolledDevice], Awaitable[None]] | None = None
    """Find out whether a device that has been identified also takes what will be asked of it.
    Raises a :class:`VoltrailError` that says what to do about it."""
    port: int = 502
    unit_id: int = 1
    other_unit_ids: tuple[int, ...] = ()
    """Ids worth a look when the chosen one is silent."""
    line: LineSettings | None = None
    usual_lines: tuple[LineSettings, ...] = ()
    """How the lines of such devices are set up, the most frequent first, where it cannot be
    known: they are tried in turn until something whole comes."""
    scan_interval: float = 10.0
    shortest_interval: float = 2.0
    """The device or its bus suffers below this."""
    is_charger: bool = False
    """Whether the installer's current limit makes sense."""
    installer_maximum: float = 80.0
    """The largest value offered for the installer's current limit, in ampere."""
    option_fields: tuple[OptionField, ...] = field(default=())
    code_texts: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    """What an interface for programs calls the codes of a reading, by the name of the reading."""
    zeroconf: tuple[str, ...] = ()
    """The mDNS service types under which such a device makes itself known."""

    announces_port: bool = False
    """Whether what they say about a port is about Modbus."""

    zeroconf_serial: str = ""
    """A pattern that finds the serial number in the name that is announced there."""
    ssdp_manufacturer: str | None = None
    """The manufacturer that such a device names in its UPnP description."""
    ssdp_serial: str = ""
    """What the serial number is called in that description."""
    predecessors: tuple[Predecessor, ...] = ()
    """Older integrations for such devices, whose histories can go on."""

    @property
    def _late(self) -> list[Late]:
        parts = (self.create, self.listen, self.check, *(one.check for one in self.option_fields))
        return [part for part in parts if isinstance(part, Late)]

    @property
    def loaded(self) -> bool:
        """Whether all of its code was imported."""
        return all(part.loaded for part in self._late)

    def load(self) -> None:
        """Import all of its code, which reads from the disk."""
        for part in self._late:
            part.load()

    @property
    def secrets(self) -> frozenset[str]:
        """The keys of what only its user knows."""
        return frozenset(field.key for field in self.option_fields if field.secret)

    @property
    def pushed(self) -> bool:
        """Whether such a device speaks by itself and cannot be asked."""
        return self.listen is not None


__all__ = ["Family", "Late", "LineSettings", "OptionField", "Transport"]
