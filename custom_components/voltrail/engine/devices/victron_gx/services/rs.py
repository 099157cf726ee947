"""The RS family, which is not on VE.Bus: the Multi RS, and several RS that work as one."""

from collections.abc import Iterator
from typing import Final

from ....model.controls import Control
from ....model.points import Quantity, Tier, enumerated, flag, measure, phases
from ..block_controls import BlockControls
from ..component import AlarmedComponent, GxComponent, PhasedInverter, phase_sum
from ..fields import (
    NO_VALUE,
    UNTIL_SEEN,
    GxNumber,
    code,
    each,
    int16,
    int32,
    kwh16,
    kwh32,
    uint16,
    yes,
)
from ..identities import identity
from ..service import Energy, Service, main, reserved, settings
from ..service_device import ServiceDevice
from ..states import (
    ON_POSITIONS,
    AcInput,
    Alarm,
    ChargerError,
    InputType,
    OperatingState,
    RsEssMode,
    SwitchPosition,
    TrackerMode,
)
from ..trackers import total_yield, trackers
from ..write_limits import SWITCH, Limit, Setting

INPUT_CURRENT: Final = Setting(0, 6553.5, Limit.AC_CURRENT)
SETPOINT: Final = Setting(-300_000, 300_000, Limit.AC_POWER)
ESS_MODE: Final = Setting(0, 3)


def _unsigned(address: int) -> GxNumber[float]:
    """Return a current as it was before server 1.0.59."""
    return uint16(address, 10)


