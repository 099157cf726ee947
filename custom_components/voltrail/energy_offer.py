"""The offer to fill in the Energy dashboard: one repair that shows what it would add.

Made once for each counter. What a person left out of it is not offered again.
"""

from typing import Any, Final

from homeassistant.components.energy.data import ENERGY_SOURCE_SCHEMA, async_get_manager
from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.components.sensor import async_rounded_state
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
from homeassistant.helpers.storage import Store
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .energy_counters import Counter, completed, counters, missing
from .schema import vol

ISSUE: Final = "energy_dashboard"
_ENERGY: Final = "energy"
_CHOSEN: Final = "counters"
_OFFER: HassKey[EnergyOffer] = HassKey(f"{DOMAIN}_{ISSUE}")


@callback
def async_watch(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Compare now and when an entity comes or goes, for as long as the entry is loaded."""
    if _OFFER not in hass.data:
        hass.data[_OFFER] = EnergyOffer(hass)
    offer = hass.data[_OFFER]

    @callback
    def look(_event: Event[er.EventEntityRegistryUpdatedData]) -> None:
        offer.look_soon()

    # The counters of many meters come an hour after the rest.
    entry.async_on_unload(
        hass.bus.async_listen(er.EVENT_ENTITY_REGISTRY_UPDATED, look, event_filter=_of_sensors)
    )
    entry.async_on_unload(offer.look_soon)
    offer.look_soon()


async def async_forget(hass: HomeAssistant) -> None:
    """Leave nothing behind once the last device has been removed."""
    if (offer := hass.data.get(_OFFER)) is not None:
        await offer.forget()


class EnergyOffer:
    """Compares what is counted with what the Energy dashboard was given."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._store: Store[list[str]] = Store(hass, 1, f"{DOMAIN}.{ISSUE}")
        self._declined: set[str] | None = None
        self._looking = False
        self._listening = False

    @callback
    def look_soon(self) -> None:
        """Look once the devices that are being set up have added their entities."""
        # Many entities come at once: one look is enough for all of them.
        if not self._looking and self.possible:
            self._looking = True
            self._hass.async_create_task(self._look(), f"{DOMAIN} {ISSUE}", eager_start=False)

    @property
    def possible(self) -> bool:
        """Whether there is an Energy dashboard at all."""
        return _ENERGY in self._hass.config.components

    async def _look(self) -> None:
        self._looking = False
        await self._listen()
        if await self.wanted(await self.proposals()):
            ir.async_create_issue(
                self._hass,
                DOMAIN,
                ISSUE,
                is_fixable=True,
                severity=ir.IssueSeverity.WARNING,
                translation_key=ISSUE,
            )
        else:
            ir.async_delete_issue(self._hass, DOMAIN, ISSUE)

    async def _listen(self) -> None:
        """Look again whenever a person saves the settings of the Energy dashboard."""
        if self._listening:
            return
        self._listening = True
        manager = await async_get_manager(self._hass)

        async def saved() -> None:
            # An error in here would leave the person's "Save" waiting for ever; this only
            # makes a task.
            self.look_soon()

        manager.async_listen_updates(saved)

    async def proposals(self) -> list[Counter]:
        """Return all that could be added now."""
        manager = await async_get_manager(self._hass)
        return missing(manager.data, counters(self._hass))

    async def wanted(self, proposals: list[Counter]) -> list[Counter]:
        """Return those that no person has left out before."""
        declined = await self._declined_before()
        return [one for one in proposals if one.energy not in declined]

    async def add(self, chosen: set[str]) -> None:
        """Add the chosen counters, and remember which were left out."""
        manager = await async_get_manager(self._hass)
        # Both may have changed while the form was open.
        proposals = missing(manager.data, counters(self._hass))
        declined = await self._declined_before()
        declined |= {one.energy for one in proposals}
        declined -= chosen
        await self._store.async_save(sorted(declined))
        if wanted := [one for one in proposals if one.energy in chosen]:
            update: Any = completed(manager.data, wanted)
            ENERGY_SOURCE_SCHEMA(update["energy_sources"])
            await manager.async_update(update)

    async def _declined_before(self) -> set[str]:
        if self._declined is None:
            self._declined = set(await self._store.async_load() or ())
        return self._declined

    async def forget(self) -> None:
        """Forget what was left out, and take the offer back."""
        self._declined = None
        await self._store.async_remove()
        ir.async_delete_issue(self._hass, DOMAIN, ISSUE)


@callback
def _of_sensors(data: er.EventEntityRegistryUpdatedData) -> bool:
    return data["entity_id"].startswith("sensor.")


class EnergyFlow(RepairsFlow):
    """Shows what would be added, with the present values, and adds what is chosen."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask which counters to add."""
        offer = self.hass.data[_OFFER]
        if user_input is not None and _CHOSEN in user_input:
            await offer.add(set(user_input[_CHOSEN]))
            return self.async_create_entry(data={})
        proposals = await offer.proposals()
        if not proposals:
            return self.async_abort(reason="nothing_missing")
        wanted = await offer.wanted(proposals)
        return self.async_show_form(
            step_id="init",
            data_schema=vol.Schema(
                {
                    vol.Required(
                        _CHOSEN, default=[one.energy for one in wanted or proposals]
                    ): SelectSelector(
                        SelectSelectorConfig(
                            options=await self._options(proposals),
                            multiple=True,
                            mode=SelectSelectorMode.LIST,
                        )
                    )
                }
            ),
        )

    async def _options(self, proposals: list[Counter]) -> list[SelectOptionDict]:
        texts = await async_get_translations(
            self.hass, self.hass.config.language, "common", {DOMAIN}
        )
        return [
            SelectOptionDict(
                value=one.energy,
                label=f"{texts[f'component.{DOMAIN}.common.energy_{one.role}']}, {one.name}: "
                + ", ".join(self._shown(entity) for entity in one.entities),
            )
            for one in proposals
        ]

    def _shown(self, entity_id: str) -> str:
        """Return an entity's name and its present value."""
        entity = er.async_get(self.hass).async_get(entity_id)
        name = (entity.name or entity.original_name) if entity else entity_id
        return f"{name} {shown_value(self.hass, entity_id)}"


def shown_value(hass: HomeAssistant, entity_id: str) -> str:
    """Return the present value of an entity as a person reads it; "?" if there is none."""
    state = hass.states.get(entity_id)
    if state is None or state.state in {"unavailable", "unknown"}:
        return "?"
    value = state.state
    if state.domain == "sensor":
        value = async_rounded_state(hass, entity_id, state)
    unit = state.attributes.get("unit_of_measurement", "")
    return f"{value} {unit}".strip()
