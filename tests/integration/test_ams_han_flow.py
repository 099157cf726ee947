"""Adding a smart meter, and moving it: who is heard, and what is said of anything else."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final
from unittest.mock import patch

import pytest
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.data_entry_flow import (
    EVENT_DATA_ENTRY_FLOW_PROGRESSED,
    FlowResultType,
    InvalidData,
)
from homeassistant.exceptions import HomeAssistantError
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_mqtt_message,
)

from custom_components.voltrail.const import DOMAIN
from custom_components.voltrail.diagnostics import async_get_config_entry_diagnostics
from custom_components.voltrail.engine.devices.ams_han import FAMILY
from custom_components.voltrail.flows import push_probe
from custom_components.voltrail.push import stream_listener
from custom_components.voltrail.push.mqtt_listener import TopicListener
from simulators.ams_han.faults import Faults
from simulators.ams_han.house import House
from simulators.ams_han.meter import HanMeter, Sent
from simulators.ams_han.outputs import TcpOutput, pty_output, tcp_output
from simulators.ams_han.payloads import Form, payload
from simulators.ams_han.wire import AIDON, LLC, hdlc

from .helpers import state
from .meters import (
    KEY,
    METERS,
    START,
    JumpingClock,
    breathe,
    connected,
    network_entry,
    serial_entry,
    set_up,
    topic_entry,
    until,
)

SERIAL: Final = "7359990000000001"
OTHER: Final = "7359990000000099"
STREAMS: Final = "custom_components.voltrail.push.stream_listener"
TOPIC: Final = "meter/han"
ANY_LINE: Final = dict.fromkeys(("baudrate", "bytesize", "parity", "stopbits"), "automatic")
#: A whole frame with two numbers that say nothing of themselves.
STRANGE: Final = hdlc(AIDON, LLC + bytes.fromhex("0f0000000000 0202 0600000001 0600000002"))
_STEP: Final = 0.5

type Sender = Callable[[bytes], Any]


@pytest.fixture
async def clock(hass: HomeAssistant) -> AsyncIterator[JumpingClock]:
    """Time that jumps."""
    jumping = JumpingClock(hass.loop)
    with jumping.waiting_for_ports():
        yield jumping
    # The pretended broker has a timer that fires once.
    await jumping.jump(2)
    jumping.release()


@pytest.fixture
async def output(socket_enabled: None) -> AsyncIterator[TcpOutput]:
    """A port of a host, as ser2net offers it."""
    async with tcp_output() as found:
        yield found


class Person:
    """Somebody in front of the forms, with a meter that sends meanwhile."""

    def __init__(
        self, hass: HomeAssistant, clock: JumpingClock, kind: str = "aidon-tn", **more: Any
    ) -> None:
        meter_type = METERS[kind]
        self.hass = hass
        self.clock = clock
        self.meter = HanMeter(meter_type, start=START, house=House(net=meter_type.net), **more)
        self.moment = START
        self.waited = 0.0
        """Seconds in front of the progress step."""
        self.flow: Any = None

    async def choose(self, way: str) -> dict[str, Any]:
        """Go to the form of a way to reach a meter."""
        flows = self.hass.config_entries.flow
        result: Any = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
        for step in (FAMILY.key, way):
            assert result["type"] is FlowResultType.MENU
            assert step in result["menu_options"]
            result = await flows.async_configure(result["flow_id"], {"next_step_id": step})
        self.flow = result
        return dict(result)

    async def reconfigure(self, entry: MockConfigEntry) -> dict[str, Any]:
        """Go to the form that says where a known meter is."""
        self.flow = await entry.start_reconfigure_flow(self.hass)
        return dict(self.flow)

    async def submit(self, **typed: Any) -> dict[str, Any]:
        """Fill a form in."""
        self.flow = await self.hass.config_entries.flow.async_configure(self.flow["flow_id"], typed)
        return dict(self.flow)

    async def wait(
        self, send: Sender | None = None, wanted: Callable[[Sent], bool] = lambda _: True
    ) -> dict[str, Any]:
        """Wait in front of the progress step; return what comes after it."""
        assert self.flow["type"] is FlowResultType.SHOW_PROGRESS
        assert self.flow["progress_action"] == "listen"
        flow_id = self.flow["flow_id"]
        # What a browser waits for, too.
        moved_on = asyncio.Event()

        @callback
        def note(event: Event) -> None:
            if event.data["flow_id"] == flow_id:
                moved_on.set()

        stop = self.hass.bus.async_listen(
            EVENT_DATA_ENTRY_FLOW_PROGRESSED,
            note,
        )
        begun = self.hass.loop.time()
        while not moved_on.is_set():
            await self.pass_time(send, wanted)
            self.waited = self.hass.loop.time() - begun
            assert self.waited < 200
        stop()
        self.flow = await self.hass.config_entries.flow.async_configure(flow_id)
        return dict(self.flow)

    async def pass_time(
        self, send: Sender | None = None, wanted: Callable[[Sent], bool] = lambda _: True
    ) -> None:
        """Let the meter send for a moment."""
        await self.clock.jump(_STEP)
        self.moment += timedelta(seconds=_STEP)
        for sent in self.meter.run_until(self.moment):
            if send is not None and wanted(sent):
                send(sent.wire)
                # The operating system carries the bytes when it gets round to it.
                for _ in range(10):
                    await breathe(0.002)
        # And the loop takes them.
        await breathe(0.002)

    async def leave(self, entry_of: dict[str, Any] | None = None) -> None:
        """Let go of what was set up, so that nothing lingers."""
        result = self.flow if entry_of is None else entry_of
        assert result["type"] is FlowResultType.CREATE_ENTRY
        await self.hass.async_block_till_done()
        assert await self.hass.config_entries.async_unload(result["result"].entry_id)


type Somebody = Callable[..., Person]


@pytest.fixture
def somebody(hass: HomeAssistant, clock: JumpingClock) -> Somebody:
    """Return who sits down in front of the forms, with the meter they have."""
    return partial(Person, hass, clock)


def publish(hass: HomeAssistant, topic: str = TOPIC) -> Sender:
    """Return what publishes under a topic."""
    return lambda wire: async_fire_mqtt_message(hass, topic, wire)


def loaded(entry: MockConfigEntry) -> bool:
    """Whether an entry is at work now."""
    return entry.state is ConfigEntryState.LOADED


def list_1(sent: Sent) -> bool:
    """Only the shortest list, which names nobody."""
    return sent.name == "1"


# -- adding one ------------------------------------------------------------------


@pytest.mark.parametrize("host", [" 127.0.0.1 ", "http://127.0.0.1/"])
async def test_over_the_network(
    hass: HomeAssistant, somebody: Somebody, output: TcpOutput, host: str
) -> None:
    """A progress step, then an entry with the name and the id of the meter."""
    person = somebody()
    form = await person.choose("network")
    assert form["type"] is FlowResultType.FORM
    assert form["step_id"] == "network"
    result = await person.submit(host=host, port=output.port)
    assert result["type"] is FlowResultType.SHOW_PROGRESS
    assert result["step_id"] == "listen"
    await connected(output)
    result = await person.wait(output.send)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Aidon 6534"
    assert result["data"] == {
        "family": "ams_han",
        "transport": "network",
        "host": "127.0.0.1",
        "port": output.port,
        "fingerprint": SERIAL,
    }
    assert result["options"] == {}
    assert result["result"].unique_id == f"ams_han_{SERIAL}"
    # The first list that names it is enough; nobody waits for the end of the 20 seconds.
    assert person.waited <= 15
    await hass.async_block_till_done()
    await connected(output)
    await person.leave()


class Line:
    """A serial line that only those understand who open their port as the meter needs it."""

    def __init__(self, **settings: Any) -> None:
        self.settings = {"byte_size": 8, "parity": "N", "stopbits": 1, **settings}
        self.tried: list[dict[str, Any]] = []
        self._random = Random(0)  # noqa: S311 - noise
        self._open = vars(stream_listener)["open_serial_connection"]

    async def open(self, *, url: str, **settings: Any) -> Any:
        """Open the port, and remember how."""
        self.tried.append(settings)
        return await self._open(url=url, **settings)

    def carry(self, data: bytes) -> bytes:
        """Return what a port with these settings makes of it."""
        if not self.tried or self.tried[-1] == self.settings:
            return data
        if self.tried[-1]["baudrate"] != self.settings["baudrate"]:
            return self._random.randbytes(len(data) // 10 + 1)
        return Faults(random=self._random, parity=True).deliver(data)


@pytest.fixture
def line(request: pytest.FixtureRequest, clock: JumpingClock) -> Iterator[Line]:
    """A line, and Home Assistant's serial library on it."""
    found = Line(**getattr(request, "param", {"baudrate": 2400, "parity": "E"}))
    # It stands for an adapter, though it is a pseudo-terminal.
    with (
        patch(f"{STREAMS}.open_serial_connection", found.open),
        patch(f"{STREAMS}._PSEUDO_TERMINALS", "/nowhere/"),
    ):
        yield found


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize(
    ("kind", "line", "title"),
    [
        ("aidon-tn", {"baudrate": 2400, "parity": "E"}, "Aidon 6534"),
        ("kaifa-it", {"baudrate": 2400, "parity": "E"}, "Kaifa MA304H3E"),
        ("kamstrup-tn", {"baudrate": 2400}, "Kamstrup 6841131BN243101040"),
        ("aidon-tn", {"baudrate": 2400, "parity": "O"}, "Aidon 6534"),
        ("p1-nl", {"baudrate": 9600, "byte_size": 7, "parity": "E"}, "Landis+Gyr E350"),
        ("aidon-se", {"baudrate": 115200}, "Aidon"),
    ],
    indirect=["line"],
)
async def test_the_settings_of_a_line_are_found_out(
    somebody: Somebody,
    tmp_path: Path,
    line: Line,
    kind: str,
    title: str,
) -> None:
    """Nobody has to guess the parity: what is usual is tried until whole frames come."""
    person = somebody(kind)
    form = await person.choose("serial")
    assert form["step_id"] == "serial"
    async with pty_output(tmp_path / "port") as pty:
        pty.cable.to_client = line.carry
        result = await person.submit(device=pty.path, **ANY_LINE)
        result = await person.wait(pty.send)
        assert result["type"] is FlowResultType.CREATE_ENTRY
        assert result["title"] == title
        assert result["data"] == {
            "family": "ams_han",
            "transport": "serial",
            "device": pty.path,
            "baudrate": line.settings["baudrate"],
            "bytesize": line.settings["byte_size"],
            "parity": line.settings["parity"],
            "stopbits": 1,
            "handshake": "none",
            "fingerprint": result["result"].data["fingerprint"],
        }
        # What is garbled is given up sooner than silence.
        wrong = line.tried.index(line.settings)
        assert person.waited <= 15 * wrong + 20
        await person.leave()


