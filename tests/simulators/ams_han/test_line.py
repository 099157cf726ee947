"""What happens to the bytes of a meter on their way: faults, forms, sockets, the command line."""

import asyncio
import json
import os
import sys
import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from simulators.ams_han.__main__ import build, follow, main, parser
from simulators.ams_han.catalogue import METERS
from simulators.ams_han.faults import Faults, through_brick
from simulators.ams_han.meter import HanMeter, Sent
from simulators.ams_han.outputs import mqtt_output, pty_output, tcp_output
from simulators.ams_han.payloads import Form, payload, pulse_batch, shared_flags
from simulators.ams_han.wire import Notification
from simulators.clock import Clock

START = datetime(2026, 7, 1, 9, 59, 30, tzinfo=UTC)
MESSAGE = bytes(range(0x30, 0x50)) + b"~"


def faulty(**how: float) -> Faults:
    """A line with one kind of fault."""
    faults = Faults(random=Random(1))  # noqa: S311 - noise, not secrets
    for name, value in how.items():
        setattr(faults, name, value)
    return faults


def sent(name: str = "aidon-tn", list_name: str = "2") -> Sent:
    """One message of a meter."""
    return HanMeter(METERS[name], start=START).send(list_name)


class TestFaults:
    """Each kind does what it says, and owns up to it."""

    def test_a_good_line(self) -> None:
        """Nothing happens to anything."""
        assert Faults().spoil(MESSAGE) == (MESSAGE, True)

    @pytest.mark.parametrize(("kind", "change"), [("lost", -1), ("flipped", 0), ("check", 0)])
    def test_one_byte(self, kind: str, change: int) -> None:
        """Lost, or wrong."""
        spoilt, whole = faulty(**{kind: 1}).spoil(MESSAGE)
        assert not whole
        assert len(spoilt) == len(MESSAGE) + change
        if change == 0:
            assert sum(a != b for a, b in zip(spoilt, MESSAGE, strict=True)) == 1

    def test_check(self) -> None:
        """The check is the last thing before the flag; or somewhere in a telegram's end."""
        spoilt, _ = faulty(check=1).spoil(MESSAGE)
        assert spoilt[:-2] + spoilt[-1:] == MESSAGE[:-2] + MESSAGE[-1:]
        telegram = b"!A077\r\n"
        assert faulty(check=1).spoil(telegram)[0][:3] == telegram[:3]

    def test_cut(self) -> None:
        """It ends early."""
        spoilt, whole = faulty(cut=1).spoil(MESSAGE)
        assert not whole
        assert MESSAGE.startswith(spoilt)
        assert len(spoilt) < len(MESSAGE)

    def test_noise_leaves_the_message_whole(self) -> None:
        """It comes in front of it."""
        faults = faulty(noise=1)
        for _ in range(50):
            spoilt, whole = faults.spoil(MESSAGE)
            assert whole
            assert spoilt.endswith(MESSAGE)
            assert len(spoilt) > len(MESSAGE)

    def test_parity(self) -> None:
        """About a third of the bytes is missing."""
        spoilt, whole = faulty(parity=True).spoil(bytes(3000))
        assert not whole
        assert 1800 < len(spoilt) < 2200

    def test_probability(self) -> None:
        """A tenth is about a tenth."""
        faults = faulty(flipped=0.1)
        spoilt = sum(not faults.spoil(MESSAGE)[1] for _ in range(1000))
        assert 70 < spoilt < 130

    def test_burst(self) -> None:
        """Some are held back and come together."""
        faults = Faults(burst=3)
        assert [faults.deliver(b"a"), faults.deliver(b"b"), faults.deliver(b"c")] == [
            b"",
            b"",
            b"abc",
        ]
        assert faults.deliver(b"d") == b""

    def test_brick(self) -> None:
        """0D before each 0A."""
        assert through_brick(b"\n\r\n~") == b"\r\n\r\r\n~"


