"""The trap: exactly 0 in 0x0302 means full power, and nothing here can ever send it."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from modbus_connection import pymodbus
from modbus_connection.decode import decode_float32
from modbus_connection.mock import MockModbusUnit

from custom_components.voltrail.engine.devices.mennekes_rtu import MennekesRtu, registers
from custom_components.voltrail.engine.devices.mennekes_rtu.fields import current_setpoint
from custom_components.voltrail.engine.model.charging import Phases
from custom_components.voltrail.engine.model.controls import (
    ButtonControl,
    NumberControl,
    SelectControl,
    SwitchControl,
)
from custom_components.voltrail.engine.model.errors import CallerError, VoltrailError
from custom_components.voltrail.engine.model.options import Options
from simulators.mennekes_rtu import Compact
from simulators.traffic import Write
from tests.fake_time import run

from ..owner import Owner
from .support import serial_line

ODD = (0, 0.0, -0.0, 5e-324, 1e-45, 1e-30, 0.01, 0.05, 5.99, 5.999999999, 6, 6.0000001, 6.01)
NUMBERS = st.one_of(
    st.sampled_from(ODD),
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(min_value=0, max_value=33),
    st.sampled_from([math.nan, math.inf, -math.inf, -6.0, 1e300, 16, 32, 32.0000001, True]),
)
WATTS = st.one_of(NUMBERS, st.floats(min_value=0, max_value=12_000))
MEMORIES = st.fixed_dictionaries(
    {},
    optional={
        "current": st.one_of(NUMBERS, st.none(), st.text(max_size=3)),
        "power": st.one_of(WATTS, st.none(), st.text(max_size=3)),
        "paused": st.one_of(st.booleans(), st.none(), st.text(max_size=3)),
        "phases": st.one_of(st.integers(), st.none(), st.booleans()),
        "set": st.booleans(),
    },
)

#: What a user, an automation, the charger or fate may do, each with a number to do it with.
ACTIONS = (
    "limit",
    "power",
    "on",
    "off",
    "resume",
    "resume_at",
    "pause",
    "one_phase",
    "three_phases",
    "lock",
    "recover",
    "restart",
    "wait",
    "wait_long",
    "power_cut",
    "link_lost",
    "unplug",
    "plug",
    "error",
    "somebody_else",
    "restart_of_ours",
    "silence",
    "sag",
)
STORIES = st.lists(st.tuples(st.sampled_from(ACTIONS), NUMBERS, WATTS), min_size=1, max_size=12)


def check(writes: Iterable[Write], simulated: Compact) -> None:
    """Say that of all that was written nothing was in the least dangerous."""
    for write in writes:
        touched = range(write.address, write.address + len(write.values))
        if 0x0302 in touched or 0x0303 in touched:
            assert (write.function, write.address, len(write.values)) == (16, 0x0302, 2)
            assert 6 <= decode_float32(list(write.values)) <= 32
        # The installer's settings belong to the installer.
        assert not 0x0700 <= write.address < 0x0900
    assert simulated.full_power_trap == 0
    assert simulated.violations.fast_changes == 0
    assert simulated.violations.installer_writes == 0


class Story:
    """One charger, its owner, and what happens to both."""

    def __init__(self, simulated: Compact, line: Any, options: Options) -> None:
        self._simulated = simulated
        self._line = line
        self._options = options
        self._owner: Owner[MennekesRtu]

    async def begin(self, memory: dict[str, Any]) -> None:
        """Meet the charger with what is remembered."""
        self._owner = Owner(self._line.device(options=self._options), memory=memory)
        self._met = False
        with suppress(VoltrailError):
            await self._owner.device.identify()
            self._met = True
            await self._owner.start()

    async def end(self) -> None:
        """Let it go."""
        await self._owner.stop()

    async def act(self, action: str, number: float, watts: float) -> None:
        """Do one thing; whatever an order raises is for its caller."""
        device = self._owner.device
        if action in FATES:
            FATES[action](self._simulated, number)
        elif action == "wait":
            await asyncio.sleep(3)
        elif action == "wait_long":
            await asyncio.sleep(45)
        elif action == "restart_of_ours":
            memory = await self._owner.stop()
            # Loading anew takes its time; so does a car to follow the last limit.
            await asyncio.sleep(5)
            await self.begin(memory)
        elif self._met:
            with suppress(VoltrailError):
                await self._verbs(device, number, watts)[action]()

    def _verbs(
        self, device: MennekesRtu, number: float, watts: float
    ) -> dict[str, Callable[[], Awaitable[None]]]:
        point = device.point
        return {
            "limit": lambda: point.set_current_limit(number),
            "power": lambda: point.set_power_limit(watts),
            "on": lambda: point.set_charging(charging=True),
            "off": lambda: point.set_charging(charging=False),
            "resume": point.resume,
            "resume_at": lambda: point.resume(number),
            "pause": point.pause,
            "one_phase": lambda: point.set_phases(Phases.ONE),
            "three_phases": lambda: point.set_phases(Phases.THREE),
            "lock": lambda: point.set_locked(locked=bool(number)),
            "recover": lambda: self._press(device, "recover"),
            "restart": lambda: self._press(device, "restart"),
        }

    @staticmethod
    async def _press(device: MennekesRtu, path: str) -> None:
        for button in device.controls():
            if isinstance(button, ButtonControl) and button.path == path:
                await button.press()


def _another_client(simulated: Compact, number: float) -> None:
    # Past the register, so that it is not counted as ours.
    simulated.ems.current = number if math.isfinite(number) and number >= 0 else 0.0
    simulated.ems.released = number != 6


#: What happens without anybody of ours.
FATES: dict[str, Callable[[Compact, float], object]] = {
    "power_cut": lambda simulated, _: simulated.power_cycle(),
    "link_lost": lambda simulated, _: simulated.drop_clients(),
    "unplug": lambda simulated, _: simulated.car.leave(),
    "plug": lambda simulated, _: simulated.car.plug_in(),
    "error": lambda simulated, _: setattr(simulated.box, "error_code", 200),
    "somebody_else": _another_client,
    "silence": lambda simulated, _: simulated.faults.inject("lose_request", times=3),
    "sag": lambda simulated, _: simulated.set({f"grid.nominal_l{n}": 1.0 for n in (1, 2, 3)}),
}


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    story=STORIES,
    memory=MEMORIES,
    layout=st.sampled_from(["1.00", "1.02", "1.03"]),
    cap=st.sampled_from([None, 5.0, 6.0, 13.0, 32.0]),
)
@example(
    story=[("limit", 0, 0), ("on", 0, 0), ("limit", -0.0, 0), ("power", 0, 0), ("on", 0, 0)],
    memory={},
    layout="1.03",
    cap=None,
)
@example(
    story=[("error", 0, 0), ("wait_long", 0, 0), ("recover", 0, 0), ("wait_long", 0, 0)],
    memory={"current": 0, "set": True},
    layout="1.03",
    cap=5.0,
)
@example(
    story=[("somebody_else", 0, 0), ("wait_long", 0, 0), ("power_cut", 0, 0), ("wait_long", 0, 0)],
    memory={"current": 12.0, "power": 0.0, "set": True},
    layout="1.03",
    cap=None,
)
@example(
    story=[("on", 0, 0), ("somebody_else", 0, 0), ("on", 0, 0)],
    memory={},
    layout="1.00",
    cap=None,
)
def test_no_story_ever_sends_zero(
    story: list[tuple[str, float, float]],
    memory: dict[str, Any],
    layout: str,
    cap: float | None,
) -> None:
    """Whatever is asked, remembered, cut or restored, in whichever order."""

    async def live() -> None:
        simulated = Compact(layout=layout)
        simulated.car.plug_in()
        async with serial_line(simulated, client=pymodbus.ModbusConnection) as line:
            told = Story(simulated, line, Options(max_current=cap))
            await told.begin(memory)
            for action, number, watts in story:
                await told.act(action, number, watts)
            await asyncio.sleep(20)
            await told.end()
            check(simulated.traffic.writes, simulated)

    run(live())


@given(value=NUMBERS)
def test_the_field_itself_refuses(value: float) -> None:
    """The last place before the wire lets nothing pass that no car can be offered."""
    field = current_setpoint(0x0302)
    try:
        words = field.encode(value)
    except CallerError:
        assert isinstance(value, bool) or not 6 <= value <= 32
    else:
        assert 6 <= decode_float32(words) <= 32


@pytest.mark.parametrize("value", [0, 0.0, -0.0, 1.0, 5.99, 32.01, math.nan, math.inf, "0", None])
async def test_no_word_leaves(mock_modbus_unit: MockModbusUnit, value: Any) -> None:
    """Not even a component asked directly writes such a value, nor a part of it."""
    limits = registers.Limits(mock_modbus_unit)
    written: list[object] = []
    mock_modbus_unit.on_write(written.append)
    with pytest.raises(CallerError):
        await limits.write("current", value)
    assert not written
    await limits.write("current", 6)
    assert len(written) == 1


def test_every_control_with_every_number() -> None:
    """No control that exists writes the register but with a valid current, whatever it is given.

    The installer's settings are left out here: they are other registers, and meant to be set.
    """
    numbers = (*ODD, -1, math.nan, math.inf, 1e300, 7000, 16)

    async def live() -> None:
        simulated = Compact()
        async with serial_line(simulated) as line, Owner(line.device()) as device:
            settings_of_installer = set(registers_of_installer(device))
            for control in device.controls():
                if control.path in settings_of_installer:
                    continue
                for number in numbers:
                    with suppress(VoltrailError):
                        match control:
                            case NumberControl():
                                await control.write(number)
                            case SwitchControl():
                                await control.write(bool(number))
                            case SelectControl():
                                for option in control.options:
                                    await control.write(option)
                            case ButtonControl():
                                await control.press()
                    await asyncio.sleep(1)
            await asyncio.sleep(20)
            check(simulated.traffic.writes, simulated)

    run(live())


def registers_of_installer(device: MennekesRtu) -> list[str]:
    """Return the controls that write the installer's settings."""
    return [
        control.path
        for control in device.controls()
        if any(need.endswith("_settings") for need in control.depends_on)
    ]