class Multi(PhasedInverter, tier=Tier.EXPERT):
    """AC in, AC out, the battery side, alarms and energy."""

    input_voltage_l1, input_voltage_l2, input_voltage_l3 = phases(
        uint16, (4500, 4501, 4502), Quantity.VOLTAGE, scale=10, tier=Tier.MAIN
    )
    input_current_l1, input_current_l2, input_current_l3 = phases(
        int16,
        (4503, 4504, 4505),
        Quantity.CURRENT,
        scale=10,
        since=59,
        before=each(_unsigned, 4503, 4504, 4505),
        tier=Tier.MAIN,
    )
    input_power_l1, input_power_l2, input_power_l3 = phases(
        int16, (4506, 4507, 4508), Quantity.POWER, scale=0.1, tier=Tier.MAIN
    )
    input_frequency = measure(uint16(4509, 100), Quantity.FREQUENCY, tier=Tier.DETAIL)
    output_voltage_l1, output_voltage_l2, output_voltage_l3 = phases(
        uint16, (4510, 4511, 4512), Quantity.VOLTAGE, scale=10, tier=Tier.MAIN
    )
    output_current_l1, output_current_l2, output_current_l3 = phases(
        int16,
        (4513, 4514, 4515),
        Quantity.CURRENT,
        scale=10,
        since=59,
        before=each(_unsigned, 4513, 4514, 4515),
        tier=Tier.MAIN,
    )
    output_power_l1, output_power_l2, output_power_l3 = phases(
        int16, (4516, 4517, 4518), Quantity.POWER, scale=0.1, tier=Tier.MAIN
    )
    output_frequency = measure(uint16(4519, 100), Quantity.FREQUENCY, tier=Tier.DETAIL)
    ac_input_type_1 = enumerated(code(4520, InputType), number=1)
    ac_input_type_2 = enumerated(code(4521, InputType), number=2)
    input_current_limit_1 = measure(
        uint16(4522, 10, setting=INPUT_CURRENT), Quantity.CURRENT, number=1, tier=Tier.DETAIL
    )
    input_current_limit_2 = measure(
        uint16(4523, 10, setting=INPUT_CURRENT), Quantity.CURRENT, number=2
    )
    number_of_phases = measure(uint16(4524, zero=NO_VALUE), Quantity.COUNT)
    active_input = enumerated(code(4525, AcInput), tier=Tier.DETAIL)
    battery_voltage = measure(uint16(4526, 100), Quantity.VOLTAGE, tier=Tier.MAIN)
    battery_current = measure(int16(4527, 10), Quantity.CURRENT, tier=Tier.MAIN)
    battery_temperature = measure(
        int16(4528, 10, zero=UNTIL_SEEN), Quantity.TEMPERATURE, tier=Tier.DETAIL
    )
    state_of_charge = measure(
        uint16(4529, 10, zero=UNTIL_SEEN, lifeline="battery_voltage"),
        Quantity.STATE_OF_CHARGE,
        tier=Tier.DETAIL,
    )
    operating_state = enumerated(code(4530, OperatingState), tier=Tier.MAIN)
    switch_position = enumerated(
        code(4531, SwitchPosition, setting=Setting(1, 4)), tier=Tier.DETAIL
    )
    high_temperature_alarm = enumerated(code(4532, Alarm), tier=Tier.DETAIL)
    high_voltage_alarm = enumerated(code(4533, Alarm), tier=Tier.DETAIL)
    high_output_voltage_alarm = enumerated(code(4534, Alarm))
    low_temperature_alarm = enumerated(code(4535, Alarm), tier=Tier.DETAIL)
    low_voltage_alarm = enumerated(code(4536, Alarm), tier=Tier.DETAIL)
    low_output_voltage_alarm = enumerated(code(4537, Alarm))
    overload_alarm = enumerated(code(4538, Alarm), tier=Tier.DETAIL)
    ripple_alarm = enumerated(code(4539, Alarm))
    pv_power = measure(uint16(4540), Quantity.POWER, tier=Tier.MAIN)
    yield_tenths = kwh16(4541)
    load_relay = flag(yes(4542))
    tracker_mode = enumerated(code(4543, TrackerMode), tier=Tier.DETAIL)
    pv_voltage = measure(uint16(4544, 10), Quantity.VOLTAGE, tier=Tier.DETAIL)
    charger_error = enumerated(code(4545, ChargerError), tier=Tier.DETAIL)
    energy_input_1_to_output = measure(kwh32(4546), Quantity.ENERGY)
    energy_input_1_to_battery = measure(kwh32(4548), Quantity.ENERGY)
    energy_input_2_to_output = measure(kwh32(4550), Quantity.ENERGY)
    energy_input_2_to_battery = measure(kwh32(4552), Quantity.ENERGY)
    energy_output_to_input_1 = measure(kwh32(4554), Quantity.ENERGY)
    energy_output_to_input_2 = measure(kwh32(4556), Quantity.ENERGY)
    energy_battery_to_input_1 = measure(kwh32(4558), Quantity.ENERGY)
    energy_battery_to_input_2 = measure(kwh32(4560), Quantity.ENERGY)
    energy_battery_to_output = measure(kwh32(4562), Quantity.ENERGY)
    energy_output_to_battery = measure(kwh32(4564), Quantity.ENERGY)
    energy_pv_to_input_1 = measure(kwh32(4566), Quantity.ENERGY)
    energy_pv_to_input_2 = measure(kwh32(4568), Quantity.ENERGY)
    energy_pv_to_output = measure(kwh32(4570), Quantity.ENERGY)
    energy_pv_to_battery = measure(kwh32(4572), Quantity.ENERGY)
    energy_today = measure(
        kwh16(4574, lifeline="battery_voltage"), Quantity.SESSION_ENERGY, tier=Tier.MAIN
    )
    maximum_power_today = measure(uint16(4575), Quantity.POWER)
    energy_yesterday = measure(kwh16(4576), Quantity.STORED_ENERGY)
    maximum_power_yesterday = measure(uint16(4577), Quantity.POWER)
    low_state_of_charge_alarm = enumerated(code(4602, Alarm, since=40), tier=Tier.DETAIL)
    yield_whole = kwh32(4603, 1, since=44)
    rs_ess_mode = enumerated(code(4609, RsEssMode, since=57, setting=ESS_MODE), tier=Tier.DETAIL)
    # In memory only; falls back to the value of VictronConnect after 60 s of silence.
    power_setpoint = measure(int32(4610, since=57, setting=SETPOINT), Quantity.POWER)
    feed_in_disabled = flag(yes(4612, since=57, setting=SWITCH))
    charge_disabled = flag(yes(4613, since=57, setting=SWITCH))
    # Whole percents, unlike the setting of VE.Bus systems.
    minimum_state_of_charge = measure(
        uint16(4614, since=58, setting=Setting(0, 100)), Quantity.RATIO, tier=Tier.DETAIL
    )
    sustain = flag(yes(4615, since=66))
    short_circuit_alarm = enumerated(code(4620, Alarm, since=67), tier=Tier.DETAIL)


TRACKERS: Final = trackers(
    GxComponent,
    voltage=4594,
    voltage_scale=10,
    energy_today=4578,
    energy_yesterday=4582,
    maximum_power_today=4586,
    maximum_power_yesterday=4590,
    power=4598,
    mode=4605,
    enabled=4630,
)


def _harvested(device: ServiceDevice) -> float | None:
    """Return the total yield since the counter was last reset."""
    multi = device.the(Multi)
    return total_yield(multi.yield_tenths, multi.yield_whole)