class TestForms:
    """What bridges publish."""

    def test_parts_of_a_frame(self) -> None:
        """From the whole frame to the body alone."""
        one = sent()
        assert isinstance(one.content, Notification)
        assert payload(Form.FRAME, one) == one.wire
        assert payload(Form.BARE_FRAME, one) == one.wire[1:-1]
        assert payload(Form.LLC, one) == one.wire[9:-3]
        assert payload(Form.APDU, one) == one.wire[12:-3]
        assert payload(Form.BODY, one) == one.content.body
        assert one.wire[12:-3].endswith(one.content.body)

    def test_text_forms(self) -> None:
        """Hexadecimal, alone and in JSON; a telegram as it is."""
        one = sent()
        assert bytes.fromhex(payload(Form.HEX, one).decode()) == one.wire
        assert bytes.fromhex(json.loads(payload(Form.JSON, one))["data"]) == one.wire
        telegram = sent("p1-se", "full")
        for form in (Form.TEXT, Form.LLC, Form.BODY):
            assert payload(form, telegram).startswith(b"/LGF5E360\r\n")

    def test_several(self) -> None:
        """Frames share a flag."""
        one, two = sent(), sent(list_name="1")
        joined = payload(Form.SEVERAL, one, two)
        assert len(joined) == len(one.wire) + len(two.wire) - 1
        assert joined == shared_flags([one.wire, two.wire])

    def test_batch(self) -> None:
        """Prefix, entries, their times."""
        one = sent(list_name="1")
        batch = payload(Form.BATCH, one)
        assert batch.startswith(bytes.fromhex("08dcd902") + b"\x12")
        assert round(START.timestamp() * 1000).to_bytes(8, "little") in batch
        assert b"\x12\x03HAN\x1a\x2c" + one.wire in batch

    def test_compressed_batch(self) -> None:
        """One stream over all entries, flushed at the end of each."""
        telegram = sent("p1-se", "full").wire
        batch = pulse_batch([(1, telegram), (2, telegram)], compressed=True)
        assert batch.startswith(bytes.fromhex("08dcd9021801"))
        first = batch.index(b"P1\x1a") + 3
        size = (batch[first] & 0x7F) | batch[first + 1] << 7
        data = batch[first + 2 : first + 2 + size]
        assert data[:1] == b"\x38"
        assert data.endswith(b"\x00\x00\xff\xff")
        assert zlib.decompressobj().decompress(data) == telegram


async def _read(reader: asyncio.StreamReader, size: int) -> bytes:
    return await asyncio.wait_for(reader.readexactly(size), 5)


