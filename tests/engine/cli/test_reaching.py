import asyncio
import errno
import importlib
import os
import socket
import struct
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from custom_components.voltrail.engine.cli import approach, obstacles
from custom_components.voltrail.engine.devices.ams_han import HanMeter
from custom_components.voltrail.engine.devices.family import (
    Family,
    LineSettings,
    OptionField,
    Transport,
)
from custom_components.voltrail.engine.devices.mennekes_tcp import FAMILY, MennekesTcp
from custom_components.voltrail.engine.han import parse_key
from simulators.memory import serve_in_memory
from simulators.mennekes_tcp import Charger4X
from simulators.server import serve, serve_pty
from tests.engine.cli.conftest import Box
from tests.engine.cli.support import Outcome, voltrail
from tests.fake_time import in_fake_time

EVERY_WAY = replace(
    FAMILY,
    transports=(Transport.TCP, Transport.SERIAL, Transport.RTU_OVER_TCP),
    line=LineSettings(baudrate=57600, stopbits=2),
)


KEY = "00112233445566778899AABBCCDDEEFF"


@pytest.fixture
def family(monkeypatch: pytest.MonkeyPatch) -> list[Family]:
    """The family that the command line finds; to be replaced by a test."""
    found: list[Family] = [EVERY_WAY]
    monkeypatch.setattr(approach, "family_of", lambda _: found[-1])
    return found


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody wait long for an answer."""
    monkeypatch.setattr(MennekesTcp, "request_timeout", 0.05)
    monkeypatch.setattr(obstacles, "_PATIENCE", 0.2)
    monkeypatch.setattr(obstacles, "_AFTERWARDS", 0.01)


async def read(place: str, *words: str) -> Outcome:
    """Read a charger."""
    return await voltrail("read", "mennekes_tcp", place, "--json", *words)


# -- ways that lead there ------------------------------------------------------


@pytest.mark.usefixtures("family")
async def test_serial_port() -> None:
    """Told by its path."""
    async with serve_pty(Charger4X()) as cable:
        done = await read(cable.path, "--baudrate", "19200", "--stopbits", "1")
    assert done.status == 0, done.err
    assert done.object["readings"]["voltage_l1"]["value"] == 230


@pytest.mark.usefixtures("family")
async def test_rtu_over_tcp() -> None:
    """Serial frames through a gateway that leaves them as they are."""
    async with serve(Charger4X(), rtu=True) as server:
        done = await read(f"{server.host}:{server.port}", "--transport", "rtu_over_tcp")
    assert done.status == 0, done.err
    assert done.object["readings"]["voltage_l1"]["value"] == 230


async def test_host_and_port_apart(box: Box) -> None:
    """As good as together."""
    done = await read("localhost", "--port", str(box.server.port), "--transport", "tcp")
    assert done.status == 0, done.err


# -- nobody there --------------------------------------------------------------


async def test_closed_port() -> None:
    """At once."""
    done = await read("127.0.0.1:1")
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("voltrail: 127.0.0.1:1 refuses connections: is Modbus switched on")


async def test_unknown_host() -> None:
    """A name that nobody has."""
    done = await read("nosuch.invalid")
    assert (done.status, done.err) == (
        1,
        "voltrail: no host named nosuch.invalid is known here\n",
    )


def in_memory(charger: Charger4X, *, lost: bool = False) -> Outcome:
    """Read a charger that is not well, in fake time; nothing takes longer than ten seconds."""

    @in_fake_time
    async def outcome() -> Outcome:
        async with serve_in_memory(charger, host="charger", port=502):
            done = await read("charger", "--unit", "1")
            assert asyncio.get_running_loop().time() < 10
        return done

    return outcome()


def test_silent_device() -> None:
    """It is there; perhaps it is another unit."""
    charger = Charger4X()
    charger.faults.inject("lose_request", times=None)
    done = in_memory(charger)
    assert done.status == 1
    assert "charger:502 is there, but unit 1 does not answer" in done.err
    assert "(usual: 255)" in done.err


def test_something_else_answers() -> None:
    """A web server, say."""
    charger = Charger4X()
    charger.faults.inject("garbage", data=b"HTTP/1.1 400 Bad Request\r\n", times=None)
    done = in_memory(charger)
    assert done.status == 1
    assert "something answers at charger:502, but not in Modbus" in done.err


def test_connection_that_is_closed_at_once() -> None:
    """Somebody else is connected already."""

    class Taken(Charger4X):
        max_clients = 0

    done = in_memory(Taken())
    assert done.status == 1
    assert "charger:502 closes the connection" in done.err
    assert "is another one connected?" in done.err


@pytest.mark.parametrize("way", ["a router says so", "nobody says anything"])
def test_host_that_is_not_there(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes a while to be sure of that."""

    @in_fake_time
    async def outcome() -> Outcome:
        async def unreachable(*_: object, **__: object) -> None:
            if way == "a router says so":
                raise OSError(errno.EHOSTUNREACH, os.strerror(errno.EHOSTUNREACH))
            await asyncio.sleep(1000)

        monkeypatch.setattr(asyncio, "open_connection", unreachable)
        done = await read("charger")
        assert asyncio.get_running_loop().time() < 10
        return done

    done = outcome()
    assert done.status == 1
    assert "charger:502 does not answer: is the device on" in done.err


