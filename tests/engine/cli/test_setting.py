import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar, override

import pytest

from custom_components.voltrail.engine.cli import approach
from custom_components.voltrail.engine.devices.mennekes_tcp import FAMILY, MennekesTcp
from custom_components.voltrail.engine.model.charging import Phases
from custom_components.voltrail.engine.model.controls import ButtonControl, Control, SelectControl
from custom_components.voltrail.engine.model.errors import DeviceSilentError, LinkDownError
from custom_components.voltrail.engine.polling.keep_alive import KeepAlive
from simulators.memory import serve_in_memory
from simulators.mennekes_rtu import Compact
from simulators.mennekes_tcp import Charger4X
from simulators.server import serve
from simulators.traffic import Request
from simulators.victron_gx import ess_home, everything
from tests.engine.cli.conftest import Box
from tests.engine.cli.support import Outcome, interrupted, voltrail
from tests.fake_time import in_fake_time


async def order(box: Box, *words: str) -> Outcome:
    """Order something of the charger."""
    return await voltrail("set", "mennekes_tcp", box.place, *words)


@pytest.mark.parametrize(
    ("assignment", "state", "expected", "said"),
    [
        ("current_limit=10", "hems.current_tenths", 100, "current_limit  10 A  (asked for 10)"),
        ("current_limit=7.3", "hems.current_tenths", 73, "current_limit  7.3 A  (asked for 7.3)"),
        # Below what can be signalled to a car it pauses, and says so.
        ("current_limit=3", "hems.current_tenths", 0, "current_limit  0 A  (asked for 3)"),
        ("power_limit=5000", "hems.power", 5000, "power_limit  5000 W  (asked for 5000)"),
        ("charging=off", "hems.current_tenths", 0, "charging  off  (asked for off)"),
        ("charging=Yes", "hems.current_tenths", 160, "charging  on  (asked for Yes)"),
        ("safe_current=8", "hems.safe_current", 8, "safe_current  8 A  (asked for 8)"),
    ],
)
async def test_order_reaches_the_charger(
    box: Box, assignment: str, state: str, expected: int, said: str
) -> None:
    """And what it holds then is read back."""
    done = await order(box, assignment)
    assert done.status == 0
    assert done.lines == [said]
    assert box.charger.state()[state] == expected


async def test_several_orders_are_carried_out_in_turn(box: Box) -> None:
    """Options may stand between them."""
    done = await order(box, "charging=off", "--unit", "1", "safe_current=7", "current_limit=9")
    assert done.status == 0
    assert [line.split("  ")[:2] for line in done.lines] == [
        ["charging", "on"],
        ["safe_current", "7 A"],
        ["current_limit", "9 A"],
    ]
    assert box.charger.state()["hems.current_tenths"] == 90


async def test_json_tells_what_holds_now(box: Box) -> None:
    """In the shape that read has for controls, and only of those that were set."""
    done = await order(box, "current_limit=10", "--json", "--max-current", "20")
    assert done.object["family"] == "mennekes_tcp"
    assert done.object["controls"] == {
        "current_limit": {
            "value": 10,
            "minimum": 0,
            "maximum": 32,
            "step": 0.1,
            "options": None,
        }
    }


@pytest.mark.parametrize(
    ("assignment", "status", "said"),
    [
        ("safe_current=33", 1, "safe_current: 33 is not possible here: the value must be from"),
        ("current_limit=-1", 1, "current_limit: -1 is not possible here"),
        ("current_limit=nan", 1, "current_limit: nan is not a number"),
        ("current_limit=inf", 1, "current_limit: inf is not a number"),
        ("current_limit=much", 2, "current_limit is a number, not much"),
        ("current_limit=1_6", 2, "current_limit is a number, not 1_6"),
        ("current_limit=१६", 2, "current_limit is a number, not १६"),
        ("charging=perhaps", 2, "charging is on or off, not perhaps"),
        ("curent_limit=10", 2, "has no control curent_limit: did you mean current_limit?"),
        ("zzz=10", 2, "has no control zzz: there is current_limit, power_limit, charging"),
    ],
)
async def test_bad_order_never_reaches_the_wire(
    box: Box, assignment: str, status: int, said: str
) -> None:
    """Nor does the good one before it."""
    done = await order(box, "current_limit=12", assignment)
    assert done.status == status
    assert done.out == ""
    assert said in done.err
    assert not box.charger.traffic.writes


