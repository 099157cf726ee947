"""The library: its examples run, and find what the simulators hold."""

import asyncio
import importlib
import re
import sys
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, Protocol, override

import pytest
from modbus_connection import ModbusUnit
from modbus_connection.mock import MockModbusConnection
from modbus_connection.model import (
    Component,
    boolean,
    float32,
    float64,
    gauge,
    int32,
    raw_register,
    string,
)
from modbus_connection.model import enum as one_of
from modbus_connection.model.fields import PackedBitsField

from custom_components.voltrail.engine.devices import FAMILIES
from custom_components.voltrail.engine.devices.family import LineSettings, Transport
from custom_components.voltrail.engine.devices.mennekes_tcp import FAMILY
from custom_components.voltrail.engine.library import EndpointError, connect, endpoint, kept_alive
from custom_components.voltrail.engine.model.errors import LinkDownError
from custom_components.voltrail.engine.model.parts import Identity, Part
from custom_components.voltrail.engine.model.points import (
    Quantity,
    derived,
    enumerated,
    flag,
    measure,
    text,
)
from custom_components.voltrail.engine.model.registers import Register
from custom_components.voltrail.engine.polling.keep_alive import KeepAlive
from custom_components.voltrail.engine.polling.polled_device import Cadence, PolledDevice
from custom_components.voltrail.engine.transport.endpoint import Endpoint, Network, SerialPort
from simulators.alfen import Eve
from simulators.ams_han.outputs import tcp_output
from simulators.mennekes_rtu import Compact
from simulators.server import serve, serve_pty
from simulators.victron_evcs import ChargingStation
from simulators.victron_gx import ess_home
from tests.engine.cli.conftest import Box
from tests.engine.han.support import BUSY, encoded
from tests.fake_time import in_fake_time

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples"


class Example(Protocol):
    """A program of the folder."""

    async def main(self, *place: Any) -> None:
        """Run it."""