@pytest.mark.usefixtures("socket_enabled")
async def test_what_was_chosen_is_kept(somebody: Somebody, tmp_path: Path, line: Line) -> None:
    """Only what was left open is tried; scripts may send numbers."""
    person = somebody()
    await person.choose("serial")
    async with pty_output(tmp_path / "port") as pty:
        pty.cable.to_client = line.carry
        await person.submit(device=pty.path, baudrate=2400, bytesize=8, stopbits=1, parity="E")
        result = await person.wait(pty.send)
        assert result["type"] is FlowResultType.CREATE_ENTRY
        assert person.waited <= 15
        await person.leave()
    assert {tuple(tried.values()) for tried in line.tried} == {(2400, 8, "E", 1)}


async def test_other_speeds(somebody: Somebody, tmp_path: Path) -> None:
    """The usual ones are offered; a list that takes any other shows no translated choices."""
    person = somebody()
    form = await person.choose("serial")
    (speeds,) = (
        field.validators[1].config
        for marker, field in form["data_schema"].schema.items()
        if marker == "baudrate"
    )
    assert not speeds.get("custom_value")
    assert speeds["options"][0] == "automatic"
    for speed in ("fast", "0", "-300", "2400.5"):
        with pytest.raises(InvalidData):
            await person.submit(device="/dev/nowhere", **{**ANY_LINE, "baudrate": speed})
    await person.submit(device=str(tmp_path / "none"), **{**ANY_LINE, "baudrate": "4800"})
    result = await person.wait()
    assert result["errors"] == {"base": "port_unavailable"}


