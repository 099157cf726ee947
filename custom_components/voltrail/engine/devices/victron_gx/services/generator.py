"""The start/stop function of the GX for a generator."""

from collections.abc import Iterator
from enum import IntEnum

from ....model.controls import Control
from ....model.points import Quantity, Tier, enumerated, flag, measure
from ..block_controls import BlockControls
from ..component import AlarmedComponent
from ..fields import code, uint16, uint32, yes
from ..service import Service, main
from ..service_device import ServiceDevice
from ..states import Alarm
from ..write_limits import COMMAND, SAVED_SWITCH, SWITCH


class RunReason(IntEnum):
    """Why the generator runs."""

    STOPPED = 0
    MANUAL = 1
    TEST_RUN = 2
    LOSS_OF_COMMUNICATION = 3
    STATE_OF_CHARGE = 4
    AC_LOAD = 5
    BATTERY_CURRENT = 6
    BATTERY_VOLTAGE = 7
    INVERTER_TEMPERATURE = 8
    INVERTER_OVERLOAD = 9
    STOP_ON_AC_1 = 10


class GeneratorState(IntEnum):
    """What the generator is doing."""

    STOPPED = 0
    RUNNING = 1
    WARM_UP = 2
    COOL_DOWN = 3
    STOPPING = 4
    ERROR = 10


class GeneratorError(IntEnum):
    """Why it cannot be started; gensets that are told by data line only."""

    NO_ERROR = 0
    REMOTE_DISABLED = 1
    REMOTE_FAULT = 2


class Generator(AlarmedComponent, tier=Tier.DETAIL):
    """What start/stop does and why."""

    manual_start = flag(yes(3500, since=35, setting=SWITCH))
    run_reason = enumerated(code(3501, RunReason, since=35), tier=Tier.MAIN)
    run_time = measure(
        uint32(3504, since=35, before=uint16(3502, since=35)), Quantity.DURATION, tier=Tier.MAIN
    )
    quiet_hours = flag(yes(3503, since=35))
    generator_state = enumerated(code(3506, GeneratorState, since=35), tier=Tier.MAIN)
    generator_error = enumerated(code(3507, GeneratorError, since=35))
    no_generator_at_input_alarm = enumerated(code(3508, Alarm, since=35))
    auto_start = flag(yes(3509, since=41, setting=SAVED_SWITCH))
    time_to_service = measure(uint32(3510, since=51), Quantity.DURATION)
    service_reset = yes(3512, since=51, setting=COMMAND)


def _controls(device: ServiceDevice) -> Iterator[Control]:
    generator = BlockControls(device, Generator)
    yield from generator.switch("manual_start")
    yield from generator.switch("auto_start")
    yield from generator.button("reset_service_counter", "service_reset")


GENERATOR = Service(
    "generator", "Generator start/stop", 3500, (main(Generator),), since=35, controls=_controls
)
