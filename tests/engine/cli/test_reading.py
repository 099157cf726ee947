import asyncio
import re
from dataclasses import replace
from pathlib import Path

import pytest
from modbus_connection.mock import MockModbusConnection

from custom_components.voltrail.engine.cli import approach, reading
from custom_components.voltrail.engine.devices.mennekes_tcp import FAMILY, MennekesTcp
from custom_components.voltrail.engine.model.errors import LinkDownError
from custom_components.voltrail.engine.polling.polled_device import PolledDevice
from simulators.alfen import Eve
from simulators.mennekes_rtu import Compact
from simulators.mennekes_tcp import Charger4X
from simulators.server import serve
from simulators.victron_gx import Service, ess_home
from tests.engine.cli.conftest import Box
from tests.engine.cli.support import Outcome, interrupted, voltrail


async def test_read_json_has_the_documented_shape(box: Box) -> None:
    """One object: who it is, readings by path, controls with their bounds, what failed."""
    done = await voltrail("read", "mennekes_tcp", box.place, "--json")
    assert done.status == 0
    assert done.err == ""
    found = done.object
    assert list(found) == ["family", "identity", "readings", "controls", "failed"]
    assert found["family"] == "mennekes_tcp"
    assert found["identity"] == {
        "manufacturer": "MENNEKES",
        "model": "AMTRON 4Business 710 22 C2",
        "serial": None,
        "firmware": "1.5.21-1234",
    }
    assert found["readings"]["voltage_l1"] == {
        "value": box.charger.register("voltage_l1").value,
        "unit": "V",
        "quantity": "voltage",
        "component": "meter",
    }
    assert found["readings"]["charging_state"]["value"] == "charging"
    assert found["readings"]["safe_current_active"]["value"] is False
    assert found["controls"]["current_limit"] == {
        "value": 16,
        "minimum": 0,
        "maximum": 32,
        "step": 0.1,
        "options": None,
    }
    assert found["controls"]["charging"]["value"] is True
    assert found["failed"] == {}


async def test_read_leaves_out_what_is_for_the_installer(box: Box) -> None:
    """And asks for less; with --all everything is read."""
    some = await voltrail("read", "mennekes_tcp", box.place, "--json")
    asked = len(box.charger.traffic.reads)
    everything = await voltrail("read", "mennekes_tcp", box.place, "--json", "--all")
    assert "protocol_version" not in some.object["readings"]
    assert "safe_current" not in some.object["controls"]
    assert everything.object["readings"]["protocol_version"]["value"] == "1.5"
    assert everything.object["controls"]["safe_current"]["value"] == 6
    assert some.object["readings"].keys() < everything.object["readings"].keys()
    assert asked < len(box.charger.traffic.reads) - asked


async def test_reading_writes_nothing(box: Box) -> None:
    """No command but one changes anything at the device."""
    await voltrail("read", "mennekes_tcp", box.place, "--all")
    await voltrail("dump", "mennekes_tcp", box.place)
    await voltrail("watch", "mennekes_tcp", box.place, "--count", "1")
    assert not box.charger.traffic.writes
    async with asyncio.timeout(5):
        while box.charger.traffic.connections_open:  # noqa: ASYNC110 - the simulator has no event for it
            await asyncio.sleep(0)


async def test_read_prints_a_table_that_fits(box: Box) -> None:
    """Eighty columns, energy in kWh, yes and no."""
    done = await voltrail("read", "mennekes_tcp", box.place, "--all")
    assert done.status == 0
    assert done.lines[0] == "MENNEKES AMTRON 4Business 710 22 C2"
    assert max(map(len, done.lines)) <= 80
    assert "\x1b" not in done.out
    energy = box.charger.register("energy").value
    assert isinstance(energy, int)
    assert re.search(rf"^  energy_charged +{energy / 1000} kWh$", done.out, re.MULTILINE)
    assert re.search(r"^  operative +yes$", done.out, re.MULTILINE)
    assert re.search(r"^  current_limit +16 A +0 to 32 A, step 0\.1$", done.out, re.MULTILINE)
    assert re.search(r"^  charging +on +on, off$", done.out, re.MULTILINE)