@pytest.mark.usefixtures("mqtt_mock")
@pytest.mark.parametrize("form", list(Form))
async def test_over_mqtt(hass: HomeAssistant, somebody: Somebody, form: Form) -> None:
    """Under one of several topics, in every form that adapters publish."""
    person = somebody("p1-se" if form is Form.TEXT else "aidon-tn")
    await person.choose("mqtt")
    await person.submit(topics=f"elsewhere, {TOPIC} ,, {TOPIC}")
    name = "full" if form is Form.TEXT else "2"

    def send(_: bytes) -> None:
        publish(hass)(payload(form, person.meter.send(name)))

    result = await person.wait(send)
    # A Swedish telegram holds all there is, and no id.
    named = form is not Form.TEXT
    assert result["title"] == ("Aidon 6534" if named else "Landis+Gyr E360")
    assert result["result"].unique_id == (f"ams_han_{SERIAL}" if named else None)
    assert result["data"]["topics"] == f"elsewhere, {TOPIC}"
    await person.leave()


@pytest.mark.usefixtures("mqtt_mock")
@pytest.mark.parametrize("topics", [" ", ",", "a/#/b", "a, +b"])
async def test_topics_that_are_none(somebody: Somebody, topics: str) -> None:
    """They are refused before anything is subscribed."""
    person = somebody()
    await person.choose("mqtt")
    result = await person.submit(topics=topics)
    assert result["errors"] == {"topics": "topic_invalid"}


async def test_mqtt_is_not_set_up(somebody: Somebody) -> None:
    """That is said before anything is asked."""
    result = await somebody().choose("mqtt")
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "mqtt_missing"


@pytest.mark.usefixtures("mqtt_mock")
async def test_mqtt_goes_away(hass: HomeAssistant, somebody: Somebody) -> None:
    """While somebody types."""
    person = somebody()
    await person.choose("mqtt")
    (broker,) = hass.config_entries.async_entries("mqtt")
    with patch.object(TopicListener, "start", side_effect=HomeAssistantError("no client")):
        await person.submit(topics=TOPIC)
        result = await person.wait()
    assert result["errors"] == {"base": "mqtt_missing"}
    assert broker.state is ConfigEntryState.LOADED


async def test_with_a_key(somebody: Somebody, output: TcpOutput) -> None:
    """Keys are kept with the place, no setting; one that cannot be is refused at once."""
    kind = METERS["kamstrup-push"]
    other = bytes(range(16, 32))
    person = somebody("kamstrup-push", seal=kind.seal(KEY, other))
    await person.choose("network")
    place = {"host": "127.0.0.1", "port": output.port}
    result = await person.submit(**place, key="12 34", authentication_key="x" * 32)
    assert result["errors"] == {
        "key": "key_invalid",
        "authentication_key": "authentication_key_invalid",
    }
    await person.submit(**place, key=KEY.hex(), authentication_key=other.hex())
    result = await person.wait(output.send)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"]["key"] == KEY.hex()
    assert result["data"]["authentication_key"] == other.hex()
    assert result["options"] == {}
    await person.leave()


