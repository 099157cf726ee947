import asyncio
import importlib
import io
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TextIO

import pytest

from custom_components.voltrail.engine.cli import byte_source
from custom_components.voltrail.engine.cli.arguments import parse
from custom_components.voltrail.engine.cli.byte_source import Keys, Listener, Place, Rhythm
from custom_components.voltrail.engine.cli.errors import NotReachedError
from custom_components.voltrail.engine.cli.listing import line_text
from custom_components.voltrail.engine.devices import ams_han
from custom_components.voltrail.engine.devices.family import LineSettings
from custom_components.voltrail.engine.han import Message, Zone
from custom_components.voltrail.engine.transport.endpoint import Network, SerialPort
from simulators.ams_han.catalogue import METERS
from simulators.ams_han.outputs import PtyOutput, TcpOutput, pty_output, tcp_output
from simulators.ams_han.payloads import Form, payload
from tests.engine.cli.support import Outcome, interrupted, voltrail
from tests.engine.han.support import AUTHENTICATION_KEY, BUSY, KEY, encoded, simulated
from tests.fake_time import in_fake_time

LIST_1 = encoded("aidon-tn", "1", BUSY)
LIST_2 = encoded("aidon-tn", "2", BUSY)
LIST_3 = encoded("aidon-tn", "3", BUSY)
TELEGRAM = encoded("p1-se", "full", BUSY)


@pytest.fixture
def decode(tmp_path: Path) -> Callable[..., Any]:
    """Decode bytes in a file."""

    async def decode(data: bytes, *options: str) -> Outcome:
        file = tmp_path / "capture"
        file.write_bytes(data)
        return await voltrail("decode", str(file), *options)

    return decode


# -- decode --------------------------------------------------------------------


async def test_decode_json_has_the_documented_shape(decode: Callable[..., Any]) -> None:
    """Who sent it, when, and the readings in the units that people use."""
    done = await decode(LIST_3.hex().encode(), "--json")
    assert (done.status, done.err) == (0, "")
    found = done.object
    assert list(found) == ["meter", "timestamp", "readings"]
    assert found["meter"] == {
        "manufacturer": "Aidon",
        "model": "6534",
        "serial": "7359990000000001",
        "list": "AIDON_V0001",
    }
    assert found["timestamp"] == "2026-07-01T11:00:10+01:00"
    assert found["readings"]["power_imported"] == {"value": 4821, "unit": "W"}
    assert found["readings"]["reactive_power_exported"] == {"value": 377, "unit": "var"}
    assert found["readings"]["current_l1"] == {"value": 14.5, "unit": "A"}
    assert found["readings"]["voltage_l3"] == {"value": 233.0, "unit": "V"}
    assert found["readings"]["energy_imported"] == {"value": 22721.38, "unit": "kWh"}
    assert found["readings"]["reactive_energy_imported"] == {"value": 582.43, "unit": "kvarh"}


async def test_decode_prints_one_object_per_message(decode: Callable[..., Any]) -> None:
    """Of a list that does not say whose it is, nothing is made up."""
    done = await decode(LIST_2 + LIST_1, "--json")
    assert [found["meter"]["serial"] for found in done.objects] == ["7359990000000001", None]
    assert done.objects[1]["timestamp"] is None


async def test_decode_for_people(decode: Callable[..., Any]) -> None:
    """Who and when in one line, the values under it; the sender is remembered."""
    done = await decode(LIST_2 + LIST_1)
    assert done.status == 0
    assert done.lines[0] == "Aidon 6534 7359990000000001 AIDON_V0001"
    assert "  power_imported                   4821 W" in done.lines
    assert done.lines[-2].startswith("Aidon 6534 7359990000000001")
    alone = await decode(TELEGRAM)
    assert alone.lines[0].startswith("2026-07-01T11:00:10+01:00  Landis+Gyr E360")


