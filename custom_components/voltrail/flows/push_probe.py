"""Listening to a device for the first time: who speaks there, or what is heard instead."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from ..const import CONF_TOPICS, CONF_TRANSPORT
from ..engine.devices.family import Transport
from ..engine.model.errors import LinkDownError
from ..engine.model.parts import Identity
from ..engine.polling.pushed_device import Impression, PushedDevice
from ..push.mqtt_listener import TopicListener
from ..push.stream_listener import hear_piece, opened
from .modbus_probe import Trouble, misspelt, why_down

_LOGGER = logging.getLogger(__name__)

PATIENCE: Final = 20.0
"""Seconds for one try: the slowest ones speak every ten seconds, and at full hours say more."""

TRIAL: Final = 13.0
"""Seconds for guessed settings of a line that bring bytes and nothing whole."""

_SPOKEN: Final = frozenset({Impression.NAMED, Impression.UNNAMED})

# The same obstacle needs another hint on every way.
_BY_WAY: Final = {
    Impression.NOTHING: "meter_silent",
    Impression.BYTES: "meter_garbled",
}
_BY_IMPRESSION: Final = {
    Impression.TEXT: "meter_text",
    Impression.STRANGE: "meter_strange",
    Impression.ENCRYPTED: "meter_key_needed",
    Impression.WRONG_KEY: "meter_key_wrong",
}
# These words are about other devices, where they stand.
_BY_OBSTACLE: Final = {
    "connection_refused": "meter_refused",
    "connection_dropped": "meter_hung_up",
}


@dataclass(frozen=True)
class Heard:
    """A device that spoke."""

    identity: Identity
    fingerprint: str
    data: Mapping[str, Any]
    """How it was reached, with what was found out about the line."""
    introduced: bool
    """Whether it has said all that it will say about itself."""

    @property
    def title(self) -> str:
        """The name of the entry; empty if it said nothing about itself."""
        return f"{self.identity.manufacturer} {self.identity.model}".strip()


async def listen(
    hass: HomeAssistant,
    create: Callable[[], PushedDevice],
    ways: Sequence[Mapping[str, Any]],
    progress: Callable[[float], None],
    wanted: Callable[[str], bool],
) -> Heard | Trouble:
    """Listen until the device has introduced itself; leave nothing open behind.

    Several ways are the same place with other settings of the line, tried in turn. Under topics
    several devices may speak: one with a fingerprint that is wanted goes before the others.
    """
    if misspelt(ways[0]):
        return Trouble("unknown_host")
    try:
        if Transport(ways[0][CONF_TRANSPORT]) is Transport.MQTT:
            return await _listen_to_topics(hass, create, ways[0], wanted)
        return await _try_streams(create, ways, progress)
    except HomeAssistantError:
        return Trouble("mqtt_missing")
    except Exception:
        _LOGGER.exception("Unexpected error while listening to a device")
        return Trouble("unknown")


async def _try_streams(
    create: Callable[[], PushedDevice],
    ways: Sequence[Mapping[str, Any]],
    progress: Callable[[float], None],
) -> Heard | Trouble:
    troubles: list[Trouble] = []
    for number, data in enumerate(ways):
        progress(number / len(ways))
        device = create()
        try:
            await _listen_to_stream(device, data, sole=len(ways) == 1)
        except LinkDownError as err:
            if device.impression is Impression.NOTHING:
                # Not every adapter knows all the settings that are tried.
                troubles.append(_obstacle(err, data))
                continue
        finally:
            device.close()
        found = _result(device, data)
        if isinstance(found, Heard):
            return found
        if device.impression is not Impression.BYTES:
            # Wrong settings garble what comes, they do not silence it; what is whole but
            # cannot be read came with the right ones.
            return found
        troubles.insert(0, found)
    return troubles[0]


async def _listen_to_stream(device: PushedDevice, data: Mapping[str, Any], *, sole: bool) -> None:
    loop = asyncio.get_running_loop()
    async with opened(data) as reader:
        begun = loop.time()
        device.begin(begun)
        while not device.introduced:
            await hear_piece(reader, device)
            elapsed = loop.time() - begun
            guessed_wrong = not sole and device.impression is Impression.BYTES
            if elapsed >= (TRIAL if guessed_wrong else PATIENCE):
                return


async def _listen_to_topics(
    hass: HomeAssistant,
    create: Callable[[], PushedDevice],
    data: Mapping[str, Any],
    wanted: Callable[[str], bool],
) -> Heard | Trouble:
    introduced = asyncio.Event()
    unwanted: Heard | Trouble | None = None

    def begin() -> PushedDevice:
        device = create()
        device.begin(hass.loop.time())
        return device

    def heard() -> None:
        nonlocal unwanted
        if not listener.device.introduced or introduced.is_set():
            return
        if wanted(listener.device.fingerprint):
            introduced.set()
            return
        # At once: the next message may be that of the one that is looked for.
        unwanted = _result(listener.device, data)
        listener.device.close()
        listener.device = begin()

    listener = TopicListener(hass, data[CONF_TOPICS], begin(), heard)
    try:
        await listener.start()
        async with asyncio.timeout(PATIENCE):
            await introduced.wait()
    except TimeoutError:
        if unwanted is not None:
            return unwanted
    finally:
        listener.stop()
        listener.device.close()
    return _result(listener.device, data)


def _result(device: PushedDevice, data: Mapping[str, Any]) -> Heard | Trouble:
    impression = device.impression
    if impression in _SPOKEN:
        return Heard(
            identity=device.identity,
            fingerprint=device.fingerprint,
            data=data,
            introduced=device.introduced,
        )
    if (key := _BY_WAY.get(impression)) is not None:
        return Trouble(f"{key}_{data[CONF_TRANSPORT]}")
    return Trouble(_BY_IMPRESSION[impression], details={"text": device.quote[:100]})


def _obstacle(err: LinkDownError, data: Mapping[str, Any]) -> Trouble:
    if data[CONF_TRANSPORT] == Transport.SERIAL:
        return Trouble("port_unavailable")
    key = why_down(err)
    return Trouble(_BY_OBSTACLE.get(key, key))
