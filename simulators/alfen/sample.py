"""A single socket station as its owner recorded it, with firmware 6.1.0-4159."""

from datetime import UTC, datetime, timedelta
from typing import Final

from simulators.alfen.codes import MeterKind
from simulators.alfen.station import Eve
from simulators.clock import Clock

#: The recording was made twice; everything but the product block is known of the later one.
_LATER: Final = datetime(2023, 7, 15, 21, 10, 48, tzinfo=UTC)
_UPTIME: Final = 126_118.547
_BETWEEN: Final = 429.149


def sample(*, earlier: bool = False) -> Eve:
    """Return the recorded station; `earlier` is at 21:03:39 with an uptime of 125 689 398 ms.

    Its time stands still until it is told to advance, so every value is the recorded one.
    """
    before = _BETWEEN if earlier else 0.0
    eve = Eve(
        platform_type="NG910",
        firmware="6.1.0-4159",
        serial="ACE0287582",
        name="DIE_14966",
        max_current=25.0,
        meter_kind=MeterKind.SPARSE,
        uptime=_UPTIME - before,
        clock=Clock(start=_LATER - timedelta(seconds=round(before))),
    )
    (socket,) = eve.sockets
    # As recorded: the station cuts where rounding would lead to 237.82, 240.76, 238.81 and 50.02.
    eve.grid.nominal_l1 = 237.8199920654297
    eve.grid.nominal_l2 = 240.75999450683594
    eve.grid.nominal_l3 = 238.80999755859375
    eve.grid.noise = 0.0
    eve.grid.frequency = 50.02000427246094
    socket.meter.voltages = eve.grid.voltages
    socket.meter.energy_l1 = 31.0
    return eve
