"""Setting up a device: its family, how it is reached, and who answers there."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Self, override
from urllib.parse import urlsplit

from homeassistant.config_entries import (
    DISCOVERY_SOURCES,
    SOURCE_RECONFIGURE,
    ConfigEntryState,
    ConfigFlowResult,
    OptionsFlowWithReload,
)
from homeassistant.const import CONF_DEVICE, CONF_HOST, CONF_PORT, CONF_SCAN_INTERVAL
from homeassistant.core import callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SerialPortSelector,
    TextSelector,
)
from homeassistant.helpers.service_info.ssdp import ATTR_UPNP_MANUFACTURER, SsdpServiceInfo
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo

from . import link
from .charging.setup import is_charging
from .const import (
    CHARGING,
    CONF_BAUDRATE,
    CONF_BYTESIZE,
    CONF_EVERY_CHANGE,
    CONF_FAMILY,
    CONF_FINGERPRINT,
    CONF_MAX_CURRENT,
    CONF_PARITY,
    CONF_READ_ONLY,
    CONF_STOPBITS,
    CONF_TRANSPORT,
    CONF_UNIT_ID,
    DOMAIN,
)
from .coordinator import VoltrailConfigEntry
from .engine.devices import FAMILIES, family
from .engine.devices.family import Family, Transport
from .flows.charging import ChargingFlow
from .flows.forms import (
    NumberBox,
    Schema,
    choice,
    distinct,
    early,
    integer,
    mistakes,
    option,
    place,
    with_wishes,
)
from .flows.meter import MeterFlow
from .flows.modbus_probe import Found, Trouble, called, meet
from .schema import vol


def _network_fields(kind: Family) -> Schema:
    return {
        vol.Required(CONF_HOST): TextSelector(),
        vol.Required(CONF_PORT, default=kind.port): integer(1, 65535),
        vol.Required(CONF_UNIT_ID, default=kind.unit_id): integer(0, 255),
    }


def _raw_fields(kind: Family) -> Schema:
    # No gateway passes bytes on at the port of Modbus TCP: each maker has another one.
    return {
        vol.Required(CONF_HOST): TextSelector(),
        vol.Required(CONF_PORT): integer(1, 65535),
        vol.Required(CONF_UNIT_ID, default=kind.unit_id): integer(0, 255),
    }


def _serial_fields(kind: Family) -> Schema:
    line = kind.line
    assert line is not None, "a family on a serial line knows how the line is set up"
    return {
        vol.Required(CONF_DEVICE): SerialPortSelector(),
        vol.Required(CONF_UNIT_ID, default=kind.unit_id): integer(1, 247),
        vol.Required(CONF_BAUDRATE, default=line.baudrate): integer(300, 1_000_000),
        vol.Required(CONF_BYTESIZE, default=str(line.bytesize)): vol.All(
            choice("7", "8"), vol.Coerce(int)
        ),
        vol.Required(CONF_PARITY, default=line.parity): choice("N", "E", "O"),
        vol.Required(CONF_STOPBITS, default=str(line.stopbits)): vol.All(
            choice("1", "2"), vol.Coerce(int)
        ),
    }


_FIELDS: dict[Transport, Callable[[Family], Schema]] = {
    Transport.TCP: _network_fields,
    Transport.RTU_OVER_TCP: _raw_fields,
    Transport.SERIAL: _serial_fields,
}


def _form_data(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry's data as the form takes them: choices are texts there."""
    return {
        key: str(value) if key in (CONF_BYTESIZE, CONF_STOPBITS) else value
        for key, value in data.items()
    }