# -- what is said otherwise ------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "spoil", "typed", "key"),
    [
        ("aidon-tn", None, {}, "meter_silent_network"),
        ("aidon-tn", "parity", {}, "meter_garbled_network"),
        ("kamstrup-push", "seal", {}, "meter_key_needed"),
        ("kamstrup-push", "seal", {"key": "ab" * 16}, "meter_key_wrong"),
        (
            "kamstrup-push",
            "seal",
            {"key": KEY.hex(), "authentication_key": "cd" * 16},
            "meter_key_wrong",
        ),
        ("aidon-tn", "strange", {}, "meter_strange"),
    ],
)
async def test_what_is_heard_instead(
    *,
    somebody: Somebody,
    output: TcpOutput,
    kind: str,
    spoil: str | None,
    typed: dict[str, str],
    key: str,
) -> None:
    """After 20 seconds it is said in words; what was typed is still there, and can be mended."""
    sealed = METERS[kind].seal(KEY, bytes(16)) if spoil == "seal" else None
    person = somebody(kind, seal=sealed)
    await person.choose("network")
    await person.submit(host="127.0.0.1", port=output.port, **typed)
    await connected(output)
    faults = Faults(parity=spoil == "parity")

    def send(wire: bytes) -> None:
        if spoil is not None:
            output.send(STRANGE if spoil == "strange" else faults.deliver(wire))

    result = await person.wait(send)
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "network"
    assert result["errors"] == {"base": key}
    assert 20 <= person.waited <= 25
    await connected(output, 0)
    suggested = {
        str(marker): marker.description["suggested_value"]
        for marker in result["data_schema"].schema
        if marker.description
    }
    assert suggested == {"host": "127.0.0.1", "port": output.port, **typed}


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize(
    ("sends", "key", "tries"),
    [(False, "meter_silent_serial", 1), (True, "meter_garbled_serial", 8)],
)
async def test_a_line_that_cannot_be_read(
    *,
    hass: HomeAssistant,
    somebody: Somebody,
    tmp_path: Path,
    line: Line,
    sends: bool,
    key: str,
    tries: int,
) -> None:
    """Nothing at all comes with all settings; what is garbled is tried with each of them."""
    line.settings["baudrate"] = 300
    person = somebody()
    await person.choose("serial")
    told: list[float] = []
    hass.bus.async_listen(
        "data_entry_flow_progress_update", lambda event: told.append(event.data["progress"])
    )
    async with pty_output(tmp_path / "port") as pty:
        pty.cable.to_client = line.carry
        await person.submit(device=pty.path, **ANY_LINE)
        result = await person.wait(pty.send if sends else None)
    assert result["step_id"] == "serial"
    assert result["errors"] == {"base": key}
    assert len(line.tried) == tries
    assert told == [number / 8 for number in range(tries)]
    assert person.waited <= 20 * tries + 5


@pytest.mark.usefixtures("socket_enabled")
async def test_a_setting_that_the_adapter_does_not_have(
    somebody: Somebody, tmp_path: Path, line: Line
) -> None:
    """It is passed over; the others are tried all the same."""
    line.settings["parity"] = "N"
    open_port = line.open

    async def choosy(*, url: str, **settings: Any) -> Any:
        if settings["parity"] == "E":
            raise ValueError
        return await open_port(url=url, **settings)

    person = somebody()
    await person.choose("serial")
    async with pty_output(tmp_path / "port") as pty:
        pty.cable.to_client = line.carry
        with patch(f"{STREAMS}.open_serial_connection", choosy):
            await person.submit(device=pty.path, **ANY_LINE)
            result = await person.wait(pty.send)
            assert result["data"]["parity"] == "N"
            await person.leave()


@pytest.mark.usefixtures("mqtt_mock")
@pytest.mark.parametrize(
    ("sent", "key", "text"),
    [
        (None, "meter_silent_mqtt", None),
        (b"Debug: No HAN data", "meter_text", "Debug: No HAN data"),
        (b'{"status": {"rssi": -60, "Vin": 24.1}}', "meter_text", "{rssi, Vin}"),
        (b"8.4", "meter_text", "8.4"),
        (b"\xff\xfe\xfd not a meter", "meter_garbled_mqtt", None),
        (STRANGE, "meter_strange", None),
    ],
)
async def test_what_is_under_the_topic_instead(
    hass: HomeAssistant, somebody: Somebody, sent: bytes | None, key: str, text: str | None
) -> None:
    """The text is shown; what the broker kept does not count."""
    person = somebody()
    await person.choose("mqtt")
    await person.submit(topics=TOPIC)
    async_fire_mqtt_message(hass, TOPIC, person.meter.send("2").wire, retain=True)

    def send(_: bytes) -> None:
        if sent is not None:
            publish(hass)(sent)

    result = await person.wait(send)
    assert result["errors"] == {"base": key}
    assert 20 <= person.waited <= 25
    if text is not None:
        assert result["description_placeholders"]["text"] == text
    # In the same form it ends well.
    await person.submit(topics=TOPIC)
    result = await person.wait(publish(hass))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await person.leave()


@pytest.mark.usefixtures("socket_enabled")
async def test_no_meter_at_the_port(somebody: Somebody) -> None:
    """Refused at once: no need to wait."""
    async with tcp_output() as output:
        port = output.port
    person = somebody()
    await person.choose("network")
    await person.submit(host="127.0.0.1", port=port)
    result = await person.wait()
    assert result["errors"] == {"base": "meter_refused"}
    assert person.waited <= 5


@pytest.mark.parametrize("host", ["", "192.168.1..20", "http://my meter/"])
async def test_a_name_that_no_host_can_have(somebody: Somebody, host: str) -> None:
    """A slip of the pen is told from an adapter that is away."""
    person = somebody()
    await person.choose("network")
    await person.submit(host=host, port=3001)
    result = await person.wait()
    assert result["errors"] == {"base": "unknown_host"}


async def test_hung_up_at_once(somebody: Somebody, output: TcpOutput) -> None:
    """The adapter serves one client, and has one."""
    person = somebody()
    await person.choose("network")
    await person.submit(host="127.0.0.1", port=output.port)
    await connected(output)
    output.drop()
    result = await person.wait()
    assert result["errors"] == {"base": "meter_hung_up"}
    assert person.waited <= 5


async def test_hung_up_after_a_word(somebody: Somebody, output: TcpOutput) -> None:
    """What was heard until then counts."""
    person = somebody()
    await person.choose("network")
    await person.submit(host="127.0.0.1", port=output.port)
    await connected(output)
    output.send(person.meter.send("1").wire)
    output.drop()
    result = await person.wait()
    assert result["step_id"] == "unnamed"


