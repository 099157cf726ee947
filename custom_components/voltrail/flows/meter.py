"""Setting up a device that speaks by itself: where it speaks, and who is heard there."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, Final, override

import voluptuous as vol
from homeassistant.components import mqtt
from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
)
from homeassistant.const import CONF_DEVICE, CONF_HOST, CONF_PORT
from homeassistant.core import callback
from homeassistant.helpers.selector import SerialPortSelector, TextSelector
from homeassistant.helpers.service_info.mqtt import MqttServiceInfo

from ..const import (
    CONF_BAUDRATE,
    CONF_BYTESIZE,
    CONF_FAMILY,
    CONF_FINGERPRINT,
    CONF_HANDSHAKE,
    CONF_IDENTITY_KEY,
    CONF_PARITY,
    CONF_STOPBITS,
    CONF_TOPICS,
    CONF_TRANSPORT,
    CONF_UNIT_ID,
)
from ..engine.devices.family import Family, LineSettings, OptionField, Transport
from ..engine.model.options import Options
from ..engine.polling.pushed_device import PushedDevice
from ..push.mqtt_listener import topics
from ..push.stream_listener import HANDSHAKES
from .forms import Schema, choice, integer, mistakes, secret
from .modbus_probe import Trouble
from .push_probe import Heard, listen

AUTOMATIC: Final = "automatic"
NO_HANDSHAKE: Final = "none"

_LINE: Final = (CONF_BAUDRATE, CONF_BYTESIZE, CONF_PARITY, CONF_STOPBITS)
_PLACE: Final = (CONF_TRANSPORT, CONF_HOST, CONF_PORT, CONF_DEVICE, CONF_UNIT_ID, CONF_TOPICS)


_SPEEDS: Final = tuple(
    str(baudrate)
    for baudrate in (
        *(300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600),
        *(115200, 230400, 460800, 921600),
    )
)


def _line_choice(*choices: str) -> Any:
    # Numbers come from scripts, texts from the form.
    return vol.All(
        vol.Coerce(str),
        choice(AUTOMATIC, *choices, translation_key="line_setting"),
    )


def _serial_fields(kind: Family) -> Schema:
    return {
        vol.Required(CONF_DEVICE): SerialPortSelector(),
        # A list that takes other values too would show its choices untranslated.
        vol.Required(CONF_BAUDRATE, default=AUTOMATIC): _line_choice(*_SPEEDS),
        vol.Required(CONF_BYTESIZE, default=AUTOMATIC): _line_choice("7", "8"),
        vol.Required(CONF_PARITY, default=AUTOMATIC): _line_choice("N", "E", "O"),
        vol.Required(CONF_STOPBITS, default=AUTOMATIC): _line_choice("1", "2"),
        # Automatic would not do: an adapter that needs one is silent without it.
        vol.Optional(CONF_HANDSHAKE, default=NO_HANDSHAKE): choice(
            NO_HANDSHAKE, *HANDSHAKES, translation_key=CONF_HANDSHAKE
        ),
    }


def _network_fields(kind: Family) -> Schema:
    return {
        vol.Required(CONF_HOST): TextSelector(),
        vol.Required(CONF_PORT, default=kind.port): integer(1, 65535),
    }


def _topic_fields(kind: Family) -> Schema:
    return {vol.Required(CONF_TOPICS): TextSelector()}


_FIELDS: Final = {
    Transport.SERIAL: _serial_fields,
    Transport.NETWORK: _network_fields,
    Transport.MQTT: _topic_fields,
}


class MeterFlow(ConfigFlow):
    """The steps for devices that speak by themselves."""

    _kind: Family
    _transport: Transport
    _step_id: str
    _typed: dict[str, Any]
    _secrets: dict[str, Any]
    _heard: Heard
    _listening: asyncio.Task[Heard | Trouble] | None = None
    _unloaded = False

    async def async_step_network(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Set up a device whose bytes a host passes on."""
        return await self.listen_on(Transport.NETWORK, "network", user_input)

    @override
    async def async_step_mqtt(
        self, discovery_info: MqttServiceInfo | dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Set up a device whose messages come over MQTT.

        The form has the name of a step that Home Assistant keeps for what it discovers; nothing
        is discovered here.
        """
        user_input = discovery_info if isinstance(discovery_info, dict) else None
        return await self.listen_on(Transport.MQTT, "mqtt", user_input)

    async def listen_on(
        self, transport: Transport, step_id: str, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        """Ask where the device speaks, then listen there."""
        self._transport, self._step_id = transport, step_id
        if transport is Transport.MQTT and not self.hass.config_entries.async_loaded_entries(
            mqtt.DOMAIN
        ):
            return self.async_abort(reason="mqtt_missing")
        if user_input is None:
            return self._show_place(self._known())
        self._typed = user_input
        if errors := self._mistakes(user_input):
            return self._show_place(user_input, errors)
        self._secrets = {
            field.key: user_input[field.key]
            for field in self._secret_fields
            if user_input.get(field.key)
        }
        ways = self._ways(user_input)
        await self._make_room()
        self._listening = self.hass.async_create_task(
            listen(self.hass, self._create, ways, self.async_update_progress, self._wanted)
        )
        return self._show_listening()

    @property
    def _secret_fields(self) -> list[OptionField]:
        return [field for field in self._kind.option_fields if field.secret]

    def _create(self) -> PushedDevice:
        assert self._kind.listen is not None
        known = self._get_reconfigure_entry().options if self._reconfiguring else {}
        return self._kind.listen(Options(extra={**known, **self._secrets}))

    def _wanted(self, fingerprint: str) -> bool:
        """Whether this one is looked for, where several may speak."""
        if self._reconfiguring and (known := self._get_reconfigure_entry().data[CONF_FINGERPRINT]):
            return bool(fingerprint == known)
        return not self._is_known(fingerprint)

    def _is_known(self, fingerprint: str) -> bool:
        """Whether a device is set up already."""
        unique_id = f"{self._kind.key}_{fingerprint}"
        return any(entry.unique_id == unique_id for entry in self._async_current_entries())

    @property
    def _reconfiguring(self) -> bool:
        return self.source == SOURCE_RECONFIGURE

    # -- where it speaks -------------------------------------------------------

    def _known(self) -> dict[str, Any]:
        if not self._reconfiguring:
            return {}
        data = self._get_reconfigure_entry().data
        return {key: str(value) if key in _LINE else value for key, value in data.items()}

    def _show_place(
        self,
        suggested: Mapping[str, Any],
        errors: dict[str, str] | None = None,
        details: Mapping[str, str] | None = None,
    ) -> ConfigFlowResult:
        fields = _FIELDS[self._transport](self._kind)
        for field in self._secret_fields:
            fields[vol.Optional(field.key)] = secret()
        return self.async_show_form(
            step_id=self._step_id,
            data_schema=self.add_suggested_values_to_schema(vol.Schema(fields), suggested),
            errors=errors or {},
            description_placeholders={"title": self._kind.title, **(details or {})},
        )

    def _mistakes(self, typed: Mapping[str, Any]) -> dict[str, str]:
        """Return what can be seen to be wrong without listening."""
        errors = mistakes(self._secret_fields, typed)
        if self._transport is Transport.MQTT:
            try:
                found = [mqtt.valid_subscribe_topic(topic) for topic in topics(typed[CONF_TOPICS])]
            except vol.Invalid:
                found = []
            if not found:
                errors[CONF_TOPICS] = "topic_invalid"
        return errors

    def _ways(self, typed: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the data of the entry, in all variants that have to be tried."""
        data: dict[str, Any] = {CONF_FAMILY: self._kind.key, CONF_TRANSPORT: str(self._transport)}
        match self._transport:
            case Transport.NETWORK:
                data[CONF_HOST] = typed[CONF_HOST].strip().lower()
                data[CONF_PORT] = typed[CONF_PORT]
            case Transport.MQTT:
                data[CONF_TOPICS] = ", ".join(topics(typed[CONF_TOPICS]))
            case _:
                data[CONF_DEVICE] = typed[CONF_DEVICE]
                data[CONF_HANDSHAKE] = typed.get(CONF_HANDSHAKE, NO_HANDSHAKE)
                return [data | asdict(line) for line in self._lines(typed)]
        return [data]

    def _lines(self, typed: Mapping[str, Any]) -> list[LineSettings]:
        """Return the settings of the line that are worth trying: what was chosen is kept."""
        chosen: dict[str, Any] = {
            key: typed[key] if key == CONF_PARITY else int(typed[key])
            for key in _LINE
            if typed[key] != AUTOMATIC
        }
        return list(dict.fromkeys(replace(line, **chosen) for line in self._kind.usual_lines))

    async def _make_room(self) -> None:
        """Let go of the place where the entry listens.

        A serial port opens once, few adapters in the network take a second client, and the new
        place may be the same one under another name. A broker has room for all.
        """
        if not self._reconfiguring or self._transport is Transport.MQTT:
            return
        entry = self._get_reconfigure_entry()
        if entry.state in {ConfigEntryState.LOADED, ConfigEntryState.SETUP_RETRY}:
            self._unloaded = await self.hass.config_entries.async_unload(entry.entry_id)

    async def _give_back(self) -> None:
        if self._unloaded:
            self._unloaded = False
            await self._set_up_again()

    async def _set_up_again(self) -> None:
        # Somebody may have removed it, or loaded it, while this took its time.
        entry = self.hass.config_entries.async_get_entry(self.context["entry_id"])
        if entry is not None and entry.state is ConfigEntryState.NOT_LOADED:
            await self.hass.config_entries.async_setup(entry.entry_id)

    @callback
    @override
    def async_remove(self) -> None:
        """Set the entry up again if the person left while it was put aside."""
        if self._unloaded:
            self.hass.async_create_task(self._give_back())

    # -- who is heard ----------------------------------------------------------

    def _show_listening(self) -> ConfigFlowResult:
        return self.async_show_progress(
            step_id="listen",
            progress_action="listen",
            progress_task=self._listening,
            description_placeholders={"title": self._kind.title},
        )

    async def async_step_listen(
        self,
        user_input: dict[str, Any] | None = None,  # noqa: ARG002 - there is no form to fill in
    ) -> ConfigFlowResult:
        """Wait for the device to speak."""
        assert self._listening is not None
        if not self._listening.done():
            return self._show_listening()
        return self.async_show_progress_done(next_step_id="heard")

    async def async_step_heard(
        self,
        user_input: dict[str, Any] | None = None,  # noqa: ARG002 - there is no form to fill in
    ) -> ConfigFlowResult:
        """Take up what was heard."""
        assert self._listening is not None
        found = await self._listening
        if isinstance(found, Trouble):
            await self._give_back()
            return self._show_place(self._typed, {"base": found.key}, found.details)
        self._heard = found
        if self._reconfiguring:
            return await self._move()
        if not found.introduced:
            return await self.async_step_unnamed()
        return await self._add_heard()

    async def async_step_unnamed(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether a device is wanted that did not say who it is."""
        if user_input is None:
            return self.async_show_form(
                step_id="unnamed",
                description_placeholders={"name": self._heard.title or self._kind.title},
            )
        return await self._add_heard()

    async def _add_heard(self) -> ConfigFlowResult:
        heard = self._heard
        if heard.fingerprint:
            await self.async_set_unique_id(f"{self._kind.key}_{heard.fingerprint}")
            self._abort_if_unique_id_configured()
        else:
            self._refuse_taken(heard.data)
        return self.async_create_entry(
            title=heard.title or self._kind.title,
            data={**heard.data, CONF_FINGERPRINT: heard.fingerprint},
            options=self._secrets,
        )

    def _refuse_taken(self, data: Mapping[str, Any]) -> None:
        """Stop if another entry is about the same place.

        Nothing tells two of a kind apart that have no serial number, but where they are. Only
        on a line there can be several of a kind; elsewhere some answer to any unit id.
        """
        place = {key: data[key] for key in _PLACE if key in data}
        if self._kind.line is None and place.pop(CONF_UNIT_ID, None) is not None:
            # Those of another kind are behind the same proxy.
            place[CONF_FAMILY] = data[CONF_FAMILY]
        self._async_abort_entries_match(place)

    async def _move(self) -> ConfigFlowResult:
        entry, heard = self._get_reconfigure_entry(), self._heard
        known = entry.data[CONF_FINGERPRINT]
        if known and not heard.fingerprint:
            await self._give_back()
            return self._show_place(self._typed, {"base": "meter_unnamed"})
        if known not in ("", heard.fingerprint):
            await self._give_back()
            return self.async_abort(reason="wrong_device")
        data = dict(heard.data)
        unique_id = entry.unique_id
        if not heard.fingerprint:
            self._refuse_taken(data)
        elif not known:
            if self._is_known(heard.fingerprint):
                return self.async_abort(reason="already_configured")
            # Where several speak, it is this one from now on. Its entities keep their ids.
            unique_id = f"{self._kind.key}_{heard.fingerprint}"
            data |= {CONF_FINGERPRINT: heard.fingerprint, CONF_IDENTITY_KEY: entry.entry_id}
        self._unloaded = False
        return self.async_update_reload_and_abort(
            entry,
            unique_id=unique_id,
            data_updates=data,
            options={**entry.options, **self._secrets},
        )
