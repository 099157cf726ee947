"""What a device behind the GX may ask of the GX."""

from typing import Protocol

from ...model.options import Options
from .energy import EnergyStore
from .setpoints import SetpointKeeper
from .write_limits import WriteLimits
from .writing import Writer


class Gateway(Protocol):
    """The GX, as the services behind it know it."""

    options: Options
    write_limits: WriteLimits
    writer: Writer
    keeper: SetpointKeeper
    energy: EnergyStore
    last_limits: dict[str, float]
    """The limits that were in force before they were switched off, by register."""

    def keep_memory(self) -> None:
        """Have stored soon what has to survive a restart."""

    async def store_memory(self) -> None:
        """Have stored at once what has to survive a restart."""

    def has(self, service: str) -> bool:
        """Whether there is a device of this type."""

    async def look(self, *names: str) -> None:
        """Read components for an order; raise if one of them fails."""

    def keep_limit(self, key: str, value: float) -> None:
        """Remember a limit that is switched off now."""

    @property
    def external_control(self) -> bool:
        """Whether ESS leaves the inverters to others, as far as known."""

    async def require_external_control(self) -> None:
        """Refuse unless ESS leaves the inverters to others."""

    async def require_fitting_battery(self) -> None:
        """Refuse if the battery cannot be the one that was chosen in the options."""