async def test_the_unexpected(
    somebody: Somebody,
    output: TcpOutput,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A fault of ours is logged, and the form comes back."""
    person = somebody()
    await person.choose("network")
    with patch.object(push_probe, "hear_piece", side_effect=RuntimeError("a fault")):
        await person.submit(host="127.0.0.1", port=output.port)
        result = await person.wait()
    assert result["errors"] == {"base": "unknown"}
    assert "a fault" in caplog.text


async def test_the_person_leaves(
    hass: HomeAssistant, somebody: Somebody, output: TcpOutput
) -> None:
    """Closing the window ends the listening, and frees the connection."""
    person = somebody()
    await person.choose("network")
    await person.submit(host="127.0.0.1", port=output.port)
    await connected(output)
    await person.pass_time()
    # The window asks how it stands, and is told to wait.
    result = await hass.config_entries.flow.async_configure(person.flow["flow_id"])
    assert result["type"] is FlowResultType.SHOW_PROGRESS
    hass.config_entries.flow.async_abort(person.flow["flow_id"])
    await connected(output, 0)


# -- meters that say little, and meters that are known -----------------------------


async def test_a_meter_that_does_not_say_who_it_is(
    hass: HomeAssistant, somebody: Somebody, output: TcpOutput
) -> None:
    """On list 1 alone the person decides; the id is added when it comes."""
    person = somebody()
    await person.choose("network")
    await person.submit(host="127.0.0.1", port=output.port)
    await connected(output)
    result = await person.wait(output.send, list_1)
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "unnamed"
    assert result["description_placeholders"] == {"name": "Aidon"}
    result = await person.submit()
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Aidon"
    assert result["data"]["fingerprint"] == ""
    assert result["result"].unique_id is None
    await hass.async_block_till_done()
    await connected(output)
    # A second one at the same place is the same one.
    second = somebody()
    await second.choose("network")
    await second.submit(host="127.0.0.1", port=output.port)
    await connected(output, 2)
    await second.wait(output.send, list_1)
    again = await second.submit()
    assert again["reason"] == "already_configured"
    entry = result["result"]
    for _ in range(40):
        await person.pass_time(output.send)
    await until(lambda: entry.unique_id == f"ams_han_{SERIAL}", "it has its id")
    await person.leave()


async def test_a_meter_that_never_says_who_it_is(somebody: Somebody, output: TcpOutput) -> None:
    """A complete list without a name needs no question; there is no other list."""
    person = somebody("aidon-se")
    await person.choose("network")
    await person.submit(host="127.0.0.1", port=output.port)
    await connected(output)
    result = await person.wait(output.send)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Aidon"
    assert result["result"].unique_id is None
    await person.leave()


async def test_a_known_meter(hass: HomeAssistant, somebody: Somebody, output: TcpOutput) -> None:
    """Its own id tells, wherever it is heard; another one next to it is welcome."""
    entry = network_entry(1)
    entry.add_to_hass(hass)
    person = somebody()
    await person.choose("network")
    await person.submit(host="127.0.0.1", port=output.port)
    result = await person.wait(output.send)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    other = somebody(serial=OTHER)
    await other.choose("network")
    await other.submit(host="127.0.0.1", port=output.port)
    result = await other.wait(output.send)
    assert result["result"].unique_id == f"ams_han_{OTHER}"
    await other.leave()


def both(*people: Person) -> Sender:
    """Return what publishes what all their meters send, the first one's first."""

    def send(_: bytes) -> None:
        for person in people:
            publish(person.hass)(person.meter.send("2").wire)

    return send


@pytest.mark.usefixtures("mqtt_mock")
async def test_a_second_meter_under_the_same_topic(hass: HomeAssistant, somebody: Somebody) -> None:
    """The known one may speak first: the other one is waited for. A third one there is not."""
    topic_entry().add_to_hass(hass)
    known, person = somebody(), somebody(serial=OTHER)
    await person.choose("mqtt")
    await person.submit(topics=TOPIC)
    result = await person.wait(both(known, person))
    assert result["result"].unique_id == f"ams_han_{OTHER}"
    await person.leave()
    await person.choose("mqtt")
    await person.submit(topics=TOPIC)
    assert (await person.wait(both(known, person)))["reason"] == "already_configured"
    assert 20 <= person.waited <= 25


@pytest.mark.usefixtures("mqtt_mock")
async def test_moving_to_a_topic_of_several(hass: HomeAssistant, somebody: Somebody) -> None:
    """It is found among others; where only others are, it is not."""
    entry = topic_entry()
    entry.add_to_hass(hass)
    other, person = somebody(serial=OTHER), somebody()
    for speak, outcome in (
        (both(other, other), "wrong_device"),
        (both(other, person), "reconfigure_successful"),
    ):
        await person.reconfigure(entry)
        await person.submit(topics=TOPIC)
        result = await person.wait(speak)
        assert outcome in (result.get("reason"), (result.get("errors") or {}).get("base"))
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(entry.entry_id)


# -- moving one ------------------------------------------------------------------


@pytest.fixture
async def entry(
    hass: HomeAssistant, clock: JumpingClock, output: TcpOutput
) -> AsyncIterator[MockConfigEntry]:
    """A meter that is set up at the port."""
    found = network_entry(output.port, options={"scale_factor": 2.0})
    await set_up(hass, found)
    await connected(output)
    yield found
    if loaded(found):
        await hass.config_entries.async_unload(found.entry_id)


async def test_moving_to_another_port(
    hass: HomeAssistant, somebody: Somebody, output: TcpOutput, entry: MockConfigEntry
) -> None:
    """The form knows where it was; options stay, keys are added; values go on."""
    person = somebody()
    form = await person.reconfigure(entry)
    assert form["step_id"] == "reconfigure"
    suggested = {
        str(marker): marker.description["suggested_value"]
        for marker in form["data_schema"].schema
        if marker.description
    }
    assert suggested == {"host": "127.0.0.1", "port": output.port}
    async with tcp_output() as moved:
        await person.submit(host="127.0.0.1", port=moved.port, key=KEY.hex())
        # It could be the same place under another name, and many take one client only.
        assert not loaded(entry)
        await connected(moved)
        result = await person.wait(moved.send)
        assert result["reason"] == "reconfigure_successful"
        await hass.async_block_till_done()
        await connected(moved)
        await connected(output, 0)
        assert entry.data["port"] == moved.port
        assert entry.data["fingerprint"] == SERIAL
        assert entry.data["key"] == KEY.hex()
        assert entry.options == {"scale_factor": 2.0}
        for _ in range(30):
            await person.pass_time(moved.send)
        await until(
            lambda: bool(list(entry.runtime_data.device.readings())), "values are there again"
        )
        assert float(state(hass, entry, "sensor", "power")) > 0
        assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.usefixtures("socket_enabled")
async def test_the_same_port_under_another_name(
    hass: HomeAssistant, somebody: Somebody, tmp_path: Path
) -> None:
    """A port opens once: the entry lets go of it first."""
    async with pty_output(tmp_path / "port") as pty:
        entry = serial_entry(pty.path)
        await set_up(hass, entry)
        person = somebody()
        await person.reconfigure(entry)
        name = tmp_path / "by-id"
        name.symlink_to(pty.path)
        await person.submit(device=str(name), **ANY_LINE)
        assert (await person.wait(pty.send))["reason"] == "reconfigure_successful"
        await hass.async_block_till_done()
        assert entry.data["device"] == str(name)
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_the_same_place_again(
    hass: HomeAssistant, somebody: Somebody, output: TcpOutput, entry: MockConfigEntry
) -> None:
    """The entry makes room for the listening: many adapters take one client only."""
    person = somebody()
    await person.reconfigure(entry)
    await person.submit(host="127.0.0.1", port=output.port)
    assert not loaded(entry)
    await connected(output, 1)
    result = await person.wait(output.send)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert loaded(entry)
    await connected(output, 1)


@pytest.mark.parametrize(
    ("serial", "wanted", "outcome"),
    [
        (OTHER, None, "wrong_device"),
        (SERIAL, "1", "meter_unnamed"),
        (SERIAL, "none", "meter_silent_network"),
    ],
)
async def test_moving_in_vain(
    *,
    hass: HomeAssistant,
    somebody: Somebody,
    output: TcpOutput,
    entry: MockConfigEntry,
    serial: str,
    wanted: str | None,
    outcome: str,
) -> None:
    """Another meter, one that says nothing of itself, none: the entry goes on as it was."""
    before = dict(entry.data)
    person = somebody(serial=serial)
    await person.reconfigure(entry)
    await person.submit(host="127.0.0.1", port=output.port)
    assert not loaded(entry)
    result = await person.wait(output.send, lambda sent: wanted in (None, sent.name))
    await hass.async_block_till_done()
    if result["type"] is FlowResultType.ABORT:
        assert result["reason"] == outcome
    else:
        assert result["step_id"] == "reconfigure"
        assert result["errors"] == {"base": outcome}
    assert loaded(entry)
    assert dict(entry.data) == before
    await connected(output, 1)


@pytest.mark.parametrize(
    ("known", "only_list_1"), [(SERIAL, False), ("", True)], ids=["named", "unnamed"]
)
async def test_moving_to_the_place_of_another_entry(
    *, hass: HomeAssistant, somebody: Somebody, output: TcpOutput, known: str, only_list_1: bool
) -> None:
    """One that has not said who it is takes up nobody's meter: that would count it twice."""
    async with tcp_output() as old:
        entry = network_entry(old.port, serial="")
        await set_up(hass, entry)
        # This one is not loaded.
        network_entry(output.port, serial=known).add_to_hass(hass)
        before = dict(entry.data)
        person = somebody()
        await person.reconfigure(entry)
        await person.submit(host="127.0.0.1", port=output.port)
        await connected(output)
        result = await person.wait(output.send, list_1 if only_list_1 else lambda _: True)
        assert result["reason"] == "already_configured"
        await hass.async_block_till_done()
        assert loaded(entry)
        assert dict(entry.data) == before
        await connected(old)
        await connected(output, 0)
        assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.usefixtures("mqtt_mock")
async def test_moving_to_a_topic_of_a_known_meter_and_a_new_one(
    hass: HomeAssistant, somebody: Somebody
) -> None:
    """Among several, the one is meant that has no entry yet."""
    topic_entry().add_to_hass(hass)
    entry = topic_entry("other/han", serial="")
    entry.add_to_hass(hass)
    known, person = somebody(), somebody(serial=OTHER)
    await person.reconfigure(entry)
    await person.submit(topics=TOPIC)
    assert (await person.wait(both(known, person)))["reason"] == "reconfigure_successful"
    assert person.waited < 20
    await hass.async_block_till_done()
    assert entry.unique_id == f"ams_han_{OTHER}"
    assert entry.data["fingerprint"] == OTHER
    assert entry.runtime_data.coordinator.identity_key == entry.entry_id
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_an_entry_that_is_off(
    hass: HomeAssistant, somebody: Somebody, output: TcpOutput
) -> None:
    """It holds nothing, and is not set up behind the person's back."""
    entry = network_entry(output.port)
    entry.add_to_hass(hass)
    person = somebody()
    await person.reconfigure(entry)
    await person.submit(host="127.0.0.1", port=output.port)
    result = await person.wait()
    assert result["errors"] == {"base": "meter_silent_network"}
    await hass.async_block_till_done()
    assert not loaded(entry)


async def test_leaving_in_between(
    hass: HomeAssistant, somebody: Somebody, output: TcpOutput, entry: MockConfigEntry
) -> None:
    """An entry that was put aside is set up again."""
    person = somebody()
    await person.reconfigure(entry)
    await person.submit(host="127.0.0.1", port=output.port)
    assert not loaded(entry)
    hass.config_entries.flow.async_abort(person.flow["flow_id"])
    await hass.async_block_till_done()
    assert loaded(entry)
    await connected(output, 1)


async def test_removing_in_between(
    hass: HomeAssistant,
    somebody: Somebody,
    output: TcpOutput,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An entry that is gone is not set up again."""
    person = somebody()
    await person.reconfigure(entry)
    await person.submit(host="127.0.0.1", port=output.port)
    await hass.config_entries.async_remove(entry.entry_id)
    hass.config_entries.flow.async_abort(person.flow["flow_id"])
    await hass.async_block_till_done()
    await connected(output, 0)
    assert "UnknownEntry" not in caplog.text


async def test_loading_in_between(
    hass: HomeAssistant, somebody: Somebody, output: TcpOutput, entry: MockConfigEntry
) -> None:
    """An entry that somebody set up again meanwhile stays as it is."""
    person = somebody()
    await person.reconfigure(entry)
    await person.submit(host="127.0.0.1", port=output.port)
    await hass.config_entries.async_reload(entry.entry_id)
    result = await person.wait()
    assert result["errors"] == {"base": "meter_silent_network"}
    assert loaded(entry)


@pytest.mark.usefixtures("socket_enabled")
async def test_moving_on_a_line(
    hass: HomeAssistant, somebody: Somebody, tmp_path: Path, line: Line
) -> None:
    """The adapter came with other settings: the form offers the old ones as choices."""
    line.settings["parity"] = "O"
    person = somebody()
    async with pty_output(tmp_path / "port") as pty:
        pty.cable.to_client = line.carry
        entry = serial_entry(pty.path)
        await set_up(hass, entry)
        form = await person.reconfigure(entry)
        suggested = {
            str(marker): marker.description["suggested_value"]
            for marker in form["data_schema"].schema
            if marker.description
        }
        assert suggested == {
            "device": pty.path,
            "baudrate": "2400",
            "bytesize": "8",
            "parity": "E",
            "stopbits": "1",
        }
        await person.submit(**{**suggested, "parity": "automatic"})
        result = await person.wait(pty.send)
        assert result["reason"] == "reconfigure_successful"
        await hass.async_block_till_done()
        assert entry.data["parity"] == "O"
        assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.usefixtures("mqtt_mock")
async def test_moving_to_another_topic(hass: HomeAssistant, somebody: Somebody) -> None:
    """A broker has room for two; the entry listens on until it is moved."""
    entry = topic_entry()
    await set_up(hass, entry)
    person = somebody()
    await person.reconfigure(entry)
    await person.submit(topics=f"{TOPIC}, other/han")
    assert loaded(entry)
    result = await person.wait(publish(hass, "other/han"))
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert entry.data["topics"] == f"{TOPIC}, other/han"
    assert await hass.config_entries.async_unload(entry.entry_id)


# -- asking for the keys ---------------------------------------------------------


type Sealed = tuple[MockConfigEntry, Person]

SECOND: Final = bytes(range(16, 32))


@pytest.fixture
async def sealed(
    hass: HomeAssistant, somebody: Somebody, output: TcpOutput
) -> AsyncIterator[Sealed]:
    """A meter whose keys the grid company has changed, and its owner before the form."""
    kind = METERS["kamstrup-push"]
    person = somebody("kamstrup-push", seal=kind.seal(KEY, SECOND))
    entry = network_entry(
        output.port,
        serial=kind.identity.serial,
        keys={"key": "ab" * 16, "authentication_key": "cd" * 16},
        options={"scale_factor": 2.0},
    )
    await set_up(hass, entry)
    await connected(output)
    person.flow = await entry.start_reauth_flow(hass)
    yield entry, person
    if loaded(entry):
        await hass.config_entries.async_unload(entry.entry_id)


def asked_for(result: dict[str, Any]) -> set[str]:
    """Return the fields of a form."""
    return {str(marker) for marker in result["data_schema"].schema}


async def test_new_keys(hass: HomeAssistant, output: TcpOutput, sealed: Sealed) -> None:
    """Home Assistant's own form asks for keys alone; they are tried before they are believed."""
    entry, person = sealed
    place = {key: entry.data[key] for key in ("host", "port", "transport", "fingerprint")}
    form = person.flow
    assert form["step_id"] == "reauth_confirm"
    assert asked_for(form) == {"key", "authentication_key"}
    assert form["description_placeholders"]["name"] == entry.title
    # Nothing of what is known is shown.
    assert not [marker for marker in form["data_schema"].schema if marker.description]
    await person.submit(key=KEY.hex(), authentication_key=SECOND.hex())
    await connected(output)
    result = await person.wait(output.send)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    assert loaded(entry)
    assert entry.data["key"] == KEY.hex()
    assert entry.data["authentication_key"] == SECOND.hex()
    assert {key: entry.data[key] for key in place} == place
    assert entry.options == {"scale_factor": 2.0}
    await connected(output)
    for _ in range(40):
        await person.pass_time(output.send)
    await until(lambda: bool(list(entry.runtime_data.device.readings())), "it is understood")


async def test_a_second_key_that_was_wrong(
    hass: HomeAssistant, output: TcpOutput, sealed: Sealed
) -> None:
    """Left empty it is gone: what is entered takes the place of all that was entered before."""
    entry, person = sealed
    await person.submit(key=KEY.hex())
    result = await person.wait(output.send)
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    assert "authentication_key" not in entry.data


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({"key": "12 34"}, {"key": "key_invalid"}),
        ({}, {"base": "meter_key_needed"}),
    ],
)
async def test_keys_that_cannot_be(
    sealed: Sealed, typed: dict[str, str], errors: dict[str, str]
) -> None:
    """They are refused at once, and the entry goes on listening."""
    entry, person = sealed
    result = await person.submit(**typed)
    assert result["errors"] == errors
    assert loaded(entry)


