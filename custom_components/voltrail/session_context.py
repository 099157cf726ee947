"""What a charger does not know of its charging: what energy costs, and how much is the sun's."""

from collections.abc import Callable
from typing import Any, Final

from homeassistant.const import CONF_UNIT_OF_MEASUREMENT
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN

type Place = tuple[str, str | None]
"""A charge point: the id of its entry, and the key of its part."""

_SHARES: Final[HassKey[dict[Place, Callable[[], float | None]]]] = HassKey(f"{DOMAIN}_shares")

_KILOWATT_HOURS: Final = {"Wh": 0.001, "kWh": 1.0, "MWh": 1000.0}


@callback
def async_provide_solar_share(
    hass: HomeAssistant, place: Place, share: Callable[[], float | None]
) -> CALLBACK_TYPE:
    """Take the function that tells which part of a charge point's power comes from the sun."""
    shares = hass.data.setdefault(_SHARES, {})
    shares[place] = share

    @callback
    def remove() -> None:
        if shares.get(place) is share:
            del shares[place]

    return remove


@callback
def solar_share(hass: HomeAssistant, place: Place) -> float | None:
    """Return the part of the present power that comes from the sun, from 0 to 1."""
    share = hass.data.get(_SHARES, {}).get(place)
    return None if share is None else share()


class EnergyPrice:
    """The price that was set for the grid in the Energy dashboard; no need to set it twice."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._manager: Any = None

    async def find(self) -> None:
        """Look for the settings of the Energy dashboard."""
        if "energy" in self._hass.config.components:
            # It brings the recorder with it, which a house without both does not need.
            from homeassistant.components.energy.data import (  # noqa: PLC0415
                async_get_manager,
            )

            self._manager = await async_get_manager(self._hass)

    @property
    def now(self) -> float | None:
        """What a kWh from the grid costs now, in Home Assistant's currency."""
        settings = None if self._manager is None else self._manager.data
        for source in () if settings is None else settings["energy_sources"]:
            if source["type"] != "grid":
                continue
            if (price := source.get("number_energy_price")) is not None:
                return float(price)
            if (entity_id := source.get("entity_energy_price")) is not None:
                return self._price_of(entity_id)
        return None

    def _price_of(self, entity_id: str) -> float | None:
        state = self._hass.states.get(entity_id)
        if state is None:
            return None
        unit = str(state.attributes.get(CONF_UNIT_OF_MEASUREMENT, "")).rpartition("/")[2]
        try:
            return float(state.state) / _KILOWATT_HOURS.get(unit, 1.0)
        except ValueError:
            return None