class Broker:
    """The little of an MQTT broker that a publisher needs."""

    def __init__(self) -> None:
        self.published: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Greet a client, and take what it publishes."""
        while (kind := await reader.read(1)) and kind[0] >> 4 != 14:
            packet = await reader.readexactly(await self._length(reader))
            if kind[0] >> 4 == 1:
                writer.write(bytes.fromhex("20020000"))
            elif kind[0] >> 4 == 3:
                end = 2 + int.from_bytes(packet[:2])
                await self.published.put((packet[2:end].decode(), packet[end:]))
        writer.close()

    @staticmethod
    async def _length(reader: asyncio.StreamReader) -> int:
        length = shift = 0
        while True:
            (digit,) = await reader.readexactly(1)
            length |= (digit & 0x7F) << shift
            shift += 7
            if digit < 0x80:
                return length


@pytest.fixture
async def broker() -> AsyncIterator[tuple[Broker, int]]:
    """A broker and its port."""
    found = Broker()
    async with await asyncio.start_server(found.serve, "127.0.0.1", 0) as server:
        yield found, server.sockets[0].getsockname()[1]


class TestOutputs:
    """Real sockets and terminals."""

    @pytest.mark.parametrize("form", [Form.FRAME, Form.JSON])
    async def test_mqtt(self, broker: tuple[Broker, int], form: Form) -> None:
        """Every message under the topic, in its form."""
        one = sent()
        async with mqtt_output("127.0.0.1", broker[1], "meter/1", form) as output:
            await asyncio.wait_for(output.connected.wait(), 5)
            for _ in range(2):
                output.send(one)
                published = await asyncio.wait_for(broker[0].published.get(), 5)
                assert published == ("meter/1", payload(form, one))
        await asyncio.sleep(0)
        assert not output.connected.is_set()

    async def test_tcp(self) -> None:
        """All who are connected get the same; what they say is ignored."""
        async with tcp_output() as output:
            links = [await asyncio.open_connection("127.0.0.1", output.port) for _ in range(2)]
            for _, writer in links:
                writer.write(b"hello?")
            await output.wait_for_clients(2)
            output.send(MESSAGE)
            for reader, _ in links:
                assert await _read(reader, len(MESSAGE)) == MESSAGE
            for _, writer in links:
                writer.close()
                await writer.wait_closed()
            await output.wait_for_clients(0)

    async def test_frozen_and_dropped(self) -> None:
        """A half-open link says nothing; a closed one says that."""
        async with tcp_output() as output:
            reader, writer = await asyncio.open_connection("127.0.0.1", output.port)
            await output.wait_for_clients(1)
            output.frozen = True
            output.send(b"lost")
            output.frozen = False
            output.send(b"seen")
            assert await _read(reader, 4) == b"seen"
            output.drop()
            assert await asyncio.wait_for(reader.read(), 5) == b""
            writer.close()

    async def test_pty(self, tmp_path: Path) -> None:
        """A terminal gives the bytes as they are, line ends and all."""
        async with pty_output(tmp_path / "meter") as output:
            assert output.path == str(tmp_path / "meter")
            port = os.open(output.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            try:
                output.send(b"~\r\n\x11\x13\x03~")
                seen = b""
                while len(seen) < 7:
                    await asyncio.sleep(0)
                    try:
                        seen += os.read(port, 100)
                    except BlockingIOError:
                        continue
            finally:
                os.close(port)
            assert seen == b"~\r\n\x11\x13\x03~"

    async def test_no_program_listens(self) -> None:
        """A meter sends whether anybody listens or not."""
        async with pty_output() as output:
            for _ in range(500):
                output.send(bytes(1000))


class TestCommandLine:
    """`python -m simulators.ams_han`."""

    def test_help_names_every_meter(self) -> None:
        """With a line about each."""
        text = parser().format_help()
        for name, kind in METERS.items():
            assert name in text
            assert kind.summary in text

    def test_build(self) -> None:
        """The options reach the meter and the line."""
        chosen = parser().parse_args(
            [
                "kamstrup-push",
                "--start=2026-07-01T09:59:30",
                "--key=" + "01" * 16,
                "--authentication-key=" + "02" * 16,
                "--serial-number=77",
                "--noise=0.5",
                "--burst=4",
                "--parity",
            ]
        )
        meter, faults = build(chosen)
        assert meter.moment == START
        assert meter.identity.serial == "77"
        assert meter.seal is not None
        assert meter.seal.authentication_key == b"\x02" * 16
        assert (faults.noise, faults.burst, faults.parity) == (0.5, 4, True)

    def test_starts_now(self) -> None:
        """Unless told otherwise, in clear and without faults."""
        meter, faults = build(parser().parse_args(["aidon-tn"]))
        assert abs(meter.moment - datetime.now(UTC)) < timedelta(minutes=1)
        assert meter.seal is None
        assert faults.spoil(MESSAGE) == (MESSAGE, True)

    @pytest.mark.parametrize(
        ("lists", "count"), [(None, 24), (frozenset({"2"}), 6), (frozenset({"3"}), 0)]
    )
    def test_follow(self, lists: frozenset[str] | None, count: int) -> None:
        """A meter sends as its clock goes, and stops when told to."""
        meter, faults = build(
            parser().parse_args(["aidon-tn", "--start=2026-07-01T12:00:30+00:00"])
        )
        clock = Clock(start=meter.moment)
        heard: list[bytes] = []
        stop = follow(meter, faults, clock, heard.append, lists)
        clock.advance(60)
        stop()
        clock.advance(60)
        assert len(heard) == count

    def test_a_meter_must_be_named(self, capsys: pytest.CaptureFixture[str]) -> None:
        """An unknown one is refused with the usual status."""
        with pytest.raises(SystemExit) as refused:
            parser().parse_args(["aidon-xx"])
        assert refused.value.code == 2
        assert "aidon-tn" in capsys.readouterr().err

    def test_what_is_published_is_what_is_on_the_line(self) -> None:
        """Faults and bursts reach the broker, too."""
        meter, faults = build(
            parser().parse_args(["aidon-tn", "--start=2026-07-01T12:00:30+00:00", "--burst=4"])
        )
        clock = Clock(start=meter.moment)
        heard: list[bytes] = []
        published: list[Sent] = []
        follow(meter, faults, clock, heard.append, publish=published.append)
        clock.advance(60)
        assert [payload(Form.FRAME, one) for one in published] == heard
        assert len(heard) == 6

    @pytest.mark.parametrize(
        ("words", "place"),
        [("--mqtt=broker", ("broker", 1883)), ("--mqtt=127.0.0.1:1884", ("127.0.0.1", 1884))],
    )
    def test_where_the_broker_is(self, words: str, place: tuple[str, int]) -> None:
        """The port may be left out."""
        assert parser().parse_args(["aidon-tn", words]).mqtt == place

    async def test_as_a_publisher(self, broker: tuple[Broker, int]) -> None:
        """The program says where it publishes, and does."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "simulators.ams_han", "aidon-tn", "--no-tcp", "--speed=50"),
            *(f"--mqtt=127.0.0.1:{broker[1]}", "--topic=house/han", "--form=hex"),
            cwd=Path(__file__).parents[3],
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        said = (await asyncio.wait_for(process.stdout.readline(), 20)).decode()
        assert said == f"ams_han: mqtt 127.0.0.1:{broker[1]} house/han\n"
        topic, data = await asyncio.wait_for(broker[0].published.get(), 20)
        assert topic == "house/han"
        assert data.startswith(b"7ea")
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 10) == 0

    async def test_as_a_program(self, tmp_path: Path) -> None:
        """It says where it listens, sends, and ends cleanly."""
        link = tmp_path / "meter"
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "simulators.ams_han", "kamstrup-push"),
            *("--port=0", f"--pty={link}", "--speed=50", "--start=2026-07-01T09:59:30"),
            cwd=Path(__file__).parents[3],
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        said = [(await asyncio.wait_for(process.stdout.readline(), 20)).decode() for _ in range(3)]
        assert said[0].startswith("ams_han: kamstrup-push is usually encrypted")
        assert said[2] == f"ams_han: pty {link}\n"
        port = int(said[1].rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await _read(reader, 2) == b"\x7e\xa1"
        writer.close()
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 10) == 0

    def test_main_reads_its_arguments(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without a meter it ends with the usage."""
        monkeypatch.setattr("sys.argv", ["ams_han"])
        with pytest.raises(SystemExit):
            main()
