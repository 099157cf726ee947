"""Simulated meters at real sockets, pseudo-terminals and a pretended broker, and time that jumps.

The event loop's own clock stands still between jumps; with a jump every timer fires that would
have fired meanwhile. Sockets stay real, and the operating system gets the time that it needs to
carry a few bytes: on a busy machine that is much, and none of it passes on the loop's clock.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_mqtt_message,
)
from serialx import open_serial_connection

from custom_components.voltrail.const import DOMAIN
from custom_components.voltrail.push import stream_listener
from simulators.ams_han.catalogue import METERS
from simulators.ams_han.ciphering import Seal
from simulators.ams_han.house import House
from simulators.ams_han.meter import HanMeter, Sent
from simulators.ams_han.outputs import PtyOutput, TcpOutput

KEY: Final = bytes(range(16))
START: Final = datetime(2026, 1, 5, 9, 59, 30, tzinfo=UTC)
#: So long that only a test that hangs is struck by it.
_PATIENCE: Final = 60.0


async def breathe(seconds: float = 0.001) -> None:
    """Let the event loop and the operating system work for a moment of real time."""
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    clock = os.timerfd_create(time.CLOCK_MONOTONIC, flags=os.TFD_NONBLOCK | os.TFD_CLOEXEC)
    try:
        os.timerfd_settime(clock, initial=seconds)
        loop.add_reader(clock, over.set)
        await over.wait()
    finally:
        loop.remove_reader(clock)
        os.close(clock)


async def until(condition: Callable[[], bool], what: str) -> None:
    """Let the event loop and the operating system work until something is so."""
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        await breathe()


class JumpingClock:
    """Moves the time of an event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._at_work = 0
        self._loop = loop
        self._real = loop.time
        self._now = self._real()
        self._begun = 0.0
        # A jump in the middle of a callback would look like a slow one.
        loop.slow_callback_duration = 1e9
        loop.time = self._time  # type: ignore[method-assign]

    def _time(self) -> float:
        # Who opens or closes a serial port waits for the system, with timers of the loop.
        return self._now + (self._real() - self._begun if self._at_work else 0.0)

    def release(self) -> None:
        """Let the loop have its own time again."""
        self._loop.time = self._real  # type: ignore[method-assign]

    @contextmanager
    def waiting_for_ports(self) -> Iterator[None]:
        """Wait for serial ports that open or close: the system does that in its own time."""

        async def waited_for[T](doing: Awaitable[T]) -> T:
            if not self._at_work:
                self._begun = self._real()
            self._at_work += 1
            try:
                return await doing
            finally:
                now = self._time()
                self._at_work -= 1
                if not self._at_work:
                    self._now = now

        async def opened(**settings: Any) -> Any:
            reader, writer = await waited_for(open_serial_connection(**settings))
            closed = writer.wait_closed
            writer.wait_closed = lambda: waited_for(closed())  # type: ignore[method-assign]
            return reader, writer

        with patch.object(stream_listener, "open_serial_connection", opened):
            yield

    async def jump(self, seconds: float) -> None:
        """Let time pass, and all timers fire that are due by then."""
        if self._at_work:
            await until(lambda: not self._at_work, "the port is open or closed")
        self._now += seconds
        for _ in range(4):
            await asyncio.sleep(0)


class Port:
    """A simulated meter, wherever its bytes go."""

    def __init__(
        self,
        clock: JumpingClock,
        kind: str = "aidon-tn",
        *,
        serial: str | None = None,
        sun: float = 0.0,
        seal: Seal | None = None,
        start: datetime = START,
    ) -> None:
        meter_type = METERS[kind]
        self.clock = clock
        self.meter = HanMeter(
            meter_type,
            start=start,
            house=House(net=meter_type.net, sun=sun),
            serial=serial,
            seal=seal,
        )
        self.moment = start
        self.last: dict[str, Sent] = {}

    async def run(
        self,
        seconds: float,
        deliver: Callable[[Sent], Any],
        arrived: Callable[[], int] | None = None,
    ) -> None:
        """Let the meter send for a while; `arrived` counts the bytes that were received."""
        end = self.moment + timedelta(seconds=seconds)
        for sent in self.meter.run_until(end):
            await self.clock.jump((sent.moment - self.moment).total_seconds())
            self.moment = sent.moment
            before = 0 if arrived is None else arrived()
            if deliver(sent) is not False:
                self.last[sent.name] = sent
                if arrived is not None:
                    size = len(sent.wire)
                    await until(lambda: arrived() - before >= size, "the bytes were read")  # noqa: B023 - awaited at once
        await self.clock.jump((end - self.moment).total_seconds())
        self.moment = end


