"""What is told within Home Assistant when something happens at a charger or a device.

Triggers listen to this and not to states: an entity that comes back from *unavailable* in another
state does not say that anything happened, and after a restart its state of before is unknown.
"""

from dataclasses import dataclass
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.start import async_at_started
from homeassistant.util.signal_type import SignalType

from .const import DOMAIN
from .engine.charging.sessions import Session

SILENT: Final = "silent"
"""A device does not answer, or a meter speaks no more."""

ANSWERS: Final = "answers"
"""It does (again)."""

ENERGY_TARGET: Final = "energy_target"
"""A session has got the energy that was wanted for it; told by the controller of the charging."""


@dataclass(frozen=True, kw_only=True)
class PlaceSignal:
    """Something that happened at a device, or at one of its charge points."""

    entry_id: str
    part: str | None
    """The key of the charge point's part; None for a device, or a charger with one socket."""
    kind: str
    reason: str | None = None
    session: Session | None = None


HAPPENED: Final[SignalType[PlaceSignal]] = SignalType(f"{DOMAIN}_happened")
"""Sent once when something happens."""

LOOKED: Final[SignalType[PlaceSignal]] = SignalType(f"{DOMAIN}_looked")
"""Sent with each look at a charge point with a car; its kind is empty."""


@callback
def async_tell(hass: HomeAssistant, signal: PlaceSignal) -> None:
    """Tell that something happened.

    While Home Assistant starts, no automation listens yet; so what was found out on the way is
    told when it has started.
    """

    @callback
    def tell(hass: HomeAssistant) -> None:
        async_dispatcher_send(hass, HAPPENED, signal)

    async_at_started(hass, tell)
