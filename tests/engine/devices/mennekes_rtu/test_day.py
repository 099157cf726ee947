"""A day on a bad line, with a neighbour that is silent."""

import asyncio
import logging
from collections.abc import Callable

import pytest
from modbus_connection import pymodbus

from simulators.mennekes_rtu import Bus, Compact, Satellite
from tests.fake_time import run

from ..owner import Owner
from .support import serial_line

DAY = 24 * 3600

#: Of all bytes and of all answers. One in a thousand bytes spoils one block of a poll in
#: twenty: with that, people call an electrician.
SPOILT = 0.001
LATE = 0.01


@pytest.mark.timeout(300)
def test_a_day_of_heartbeats(
    record_property: Callable[[str, object], None], caplog: pytest.LogCaptureFixture
) -> None:
    """The charger never waits for longer than 6 s, whatever the line and the other one do."""
    # The Modbus library tells of every lost answer.
    caplog.set_level(logging.CRITICAL)

    async def day() -> None:
        charger = Compact(fallback=6)
        neighbour = Compact(unit_id=11, serial="13552020", clock=charger.clock)
        async with (
            serial_line(Bus(charger, neighbour), client=pymodbus.ModbusConnection) as line,
            # Seldom, because a day is long: benchmarks/mennekes_rtu.py polls as usual.
            Owner(line.device(), scan_interval=60) as device,
            Owner(line.device(11), scan_interval=60),
        ):
            await device.point.set_current_limit(10)
            neighbour.box.satellite = Satellite.OFF
            charger.set(
                {
                    "line.dropped": SPOILT / 3,
                    "line.repeated": SPOILT / 3,
                    "line.corrupted": SPOILT / 3,
                    "line.late": LATE,
                }
            )
            asked = charger.traffic.foreign
            await asyncio.sleep(DAY)
            gap = charger.ems.longest_gap
            record_property("largest_gap_seconds", round(gap, 2))
            assert gap <= 6
            assert charger.ems.heartbeats > DAY / 4
            assert charger.ems.current == 10
            # It was the day it was meant to be.
            assert charger.line.spoilt > 500
            assert charger.line.delayed > 100
            assert charger.traffic.foreign - asked > 5000

    run(day())