class Home:
    """An entry of Home Assistant and the meter that it listens to."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        port: Port,
        deliver: Callable[[bytes], Any],
    ) -> None:
        self.hass = hass
        self.entry = entry
        self.port = port
        self._deliver = deliver

    @property
    def device(self) -> Any:
        """The engine's meter."""
        return self.entry.runtime_data.device

    def _bytes(self) -> int:
        count: int = self.device.diagnose()["stream"]["bytes"]
        return count

    async def run(
        self,
        seconds: float,
        wanted: Callable[[Sent], bool] = lambda _: True,
        *,
        stream: bool = True,
    ) -> None:
        """Let the meter send, and Home Assistant receive."""

        def deliver(sent: Sent) -> bool:
            if wanted(sent):
                self._deliver(sent.wire)
                return True
            return False

        await self.port.run(seconds, deliver, self._bytes if stream else None)
        await self.hass.async_block_till_done()

    async def silence(self, seconds: float) -> None:
        """Let time pass in which nothing is sent."""
        await self._pass(seconds, lambda: False)
        await self.hass.async_block_till_done()

    async def wait_for(
        self, condition: Callable[[], bool], what: str, seconds: float = 130
    ) -> None:
        """Let time pass until something is so."""
        await self._pass(seconds, condition)
        assert condition(), f"waited in vain until {what}"

    async def _pass(self, seconds: float, enough: Callable[[], bool]) -> None:
        # In steps in which timers take their turn, and helper threads of serial ports too.
        while seconds > 0 and not enough():
            step = min(seconds, 1.0)
            seconds -= step
            await self.port.clock.jump(step)
            await breathe(0.003)


def network_entry(port: int, **more: Any) -> MockConfigEntry:
    """An entry as the config flow makes it."""
    return meter_entry({"transport": "network", "host": "127.0.0.1", "port": port}, **more)


def serial_entry(path: str, *, parity: str = "E", **more: Any) -> MockConfigEntry:
    """An entry on a serial port."""
    line = {"baudrate": 2400, "bytesize": 8, "parity": parity, "stopbits": 1}
    return meter_entry({"transport": "serial", "device": path, **line}, **more)


def topic_entry(topics: str = "meter/han", **more: Any) -> MockConfigEntry:
    """An entry under MQTT topics."""
    return meter_entry({"transport": "mqtt", "topics": topics}, **more)


def meter_entry(
    place: dict[str, Any],
    *,
    serial: str = "7359990000000001",
    options: dict[str, Any] | None = None,
    keys: dict[str, str] | None = None,
) -> MockConfigEntry:
    """An entry of a meter."""
    return MockConfigEntry(
        domain=DOMAIN,
        title="Aidon 6534",
        unique_id=f"ams_han_{serial}" if serial else None,
        data={"family": "ams_han", **place, **(keys or {}), "fingerprint": serial},
        options=options or {},
        minor_version=2,
    )


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Load an entry."""
    if hass.config_entries.async_get_entry(entry.entry_id) is None:
        entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


async def connected(output: TcpOutput, clients: int = 1) -> None:
    """Wait for somebody to listen."""
    await until(lambda: output.clients == clients, f"{clients} listen")


def publish(hass: HomeAssistant, topic: str) -> Callable[[bytes], None]:
    """Return what publishes a payload under a topic."""
    return lambda wire: async_fire_mqtt_message(hass, topic, wire)


__all__ = [
    "KEY",
    "METERS",
    "START",
    "Home",
    "JumpingClock",
    "Port",
    "PtyOutput",
    "TcpOutput",
    "connected",
    "meter_entry",
    "network_entry",
    "publish",
    "serial_entry",
    "set_up",
    "topic_entry",
    "until",
]