@pytest.mark.usefixtures("hasty")
async def test_connection_that_is_reset() -> None:
    """Whatever is asked."""

    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        # Closing without lingering is how a connection is reset.
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.close()

    async with await asyncio.start_server(reset, "127.0.0.1", 0) as server:
        done = await read(f"127.0.0.1:{server.sockets[0].getsockname()[1]}")
    assert done.status == 1
    assert "closes the connection" in done.err


@pytest.mark.usefixtures("family", "hasty")
async def test_silent_line() -> None:
    """What a person can look at: wires, speed, address."""
    charger = Charger4X()
    charger.faults.inject("lose_request", times=None)
    async with serve_pty(charger) as cable:
        done = await read(cable.path)
    assert done.status == 1
    assert "both wires the right way round" in done.err
    assert "(57600 8N2 now)" in done.err
    assert "unit id 1 (usual: 255)" in done.err


@pytest.mark.usefixtures("family", "hasty")
async def test_silent_gateway() -> None:
    """Behind a gateway nothing is asked once more: its answer could be anybody's."""
    charger = Charger4X()
    charger.faults.inject("lose_request", times=None)
    async with serve(charger, rtu=True) as server:
        done = await read(f"{server.host}:{server.port}", "--transport", "rtu_over_tcp")
    assert done.status == 1
    assert "is there, but unit 1 does not answer" in done.err


@pytest.mark.usefixtures("family")
async def test_no_serial_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing, forbidden, or none at all."""
    done = await read("/dev/nosuch")
    assert (done.status, done.err) == (1, "voltrail: there is no serial port /dev/nosuch\n")
    file = tmp_path / "port"
    file.touch()
    done = await read(str(file))
    assert done.status == 1
    assert "cannot be opened: is another program using it" in done.err
    assert "can do 57600 8N2?" in done.err
    monkeypatch.setattr(os, "access", lambda *_: False)
    done = await read(str(file))
    assert done.status == 1
    assert "may not be opened by you" in done.err


async def test_another_kind_of_device(box: Box) -> None:
    """Something answers in Modbus, but it is not of that family."""
    box.charger.set({"charger.name": "x"})
    box.charger.faults.inject("exception", code=2, times=None)
    done = await read(box.place)
    assert done.status == 1
    assert done.err.startswith("voltrail: ")


async def test_no_modbus_library(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing, and how to get it."""

    def missing(name: str) -> ModuleType:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    done = await read(box.place)
    assert done.status == 1
    assert "pip install 'modbus-connection[pymodbus]'" in done.err


async def test_second_modbus_library(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever is installed will do."""
    original = importlib.import_module

    def without_the_first(name: str) -> ModuleType:
        if name.endswith(".pymodbus"):
            raise ImportError(name)
        return original(name)

    monkeypatch.setattr(importlib, "import_module", without_the_first)
    assert (await read(box.place)).status == 0


# -- options of a family -------------------------------------------------------


@pytest.fixture
def options(family: list[Family], monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """Options that reach the device, of a family that has one of every kind."""
    reached: dict[str, object] = {}

    def create(units: object, unit_id: int, options: object) -> MennekesTcp:
        reached.update(options.extra)  # type: ignore[attr-defined]
        return MennekesTcp(units, unit_id, options)  # type: ignore[arg-type]

    fields = (
        OptionField(key="write", default=False),
        OptionField(key="mode", default="a", choices=("a", "b")),
        OptionField(key="rail", minimum=1, maximum=9, unit="V"),
        OptionField(key="devices", suggestions=("a 1", "b 2")),
        OptionField(key="secret", secret=True, check=parse_key),
    )
    family.append(replace(EVERY_WAY, option_fields=fields, create=create))
    return reached


async def test_options_reach_the_device(box: Box, options: dict[str, object]) -> None:
    """As what they are; what was not said is as usual."""
    await read(box.place)
    assert options == {"write": False, "mode": "a"} | dict.fromkeys(("rail", "devices", "secret"))
    words = ["write=on", "mode=b", "rail=4.5", "devices=c 3", f"secret={KEY}"]
    await read(box.place, *(part for word in words for part in ("--option", word)))
    assert options == {
        "write": True,
        "mode": "b",
        "rail": 4.5,
        "devices": "c 3",
        "secret": KEY,
    }


@pytest.mark.usefixtures("options")
@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("write=perhaps", "write is on or off"),
        ("mode=c", "mode is one of a, b, not c"),
        ("rail=10", "rail is from 1 to 9, not 10"),
        ("rail=nan", "rail is from 1 to 9, not nan"),
        ("rail=x", "rail is a number, not x"),
        ("rial=5", "rial is no option of mennekes_tcp: there is write, mode"),
        ("secret=12", "secret: a key has 32"),
        ("rail", "not of the form NAME=VALUE"),
    ],
)
async def test_bad_options(box: Box, option: str, said: str) -> None:
    """They are refused before anything is asked."""
    done = await read(box.place, "--option", option)
    assert done.status == 2
    assert said in done.err
    assert not box.charger.traffic.connections_made


async def test_pushed_meter_cannot_be_asked(family: list[Family]) -> None:
    """Whoever tries is told what to do instead."""
    family.append(replace(EVERY_WAY, key="meter", listen=HanMeter))
    for command in ("read", "watch", "dump"):
        done = await voltrail(command, "mennekes_tcp", "127.0.0.1:3001")
        assert done.status == 2
        assert "voltrail listen 127.0.0.1:3001" in done.err