class VoltrailConfigFlow(ChargingFlow, MeterFlow, domain=DOMAIN):
    """Sets up one device, or the controller of a connection."""

    VERSION = 1
    MINOR_VERSION = 2

    _kind: Family
    _only_reads = False
    _waiting: tuple[dict[str, Any], Found]
    _double: dr.DeviceEntry | None = None
    _announced: tuple[str, str] | None = None
    """The family and host of an announcement that tells no serial number."""
    _early: Mapping[str, Any] = {}
    """The settings of the family that were chosen along with the place."""

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: VoltrailConfigEntry) -> VoltrailOptionsFlow:
        """Return the flow for the installer's settings."""
        return VoltrailOptionsFlow()

    @classmethod
    @callback
    @override
    def async_supports_options_flow(cls, config_entry: VoltrailConfigEntry) -> bool:
        """Tell whether there are settings of an installer; a connection has none apart."""
        return not is_charging(config_entry)

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what kind of device it is."""
        return self.async_show_menu(
            step_id="user", menu_options=[CHARGING, *(kind.key for kind in FAMILIES)]
        )

    async def choose_family(
        self, kind: Family, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        """Ask how a device of this kind is reached; with one way only, ask for it at once."""
        self._kind = kind
        if len(kind.transports) == 1:
            return await self._reach(kind.transports[0], kind.key, user_input)
        return self.async_show_menu(
            step_id=kind.key, menu_options=[str(way) for way in kind.transports]
        )

    async def async_step_tcp(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Set up a device, or a gateway, that speaks Modbus TCP."""
        return await self._reach(Transport.TCP, "tcp", user_input)

    async def async_step_rtu_over_tcp(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Set up a device behind a gateway that passes the bytes of a line on."""
        return await self._reach(Transport.RTU_OVER_TCP, "rtu_over_tcp", user_input)

    async def async_step_serial(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Set up a device on a serial line."""
        if self._kind.pushed:
            return await self.listen_on(Transport.SERIAL, "serial", user_input)
        return await self._reach(Transport.SERIAL, "serial", user_input)

    @override
    async def async_step_zeroconf(self, discovery_info: ZeroconfServiceInfo) -> ConfigFlowResult:
        """Meet a device that made itself known over mDNS."""
        kind = next(kind for kind in FAMILIES if discovery_info.type in kind.zeroconf)
        found = kind.zeroconf_serial and re.search(kind.zeroconf_serial, discovery_info.name)
        port = discovery_info.port if kind.announces_port else None
        return await self._discovered(
            kind, discovery_info.host, found[0] if found else None, port or kind.port
        )

    @override
    async def async_step_ssdp(self, discovery_info: SsdpServiceInfo) -> ConfigFlowResult:
        """Meet a device that made itself known over UPnP."""
        manufacturer = discovery_info.upnp.get(ATTR_UPNP_MANUFACTURER)
        host = urlsplit(discovery_info.ssdp_location or "").hostname
        kind = next(kind for kind in FAMILIES if kind.ssdp_manufacturer == manufacturer)
        if host is None:
            return self.async_abort(reason="unknown_host")
        serial = discovery_info.upnp.get(kind.ssdp_serial)
        return await self._discovered(kind, host, serial, kind.port)

    async def _discovered(
        self, kind: Family, host: str, announced: str | None, port: int
    ) -> ConfigFlowResult:
        """Ask a discovered device who it is, and follow it if it only moved."""
        self._kind = kind
        # One that is known, or not wanted, is not even asked: some take one client only.
        if announced is None:
            self._async_abort_entries_match({CONF_HOST: host, CONF_FAMILY: kind.key})
            self._announced = (kind.key, host)
            if self.hass.config_entries.flow.async_has_matching_flow(self):
                return self.async_abort(reason="already_in_progress")
        else:
            await self._is(announced)
            await self._follow(host, port)
        data = self._data(
            Transport.TCP, {CONF_HOST: host, CONF_PORT: port, CONF_UNIT_ID: kind.unit_id}
        )
        found = await meet(self.hass, kind, data)
        if isinstance(found, Trouble):
            return self.async_abort(reason=found.key, description_placeholders=found.details)
        if found.identity.serial is not None:
            await self._is(found.identity.serial)
            await self._follow(host, port)
        self._waiting = (data, found)
        self.context["title_placeholders"] = {"name": found.title}
        return await self.async_step_discovery_confirm()

    @override
    def is_matching(self, other_flow: Self) -> bool:
        """Whether another flow is about the same announcement.

        Of those that tell no serial number, Home Assistant cannot know: they differ, as soon
        as the device has one more address.
        """
        return other_flow._announced == self._announced

    async def _is(self, serial: str) -> None:
        # A person who types it in does not have to clear the card of a discovery away first.
        discovered = self.source in DISCOVERY_SOURCES
        await self.async_set_unique_id(f"{self._kind.key}_{serial}", raise_on_progress=discovered)

    async def _follow(self, host: str, port: int) -> None:
        """Stop if the device is known; tell its entry where it is, unless it answers there.

        A device may have two addresses, or be known by its name. And anyone in the network can
        announce it: its entry follows to a place only where it answers as itself.
        """
        assert self.unique_id is not None
        entry: VoltrailConfigEntry | None = (
            self.hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, self.unique_id)
        )
        stays = False
        moved: dict[str, Any] = {CONF_HOST: host}
        if entry is not None and self._kind.announces_port:
            moved[CONF_PORT] = port
        if (
            entry is not None
            and entry.state is ConfigEntryState.LOADED
            and entry.data[CONF_HOST] != host
        ):
            # Asked now: it may have moved since it was asked last. Announcements come in
            # bursts; one question is enough for all.
            await entry.runtime_data.coordinator.async_request_refresh()
            stays = entry.runtime_data.coordinator.last_update_success
        elsewhere = entry is not None and entry.data.get(CONF_HOST) not in (None, host)
        if entry is not None and elsewhere and not stays:
            stays = not await self._answers_as(entry, {**entry.data, **moved})
        self._abort_if_unique_id_configured(None if stays else moved)

    async def _answers_as(self, entry: VoltrailConfigEntry, data: dict[str, Any]) -> bool:
        """Whether the device of an entry answers at another place."""
        found = await meet(self.hass, self._kind, data)
        if isinstance(found, Trouble) or found.identity.serial is None:
            return False
        return entry.unique_id == f"{self._kind.key}_{found.identity.serial}"

    async def async_step_discovery_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether the discovered device is wanted."""
        data, found = self._waiting
        errors: dict[str, str] = {}
        if user_input is not None:
            errors = mistakes(self._kind.option_fields, user_input)
            if not errors:
                self._early = user_input
                return await self._add(data, found)
        return self.async_show_form(
            step_id="discovery_confirm",
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema(early(self._kind.option_fields)), user_input or {}
            ),
            errors=errors,
            description_placeholders={"name": found.title, "host": data[CONF_HOST]},
        )

    async def _reach(
        self, transport: Transport, step_id: str, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        if user_input is None:
            return self._show(transport, step_id, None)
        chosen = {str(marker) for marker in early(self._kind.option_fields)}
        self._early = {key: user_input[key] for key in chosen & user_input.keys()}
        if errors := mistakes(self._kind.option_fields, self._early):
            return self._show(transport, step_id, user_input, errors=errors)
        data = self._data(transport, user_input)
        found = await self._meet(data, user_input)
        if isinstance(found, Trouble):
            return self._show(transport, step_id, user_input, found)
        if found.read_only:
            data[CONF_READ_ONLY] = True
        return await self._add(data, found)

    def _data(self, transport: Transport, user_input: dict[str, Any]) -> dict[str, Any]:
        apart = {CONF_READ_ONLY, *self._early}
        data = {key: value for key, value in user_input.items() if key not in apart}
        if CONF_HOST in data:
            data[CONF_HOST], port = place(data[CONF_HOST])
            data[CONF_PORT] = port or data[CONF_PORT]
        return {CONF_FAMILY: self._kind.key, CONF_TRANSPORT: str(transport), **data}

    async def _meet(self, data: dict[str, Any], user_input: dict[str, Any]) -> Found | Trouble:
        found = await meet(self.hass, self._kind, data)
        if isinstance(found, Found) and found.read_only and not user_input.get(CONF_READ_ONLY):
            self._only_reads = True
            return Trouble("read_only")
        return found

    def _show(
        self,
        transport: Transport,
        step_id: str,
        suggested: Mapping[str, Any] | None,
        trouble: Trouble | None = None,
        errors: dict[str, str] | None = None,
    ) -> ConfigFlowResult:
        fields = _FIELDS[transport](self._kind)
        if self.source != SOURCE_RECONFIGURE:
            fields |= early(self._kind.option_fields)
        if self._only_reads:
            fields[vol.Required(CONF_READ_ONLY, default=False)] = BooleanSelector()
        suggested = _form_data(suggested or {})
        if trouble is not None and trouble.unit_id is not None:
            suggested[CONF_UNIT_ID] = trouble.unit_id
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(vol.Schema(fields), suggested),
            errors=errors or ({} if trouble is None else {"base": trouble.key}),
            description_placeholders={
                "title": self._kind.title,
                **({} if trouble is None else trouble.details),
            },
        )

    async def _add(self, data: dict[str, Any], found: Found) -> ConfigFlowResult:
        if found.identity.serial is None:
            self._refuse_taken(data)
        else:
            await self._is(found.identity.serial)
            self._abort_if_unique_id_configured()
            if self._double is None and (double := self._behind_gateway(found.identity.serial)):
                self._waiting, self._double = (data, found), double
                return await self.async_step_twice()
        return self.async_create_entry(
            title=distinct(self.hass, found.title, found.identity.serial, data),
            data={**data, CONF_FINGERPRINT: found.fingerprint},
            options=self._early,
        )

    def _behind_gateway(self, serial: str) -> dr.DeviceEntry | None:
        """Return the same device behind a gateway that is set up, such as a charger at a GX."""
        for device in dr.async_get(self.hass).devices:
            ours = any(domain == DOMAIN for domain, _ in device.identifiers)
            behind = device.via_device_id is not None and device.disabled_by is None
            if ours and behind and device.serial_number == serial:
                return device
        return None

    async def async_step_twice(self, _user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which of two ways to one device is to have its control and its energy."""
        _, found = self._waiting
        assert self._double is not None, "this step comes where there are two"
        return self.async_show_menu(
            step_id="twice",
            menu_options=["directly", "through_gateway"],
            description_placeholders={
                "name": found.title,
                "other": self._double.name_by_user or self._double.name or "",
            },
        )

    async def async_step_directly(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Add the device, and switch the one behind the gateway off."""
        assert self._double is not None, "the step before has found it"
        dr.async_get(self.hass).async_update_device(
            self._double.id, disabled_by=dr.DeviceEntryDisabler.USER
        )
        return await self._add(*self._waiting)

    async def async_step_through_gateway(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Leave everything as it is."""
        return self.async_abort(reason="stays_behind_gateway")

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change how a device is reached; it must stay the same device."""
        entry: VoltrailConfigEntry = self._get_reconfigure_entry()
        if is_charging(entry):
            return await self.async_step_charging_change()
        self._kind = family(entry.data[CONF_FAMILY])
        transport = Transport(entry.data[CONF_TRANSPORT])
        if self._kind.pushed:
            return await self.listen_on(transport, "reconfigure", user_input)
        if user_input is None:
            return self._show(transport, "reconfigure", entry.data)
        data = self._data(transport, user_input)
        if entry.unique_id is None:
            self._refuse_taken(data)
        freed = await self._free_link(entry, data)
        # An entry that only reads was accepted as such; that is no trouble now.
        found = await self._meet(data, {**user_input, CONF_READ_ONLY: True})
        same = isinstance(found, Found) and found.fingerprint == entry.data[CONF_FINGERPRINT]
        if freed and not same:
            await self._set_up_again()
        if isinstance(found, Trouble):
            return self._show(transport, "reconfigure", user_input, found)
        if not same:
            # The form stays open: most often it is a slip in the address.
            names = {"expected": entry.title, "found": called(found.identity)}
            return self._show(
                transport, "reconfigure", user_input, Trouble("wrong_device", details=names)
            )
        return self.async_update_reload_and_abort(entry, data_updates=data)

    async def _free_link(self, entry: VoltrailConfigEntry, data: Mapping[str, Any]) -> bool:
        """Unload an entry that holds another link, which may lead to the same device.

        One link cannot be used with two sets of settings, and many a device takes one
        client only: its name instead of its address would be a second one. Waiting for a
        retry counts as holding it: the retry could come in between.
        """
        if entry.state not in (ConfigEntryState.LOADED, ConfigEntryState.SETUP_RETRY):
            return False
        if link.params(entry.data) == link.params(data):
            return False
        return await self.hass.config_entries.async_unload(entry.entry_id)


def _family_step(
    kind: Family,
) -> Callable[[VoltrailConfigFlow, dict[str, Any] | None], Awaitable[ConfigFlowResult]]:
    async def step(
        flow: VoltrailConfigFlow, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        return await flow.choose_family(kind, user_input)

    return step


# Every family has a step of its own, with its own words on how to prepare the device.
for _kind in FAMILIES:
    setattr(VoltrailConfigFlow, f"async_step_{_kind.key}", _family_step(_kind))


class VoltrailOptionsFlow(OptionsFlowWithReload):
    """What the installer decides about a device."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the settings that do not come from the device."""
        kind = family(self.config_entry.data[CONF_FAMILY])
        before = self.config_entry.options
        errors: dict[str, str] = {}
        if user_input is not None:
            errors = mistakes(kind.option_fields, user_input)
            if not errors:
                return self.async_create_entry(
                    data=with_wishes(kind.option_fields, user_input, before)
                )
        wishes = {field.key for field in kind.option_fields if field.target}
        known = {key: value for key, value in before.items() if key not in wishes}
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema(self._fields(kind)), user_input or known
            ),
            errors=errors,
        )

    @staticmethod
    def _fields(kind: Family) -> Schema:
        fields: Schema = {}
        if not kind.pushed:
            fields[vol.Required(CONF_SCAN_INTERVAL, default=kind.scan_interval)] = NumberBox(
                NumberSelectorConfig(
                    min=kind.shortest_interval,
                    max=300,
                    step=1,
                    unit_of_measurement="s",
                    mode=NumberSelectorMode.BOX,
                )
            )
        if kind.is_charger:
            # Left empty there is no limit beyond the device's own.
            fields[vol.Optional(CONF_MAX_CURRENT)] = NumberBox(
                NumberSelectorConfig(
                    min=6,
                    max=kind.installer_maximum,
                    step=1,
                    unit_of_measurement="A",
                    mode=NumberSelectorMode.BOX,
                )
            )
        for field in kind.option_fields:
            if field.secret:
                continue
            marker = vol.Optional if field.default is None else vol.Required
            default = vol.UNDEFINED if field.default is None else field.default
            fields[marker(field.key, default=default)] = option(field)
        fields[vol.Required(CONF_EVERY_CHANGE, default=False)] = BooleanSelector()
        return fields
