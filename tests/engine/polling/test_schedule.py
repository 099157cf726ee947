"""What is read when: at every turn, once a minute, on a hint, and after a failure."""

import asyncio
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, override

import pytest
from modbus_connection import ModbusTimeoutError, ModbusUnit
from modbus_connection.exceptions import ServerDeviceBusyError
from modbus_connection.mock import MockModbusConnection
from modbus_connection.model import Component, integer

from custom_components.voltrail.engine.model.errors import DeviceSilentError
from custom_components.voltrail.engine.model.options import Options
from custom_components.voltrail.engine.model.parts import Identity
from custom_components.voltrail.engine.model.points import Quantity, measure
from custom_components.voltrail.engine.polling.polled_device import Cadence, PolledDevice
from custom_components.voltrail.engine.polling.schedule import (
    HURRIES,
    RETRY_INTERVAL,
    SETTINGS_INTERVAL,
    Schedule,
)
from tests.fake_time import run

PLUG, TIMEOUT, UNUSED, OTHER = 10, 20, 30, 40
UNIT = 7


class Plug(Component):
    """What changes often; it hints at the rest."""

    power = measure(integer(PLUG), Quantity.POWER)


class Setting(Component):
    """What changes rarely."""

    timeout = measure(integer(TIMEOUT), Quantity.DURATION)


class Unused(Component):
    """What no entity shows."""

    current = measure(integer(UNUSED), Quantity.CURRENT)


class Other(Component):
    """What changes often as well."""

    power = measure(integer(OTHER), Quantity.POWER)


class Lamp(PolledDevice):
    """A made-up device with a block of each kind."""

    def __init__(self, units: Callable[[int], ModbusUnit], unit_id: int) -> None:
        super().__init__(units, unit_id, Options(scan_interval=10))
        unit = self.modbus_unit
        self.plug = self.add("plug", Plug(unit), Cadence.MEASUREMENTS)
        self.setting = self.add("setting", Setting(unit), Cadence.SETTINGS)
        self.unused = self.add("unused", Unused(unit), Cadence.SETTINGS)

    @property
    @override
    def identity(self) -> Identity:
        return Identity(manufacturer="Made up", model="Lamp")

    @property
    @override
    def attention(self) -> object:
        return self.plug.power


@dataclass
class Bench:
    """A lamp, its schedule, and what was asked of the lamp."""

    schedule: Schedule
    lamp: Lamp
    registers: MutableMapping[int, Any]
    asked: list[int] = field(default_factory=list)
    failing: dict[int, Exception] = field(default_factory=dict)

    async def poll(self) -> list[int]:
        """Poll once, and return the addresses that were read."""
        self.asked.clear()
        try:
            await self.schedule.poll()
        finally:
            asked = self.asked.copy()
        return asked

    async def between(self) -> tuple[list[int], bool]:
        """Read what is wanted faster; return the addresses, and whether all is due."""
        self.asked.clear()
        all_due = await self.schedule.poll_between()
        return self.asked.copy(), all_due


def bench(wanted: Callable[[], list[str] | None] = lambda: None) -> Bench:
    """Return a lamp that answers."""
    unit = MockModbusConnection().for_unit(UNIT)
    unit.holding |= {PLUG: 5, TIMEOUT: 60, UNUSED: 1}
    lamp = Lamp(lambda _: unit, UNIT)
    made = Bench(Schedule(lamp, wanted), lamp, unit.holding)
    answer = unit.read_holding_registers

    async def read(address: int, count: int) -> list[int]:
        made.asked.append(address)
        if (err := made.failing.get(address)) is not None:
            raise err
        return await answer(address, count)

    unit.read_holding_registers = read  # type: ignore[method-assign]
    return made


def test_settings_are_read_once_a_minute() -> None:
    """The first poll reads all, the next ones only what changes often."""

    async def story() -> None:
        here = bench()
        assert await here.poll() == [PLUG, TIMEOUT, UNUSED]
        for _ in range(5):
            await asyncio.sleep(10)
            assert await here.poll() == [PLUG]
        await asyncio.sleep(SETTINGS_INTERVAL - 50)
        assert await here.poll() == [PLUG, TIMEOUT, UNUSED]

    run(story())


def test_a_hint_brings_the_settings_at_once() -> None:
    """What shows in the measurements is followed up with the same poll, and once."""

    async def story() -> None:
        here = bench()
        await here.poll()
        here.registers[PLUG] = 6
        assert await here.poll() == [PLUG, TIMEOUT, UNUSED]
        assert await here.poll() == [PLUG]

    run(story())


