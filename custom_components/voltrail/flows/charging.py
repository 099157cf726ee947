"""Setting up the controller of a grid connection: its meter, its fuse, its chargers."""

from collections.abc import Mapping
from typing import Any, Final, override

from homeassistant.config_entries import (
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentry,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)
from homeassistant.helpers.translation import async_get_translations

from ..api.chargers import all_chargers, device_id_of
from ..charging import const
from ..charging.places import claimed
from ..charging.setup import Charger, charger_of, is_charging
from ..const import CHARGING, CONF_FAMILY, CONF_FINGERPRINT, CONF_IDENTITY_KEY, DOMAIN
from ..device_names import full_name
from ..schema import vol
from . import charging_form as form
from .charging_proposal import at_this_moment, proposal
from .forms import Schema

_CHARGER: Final = "charger"


class ChargingFlow(ConfigFlow):
    """The steps for a connection."""

    _connection: dict[str, Any]

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: ConfigEntry[Any]
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Offer chargers and sub-distributions at a connection, and nothing at a device."""
        if not is_charging(config_entry):
            return {}
        return {
            const.CHARGER: ChargerFlow,
            const.OTHER: OtherChargerFlow,
            const.DISTRIBUTION: DistributionFlow,
        }

    async def async_step_charging(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask what measures the connection, and what guards it."""
        errors: dict[str, str] = {}
        if user_input is not None:
            data = form.flat(user_input)
            errors = await self._wrong(data)
            if not errors:
                self._connection = form.stored(self.hass, data)
                return await self.async_step_charging_chargers()
        if user_input is None:
            user_input = {const.CONF_OBSERVER: True, **(await proposal(self.hass)).values()}
        return await self._show_connection("charging", user_input, errors)

    async def _wrong(self, data: Mapping[str, Any]) -> dict[str, str]:
        """Return what cannot be right about a connection."""
        if data.get(const.CONF_GRID_POWER) in (await proposal(self.hass)).battery_sensors():
            return {const.CONF_GRID_POWER: "is_battery"}
        return form.mistakes(self.hass, data) or form.wrong_prices(self.hass, data)

    async def _show_connection(
        self, step_id: str, values: Mapping[str, Any], errors: dict[str, str]
    ) -> ConfigFlowResult:
        schema = vol.Schema(form.connection_fields(self.hass, first=step_id == "charging"))
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, values),
            errors=errors,
            description_placeholders={"now": await at_this_moment(self.hass, values)},
        )

    async def async_step_charging_chargers(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask which chargers are behind the connection: all, unless some are left out."""
        free = free_chargers(self.hass)
        if user_input is not None or not free:
            chosen = [] if user_input is None else user_input.get(const.CONF_CHARGERS, [])
            return await self._create_connection(
                [(charger, free[charger]) for charger in map(_parsed, chosen) if charger in free]
            )
        schema = vol.Schema(
            {
                vol.Optional(
                    const.CONF_CHARGERS, default=[_value(one) for one in free]
                ): _charger_list(free, multiple=True)
            }
        )
        return self.async_show_form(step_id="charging_chargers", data_schema=schema)

    async def _create_connection(self, chosen: list[tuple[Charger, str]]) -> ConfigFlowResult:
        texts = await async_get_translations(
            self.hass, self.hass.config.language, "common", {DOMAIN}
        )
        key = _free_key(self.hass)
        return self.async_create_entry(
            title=texts[f"component.{DOMAIN}.common.charging"],
            data={
                CONF_FAMILY: CHARGING,
                # Nothing else tells one connection from another when it is set up again.
                CONF_IDENTITY_KEY: key,
                CONF_FINGERPRINT: key,
                **self._connection,
            },
            subentries=[
                {
                    "data": _charger_data(charger, {}),
                    "subentry_type": const.CHARGER,
                    "title": name,
                    "unique_id": _value(charger),
                }
                for charger, name in chosen
            ],
        )

    async def async_step_charging_change(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change what measures the connection, and what guards it."""
        entry = self._get_reconfigure_entry()
        errors: dict[str, str] = {}
        if user_input is not None:
            data = form.flat(user_input)
            errors = await self._wrong(data)
            if not errors:
                kept = (CONF_FAMILY, CONF_IDENTITY_KEY, CONF_FINGERPRINT, const.CONF_OBSERVER)
                known = {key: entry.data[key] for key in kept if key in entry.data}
                return self.async_update_and_abort(
                    entry,
                    data={**known, **form.stored(self.hass, data)},
                    reason="reconfigure_successful",
                )
        values = form.nested(self.hass, entry.data) if user_input is None else user_input
        return await self._show_connection("charging_change", values, errors)


def free_chargers(hass: HomeAssistant) -> dict[Charger, str]:
    """Return the chargers that no connection controls, and what they are called."""
    taken = claimed(hass)
    found: dict[Charger, str] = {}
    for one in all_chargers(hass):
        part = one.point.part
        charger = one.coordinator.identity_key, None if part is None else part.key
        if charger not in taken:
            found[charger] = full_name(hass, device_id_of(hass, one)) or one.name
    return found


def _free_key(hass: HomeAssistant) -> str:
    taken = {
        entry.data.get(CONF_IDENTITY_KEY) for entry in hass.config_entries.async_entries(DOMAIN)
    }
    if CHARGING not in taken:
        return CHARGING
    return next(key for number in range(2, 1000) if (key := f"{CHARGING}_{number}") not in taken)


def _value(charger: Charger) -> str:
    identity, part = charger
    return identity if part is None else f"{identity}|{part}"


def _parsed(value: str) -> Charger:
    identity, _, part = value.partition("|")
    return identity, part or None


def _charger_list(chargers: Mapping[Charger, str], *, multiple: bool) -> SelectSelector:
    return SelectSelector(
        SelectSelectorConfig(
            options=[
                SelectOptionDict(value=_value(charger), label=name)
                for charger, name in chargers.items()
            ],
            multiple=multiple,
            mode=SelectSelectorMode.LIST,
        )
    )


def _charger_data(charger: Charger, chosen: Mapping[str, Any]) -> dict[str, Any]:
    identity, part = charger
    known = {const.CONF_CHARGER: identity, **chosen}
    return known if part is None else {**known, const.CONF_PART: part}


class ChargerFlow(ConfigSubentryFlow):
    """Adds a charger to a connection, and changes how it is controlled."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask which charger, and how it is connected."""
        free = free_chargers(self.hass)
        if not free:
            return self.async_abort(reason="no_charger")
        errors: dict[str, str] = {}
        if user_input is not None:
            charger = _parsed(user_input.pop(_CHARGER))
            errors = form.charger_mistakes(self.hass, user_input)
            if not errors:
                chosen = form.stored_charger(self.hass, user_input)
                return self.async_create_entry(
                    title=free.get(charger, charger[0]),
                    data=_charger_data(charger, chosen),
                    unique_id=_value(charger),
                )
            user_input[_CHARGER] = _value(charger)
        fields: Schema = {
            vol.Required(_CHARGER, default=_value(next(iter(free)))): _charger_list(
                free, multiple=False
            ),
            **form.charger_fields(self.hass, self._get_entry()),
        }
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(vol.Schema(fields), user_input or {}),
            errors=errors,
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Change how a charger is controlled; it stays the same charger."""
        entry = self._get_entry()
        subentry = _subentry(self)
        if subentry is None:
            return self.async_abort(reason="gone")
        errors: dict[str, str] = {}
        if user_input is not None:
            errors = form.charger_mistakes(self.hass, user_input)
            if not errors:
                chosen = form.stored_charger(self.hass, user_input)
                return self.async_update_and_abort(
                    entry, subentry, data=_charger_data(charger_of(subentry.data), chosen)
                )
        values = form.shown_charger(self.hass, subentry.data) if user_input is None else user_input
        schema = vol.Schema(form.charger_fields(self.hass, entry))
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(schema, values),
            errors=errors,
            description_placeholders={"name": subentry.title},
        )


class OtherChargerFlow(ConfigSubentryFlow):
    """Adds a charger of another integration, by its entities."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for its entities, and how it is connected."""
        errors: dict[str, str] = {}
        if user_input is not None:
            errors = form.other_mistakes(self.hass, user_input)
            if not errors:
                name = user_input.pop("name")
                data = form.stored(self.hass, user_input)
                identity = f"entity:{data[const.CONF_NUMBER]}"
                return self.async_create_entry(
                    title=name,
                    data={**data, const.CONF_CHARGER: identity},
                    unique_id=identity,
                )
        fields: Schema = {
            vol.Required("name"): TextSelector(),
            **form.other_fields(self.hass, self._get_entry()),
        }
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(vol.Schema(fields), user_input or {}),
            errors=errors,
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Change its entities, or how it is controlled."""
        entry = self._get_entry()
        subentry = _subentry(self)
        if subentry is None:
            return self.async_abort(reason="gone")
        errors: dict[str, str] = {}
        if user_input is not None:
            errors = form.other_mistakes(self.hass, user_input)
            if not errors:
                data = form.stored(self.hass, user_input)
                kept = {const.CONF_CHARGER: subentry.data[const.CONF_CHARGER]}
                return self.async_update_and_abort(entry, subentry, data={**data, **kept})
        values = form.shown(self.hass, subentry.data) if user_input is None else user_input
        schema = vol.Schema(form.other_fields(self.hass, entry))
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(schema, values),
            errors=errors,
            description_placeholders={"name": subentry.title},
        )


class DistributionFlow(ConfigSubentryFlow):
    """Adds a sub-distribution with a fuse of its own."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for its fuse, and for what measures its currents."""
        errors: dict[str, str] = {}
        if user_input is not None:
            errors = form.distribution_mistakes(self.hass, user_input)
            if not errors:
                name = user_input.pop("name")
                return self.async_create_entry(
                    title=name, data=form.stored_distribution(self.hass, user_input)
                )
        fields: Schema = {vol.Required("name"): TextSelector(), **form.distribution_fields()}
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(vol.Schema(fields), user_input or {}),
            errors=errors,
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Change its fuse, or what measures its currents."""
        entry = self._get_entry()
        subentry = _subentry(self)
        if subentry is None:
            return self.async_abort(reason="gone")
        errors: dict[str, str] = {}
        if user_input is not None:
            errors = form.distribution_mistakes(self.hass, user_input)
            if not errors:
                return self.async_update_and_abort(
                    entry, subentry, data=form.stored_distribution(self.hass, user_input)
                )
        values = form.shown(self.hass, subentry.data) if user_input is None else user_input
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema(form.distribution_fields()), values
            ),
            errors=errors,
            description_placeholders={"name": subentry.title},
        )


def _subentry(flow: ConfigSubentryFlow) -> ConfigSubentry | None:
    """Return what is changed; None if it was deleted while the form was open."""
    return flow._get_entry().subentries.get(flow._reconfigure_subentry_id)  # noqa: SLF001 - ours