@pytest.mark.parametrize("meter", METERS)
async def test_every_message_fits(meter: str, decode: Callable[..., Any]) -> None:
    """Also where a meter has long names for itself."""
    kind = METERS[meter]
    data = b"".join(encoded(meter, message, BUSY) for message in kind.lists(kind.identity))
    done = await decode(data, "--key", KEY.hex(), "--authentication-key", AUTHENTICATION_KEY.hex())
    assert done.lines
    assert all(len(line) <= 80 for line in done.lines)


@pytest.mark.parametrize(
    "form", [Form.FRAME, Form.LLC, Form.APDU, Form.BODY, Form.JSON, Form.BATCH]
)
async def test_decode_takes_what_a_gateway_publishes(
    decode: Callable[..., Any], form: Form
) -> None:
    """As bytes, and as digits with comments."""
    data = payload(form, simulated("aidon-tn").send("2"))
    texts = [data, f"# a capture\n{data.hex()} # its only line\n".encode()]
    # Text within digits is no capture.
    for recording in texts[: 1 if form is Form.JSON else 2]:
        done = await decode(recording, "--json")
        assert (done.status, done.err) == (0, "")
        assert len(done.objects) == 1


async def test_decode_goes_on_behind_damage(decode: Callable[..., Any]) -> None:
    """One line on the side, and nothing among the results."""
    spoilt = LIST_2[:50] + b"\x55" + LIST_2[51:]
    done = await decode(LIST_1 + spoilt + LIST_2, "--json")
    assert done.status == 0
    assert len(done.objects) == 2
    assert done.err.count("\n") == 1
    assert "frame check" in done.err


async def test_nothing_but_damage_is_a_failure(decode: Callable[..., Any]) -> None:
    """Nothing was decoded."""
    done = await decode(LIST_2[:-5])
    assert done == (1, "", f"voltrail: a frame is cut: it ends after {len(LIST_2) - 5} bytes\n")
    assert (await decode(b"hello")).status == 1


@pytest.mark.parametrize("nothing", [b"", b"\n\n", b"# only a comment\n"])
async def test_nothing_is_no_failure(decode: Callable[..., Any], nothing: bytes) -> None:
    """An empty recording is decoded at once."""
    assert await decode(nothing) == (0, "", "")


async def test_decode_with_keys(decode: Callable[..., Any]) -> None:
    """Without them it is said that one is missing."""
    wire = simulated("kamstrup-push").send("full").wire
    done = await decode(wire)
    assert done.status == 1
    assert "there is no key for it" in done.err
    keys = ("--key", KEY.hex(":"), "--authentication-key", AUTHENTICATION_KEY.hex())
    done = await decode(wire, *keys, "--json")
    assert (done.status, len(done.objects)) == (0, 1)
    done = await decode(wire, "--key", "1234")
    assert done.status == 2
    assert "a key has 32 hexadecimal digits" in done.err


async def test_decode_with_a_zone(decode: Callable[..., Any]) -> None:
    """The user may know better what a meter means."""
    done = await decode(LIST_3, "--zone", "wall", "--json")
    assert done.object["timestamp"].endswith("+02:00")
    assert (await decode(LIST_3, "--zone", "utc")).status == 2


async def test_decode_of_no_file(tmp_path: Path) -> None:
    """A file that is not there, and a folder."""
    done = await voltrail("decode", str(tmp_path / "nothing"))
    assert done.status == 2
    assert "cannot be read: No such file or directory" in done.err
    done = await voltrail("decode", str(tmp_path))
    assert done.status == 2
    assert "cannot be read: Is a directory" in done.err


# -- listen --------------------------------------------------------------------


