"""A charger to talk to, behind a real socket."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest

from custom_components.voltrail.engine.devices.victron_gx import VictronGx
from simulators.mennekes_tcp import Charger4X
from simulators.server import Server, serve


class Box(NamedTuple):
    """A simulated charger, and where it is."""

    charger: Charger4X
    server: Server

    @property
    def place(self) -> str:
        """What stands on the command line."""
        return f"{self.server.host}:{self.server.port}"


@pytest.fixture
async def box() -> AsyncIterator[Box]:
    """A 4Business with a car that charges."""
    charger = Charger4X(model="4Business 710 22 C2")
    charger.set({"car.plugged": True, "hems.current_tenths": 160})
    charger.advance(30)
    async with serve(charger) as server:
        yield Box(charger, server)


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Forget what the terminal is that the tests were started in, and what was found before."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a gateway be searched without pauses."""

    async def at_once(_seconds: float) -> None:
        await asyncio.sleep(0)

    monkeypatch.setattr(VictronGx, "pause", staticmethod(at_once))