async def test_what_fails_is_named(box: Box) -> None:
    """One failing block takes down its own values only."""
    box.charger.faults.inject("exception", code=4, address=200, times=None)
    done = await voltrail("read", "mennekes_tcp", box.place, "--json")
    assert done.status == 0
    assert list(done.object["failed"]) == ["meter"]
    assert "code 4" in done.object["failed"]["meter"]
    assert done.object["readings"]["power"]["value"] is None
    assert done.object["readings"]["charging_state"]["value"] == "charging"
    table = await voltrail("read", "mennekes_tcp", box.place)
    assert re.search(r"^  power +-$", table.out, re.MULTILINE)
    assert re.search(r"^failed$", table.out, re.MULTILINE)
    assert "  meter: The device refused" in table.out


async def test_what_a_control_holds_is_not_known_where_its_registers_failed(box: Box) -> None:
    """The last value is not shown for it, and neither is a zero."""
    box.charger.faults.inject("exception", code=4, address=2000, times=None)
    done = await voltrail("read", "mennekes_tcp", box.place, "--json")
    assert list(done.object["failed"]) == ["limits"]
    for key in ("current_limit", "power_limit", "charging"):
        assert done.object["controls"][key]["value"] is None
    table = await voltrail("read", "mennekes_tcp", box.place)
    assert re.search(r"^  charging +- +on, off$", table.out, re.MULTILINE)