@pytest.mark.parametrize("words", [["current_limit"], ["=5"], ["current_limit="], []])
async def test_what_is_no_assignment(box: Box, words: list[str]) -> None:
    """It is refused before the charger is asked anything."""
    done = await order(box, *words)
    assert done.status == 2
    assert "usage: voltrail set" in done.err
    assert not box.charger.traffic.connections_made


async def test_what_is_no_assignment_behind_an_option(box: Box) -> None:
    """The same there."""
    done = await order(box, "current_limit=5", "--unit", "1", "more")
    assert done.status == 2
    assert "more is not of the form" in done.err
    assert not box.charger.traffic.connections_made


async def test_installer_limit_caps(box: Box) -> None:
    """What the installer decided holds for the command line as well."""
    done = await order(box, "current_limit=11", "--max-current", "10")
    assert done.status == 0
    assert done.out == "current_limit  10 A  (asked for 11)\n"
    assert box.charger.state()["hems.current_tenths"] == 100


async def test_charger_that_can_only_be_read(box: Box) -> None:
    """The reason is said, and nothing is tried."""
    box.charger.set({"hems.access": "read_only"})
    done = await order(box, "current_limit=10")
    assert done.status == 1
    assert "current_limit: The device only allows reading." in done.err
    assert not box.charger.traffic.writes