async def test_keys_that_do_not_fit(hass: HomeAssistant, output: TcpOutput, sealed: Sealed) -> None:
    """The form says so, the entry goes on as it was, and the same form ends well."""
    entry, person = sealed
    before = dict(entry.data)
    await person.submit(key="ef" * 16)
    assert not loaded(entry)
    result = await person.wait(output.send)
    assert result["step_id"] == "reauth_confirm"
    assert result["errors"] == {"base": "meter_key_wrong"}
    await hass.async_block_till_done()
    assert loaded(entry)
    assert dict(entry.data) == before
    await person.submit(key=KEY.hex())
    result = await person.wait(output.send)
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()


async def test_keys_of_another_meter(
    hass: HomeAssistant, somebody: Somebody, output: TcpOutput, sealed: Sealed
) -> None:
    """Another meter that can be read at that place is not taken for this one."""
    entry, person = sealed
    before = dict(entry.data)
    await person.submit(key=KEY.hex())
    other = somebody("aidon-tn", serial=OTHER)
    person.meter = other.meter
    result = await person.wait(output.send)
    assert result["reason"] == "wrong_device"
    await hass.async_block_till_done()
    assert loaded(entry)
    assert dict(entry.data) == before


@pytest.mark.usefixtures("mqtt_mock")
async def test_new_keys_of_one_that_does_not_name_itself(
    hass: HomeAssistant, somebody: Somebody
) -> None:
    """It is known by where it is heard, and that is where it is."""
    entry = topic_entry(serial="")
    await set_up(hass, entry)
    person = somebody()
    person.flow = await entry.start_reauth_flow(hass)
    await person.submit(key=KEY.hex())
    # A broker has room for two.
    assert loaded(entry)
    result = await person.wait(publish(hass), list_1)
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    assert entry.data["key"] == KEY.hex()
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_moving_keeps_the_keys(
    hass: HomeAssistant, somebody: Somebody, output: TcpOutput
) -> None:
    """Whoever moves a meter need not have them at hand, and nobody gets to see them."""
    kind = METERS["kamstrup-push"]
    entry = network_entry(output.port, serial=kind.identity.serial, keys={"key": KEY.hex()})
    await set_up(hass, entry)
    person = somebody("kamstrup-push", seal=kind.seal(KEY))
    form = await person.reconfigure(entry)
    assert KEY.hex() not in str([marker.description for marker in form["data_schema"].schema])
    await person.submit(host="127.0.0.1", port=output.port)
    result = await person.wait(output.send)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert entry.data["key"] == KEY.hex()
    assert await hass.config_entries.async_unload(entry.entry_id)