@pytest.fixture
def examples(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the examples find the library under its own name, and forget it afterwards."""
    known = set(sys.modules)
    monkeypatch.syspath_prepend(str(ROOT))
    yield
    for name in set(sys.modules) - known:
        if name.partition(".")[0] in {"voltrail", "examples"}:
            del sys.modules[name]


def example(name: str) -> Example:
    """Return an example."""
    module: ModuleType = importlib.import_module(f"examples.{name}")
    return module


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return what it printed."""
    return capsys.readouterr().out.splitlines()


@pytest.mark.usefixtures("examples")
async def test_mennekes_tcp(box: Box, capsys: pytest.CaptureFixture[str]) -> None:
    """It reads the charger, and the limit reaches it."""
    await example("mennekes_tcp").main(box.place)
    lines = said(capsys)
    assert lines[0] == "AMTRON 4Business 710 22 C2, firmware 1.5.21-1234"
    assert f"energy_charged {box.charger.register('energy').value}" in lines
    assert lines[-2].endswith(f" W: int32 at {box.charger.register('power').address}")
    assert lines[-1] == "limited to 10 A"
    assert box.charger.state()["hems.current_tenths"] == 100


@pytest.mark.usefixtures("examples")
async def test_mennekes_rtu(capsys: pytest.CaptureFixture[str]) -> None:
    """It also sends the life signs that this charger cannot do without."""
    charger = Compact()
    async with serve_pty(charger) as cable:
        await example("mennekes_rtu").main(cable.path)
    lines = said(capsys)
    assert lines[0].startswith("13552019, ")
    assert re.fullmatch(r"[\d.]+ W: float32 at \d+", lines[-2])
    assert lines[-1] == "limited to 10 A"
    assert charger.ems.alive


@pytest.mark.usefixtures("examples")
async def test_alfen(capsys: pytest.CaptureFixture[str]) -> None:
    """It reads the station and its socket, and limits the socket."""
    eve = Eve(sockets=2)
    async with serve(eve) as server:
        await example("alfen").main(f"{server.host}:{server.port}")
    lines = said(capsys)
    assert lines[0].endswith("ACE0012345")
    assert any(line.startswith("socket_2/voltage_l1 ") for line in lines)
    assert lines[-2:] == ["230.0 V: float32 at 306", "limited to 10 A"]


@pytest.mark.usefixtures("examples")
async def test_victron_gx(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It finds what is behind the GX, and sets a value that lies near the one before."""

    async def hurry(_seconds: float) -> None:
        await asyncio.sleep(0)

    library = importlib.import_module("voltrail.devices.victron_gx")
    monkeypatch.setattr(library.VictronGx, "pause", staticmethod(hurry))
    gx = ess_home()
    async with serve(gx) as server:
        await example("victron_gx").main(f"{server.host}:{server.port}")
    lines = said(capsys)
    assert lines[0] == "c0619ab4e2d7, firmware 3.80"
    assert any(line.startswith("battery_225/voltage ") for line in lines)
    assert lines[-2] == "60 %: uint16 at 843"
    assert lines[-1].startswith("100 W from the grid, within ")
    assert [(write.address, write.values) for write in gx.traffic.writes] == [(2700, (100,))]


@pytest.mark.usefixtures("examples")
async def test_victron_evcs(capsys: pytest.CaptureFixture[str]) -> None:
    """It reads the station, and limits it."""
    station = ChargingStation()
    async with serve(station) as server:
        await example("victron_evcs").main(f"{server.host}:{server.port}")
    lines = said(capsys)
    assert lines[0] == "EV Charging Station NS HQ2309ABCDE"
    assert any(line.startswith("power_l3 ") for line in lines)
    assert lines[-1] == "limited to 10 A"
    assert station.evcs.set_current == 10


@pytest.mark.usefixtures("examples")
async def test_ams_han(capsys: pytest.CaptureFixture[str]) -> None:
    """It waits for the first message."""
    async with tcp_output() as output:
        listening = asyncio.create_task(example("ams_han").main("127.0.0.1", output.port))
        async with asyncio.timeout(10):
            while not output.clients:  # noqa: ASYNC110 - the simulator has no event for it
                await asyncio.sleep(0.005)
        output.send(encoded("aidon-tn", "3", BUSY))
        await listening
    lines = said(capsys)
    assert lines[0] == "Aidon 7359990000000001 2026-07-01 11:00:10+01:00"
    assert "energy_imported 22721.38 kWh" in lines


@pytest.mark.usefixtures("examples")
def test_charging_controller(capsys: pytest.CaptureFixture[str]) -> None:
    """The controller lives through a day with nothing but the library."""
    energy = importlib.import_module("examples.charging_controller").main(every=5)
    assert energy > 35  # kWh
    printed = capsys.readouterr().out
    assert "following_sun" in printed
    assert "riding_through" in printed


def test_every_family_has_an_example() -> None:
    """Short ones, each of which is run here."""
    programs = {path.stem: path for path in EXAMPLES.glob("*.py")}
    assert {family.key for family in FAMILIES} <= programs.keys()
    for name, path in programs.items():
        assert f"def test_{name}(" in Path(__file__).read_text(encoding="utf-8")
        assert len(path.read_text(encoding="utf-8").splitlines()) < 45


# -- connect -------------------------------------------------------------------


async def test_device_has_its_own_type(box: Box) -> None:
    """What a family makes is what its users get; the type checker sees to it here."""
    async with connect(FAMILY, "127.0.0.1", port=box.server.port) as charger:
        await charger.profile.set_current_limit(9)
        assert charger.control("current_limit").path == "current_limit"
        with pytest.raises(KeyError, match="nothing"):
            charger.control("nothing")
        with pytest.raises(KeyError, match="nothing"):
            charger.reading("nothing")
        with pytest.raises(LookupError, match="blocked_by is worked out"):
            charger.register("blocked_by")
    assert box.charger.state()["hems.current_tenths"] == 90


async def test_no_device_there() -> None:
    """An error of ours, whatever the library below raises."""
    with pytest.raises(LinkDownError):
        async with connect(FAMILY, "127.0.0.1:1"):
            pass


async def test_line_that_cannot_be_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drivers have errors of their own; elsewhere a fault stays what it is."""

    async def identify(_: object) -> None:
        message = "Invalid baud rate"
        raise ValueError(message)

    monkeypatch.setattr(PolledDevice, "identify", identify)
    place = SerialPort(path="/dev/x", line=LineSettings(baudrate=1))
    with pytest.raises(LinkDownError, match="/dev/x cannot be set up like that"):
        async with connect(FAMILY, Endpoint(transport=Transport.SERIAL, place=place)):
            pass
    with pytest.raises(ValueError, match="Invalid baud rate"):
        async with connect(FAMILY, "127.0.0.1:1"):
            pass


class Tick(KeepAlive):
    """Beats each second; the third time fails."""

    name: ClassVar[str] = "tick"

    def __init__(self) -> None:
        super().__init__()
        self.beats = 0

    @property
    @override
    def interval(self) -> float:
        return 1.0

    @override
    async def beat(self) -> None:
        self.beats += 1
        if self.beats == 3:
            raise LinkDownError(reason="for a test")


@in_fake_time
async def test_kept_alive_for_the_length_of_a_block() -> None:
    """From its beginning to its end, and not longer."""
    tick = Tick()
    told: list[int] = []
    device = Sampler(MockModbusConnection().for_unit)
    device.alive = (tick,)
    async with kept_alive(device, on_change=lambda alive: told.append(alive.failures)):
        await asyncio.sleep(5.5)
    assert tick.beats == 6
    assert told == [1, 0]
    await asyncio.sleep(5)
    assert tick.beats == 6
    async with kept_alive(device):
        await asyncio.sleep(0.5)
    assert tick.beats == 7


# -- targets -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("charger", "charger:502"),
        ("charger.local:1502", "charger.local:1502"),
        ("192.168.1.5", "192.168.1.5:502"),
        ("fe80::1", "[fe80::1]:502"),
        ("[fe80::1%eth0]:1502", "[fe80::1%eth0]:1502"),
        ("[::1]", "[::1]:502"),
    ],
)
def test_network_targets(text: str, expected: str) -> None:
    """Hosts and addresses, with and without a port."""
    found = endpoint(FAMILY, text)
    assert isinstance(found.place, Network)
    assert str(found) == expected
    assert not found.shared_line


