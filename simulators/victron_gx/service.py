"""One service of the GX: a device, or a part of the GX itself, with its values by name."""

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, override

from simulators.victron_gx.tables import TABLES

if TYPE_CHECKING:
    from simulators.victron_gx.fields import Table, Value


class Night(Enum):
    """What becomes of a device when the sun is down."""

    STAYS = "stays"
    #: Its driver lets it go: no service of that type any more.
    VANISHES = "vanishes"
    #: Its driver keeps it, without a single value.
    FALLS_SILENT = "falls silent"


@dataclass(kw_only=True)
class Service:
    """A service type and the device instance the GX gave it."""

    kind: str
    instance: int
    online: bool = True
    night: Night = Night.STAYS
    #: Values the device does not let anybody change, separated by commas: writes are accepted and
    #: have no effect, as when a VE.Bus BMS fixes the mode or the current limit is not overruled.
    fixed: str = ""
    #: Values that its hardware does not have, separated by commas: a write to one is refused.
    lacks: str = ""
    #: The driver has lost the device: the service is there, without a single value.
    silent: bool = False
    _key: str = field(init=False, repr=False)
    _values: dict[str, Value] = field(init=False, repr=False, default_factory=dict)
    #: The server has answered for it, and it has left since.
    _answered_for: bool = field(init=False, repr=False, default=False)
    _left: bool = field(init=False, repr=False, default=False)

    def __post_init__(self) -> None:
        self._key = f"{self.kind}_{self.instance}"

    @override
    def __setattr__(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)
        if name == "online" and not value:
            object.__setattr__(self, "_left", True)

    @property
    def returned(self) -> bool:
        """Whether it came back under its old name, and the server has not looked it up yet.

        Instance 0 is found at once, and so is a service that the server never answered for.
        """
        return self.online and self._left and self._answered_for and self.instance != 0

    def answered(self) -> None:
        """Note that the server has found it."""
        self._answered_for, self._left = True, False

    def forgotten(self) -> None:
        """Note that the server was started again."""
        self._answered_for = False

    @property
    def key(self) -> str:
        """The name it is known by here, also after its instance has changed."""
        return self._key

    @property
    def table(self) -> Table:
        """The registers of its type."""
        return TABLES[self.kind]

    @property
    def values(self) -> dict[str, Value]:
        """The values it has; what is not in here, the device does not have."""
        return self._values

    def __getitem__(self, name: str) -> Value:
        if name not in self.table.values:
            raise KeyError(name)
        return self._values.get(name)

    def __setitem__(self, name: str, value: Value) -> None:
        if name not in self.table.values:
            raise KeyError(name)
        self._values[name] = value

    def update(self, **values: Value) -> Service:
        """Set several values, and return the service."""
        for name, value in values.items():
            self[name] = value
        return self

    def number(self, name: str, default: float = 0.0) -> float:
        """Return a value to calculate with."""
        value = self[name]
        return default if value is None or isinstance(value, str) else float(value)
