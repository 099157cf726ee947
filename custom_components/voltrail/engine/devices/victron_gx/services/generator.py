"""The start/stop function of the GX for a generator."""

from collections.abc import Iterator
from enum import IntEnum

from ....model.controls import Control
from ....model.points import Quantity, Tier, enumerated, flag, measure
from ....polling.polled_device import Cadence
from ..component import AlarmedComponent
from ..fields import code, uint16, uint32, yes
from ..service import Block, Service
from ..service_device import Node
from ..states import Alarm
from ..write_limits import SAVED_SWITCH, SWITCH, Setting


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


class Generator(AlarmedComponent):
    """What start/stop does and why."""

    manual_start = flag(yes(3500, since=35, setting=SWITCH), tier=Tier.DETAIL)
    run_reason = enumerated(code(3501, RunReason, since=35))
    run_time = measure(uint32(3504, since=35, before=uint16(3502, since=35)), Quantity.DURATION)
    quiet_hours = flag(yes(3503, since=35), tier=Tier.DETAIL)
    generator_state = enumerated(code(3506, GeneratorState, since=35))
    generator_error = enumerated(code(3507, GeneratorError, since=35), tier=Tier.DETAIL)
    no_generator_at_input_alarm = enumerated(code(3508, Alarm, since=35), tier=Tier.DETAIL)
    auto_start = flag(yes(3509, since=41, setting=SAVED_SWITCH), tier=Tier.DETAIL)
    time_to_service = measure(uint32(3510, since=51), Quantity.DURATION, tier=Tier.DETAIL)
    service_reset = yes(3512, since=51, setting=Setting(minimum=1, maximum=1))


def _controls(node: Node) -> Iterator[Control]:
    yield from node.switch(Generator, "manual_start")
    yield from node.switch(Generator, "auto_start")
    yield from node.button(Generator, "service_reset", key="reset_service_counter")


GENERATOR = Service(
    key="generator",
    title="Generator start/stop",
    probe=3500,
    since=35,
    blocks=(Block(name="main", component=Generator, cadence=Cadence.MEASUREMENTS),),
    controls=_controls,
)
