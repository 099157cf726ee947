"""A grid power whose sign cannot be right: a repair that offers to turn it."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from ..const import DOMAIN
from . import const

SIGN: Final = "grid_sign"


def _issue(entry: ConfigEntry[Any]) -> str:
    return f"{SIGN}_{entry.entry_id}"


@callback
def async_doubt(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Offer to turn the sign."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        _issue(entry),
        data={"entry_id": entry.entry_id},
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key=SIGN,
        translation_placeholders={"name": entry.title},
    )


@callback
def async_believe(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Take the offer back."""
    ir.async_delete_issue(hass, DOMAIN, _issue(entry))


class SignFlow(RepairsFlow):
    """Turns the sign, or leaves it as it is for good."""

    def __init__(self, entry_id: str) -> None:
        self._entry_id = entry_id

    async def async_step_init(self, _input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask what to do."""
        entry = self.hass.config_entries.async_get_entry(self._entry_id)
        if entry is None:
            return self.async_abort(reason="gone")
        return self.async_show_menu(
            step_id="init",
            menu_options=["invert", "keep"],
            description_placeholders={"name": entry.title},
        )

    async def async_step_invert(self, _input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Turn the sign; of two sensors each takes the place of the other."""
        return self._change(inverted)

    async def async_step_keep(self, _input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Leave it, and ask no more."""
        return self._change(lambda data: {**data, const.CONF_SIGN_KEPT: True})

    def _change(self, change: Callable[[Mapping[str, Any]], dict[str, Any]]) -> RepairsFlowResult:
        entry = self.hass.config_entries.async_get_entry(self._entry_id)
        if entry is None:
            return self.async_abort(reason="gone")
        self.hass.config_entries.async_update_entry(entry, data=change(entry.data))
        return self.async_create_entry(data={})


def inverted(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a connection with the other sign."""
    if export := data.get(const.CONF_GRID_EXPORT):
        return {
            **data,
            const.CONF_GRID_POWER: export,
            const.CONF_GRID_EXPORT: data[const.CONF_GRID_POWER],
        }
    return {**data, const.CONF_GRID_INVERTED: not data.get(const.CONF_GRID_INVERTED)}