def _controls(device: ServiceDevice) -> Iterator[Control]:
    multi = BlockControls(device, Multi)
    yield from multi.select("switch_position", ON_POSITIONS)
    yield from multi.button("switch_off", "switch_position", SwitchPosition.OFF, lasting=True)
    yield from multi.number("input_current_limit_1")
    yield from multi.number("input_current_limit_2", tier=Tier.EXPERT)
    yield from multi.select("rs_ess_mode", tuple(RsEssMode))
    yield from multi.number("minimum_state_of_charge")
    yield from multi.setpoint("power_setpoint")
    yield from multi.release("power_setpoint")
    yield from multi.switch("feed_in_disabled", tier=Tier.EXPERT)
    yield from multi.switch("charge_disabled", tier=Tier.EXPERT)


MULTI = Service(
    "multi",
    "Multi RS",
    4500,
    (identity(4622), main(Multi), settings("trackers", TRACKERS)),
    fillers=reserved((4616, 4), (4621, 1)),
    energies=(Energy(Multi, counters={"energy_produced": _harvested}),),
    setpoints=Multi,
    controls=_controls,
)


class AcSystem(AlarmedComponent):
    """AC in, AC out, and the ESS of the RS family."""

    operating_state = enumerated(code(4900, OperatingState, since=59))
    input_voltage_l1, input_voltage_l2, input_voltage_l3 = phases(
        uint16, (4901, 4902, 4903), Quantity.VOLTAGE, scale=10, since=59
    )
    # Without a sign in the server, with one in the printed list.
    input_current_l1, input_current_l2, input_current_l3 = phases(
        uint16, (4904, 4905, 4906), Quantity.CURRENT, scale=10, since=59
    )
    input_power_l1, input_power_l2, input_power_l3 = phases(
        int16, (4907, 4908, 4909), Quantity.POWER, scale=0.1, since=59
    )
    input_frequency = measure(uint16(4910, 100, since=59), Quantity.FREQUENCY, tier=Tier.DETAIL)
    output_voltage_l1, output_voltage_l2, output_voltage_l3 = phases(
        uint16, (4911, 4912, 4913), Quantity.VOLTAGE, scale=10, since=59
    )
    output_current_l1, output_current_l2, output_current_l3 = phases(
        int16, (4914, 4915, 4916), Quantity.CURRENT, scale=10, since=59
    )
    output_power_l1, output_power_l2, output_power_l3 = phases(
        int16, (4917, 4918, 4919), Quantity.POWER, scale=0.1, since=59
    )
    output_frequency = measure(uint16(4920, 100, since=59), Quantity.FREQUENCY, tier=Tier.DETAIL)
    rs_ess_mode = enumerated(code(4921, RsEssMode, since=59, setting=ESS_MODE), tier=Tier.DETAIL)
    # In memory only; falls back to the value of VictronConnect after 60 s of silence.
    power_setpoint = measure(
        int32(4922, since=59, setting=SETPOINT), Quantity.POWER, tier=Tier.EXPERT
    )
    feed_in_disabled = flag(yes(4924, since=59, setting=SWITCH), tier=Tier.EXPERT)
    active_state_of_charge_limit = measure(uint16(4925, since=76), Quantity.RATIO, tier=Tier.DETAIL)
    # Printed as writable; the server refuses.
    pv_disabled = flag(yes(4929, since=101), tier=Tier.EXPERT)
    grid_lost_alarm = enumerated(code(4930, Alarm, since=69), tier=Tier.DETAIL)
    phase_rotation_alarm = enumerated(code(4931, Alarm, since=69), tier=Tier.DETAIL)
    input_current_limit_1 = measure(
        uint16(4940, 10, since=77, setting=INPUT_CURRENT),
        Quantity.CURRENT,
        number=1,
        tier=Tier.DETAIL,
    )
    input_current_limit_2 = measure(
        uint16(4941, 10, since=77, setting=INPUT_CURRENT),
        Quantity.CURRENT,
        number=2,
        tier=Tier.EXPERT,
    )
    # Printed as writable; the server refuses.
    meter_current_limit = measure(uint16(4942, 10, since=77), Quantity.CURRENT, tier=Tier.EXPERT)
    # What comes in, negative to the mains, and what goes to the loads.
    input_power, output_power = phase_sum("input_power"), phase_sum("output_power")


def _system_controls(device: ServiceDevice) -> Iterator[Control]:
    system = BlockControls(device, AcSystem)
    yield from system.number("input_current_limit_1")
    yield from system.number("input_current_limit_2", tier=Tier.EXPERT)
    yield from system.select("rs_ess_mode", tuple(RsEssMode))
    yield from system.setpoint("power_setpoint")
    yield from system.release("power_setpoint")
    yield from system.switch("feed_in_disabled", tier=Tier.EXPERT)


ACSYSTEM = Service(
    "acsystem",
    "RS system",
    4900,
    (identity(4950), main(AcSystem)),
    since=59,
    fillers=reserved((4926, 3), (4932, 8), (4943, 7)),
    setpoints=AcSystem,
    controls=_system_controls,
)