async def test_control_that_cannot_be_used_now(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a known reason it is at least said that it is the state of the device."""
    box.charger.set({"hems.access": "read_only"})
    monkeypatch.setattr(MennekesTcp, "problems", lambda _: ())
    done = await order(box, "current_limit=10")
    assert done.status == 1
    assert "cannot be used in the device's present state" in done.err
    assert not box.charger.traffic.writes


async def test_control_whose_registers_failed(box: Box) -> None:
    """What cannot be read back is not set."""
    box.charger.faults.inject("exception", code=4, address=131, times=None)
    done = await order(box, "safe_current=8")
    assert done.status == 1
    assert "safe_current: The device refused the request" in done.err
    assert not box.charger.traffic.writes


async def test_refusal_of_the_charger_is_passed_on(box: Box) -> None:
    """With the order it is about."""
    box.charger.faults.inject("exception", code=3, function=16, times=None)
    box.charger.faults.inject("exception", code=3, function=6, times=None)
    done = await order(box, "current_limit=10")
    assert done.status == 1
    assert "current_limit: The device refused the request: it does not accept" in done.err


# -- choices and buttons -------------------------------------------------------


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Give the charger a choice and a button; what was done with them."""
    done: list[object] = []

    async def choose(phases: Phases) -> None:
        done.append(phases)

    async def press() -> None:
        done.append("pressed")

    def controls(_: MennekesTcp) -> Iterator[Control]:
        yield SelectControl(
            key="phases",
            options=(Phases.ONE, Phases.THREE),
            read=lambda: done[-1] if isinstance(done[-1:], Phases) else Phases.AUTOMATIC,
            write=choose,
        )
        yield ButtonControl(key="restart", press=press)

    monkeypatch.setattr(MennekesTcp, "controls", controls)
    return done


async def test_choices_and_buttons(box: Box, chosen: list[object]) -> None:
    """A choice is one of its words, a button is pressed."""
    done = await order(box, "phases=Three", "restart=press")
    assert done.status == 0
    assert done.lines == ["phases  automatic  (asked for Three)", "restart  pressed"]
    assert chosen == [Phases.THREE, "pressed"]
    done = await order(box, "restart=press", "phases=two")
    assert done.status == 2
    assert "phases is one of one, three, not two" in done.err
    done = await order(box, "restart=on")
    assert done.status == 2
    assert "restart is a button: restart=press" in done.err
    assert len(chosen) == 2


async def test_a_restart_is_no_failure() -> None:
    """A charger that starts anew does not answer for a while, and need not."""
    charger = Compact()
    async with serve(charger) as server:
        place = f"{server.host}:{server.port}"
        done = await voltrail("set", "mennekes_rtu", place, "restart=press")
        assert (done.status, done.lines) == (0, ["restart  pressed"])
        assert done.err == ""
        (written,) = charger.traffic.writes
        assert (written.address, written.values) == (0x0D19, (0x00BB,))


async def test_controls_that_must_be_allowed() -> None:
    """Whoever misses a control is told that options may bring it."""
    async with serve(ess_home()) as server:
        words = "set", "victron_gx", f"{server.host}:{server.port}", "grid_setpoint=50"
        done = await voltrail(*words)
        assert done.status == 2
        assert "no control grid_setpoint" in done.err
        assert "depends on --option, with write, ac_voltage" in done.err
        assert (await voltrail(*words, "--option", "write=on", "--option", "ac_current=25")).lines


async def test_an_order_looks_for_nothing_but_its_device(hurry: None) -> None:
    """Each miss is a line in the log of a gateway: one order is not worth a whole search."""
    gx = everything()
    rails = "--option", "write=on", "--option", "ac_current=25"
    async with serve(gx) as server:
        place = f"{server.host}:{server.port}"
        words = "set", "victron_gx", place, "evcharger_40/current_limit=10", *rails
        assert (await voltrail(*words)).status == 0
        assert gx.value("evcharger_40.set_current") == 10
        assert gx.status.errors == 0
        assert gx.traffic.requests < 40
        missing = await voltrail("set", "victron_gx", place, "evcharger_41/charging=off", *rails)
        assert missing.status == 2
        assert "no control evcharger_41/charging" in missing.err
        assert gx.status.errors <= 2


@pytest.mark.usefixtures("chosen")
async def test_choices_and_buttons_are_shown(box: Box) -> None:
    """With their words; a button holds nothing."""
    done = await voltrail("read", "mennekes_tcp", box.place, "--json")
    assert done.object["controls"]["phases"]["options"] == ["one", "three"]
    assert done.object["controls"]["phases"]["value"] == "automatic"
    assert set(done.object["controls"]["restart"].values()) == {None}
    table = await voltrail("read", "mennekes_tcp", box.place)
    assert "  phases                   automatic       one, three" in table.lines
    assert "  restart                  press" in table.lines


# -- options of the installer --------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--max-current", "33"], "--max-current is at most 32 A"),
        (["--max-current", "0"], "0 is not a number above 0"),
        (["--max-current", "x"], "x is not a number above 0"),
        (["--option", "a=b"], "a is no option of mennekes_tcp: there is one_phase_power"),
        (["--unit", "256"], "256 is no unit id"),
        (["--port", "0"], "0 is no port"),
        (["--port", "502"], "contradict each other"),
        (["--transport", "serial"], "is reached over tcp, not over serial"),
        (["--baudrate", "9600"], "for serial ports"),
        (["--wrong"], "--wrong"),
    ],
)
async def test_wrong_usage(box: Box, words: list[str], said: str) -> None:
    """It is refused before the charger is asked anything."""
    done = await order(box, "current_limit=10", *words)
    assert done.status == 2
    assert said in done.err
    assert not box.charger.traffic.connections_made