def test_after_an_outage_the_settings_are_read_with_the_first_poll() -> None:
    """They may have changed while the device was away."""

    async def story() -> None:
        here = bench()
        await here.poll()
        here.failing = dict.fromkeys((PLUG, TIMEOUT, UNUSED), ModbusTimeoutError())
        with pytest.raises(DeviceSilentError):
            await here.poll()
        assert here.schedule.failures == 1
        here.failing = {}
        assert await here.poll() == [PLUG, TIMEOUT, UNUSED]
        assert here.schedule.failures == 0

    run(story())


def test_a_settings_block_that_failed_is_read_with_the_next_poll() -> None:
    """Not with the next minute; and the blocks that were answered are left alone."""

    async def story() -> None:
        here = bench()
        here.failing = {TIMEOUT: ServerDeviceBusyError()}
        await here.poll()
        assert "setting" in here.lamp.failures
        assert here.schedule.pause == RETRY_INTERVAL, "sooner than every ten seconds"
        here.failing = {}
        assert await here.poll() == [PLUG, TIMEOUT]
        assert not here.lamp.failures
        assert here.schedule.pause == 10

    run(story())


def test_a_block_that_always_fails_hurries_nothing_for_ever() -> None:
    """The device is asked at its own pace again after a dozen tries."""

    async def story() -> None:
        here = bench()
        here.failing = {TIMEOUT: ServerDeviceBusyError()}
        pauses = []
        for _ in range(HURRIES + 3):
            await here.poll()
            pauses.append(here.schedule.pause)
        assert pauses == [RETRY_INTERVAL] * HURRIES + [10] * 3

    run(story())


def test_only_what_is_wanted_is_read() -> None:
    """A block that no entity shows is not asked for, and does not count as failed."""

    async def story() -> None:
        here = bench(lambda: ["plug", "setting"])
        here.failing = {UNUSED: ServerDeviceBusyError(), TIMEOUT: ServerDeviceBusyError()}
        assert UNUSED not in await here.poll()
        here.failing = {}
        assert await here.poll() == [PLUG, TIMEOUT]

    run(story())


def test_a_device_that_is_away_is_asked_every_few_seconds() -> None:
    """However long it has been away: what comes back shall be back within seconds."""

    async def story() -> None:
        here = bench()
        here.failing = {PLUG: ModbusTimeoutError()}
        for _ in range(30):
            with pytest.raises(DeviceSilentError):
                await here.poll()
            assert here.schedule.pause == RETRY_INTERVAL

    run(story())


def test_between_two_turns_only_what_is_wanted_is_read() -> None:
    """Every two seconds what was asked for, and nothing else; until it is not wanted any more."""

    async def story() -> None:
        here = bench()
        here.lamp.add("other", Other(here.lamp.modbus_unit), Cadence.MEASUREMENTS)
        here.registers[OTHER] = 3
        await here.poll()
        assert here.schedule.interval_between is None
        assert await here.between() == ([], False)
        slower = here.schedule.ask_faster(["plug"], 5.0)
        stop = here.schedule.ask_faster(["other"], 2.0)
        assert here.schedule.interval_between == 2
        assert await here.between() == ([PLUG, OTHER], False)
        slower()
        assert await here.between() == ([OTHER], False)
        assert here.schedule.pause == 10
        stop()
        stop()
        assert here.schedule.interval_between is None

    run(story())


def test_a_hint_between_two_turns_makes_all_due() -> None:
    """A change that shows in what was read in between is followed up at once."""

    async def story() -> None:
        here = bench()
        await here.poll()
        here.schedule.ask_faster(["plug"], 2.0)
        here.registers[PLUG] = 6
        assert await here.between() == ([PLUG], True)
        assert await here.poll() == [PLUG, TIMEOUT, UNUSED]
        assert await here.between() == ([PLUG], False)

    run(story())


def test_a_device_that_is_gone_is_left_to_its_turn() -> None:
    """Faster reading must not hammer a device that does not answer."""

    async def story() -> None:
        here = bench()
        await here.poll()
        here.schedule.ask_faster(["plug"], 2.0)
        here.failing = dict.fromkeys((PLUG, TIMEOUT, UNUSED), ModbusTimeoutError("gone"))
        with pytest.raises(DeviceSilentError):
            await here.between()
        assert here.schedule.pause == RETRY_INTERVAL
        assert await here.between() == ([], False)
        here.failing.clear()
        assert await here.poll() == [PLUG, TIMEOUT, UNUSED]
        assert await here.between() == ([PLUG], False)

    run(story())
