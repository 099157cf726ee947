"""The library for scripts without asyncio."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from custom_components.voltrail.engine.blocking import Device, VoltrailError
from custom_components.voltrail.engine.devices.mennekes_tcp import FAMILY
from simulators.mennekes_tcp import Charger4X
from simulators.server import Server, serve


class Background:
    """A simulated charger that lives in a thread of its own."""

    def __init__(self) -> None:
        self.charger = Charger4X()
        self.server: Server
        self._ready = threading.Event()
        self._done: asyncio.Event
        self._loop: asyncio.AbstractEventLoop
        self._thread = threading.Thread(target=asyncio.run, args=(self._serve(),))
        self._thread.start()
        assert self._ready.wait(20)

    @property
    def place(self) -> str:
        """Where it is."""
        return f"{self.server.host}:{self.server.port}"

    async def _serve(self) -> None:
        self._loop, self._done = asyncio.get_running_loop(), asyncio.Event()
        async with serve(self.charger) as self.server:
            self._ready.set()
            await self._done.wait()

    def end(self) -> None:
        """Switch it off."""
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(20)


@pytest.fixture
def background() -> Iterator[Background]:
    """Return a charger on a real socket."""
    made = Background()
    yield made
    made.end()


def test_a_script_reads_a_charger(background: Background) -> None:
    """By its name, all at once, and printed."""
    with Device(FAMILY, background.place) as charger:
        assert charger.connected()
        assert charger.read("energy_charged") == pytest.approx(2_221_483, abs=1)
        found = charger.read_all()
        assert found["firmware"] == "1.5.21-1234"
        assert f"voltage_l1: {found['voltage_l1']}" in str(charger)
        with pytest.raises(KeyError):
            charger.read("colour")
    assert not charger.connected()
    assert not background.charger.traffic.writes


def test_a_device_that_is_not_there() -> None:
    """The error is the library's, and nothing is left running."""
    device = Device(FAMILY, "127.0.0.1:1", timeout=20)
    with pytest.raises(VoltrailError), device:
        pass
    assert not device.connected()
    with pytest.raises(RuntimeError, match="connect"):
        device.read("power")