# -- options ---------------------------------------------------------------------


async def test_options(
    hass: HomeAssistant, somebody: Somebody, output: TcpOutput, entry: MockConfigEntry
) -> None:
    """What the form offers, and that it takes effect at once."""
    flows = hass.config_entries.options
    form = await flows.async_init(entry.entry_id)
    assert form["data_schema"] is not None
    offered = {str(marker): marker for marker in form["data_schema"].schema}
    assert list(offered) == [
        "power_interval",
        "update_interval",
        "scale_factor",
        "energy_factor",
        "clock_zone",
        "every_change",
    ]
    defaults = {key: marker.default() for key, marker in offered.items()}
    assert defaults == {
        "power_interval": 0,
        "update_interval": 10,
        "scale_factor": 1,
        "energy_factor": 1,
        "clock_zone": "automatic",
        "every_change": False,
    }
    result = await flows.async_configure(
        form["flow_id"], {**defaults, "scale_factor": 50, "update_interval": 0}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    await connected(output)
    person = somebody()
    person.meter.house.hold((230, 460, 690))
    for _ in range(24):
        await person.pass_time(output.send)
    await until(lambda: "current_l1" in entry.runtime_data.device.latest, "the meter was heard")
    assert float(state(hass, entry, "sensor", "power")) == 50 * 1380
    device = entry.runtime_data.device
    assert float(state(hass, entry, "sensor", "current_l1")) == pytest.approx(
        50 * device.latest["current_l1"].value
    )
    found = await async_get_config_entry_diagnostics(hass, entry)
    assert found["device"]["scale_factor"] == 50
