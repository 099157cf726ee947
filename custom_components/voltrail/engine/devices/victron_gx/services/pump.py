"""The pump that the GX switches by the level of a tank."""

from collections.abc import Iterator
from enum import IntEnum

from ....model.controls import Control
from ....model.points import Aspect, Quantity, Tier, enumerated, flag, measure
from ..block_controls import BlockControls
from ..component import GxComponent
from ..fields import code, uint16, yes
from ..service import Service, main, settings
from ..service_device import ServiceDevice
from ..write_limits import PERCENT, SAVED_SWITCH, Setting


class PumpMode(IntEnum):
    """How the pump is run."""

    AUTO = 0
    ON = 1
    OFF = 2


class Pump(GxComponent):
    """Whether it runs."""

    pump_running = flag(yes(4700, since=43), Aspect.RUNNING)


class PumpSettings(GxComponent, tier=Tier.DETAIL):
    """How the pump is run by a tank's level: settings of the GX, shown with the pump."""

    pump_auto_start = flag(yes(4701, since=43, setting=SAVED_SWITCH))
    pump_mode = enumerated(code(4702, PumpMode, since=43, setting=Setting(0, 2, saved=True)))
    pump_start_level = measure(uint16(4703, since=43, setting=PERCENT), Quantity.RATIO)
    pump_stop_level = measure(uint16(4704, since=43, setting=PERCENT), Quantity.RATIO)


def _controls(device: ServiceDevice) -> Iterator[Control]:
    pump = BlockControls(device, PumpSettings)
    yield from pump.switch("pump_auto_start")
    yield from pump.select("pump_mode", tuple(PumpMode))
    yield from pump.number("pump_start_level", tier=Tier.DETAIL)
    yield from pump.number("pump_stop_level", tier=Tier.DETAIL)


PUMP = Service(
    "pump",
    "Tank pump",
    4700,
    (main(Pump), settings("settings", PumpSettings, owner="settings")),
    since=43,
    controls=_controls,
)