@pytest.mark.parametrize(
    "text",
    [
        *("", "a b", "http://charger", "[::1]x", "[::1", "[::1:502", "::1]", "/dev/x"),
        *("charger:0", "charger:65536", "charger:x", f"charger:{'9' * 5000}"),
        # Names that whoever looks them up cannot even write down.
        *("a..b", "a" * 64, "\udcff"),
    ],
)
def test_what_is_no_target(text: str) -> None:
    """Said before anything is opened."""
    with pytest.raises(EndpointError):
        endpoint(FAMILY, text)


def test_serial_targets() -> None:
    """A path, with the line of the family unless told; other ways have no line."""
    (compact,) = [family for family in FAMILIES if family.key == "mennekes_rtu"]
    found = endpoint(compact, "/dev/ttyUSB0")
    assert found.transport is Transport.SERIAL
    assert found.shared_line
    assert str(found) == "/dev/ttyUSB0"
    assert found.params.endpoint == ("serial", "/dev/ttyUSB0")
    assert endpoint(compact, "COM3").transport is Transport.SERIAL
    assert endpoint(compact, "gateway").transport is Transport.TCP
    over = endpoint(compact, "gateway:4001", transport=Transport.RTU_OVER_TCP)
    assert over.params.endpoint == ("serial", "socket://gateway:4001")
    with pytest.raises(EndpointError, match="has no port number"):
        endpoint(compact, "/dev/ttyUSB0", port=5)
    with pytest.raises(EndpointError, match="a gateway has its own"):
        endpoint(compact, "gateway", line=LineSettings(baudrate=9600))


# -- registers -----------------------------------------------------------------


class Colour(IntEnum):
    """Something to choose from."""

    RED = 1


class Sample(Component):
    """One register of every form."""

    current = measure(gauge(10, 0.1, signed=False, writable=True), Quantity.CURRENT)
    power = measure(int32(12), Quantity.POWER)
    voltage = measure(float32(14), Quantity.VOLTAGE, phase=1)
    energy = measure(float64(16), Quantity.ENERGY)
    colour = enumerated(one_of(20, Colour))
    serial = text(string(21, 4))
    on = flag(boolean(25))
    bits = flag(PackedBitsField(26, 3, 2))
    raw = flag(raw_register(27))

    @derived(Quantity.POWER)
    def double(self) -> float | None:
        """A value without a register."""
        return None if self.power is None else 2 * self.power


class InputSample(Sample):
    """The same among the input registers of a part."""

    register_space = "input"


class Sampler(PolledDevice):
    """A device with them."""

    alive: tuple[KeepAlive, ...] = ()

    def __init__(self, units: Any) -> None:
        super().__init__(units, 7)

    @override
    async def _async_setup(self) -> None:
        unit: ModbusUnit = self.modbus_unit
        self.add("sample", Sample(unit), Cadence.MEASUREMENTS)
        part = Part(key="part_1", word="part")
        self.add("sample", InputSample(unit, base_offset=100), Cadence.SETTINGS, part=part)

    @property
    @override
    def identity(self) -> Identity:
        return Identity(manufacturer="Voltrail", model="Sampler")

    @override
    def keep_alives(self) -> tuple[KeepAlive, ...]:
        return self.alive


@pytest.mark.parametrize(
    ("path", "space", "address", "kind", "unit"),
    [
        ("current", "holding", 10, "uint16", "A"),
        ("power", "holding", 12, "int32", "W"),
        ("voltage", "holding", 14, "float32", "V"),
        ("energy", "holding", 16, "float64", "Wh"),
        ("colour", "holding", 20, "uint16", ""),
        ("serial", "holding", 21, "string", ""),
        ("on", "holding", 25, "uint16", ""),
        ("bits", "holding", 26, "bits", ""),
        ("raw", "holding", 27, "uint16", ""),
        ("part_1/power", "input", 112, "int32", "W"),
    ],
)
async def test_register(path: str, space: str, address: int, kind: str, unit: str) -> None:
    """Where a value stands, as what, and in which unit."""
    device = Sampler(MockModbusConnection().for_unit)
    await device.update()
    register = device.register(path)
    found = (register.unit_id, register.space, register.address, register.type, register.unit)
    assert found == (7, space, address, kind, unit)
    with pytest.raises(LookupError, match="part_1/double is worked out"):
        device.register("part_1/double")


async def test_register_that_can_be_written() -> None:
    """All there is to say about one."""
    device = Sampler(MockModbusConnection().for_unit)
    await device.identify()
    assert device.register("current") == Register(
        unit_id=7,
        space="holding",
        address=10,
        count=1,
        type="uint16",
        scale=0.1,
        unit="A",
        writable=True,
    )
