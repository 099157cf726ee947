"""One service of the GX: a device, or a part of the GX itself, with its values by name."""

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

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
    _key: str = field(init=False, repr=False)
    _values: dict[str, Value] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._key = f"{self.kind}_{self.instance}"

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