async def test_limit_of_a_charger_for_something_else(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only chargers have one."""
    family = replace(FAMILY, is_charger=False)
    monkeypatch.setattr(approach, "family_of", lambda _: family)
    done = await order(box, "current_limit=10", "--max-current", "10")
    assert done.status == 2
    assert "is for chargers" in done.err


# -- keeping it in force -------------------------------------------------------


class Beacon(KeepAlive):
    """Something that has to be said every two seconds; fails when told to."""

    name: ClassVar[str] = "beacon"
    beats: ClassVar[list[float]] = []
    broken: ClassVar[range] = range(0)

    @property
    @override
    def interval(self) -> float:
        return 2.0

    @override
    async def beat(self) -> None:
        self.beats.append(asyncio.get_running_loop().time())
        if len(self.beats) in self.broken:
            raise DeviceSilentError


@pytest.fixture
def beacon(monkeypatch: pytest.MonkeyPatch) -> type[Beacon]:
    """Let the charger need a beacon."""
    monkeypatch.setattr(Beacon, "beats", [])
    monkeypatch.setattr(Beacon, "broken", range(0))
    monkeypatch.setattr(MennekesTcp, "keep_alives", lambda _: (Beacon(),))
    return Beacon


async def test_what_will_not_last_is_said(box: Box) -> None:
    """A charger with a watchdog falls back when nobody speaks to it."""
    done = await order(box, "current_limit=10")
    assert "after 60 s without a request" in done.err
    box.charger.set({"hems.timeout": 0})
    box.charger.faults.inject("exception", code=4, address=131, times=None)
    assert (await order(box, "current_limit=10")).err == ""


async def test_what_is_forgotten_is_said(box: Box, beacon: type[Beacon]) -> None:
    """Without --hold no life sign is sent: it would only be missed later."""
    done = await order(box, "current_limit=10")
    assert "without --hold" in done.err
    assert not beacon.beats


HOLD = ("set", "mennekes_tcp", "charger:502", "current_limit=10", "--hold")


@in_fake_time
async def test_hold_keeps_the_charger_from_falling_back() -> None:
    """Ten minutes, with a watchdog of one."""
    charger = Charger4X()
    charger.set({"car.plugged": True})
    async with serve_in_memory(charger, host="charger", port=502):
        await interrupted(asyncio.sleep(600), *HOLD)
        await asyncio.sleep(1)
        assert charger.state()["hems.current_tenths"] == 100
        assert not charger.state()["hems.timed_out"]
        assert not charger.traffic.connections_open
        await asyncio.sleep(100)
        assert charger.state()["hems.timed_out"]


@in_fake_time
async def test_hold_asserts_the_order_after_a_reboot() -> None:
    """The charger forgets it; whoever holds it does not."""
    charger = Charger4X()
    async with serve_in_memory(charger, host="charger", port=502):
        holding = asyncio.create_task(interrupted(asyncio.sleep(300), *HOLD))
        await asyncio.sleep(60)
        charger.do("reboot")
        assert charger.state()["hems.current_tenths"] != 100
        await holding
        assert charger.state()["hems.current_tenths"] == 100


def test_hold_sends_life_signs_first(beacon: type[Beacon]) -> None:
    """Before the first order, and until the end; failures are said once each way."""
    beacon.broken = range(3, 6)

    @in_fake_time
    async def hold() -> None:
        beats_before_orders: list[int] = []

        class Attentive(Charger4X):
            @override
            def accepts_write(self, request: Request) -> bool:
                beats_before_orders.append(len(beacon.beats))
                return super().accepts_write(request)

        async with serve_in_memory(Attentive(), host="charger", port=502):
            await interrupted(asyncio.sleep(21), *HOLD)
            assert beats_before_orders
            assert min(beats_before_orders) > 0
            told = len(beacon.beats)
            assert told in {10, 11}
            await asyncio.sleep(20)
            assert len(beacon.beats) == told

    hold()


def test_hold_says_what_goes_wrong(beacon: type[Beacon], monkeypatch: pytest.MonkeyPatch) -> None:
    """Once each way, for life signs as for polls; and goes on."""
    beacon.broken = range(3, 6)
    original = MennekesTcp.reconcile
    reconciled = iter(range(99))

    async def reconcile(device: MennekesTcp) -> None:
        if next(reconciled) in {1, 2}:
            raise LinkDownError(reason="for a test")
        await original(device)

    monkeypatch.setattr(MennekesTcp, "reconcile", reconcile)

    @in_fake_time
    async def hold() -> Outcome:
        async with serve_in_memory(Charger4X(), host="charger", port=502):
            return await interrupted(asyncio.sleep(100), *HOLD)

    said = hold().err.splitlines()
    assert said == [
        "voltrail: holding until interrupted: Ctrl-C ends",
        "voltrail: the beacon does not get through",
        "voltrail: the beacon gets through again",
        "voltrail: The connection is down: for a test. Going on.",
        "voltrail: the device answers again",
    ]


def test_broken_life_sign_ends_the_hold(
    beacon: type[Beacon], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody sends must not look as if it were sent."""

    async def beat(_: Beacon) -> None:
        message = "for a test"
        raise RuntimeError(message)

    monkeypatch.setattr(beacon, "beat", beat)

    @in_fake_time
    async def hold() -> Outcome:
        charger = Charger4X()
        async with serve_in_memory(charger, host="charger", port=502):
            return await voltrail(*HOLD)

    done = hold()
    assert done.status == 1
    assert "that is a fault of Voltrail" in done.err