async def test_colours_and_progress_are_for_terminals(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And colours only for those who want them."""
    done = await voltrail("read", "mennekes_tcp", box.place, terminal=True)
    assert done.out.startswith("\x1b[1mMENNEKES")
    assert done.err.startswith(f"asking {box.place} …")
    assert done.err.endswith("\r\x1b[K")
    monkeypatch.setenv("NO_COLOR", "1")
    done = await voltrail("read", "mennekes_tcp", box.place, terminal=True)
    assert "\x1b" not in done.out
    monkeypatch.setenv("TERM", "dumb")
    done = await voltrail("read", "mennekes_tcp", box.place, terminal=True)
    assert done.err == ""


async def test_narrow_terminal(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """Long values go on in the next line; nothing is cut off."""
    monkeypatch.setenv("COLUMNS", "50")
    monkeypatch.setenv("NO_COLOR", "1")
    done = await voltrail("read", "mennekes_tcp", box.place, "--all", terminal=True)
    assert max(map(len, done.lines)) <= 50
    words = r"^  error_words +00000000 00000000\n +00000000 00000000$"
    assert re.search(words, done.out, re.MULTILINE)


# -- dump ----------------------------------------------------------------------


async def replayed(dump: Outcome) -> PolledDevice:
    """Return a device that answers as the dumped one did."""
    connection = MockModbusConnection()
    for unit_id, spaces in dump.object["units"].items():
        connection.for_unit(int(unit_id)).load_raw(spaces)
    device = MennekesTcp(connection.for_unit, 1)
    await device.update()
    return device


async def test_dump_can_be_replayed(box: Box) -> None:
    """It decodes to what the device itself says."""
    dump = await voltrail("dump", "mennekes_tcp", box.place)
    assert dump.status == 0
    assert list(dump.object) == ["family", "identity", "units", "failed"]
    device = await replayed(dump)
    read = await voltrail("read", "mennekes_tcp", box.place, "--all", "--json")
    for path, found in read.object["readings"].items():
        value = device.reading(path).read()
        if isinstance(found["value"], (int, float)) or found["value"] is None:
            assert value == found["value"], path
    assert device.identity.firmware == read.object["identity"]["firmware"]


async def test_redacted_dump_names_no_person(box: Box) -> None:
    """And still decodes."""
    box.charger.set({"charger.name": "At Kari's"})
    dump = await voltrail("dump", "mennekes_tcp", box.place)
    assert (await replayed(dump)).reading("device_name").read() == "At Kari's"
    dump = await voltrail("dump", "mennekes_tcp", box.place, "--redact")
    assert set((await replayed(dump)).reading("device_name").read() or "") <= {"X"}  # type: ignore[arg-type]  # a text
    assert dump.object["identity"]["serial"] is None


async def test_dump_of_a_device_that_only_refuses(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is nothing to write, and a reason."""

    async def refused(*_: object, **__: object) -> tuple[dict[int, object], dict[str, str]]:
        return {}, {"meter": "it refuses"}

    monkeypatch.setattr(MennekesTcp, "read_raw", refused)
    done = await voltrail("dump", "mennekes_tcp", box.place)
    assert done == (1, "", "voltrail: it refuses\n")


async def test_read_of_a_device_that_only_refuses(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What answers to nothing is not a device that was read."""
    original = MennekesTcp.poll

    async def poll(device: MennekesTcp, *args: object) -> None:
        await original(device, *args)  # type: ignore[arg-type]  # handed on
        device.failures = dict.fromkeys(device.answered, LinkDownError(reason="for a test"))

    monkeypatch.setattr(MennekesTcp, "poll", poll)
    done = await voltrail("read", "mennekes_tcp", box.place)
    assert done == (1, "", "voltrail: The connection is down: for a test.\n")


# -- watch ---------------------------------------------------------------------


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a family be polled without a pause."""
    family = replace(FAMILY, shortest_interval=0.001)
    monkeypatch.setattr(approach, "family_of", lambda _: family)


WATCH = ("watch", "mennekes_tcp")
QUICK = ("--interval", "0.001", "--count")


@pytest.mark.usefixtures("quick")
async def test_watch_prints_what_changed(box: Box) -> None:
    """Everything at first, then only news."""
    done = await voltrail(*WATCH, box.place, *QUICK, "1")
    paths = [line.split("  ")[1] for line in done.lines]
    assert len(paths) == len(set(paths)) > 20
    told = re.compile(r"\d\d:\d\d:\d\d  charging_state  charging")
    assert any(told.fullmatch(line) for line in done.lines)
    box.charger.set({"grid.noise": 0})
    polls = iter(range(9))
    original = reading.ChangesView.show

    def show(view: reading.ChangesView) -> None:
        original(view)
        if next(polls) == 2:
            box.charger.do("leave")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading.ChangesView, "show", show)
        done = await voltrail(*WATCH, box.place, *QUICK, "5")
    states = [line.split("  ")[2] for line in done.lines if "  charging_state  " in line]
    assert states == ["charging", "no_vehicle"]


@pytest.mark.usefixtures("quick")
async def test_watch_json_is_one_object_per_poll(box: Box) -> None:
    """On a line of its own, the same as that of read."""
    done = await voltrail(*WATCH, box.place, *QUICK, "3", "--json")
    assert [found["family"] for found in done.objects] == ["mennekes_tcp"] * 3
    assert all("power" in found["readings"] for found in done.objects)


@pytest.mark.usefixtures("quick")
async def test_watch_draws_on_a_terminal(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes the screen, draws in place, and gives the screen back."""
    monkeypatch.setenv("LINES", "20")
    done = await voltrail(*WATCH, box.place, *QUICK, "2", terminal=True)
    assert done.status == 0
    assert done.out.startswith("\x1b[?1049h")
    assert done.out.endswith("\x1b[?1049l")
    assert done.out.count("\x1b[Hread at ") == 2
    assert "more lines: make the window higher" in done.out
    monkeypatch.setenv("LINES", "200")
    done = await voltrail(*WATCH, box.place, *QUICK, "1", terminal=True)
    assert "more lines" not in done.out


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("form", ["plain", "json", "terminal"])
async def test_watch_goes_on_when_the_device_was_away(
    box: Box, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says so once, and that it is back."""
    original = MennekesTcp.poll
    polls = iter(range(99))

    async def poll(device: MennekesTcp, *args: object) -> None:
        if next(polls) in {2, 3}:
            raise LinkDownError(reason="for a test")
        await original(device, *args)  # type: ignore[arg-type]  # handed on

    monkeypatch.setattr(MennekesTcp, "poll", poll)
    options = ["--json"] if form == "json" else []
    done = await voltrail(*WATCH, box.place, *QUICK, "5", *options, terminal=form == "terminal")
    assert done.status == 0
    if form == "terminal":
        assert done.out.count("The connection is down: for a test. Last read at") == 2
    else:
        assert done.err == (
            "voltrail: The connection is down: for a test. Going on.\n"
            "voltrail: the device answers again\n"
        )
    if form == "json":
        assert len(done.lines) == 3


async def test_watch_keeps_to_what_the_device_can_bear(box: Box) -> None:
    """A shorter interval than the family's is refused."""
    done = await voltrail(*WATCH, box.place, "--interval", "0.5")
    assert done.status == 2
    assert "at least 2 s" in done.err


# -- parts ---------------------------------------------------------------------


async def test_parts_have_paths_of_their_own() -> None:
    """Both sockets of a station, under the station itself."""
    eve = Eve(sockets=2)
    async with serve(eve) as server:
        place = f"{server.host}:{server.port}"
        found = (await voltrail("read", "alfen", place, "--json")).object
        table = await voltrail("read", "alfen", place)
    (voltage,) = [row["value"] for row in eve.units[2].table() if row["name"] == "voltage_l1"]
    assert found["readings"]["socket_2/voltage_l1"]["value"] == voltage
    assert found["readings"]["socket_2/voltage_l1"]["component"].startswith("socket_2_")
    assert "maximum_current" in found["readings"]
    assert found["controls"]["socket_1/phases"]["options"] == ["one", "three"]
    assert {"socket_1", "socket_2", "controls"} < set(table.lines)
    assert table.lines.index("  maximum_current         32 A") < table.lines.index("socket_1")


@pytest.mark.usefixtures("hurry")
async def test_parts_that_come_to_light() -> None:
    """A gateway is searched with the first poll; what was found is read as well."""
    async with serve(ess_home()) as server:
        place = f"{server.host}:{server.port}"
        found = (await voltrail("read", "victron_gx", place, "--json")).object
        table = await voltrail("read", "victron_gx", place, "--all")
        dump = (await voltrail("dump", "victron_gx", place)).object
    assert found["readings"]["battery_225/state_of_charge"] == {
        "value": 60,
        "unit": "%",
        "quantity": "state_of_charge",
        "component": "battery_225_main",
    }
    assert found["failed"] == {}
    assert "  named House battery" in table.lines
    assert max(map(len, table.lines)) <= 80
    assert {"100", "225", "30"} <= dump["units"].keys()


@pytest.mark.usefixtures("hurry")
async def test_a_search_is_remembered(tmp_path: Path) -> None:
    """The next command uses what was found, and says so; unless another device answers there."""
    gx = ess_home()
    async with serve(gx) as server:
        words = "read", "victron_gx", f"{server.host}:{server.port}", "--json"
        first = await voltrail(*words)
        kept = tmp_path / "voltrail" / "devices.json"
        assert str(kept) in first.err
        assert kept.stat().st_mode & 0o077 == 0
        errors = gx.status.errors
        again = await voltrail(*words)
        assert "found there before is used again" in again.err
        assert again.object["readings"].keys() == first.object["readings"].keys()
        assert gx.status.errors == errors
        # A device that came later is found if it is looked for.
        gx.services["pvinverter_20"] = Service(kind="pvinverter", instance=20).update(power=0)
        assert "pvinverter_20/power" not in (await voltrail(*words)).object["readings"]
        assert "pvinverter_20/power" in (await voltrail(*words, "--fresh")).object["readings"]
        # Nor are the devices of one GX those of another.
        gx.services["system_0"]["serial"] = "c0619ab4e2d8"
        gx.services["battery_512"].online = False
        other = (await voltrail(*words)).object
        assert other["identity"]["serial"] == "c0619ab4e2d8"
        assert "battery_225/state_of_charge" not in other["readings"]
        # What cannot be understood, or not be kept, costs another search.
        kept.write_text("nonsense")
        assert (await voltrail(*words)).status == 0
        kept.unlink()
        kept.mkdir()
        done = await voltrail(*words)
        assert (done.status, "kept" in done.err) == (0, False)


async def test_serial_charger_is_held_by_its_heartbeat() -> None:
    """Over a gateway that passes serial frames on."""
    charger = Compact()
    charger.set({"car.plugged": True})

    async def limited() -> None:
        async with asyncio.timeout(20):
            while not (charger.ems.alive and charger.ems.current == 10):  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async with serve(charger, rtu=True) as server:
        words = ("--transport", "rtu_over_tcp", "current_limit=10", "--hold")
        place = f"{server.host}:{server.port}"
        done = await interrupted(limited(), "set", "mennekes_rtu", place, *words)
    assert "falls back" not in done.err


async def test_a_read_that_takes_too_long() -> None:
    """It gives up after the seconds that were named, and says so."""
    charger = Charger4X()
    charger.faults.inject("lose_request", times=None)
    async with serve(charger) as server:
        place = f"{server.host}:{server.port}"
        done = await voltrail("read", "mennekes_tcp", place, "--timeout", "0.2")
    assert done.status == 1
    assert "not read within 0.2 s" in done.err
