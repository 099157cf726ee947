"""Issues for what only a person can put right, at the device or in its settings."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.device_registry import ChildDeviceInfo, DeviceInfo
from homeassistant.helpers.selector import NumberSelectorConfig, NumberSelectorMode

from . import energy_offer
from .charging.sign import SIGN, SignFlow
from .const import CONF_READ_ONLY, DOMAIN
from .engine.model.errors import VoltrailError
from .engine.polling.base_device import BaseDevice
from .engine.polling.polled_device import Problem
from .flows.forms import NumberBox
from .moving_in.offer import MOVED_IN, MOVING_IN, MovedInFlow, MovingInFlow
from .schema import vol

VALUE: Final = "value"


class Loaded(Protocol):
    """What lives as long as an entry is loaded, as far as an issue needs it."""

    @property
    def devices(self) -> Mapping[str | None, DeviceInfo | ChildDeviceInfo]:
        """The entries of the device registry: of the device (None), and of its parts by key."""


def _issue_id[D: Loaded](entry: ConfigEntry[D], problem: Problem) -> str:
    part = "" if problem.part is None else f"_{problem.part.key}"
    return f"{entry.entry_id}_{problem.key}{part}"


def _name[D: Loaded](hass: HomeAssistant, entry: ConfigEntry[D], problem: Problem) -> str:
    """Return what the device is called, with the part of it where there are several."""
    title: str = entry.title
    if problem.part is None or entry.state is not ConfigEntryState.LOADED:
        return title
    devices = entry.runtime_data.devices
    registry = dr.async_get(hass)
    parts = (
        *dr.async_child_entries_for_config_entry(registry, entry.entry_id),
        *dr.async_entries_for_config_entry(registry, entry.entry_id),
    )
    for part in parts if len(devices) > 2 else ():
        if part.identifiers & devices[problem.part.key]["identifiers"]:
            name = part.name_by_user or part.name or ""
            return name if name.startswith(title) else f"{title} {name}"
    return title


@callback
def async_sync[D: Loaded](
    hass: HomeAssistant, entry: ConfigEntry[D], problems: Iterable[Problem]
) -> None:
    """Show the problems at hand, and take back those that are gone."""
    present = {_issue_id(entry, problem): problem for problem in problems}
    for issue_id, problem in present.items():
        # An entry that only reads writes no remedy either.
        fixable = problem.remedy is not None and not entry.data.get(CONF_READ_ONLY)
        ir.async_create_issue(
            hass,
            DOMAIN,
            issue_id,
            data={"entry_id": entry.entry_id, "problem": problem.key} if fixable else None,
            is_fixable=fixable,
            severity=ir.IssueSeverity.WARNING,
            translation_key=f"{problem.key}_remedy" if fixable else problem.key,
            translation_placeholders={"name": _name(hass, entry, problem), **problem.details},
        )
    prefix = f"{entry.entry_id}_"
    for domain, issue_id in list(ir.async_get(hass).issues):
        if domain == DOMAIN and issue_id.startswith(prefix) and issue_id not in present:
            ir.async_delete_issue(hass, DOMAIN, issue_id)


@callback
def async_clear[D: Loaded](hass: HomeAssistant, entry: ConfigEntry[D]) -> None:
    """Take back everything: the device is not watched any more."""
    async_sync(hass, entry, ())


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, Any] | None
) -> RepairsFlow:
    """Return the flow that carries out what the repair offers."""
    for kind, flow in ((MOVING_IN, MovingInFlow), (MOVED_IN, MovedInFlow), (SIGN, SignFlow)):
        if data is not None and issue_id.startswith(f"{kind}_"):
            return flow(data["entry_id"])
    if data is not None and "problem" in data:
        return RemedyFlow(data["entry_id"], data["problem"])
    return energy_offer.EnergyFlow()


class RemedyFlow(RepairsFlow):
    """Asks for the number that puts a problem right, and writes it."""

    def __init__(self, entry_id: str, problem: str) -> None:
        self._entry_id = entry_id
        self._problem = problem

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask for it."""
        entry = self.hass.config_entries.async_get_entry(self._entry_id)
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        device: BaseDevice = entry.runtime_data.device
        problem = next((one for one in device.problems() if one.key == self._problem), None)
        if problem is None or problem.remedy is None:
            # It was put right meanwhile.
            return self.async_create_entry(data={})
        control = problem.remedy
        if user_input is not None:
            try:
                await control.write(user_input[VALUE])
            except VoltrailError as err:
                return self.async_abort(
                    reason="refused", description_placeholders={"reason": str(err)}
                )
            coordinator = entry.runtime_data.coordinator
            coordinator.schedule.hurry()
            await coordinator.async_request_refresh()
            return self.async_create_entry(data={})
        bounds = control.bounds()
        selector = NumberBox(
            NumberSelectorConfig(
                min=bounds.minimum,
                max=bounds.maximum,
                step=bounds.step,
                unit_of_measurement=control.quantity.unit,
                mode=NumberSelectorMode.BOX,
            )
        )
        return self.async_show_form(
            step_id="init",
            data_schema=vol.Schema({vol.Required(VALUE, default=problem.suggested): selector}),
            description_placeholders={"name": entry.title},
        )
