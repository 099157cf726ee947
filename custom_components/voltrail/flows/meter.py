"""Setting up a device that speaks by itself: where it speaks, and who is heard there."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any, Final, override

from homeassistant.components import mqtt
from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
)
from homeassistant.const import CONF_DEVICE, CONF_HOST, CONF_PORT
from homeassistant.core import callback
from homeassistant.helpers.selector import SerialPortSelector, TextSelector
from homeassistant.helpers.service_info.mqtt import MqttServiceInfo

from .. import link
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
from ..coordinator import VoltrailConfigEntry
from ..engine.devices import family
from ..engine.devices.family import Family, LineSettings, OptionField, Transport
from ..engine.model.options import Options
from ..engine.polling.pushed_device import PushedDevice
from ..push import return_watch
from ..push.mqtt_listener import topics
from ..push.stream_listener import HANDSHAKES
from ..schema import vol
from .forms import Schema, choice, distinct, integer, mistakes, place, secret
from .modbus_probe import Trouble, called
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
        await link.async_load(self.hass, self._kind)
        if transport is Transport.MQTT and not self.hass.config_entries.async_loaded_entries(
            mqtt.DOMAIN
        ):
            return self.async_abort(reason="mqtt_missing")
        if user_input is None:
            return self._show_place(self._known())
        errors = self._mistakes(user_input)
        return await self._listen_with(user_input, errors, self._ways)

    async def async_step_reauth(
        self,
        entry_data: Mapping[str, Any],  # noqa: ARG002 - the entry has them, too
    ) -> ConfigFlowResult:
        """Ask for the right keys of a meter that cannot be read with those that are known."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the keys, then listen where the meter is known to speak."""
        entry: VoltrailConfigEntry = self._get_reauth_entry()
        self._kind = family(entry.data[CONF_FAMILY])
        self._step_id = "reauth_confirm"
        if user_input is None:
            return self._show_place({})
        errors = mistakes(self._secret_fields, user_input)
        if not errors and not any(user_input.values()):
            errors = {"base": "meter_key_needed"}
        place = {key: entry.data[key] for key in entry.data if key not in self._kind.secrets}
        return await self._listen_with(user_input, errors, lambda _: [place])

    async def _listen_with(
        self,
        user_input: dict[str, Any],
        errors: dict[str, str],
        ways: Callable[[Mapping[str, Any]], list[dict[str, Any]]],
    ) -> ConfigFlowResult:
        """Listen with what was entered, unless there are mistakes in it."""
        if errors:
            return self._show_place(user_input, errors)
        self._typed = user_input
        self._secrets = {
            field.key: user_input[field.key]
            for field in self._secret_fields
            if user_input.get(field.key)
        }
        tried = ways(user_input)
        await self._make_room()
        self._listening = self.hass.async_create_task(
            listen(self.hass, self._create, tried, self.async_update_progress, self._wanted)
        )
        return self._show_listening()

    @property
    def _secret_fields(self) -> list[OptionField]:
        return [field for field in self._kind.option_fields if field.secret]

    def _create(self) -> PushedDevice:
        assert self._kind.listen is not None
        known: dict[str, Any] = {}
        if (entry := self._present) is not None:
            known = {**entry.options, **self._kept_secrets(entry)}
        return self._kind.listen(Options(extra={**known, **self._secrets}))

    def _kept_secrets(self, entry: VoltrailConfigEntry) -> dict[str, Any]:
        """Return the keys that stay as they are.

        A person who moves a meter need not enter them again. A person who is asked for them
        enters all: the second one may be wrong, and only an empty field removes it.
        """
        stay = self.source == SOURCE_RECONFIGURE
        return {key: entry.data[key] for key in self._kind.secrets & set(entry.data) if stay}

    def _wanted(self, fingerprint: str) -> bool:
        """Whether this one is looked for, where several may speak."""
        if (entry := self._present) is not None and (known := entry.data[CONF_FINGERPRINT]):
            return bool(fingerprint == known)
        return not self._is_known(fingerprint)

    def _is_known(self, fingerprint: str) -> bool:
        """Whether a device is set up already."""
        unique_id = f"{self._kind.key}_{fingerprint}"
        return any(entry.unique_id == unique_id for entry in self._async_current_entries())

    @property
    def _present(self) -> VoltrailConfigEntry | None:
        """The entry that this is about; none where a device is to be added."""
        if self.source == SOURCE_RECONFIGURE:
            return self._get_reconfigure_entry()
        return self._get_reauth_entry() if self.source == SOURCE_REAUTH else None

    # -- where it speaks -------------------------------------------------------

    def _known(self) -> dict[str, Any]:
        if (entry := self._present) is None:
            return {}
        # A key is never shown again; left empty, it stays.
        return {
            key: str(value) if key in _LINE else value
            for key, value in entry.data.items()
            if key not in self._kind.secrets
        }

    def _show_place(
        self,
        suggested: Mapping[str, Any],
        errors: dict[str, str] | None = None,
        details: Mapping[str, str] | None = None,
    ) -> ConfigFlowResult:
        fields = {} if self.source == SOURCE_REAUTH else _FIELDS[self._transport](self._kind)
        for field in self._secret_fields:
            fields[vol.Optional(field.key)] = secret()
        return self.async_show_form(
            step_id=self._step_id,
            data_schema=self.add_suggested_values_to_schema(vol.Schema(fields), suggested),
            errors=errors or {},
            description_placeholders={
                "title": self._kind.title,
                "name": "" if (entry := self._present) is None else entry.title,
                **(details or {}),
            },
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
                data[CONF_HOST], port = place(typed[CONF_HOST])
                data[CONF_PORT] = port or typed[CONF_PORT]
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
        entry = self._present
        if entry is None or entry.data[CONF_TRANSPORT] == Transport.MQTT:
            return
        if entry.state in {ConfigEntryState.LOADED, ConfigEntryState.SETUP_RETRY}:
            self._unloaded = await self.hass.config_entries.async_unload(entry.entry_id)
            await return_watch.async_stop(self.hass, entry)

    async def _give_back(self) -> None:
        if self._unloaded:
            self._unloaded = False
            await self._set_up_again()

    async def _set_up_again(self) -> None:
        # A person may have removed it, or loaded it, while this took its time.
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
        if (entry := self._present) is not None:
            return await self._move(entry)
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
            title=distinct(
                self.hass, heard.title or self._kind.title, heard.identity.serial, heard.data
            ),
            data={**heard.data, **self._secrets, CONF_FINGERPRINT: heard.fingerprint},
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

    async def _move(self, entry: VoltrailConfigEntry) -> ConfigFlowResult:
        heard = self._heard
        known = entry.data[CONF_FINGERPRINT]
        if known and not heard.fingerprint:
            await self._give_back()
            return self._show_place(self._typed, {"base": "meter_unnamed"})
        if known not in ("", heard.fingerprint):
            await self._give_back()
            if self.source == SOURCE_REAUTH:
                # There is no address to correct in a form that asks for keys only.
                return self.async_abort(reason="wrong_device")
            names = {"expected": entry.title, "found": called(heard.identity)}
            return self._show_place(self._typed, {"base": "wrong_device"}, names)
        before = {key: entry.data[key] for key in entry.data if key not in self._kind.secrets}
        data = {**before, **heard.data, **self._kept_secrets(entry), **self._secrets}
        unique_id = entry.unique_id
        if not heard.fingerprint:
            if self.source == SOURCE_RECONFIGURE:
                self._refuse_taken(heard.data)
        elif not known:
            if self._is_known(heard.fingerprint):
                return self.async_abort(reason="already_configured")
            # Where several speak, it is this one from now on. Its entities keep their ids.
            unique_id = f"{self._kind.key}_{heard.fingerprint}"
            data |= {CONF_FINGERPRINT: heard.fingerprint, CONF_IDENTITY_KEY: entry.entry_id}
        self._unloaded = False
        return self.async_update_reload_and_abort(entry, unique_id=unique_id, data=data)