@pytest.fixture
def rhythm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everything go a hundred times as fast."""
    quick = Rhythm(pause=0.01, trial=0.05, connecting=1, shortest_wait=0.01, longest_wait=0.05)
    monkeypatch.setattr(byte_source, "Rhythm", lambda: quick)


@pytest.fixture
async def tcp() -> AsyncIterator[TcpOutput]:
    """A port of a host that sends what a meter says."""
    async with tcp_output() as output:
        yield output


@pytest.fixture
async def pty() -> AsyncIterator[PtyOutput]:
    """A serial port."""
    async with pty_output() as output:
        yield output


async def until(true: Callable[[], bool]) -> None:
    """Wait for something to be true."""
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 - no event tells of what another task has written
            await asyncio.sleep(0.005)


def written(stream: TextIO) -> str:
    """Return what the command has written to one of its streams so far."""
    assert isinstance(stream, io.StringIO)
    return stream.getvalue()


async def clients(tcp: TcpOutput, number: int = 1) -> None:
    """Wait for so many listeners."""
    await until(lambda: tcp.clients == number)


async def test_listen_prints_messages_as_they_come(tcp: TcpOutput) -> None:
    """And ends after as many as were asked for."""
    listening = asyncio.create_task(
        voltrail("listen", f"127.0.0.1:{tcp.port}", "--json", "--count", "2")
    )
    await clients(tcp)
    tcp.send(LIST_2[:40])
    tcp.send(LIST_2[40:] + LIST_1 + LIST_1)
    done = await listening
    assert (done.status, done.err) == (0, "")
    assert [found["readings"]["power_imported"]["value"] for found in done.objects] == [4821, 4821]
    await clients(tcp, 0)


@pytest.mark.usefixtures("rhythm")
async def heard_on(pty: PtyOutput) -> Outcome:
    """What two messages of a serial line look like, whose settings are given."""
    listening = asyncio.create_task(
        voltrail("listen", pty.path, "--baudrate", "2400", "--parity", "E", "--count", "2")
    )
    sent = 0
    # Nobody tells when the port has been opened; a meter repeats itself as well.
    while not listening.done():
        pty.send(LIST_2 if sent % 2 else LIST_2 + LIST_1[:10])
        sent += 1
        await asyncio.sleep(0.05)
    return await listening


async def test_listen_on_a_serial_port(pty: PtyOutput) -> None:
    """With given settings of the line; what was cut is given up after a pause."""
    done = await heard_on(pty)
    assert done.status == 0
    assert done.out.count("Aidon 6534") == 2


async def test_a_pseudo_terminal_can_be_opened_again(pty: PtyOutput) -> None:
    """It has no line: the system takes a parity the first time and refuses it from then on."""
    for _ in range(2):
        done = await heard_on(pty)
        assert (done.status, done.out.count("Aidon 6534")) == (0, 2)
        assert "cannot be opened" not in done.err


@pytest.mark.usefixtures("rhythm")
async def test_listen_tries_what_is_usual(pty: PtyOutput, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without settings one after the other, until a message comes; then it stays with them."""
    lines = tuple(LineSettings(baudrate=speed) for speed in (2400, 9600, 115200))
    kind = replace(ams_han.FAMILY, usual_lines=lines)
    monkeypatch.setattr(byte_source, "FAMILIES", (kind,))

    async def said() -> None:
        await until(lambda: written(sys.stderr).count("nothing for") >= 5)
        while "power_imported" not in written(sys.stdout):
            pty.send(LIST_1)
            await asyncio.sleep(0.02)
        # Far longer than a trial.
        await asyncio.sleep(0.3)

    done = await interrupted(said(), "listen", pty.path, "--patience", "5")
    tried = [line.partition("with ")[2] for line in done.err.splitlines()]
    assert tried[:5] == ["2400 8N1", "9600 8N1", "115200 8N1", "2400 8N1", "9600 8N1"]
    assert "power_imported" in done.out
    # At most one more before the message came, and none after.
    assert len(tried) <= 7


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            [],
            [
                "2400 8E1",
                "2400 8N1",
                "115200 8N1",
                "9600 8N1",
                "38400 8N1",
                "2400 8O1",
                "9600 7E1",
                "115200 7E1",
            ],
        ),
        (["--baudrate", "2400"], ["2400 8E1", "2400 8N1", "2400 8O1", "2400 7E1"]),
        (["--baudrate", "115200"], ["115200 8N1", "115200 7E1", "115200 8E1", "115200 8O1"]),
        (["--parity", "O", "--bytesize", "8"], ["2400 8O1", "115200 8O1", "9600 8O1", "38400 8O1"]),
        (
            ["--baudrate", "300", "--bytesize", "7", "--parity", "E", "--stopbits", "2"],
            ["300 7E2"],
        ),
    ],
)
def test_what_is_given_is_completed(
    words: list[str], expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By what is usual with it first, and then by what is usual without."""
    monkeypatch.setattr(byte_source, "FAMILIES", (ams_han.FAMILY,))
    found = byte_source.places(parse(["listen", "/dev/ttyUSB0", *words]))
    assert [line_text(place.line) for place in found if isinstance(place, SerialPort)] == expected
    monkeypatch.setattr(byte_source, "FAMILIES", ())
    assert len(byte_source.places(parse(["listen", "/dev/ttyUSB0", *words]))) == 1


@pytest.mark.usefixtures("rhythm")
async def test_listen_opens_the_link_again(tcp: TcpOutput) -> None:
    """When it was closed, and when it fell silent; both are said."""

    async def life() -> None:
        await clients(tcp)
        tcp.send(LIST_1)
        tcp.drop()
        await clients(tcp, 0)
        await clients(tcp)
        tcp.send(LIST_1)
        # Half-open: nothing comes any more, and TCP does not tell.
        tcp.frozen = True
        await clients(tcp, 0)
        tcp.frozen = False
        await clients(tcp)
        tcp.send(b"noise" + LIST_1)
        await clients(tcp, 0)

    place = f"127.0.0.1:{tcp.port}"
    done = await interrupted(life(), "listen", place, "--json", "--patience", "0.2")
    assert len(done.objects) == 3
    said = done.err.splitlines()
    assert said[0] == f"voltrail: {place}: the other side closed the link"
    assert said[1] == f"voltrail: {place} is open again"
    assert said[2] == f"voltrail: {place}: nothing for 0.2 s"
    assert said[3] == f"voltrail: {place} is open again"
    assert "5 bytes belong to no frame" in said[4]


KEYS = Keys(encryption_key=None, authentication_key=None, zone=Zone.AUTOMATIC)


@in_fake_time
async def test_a_link_that_cannot_be_opened_for_a_while() -> None:
    """Once it was open, it is tried until it is again; nobody is told of every try."""
    tries: list[float] = []

    @asynccontextmanager
    async def opened(place: Place, patience: float) -> AsyncIterator[asyncio.StreamReader]:
        tries.append(asyncio.get_running_loop().time())
        if 1 < len(tries) < 4:
            raise ConnectionRefusedError
        stream = asyncio.StreamReader()
        stream.feed_data(LIST_1)
        stream.feed_eof()
        yield stream

    notes: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(byte_source, "_opened", opened)
        listener = Listener((Network(host="meter", port=3001),), KEYS, note=notes.append)
        async with aclosing(listener.events()) as events:
            heard = [await anext(events) for _ in range(2)]
    assert all(isinstance(event, Message) for event in heard)
    assert tries == [0, 1, 3, 7]
    assert notes == ["meter:3001: the other side closed the link", "meter:3001 is open again"]


@pytest.mark.parametrize(
    ("err", "said"),
    [(OSError("no such speed"), "no such speed"), (TimeoutError(), "it does not answer")],
)
async def test_why_a_link_cannot_be_opened(
    err: OSError, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A driver's own words are passed on; what has none is put into words."""

    async def refuse(*_: object) -> None:
        raise err

    monkeypatch.setattr(asyncio, "open_connection", refuse)
    listener = Listener((Network(host="meter", port=3001),), KEYS, note=print)
    with pytest.raises(NotReachedError, match=f"meter:3001 cannot be opened: {said}"):
        await anext(listener.events())


@pytest.mark.usefixtures("rhythm")
async def test_listen_says_that_what_comes_is_no_message(tcp: TcpOutput) -> None:
    """Something comes, so it is not the cable."""

    async def life() -> None:
        await clients(tcp)
        tcp.send(b"hello")
        await clients(tcp, 0)

    place = f"127.0.0.1:{tcp.port}"
    done = await interrupted(life(), "listen", place, "--patience", "0.1")
    assert f"voltrail: {place}: no message in what came for 0.1 s" in done.err.splitlines()


@pytest.mark.usefixtures("rhythm")
async def test_listen_survives_a_pulled_adapter(tmp_path: Path) -> None:
    """It opens the port again when it is back."""
    async with pty_output(tmp_path / "adapter") as output:

        async def life() -> None:
            repeating = asyncio.create_task(repeat())
            await until(lambda: written(sys.stdout).count("\n") > 1)
            output.cable.unplug()
            await until(lambda: "is gone" in written(sys.stderr))
            output.cable.plug()
            before = written(sys.stdout)
            await until(lambda: written(sys.stdout) > before)
            repeating.cancel()

        async def repeat() -> None:
            while True:
                output.send(LIST_1)
                await asyncio.sleep(0.02)

        words = ("listen", output.path, "--baudrate", "2400", "--json")
        done = await interrupted(life(), *words)
    assert f"voltrail: {output.path}: the adapter is gone" in done.err.splitlines()
    assert done.err.splitlines()[-1] == f"voltrail: {output.path} is open again"
    assert len(done.objects) > 2


@pytest.mark.parametrize(
    ("endpoint", "said"),
    [
        ("127.0.0.1:1", "127.0.0.1:1 cannot be opened: it refuses connections"),
        ("nosuch.invalid:3001", "cannot be opened: that host is not known here"),
        ("/dev/nosuch", "/dev/nosuch cannot be opened: No such file or directory"),
        ("/dev/null", "/dev/null cannot be opened: it is no serial port that can do 2400 8N1\n"),
        (__file__, f"{__file__} cannot be opened: it is no serial port that can do 2400 8N1\n"),
    ],
)
async def test_listen_where_no_meter_is(endpoint: str, said: str) -> None:
    """The reason, and no endless trying."""
    done = (
        await voltrail("listen", endpoint, "--parity", "N")
        if "/" in endpoint
        else (await voltrail("listen", endpoint))
    )
    assert done.status == 1
    assert said in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["127.0.0.1"], "needs a port"),
        (["127.0.0.1:x"], "x is no port"),
        (["127.0.0.1:3001", "--parity", "E"], "is none"),
        (["/dev/ttyUSB0", "--count", "0"], "is no number that is possible here"),
        ([], "TARGET"),
    ],
)
async def test_listen_wrongly(words: list[str], said: str) -> None:
    """Wrong usage is told from a meter that is not there."""
    done = await voltrail("listen", *words)
    assert done.status == 2
    assert said in done.err


async def test_a_port_that_another_program_holds(pty: PtyOutput) -> None:
    """Who else may have it is what has to be found out."""
    with importlib.import_module("serial").Serial(str(pty.path), exclusive=True):
        done = await voltrail("listen", str(pty.path), "--parity", "N")
    said = f"voltrail: {pty.path} cannot be opened: another program is using it\n"
    assert done == (1, "", said)


async def test_listen_without_pyserial(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not everywhere, and its name is said."""

    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    done = await voltrail("listen", "/dev/ttyUSB0", "--baudrate", "2400")
    assert done.status == 1
    assert "pip install pyserial" in done.err


async def test_speed_that_the_port_does_not_have(monkeypatch: pytest.MonkeyPatch) -> None:
    """A word of the driver becomes a line of ours."""

    def serial(*_: object, **__: object) -> None:
        message = "Failed to set custom baud rate (3)"
        raise ValueError(message)

    monkeypatch.setattr(importlib, "import_module", lambda _: SimpleNamespace(Serial=serial))
    done = await voltrail("listen", "/dev/ttyUSB0", "--baudrate", "3")
    said = "voltrail: /dev/ttyUSB0 cannot be opened: it is no serial port that can do 3 8E1\n"
    assert done == (1, "", said)
