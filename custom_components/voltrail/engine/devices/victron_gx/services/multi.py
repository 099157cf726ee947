"""Multi RS: an inverter/charger with solar trackers, not on VE.Bus."""

from collections.abc import Iterable, Iterator
from typing import ClassVar, Final, override

from ....model.controls import Control
from ....model.points import Quantity, Tier, derived, enumerated, flag, measure, text
from ....polling.polled_device import Cadence
from ..component import AlarmedComponent, GxComponent, total
from ..energy import EnergyTotal
from ..fields import Zero, code, int16, int32, kwh16, kwh32, string, uint16, yes
from ..service import Block, Filler, Service
from ..service_device import Node
from ..states import (
    AcInput,
    Alarm,
    ChargerError,
    InputType,
    OperatingState,
    RsEssMode,
    SwitchPosition,
    TrackerMode,
)
from ..write_limits import SWITCH, Rail, Setting
from ..yields import total_yield
from .vebus import ON_POSITIONS

INPUT_CURRENT: Final = Setting(minimum=0, maximum=6553.5, rail=Rail.AC_CURRENT)
SETPOINT: Final = Setting(minimum=-300_000, maximum=300_000, rail=Rail.AC_POWER)
ESS_MODE: Final = Setting(minimum=0, maximum=3)


class Multi(AlarmedComponent):
    """AC in, AC out, the battery side, alarms and energy."""

    lifelines: ClassVar = {"battery_voltage": ("state_of_charge", "energy_today")}

    input_voltage_l1 = measure(uint16(4500, 10), Quantity.VOLTAGE, phase=1)
    input_voltage_l2 = measure(uint16(4501, 10), Quantity.VOLTAGE, phase=2)
    input_voltage_l3 = measure(uint16(4502, 10), Quantity.VOLTAGE, phase=3)
    # Without a sign before server 1.0.59.
    input_current_l1 = measure(
        int16(4503, 10, since=59, before=uint16(4503, 10)), Quantity.CURRENT, phase=1
    )
    input_current_l2 = measure(
        int16(4504, 10, since=59, before=uint16(4504, 10)), Quantity.CURRENT, phase=2
    )
    input_current_l3 = measure(
        int16(4505, 10, since=59, before=uint16(4505, 10)), Quantity.CURRENT, phase=3
    )
    input_power_l1 = measure(int16(4506, 0.1), Quantity.POWER, phase=1)
    input_power_l2 = measure(int16(4507, 0.1), Quantity.POWER, phase=2)
    input_power_l3 = measure(int16(4508, 0.1), Quantity.POWER, phase=3)
    input_frequency = measure(uint16(4509, 100), Quantity.FREQUENCY, tier=Tier.DETAIL)
    output_voltage_l1 = measure(uint16(4510, 10), Quantity.VOLTAGE, phase=1)
    output_voltage_l2 = measure(uint16(4511, 10), Quantity.VOLTAGE, phase=2)
    output_voltage_l3 = measure(uint16(4512, 10), Quantity.VOLTAGE, phase=3)
    output_current_l1 = measure(
        int16(4513, 10, since=59, before=uint16(4513, 10)), Quantity.CURRENT, phase=1
    )
    output_current_l2 = measure(
        int16(4514, 10, since=59, before=uint16(4514, 10)), Quantity.CURRENT, phase=2
    )
    output_current_l3 = measure(
        int16(4515, 10, since=59, before=uint16(4515, 10)), Quantity.CURRENT, phase=3
    )
    output_power_l1 = measure(int16(4516, 0.1), Quantity.POWER, phase=1)
    output_power_l2 = measure(int16(4517, 0.1), Quantity.POWER, phase=2)
    output_power_l3 = measure(int16(4518, 0.1), Quantity.POWER, phase=3)
    output_frequency = measure(uint16(4519, 100), Quantity.FREQUENCY, tier=Tier.DETAIL)
    ac_input_type_1 = enumerated(code(4520, InputType), number=1, tier=Tier.EXPERT)
    ac_input_type_2 = enumerated(code(4521, InputType), number=2, tier=Tier.EXPERT)
    input_current_limit_1 = measure(
        uint16(4522, 10, setting=INPUT_CURRENT), Quantity.CURRENT, number=1, tier=Tier.DETAIL
    )
    input_current_limit_2 = measure(
        uint16(4523, 10, setting=INPUT_CURRENT), Quantity.CURRENT, number=2, tier=Tier.EXPERT
    )
    number_of_phases = measure(uint16(4524, zero=Zero.NO_VALUE), Quantity.COUNT, tier=Tier.EXPERT)
    active_input = enumerated(code(4525, AcInput), tier=Tier.DETAIL)
    battery_voltage = measure(uint16(4526, 100), Quantity.VOLTAGE)
    battery_current = measure(int16(4527, 10), Quantity.CURRENT)
    battery_temperature = measure(
        int16(4528, 10, zero=Zero.UNTIL_SEEN), Quantity.TEMPERATURE, tier=Tier.DETAIL
    )
    state_of_charge = measure(
        uint16(4529, 10, zero=Zero.UNTIL_SEEN), Quantity.STATE_OF_CHARGE, tier=Tier.DETAIL
    )
    operating_state = enumerated(code(4530, OperatingState))
    switch_position = enumerated(
        code(4531, SwitchPosition, setting=Setting(minimum=1, maximum=4)), tier=Tier.DETAIL
    )
    high_temperature_alarm = enumerated(code(4532, Alarm), tier=Tier.DETAIL)
    high_voltage_alarm = enumerated(code(4533, Alarm), tier=Tier.DETAIL)
    high_output_voltage_alarm = enumerated(code(4534, Alarm), tier=Tier.EXPERT)
    low_temperature_alarm = enumerated(code(4535, Alarm), tier=Tier.DETAIL)
    low_voltage_alarm = enumerated(code(4536, Alarm), tier=Tier.DETAIL)
    low_output_voltage_alarm = enumerated(code(4537, Alarm), tier=Tier.EXPERT)
    overload_alarm = enumerated(code(4538, Alarm), tier=Tier.DETAIL)
    ripple_alarm = enumerated(code(4539, Alarm), tier=Tier.EXPERT)
    pv_power = measure(uint16(4540), Quantity.POWER)
    yield_tenths = kwh16(4541)
    load_relay = flag(yes(4542), tier=Tier.EXPERT)
    tracker_mode = enumerated(code(4543, TrackerMode), tier=Tier.DETAIL)
    pv_voltage = measure(uint16(4544, 10), Quantity.VOLTAGE, tier=Tier.DETAIL)
    charger_error = enumerated(code(4545, ChargerError), tier=Tier.DETAIL)
    energy_input_1_to_output = measure(kwh32(4546), Quantity.ENERGY, tier=Tier.EXPERT)
    energy_input_1_to_battery = measure(kwh32(4548), Quantity.ENERGY, tier=Tier.EXPERT)
    energy_input_2_to_output = measure(kwh32(4550), Quantity.ENERGY, tier=Tier.EXPERT)
    energy_input_2_to_battery = measure(kwh32(4552), Quantity.ENERGY, tier=Tier.EXPERT)
    energy_output_to_input_1 = measure(kwh32(4554), Quantity.ENERGY, tier=Tier.EXPERT)
    energy_output_to_input_2 = measure(kwh32(4556), Quantity.ENERGY, tier=Tier.EXPERT)
    energy_battery_to_input_1 = measure(kwh32(4558), Quantity.ENERGY, tier=Tier.EXPERT)
    energy_battery_to_input_2 = measure(kwh32(4560), Quantity.ENERGY, tier=Tier.EXPERT)
    energy_battery_to_output = measure(kwh32(4562), Quantity.ENERGY, tier=Tier.EXPERT)
    energy_output_to_battery = measure(kwh32(4564), Quantity.ENERGY, tier=Tier.EXPERT)
    energy_pv_to_input_1 = measure(kwh32(4566), Quantity.ENERGY, tier=Tier.EXPERT)
    energy_pv_to_input_2 = measure(kwh32(4568), Quantity.ENERGY, tier=Tier.EXPERT)
    energy_pv_to_output = measure(kwh32(4570), Quantity.ENERGY, tier=Tier.EXPERT)
    energy_pv_to_battery = measure(kwh32(4572), Quantity.ENERGY, tier=Tier.EXPERT)
    energy_today = measure(kwh16(4574), Quantity.SESSION_ENERGY)
    maximum_power_today = measure(uint16(4575), Quantity.POWER, tier=Tier.EXPERT)
    energy_yesterday = measure(kwh16(4576), Quantity.STORED_ENERGY, tier=Tier.EXPERT)
    maximum_power_yesterday = measure(uint16(4577), Quantity.POWER, tier=Tier.EXPERT)
    low_state_of_charge_alarm = enumerated(code(4602, Alarm, since=40), tier=Tier.DETAIL)
    yield_whole = kwh32(4603, 1, since=44)
    rs_ess_mode = enumerated(code(4609, RsEssMode, since=57, setting=ESS_MODE), tier=Tier.DETAIL)
    # In memory only; falls back to the value of VictronConnect after 60 s of silence.
    power_setpoint = measure(
        int32(4610, since=57, setting=SETPOINT), Quantity.POWER, tier=Tier.EXPERT
    )
    feed_in_disabled = flag(yes(4612, since=57, setting=SWITCH), tier=Tier.EXPERT)
    charge_disabled = flag(yes(4613, since=57, setting=SWITCH), tier=Tier.EXPERT)
    # Whole percents, unlike the setting of VE.Bus systems.
    minimum_state_of_charge = measure(
        uint16(4614, since=58, setting=Setting(minimum=0, maximum=100)),
        Quantity.RATIO,
        tier=Tier.DETAIL,
    )
    sustain = flag(yes(4615, since=66), tier=Tier.EXPERT)
    short_circuit_alarm = enumerated(code(4620, Alarm, since=67), tier=Tier.DETAIL)

    @property
    @override
    def phases_told(self) -> int | None:
        phases = self.number_of_phases
        return None if phases is None else int(phases)

    @derived(Quantity.POWER)
    def input_power(self) -> float | None:
        """What comes in on all phases; negative goes to the mains."""
        return total(self.input_power_l1, self.input_power_l2, self.input_power_l3)

    @derived(Quantity.POWER)
    def output_power(self) -> float | None:
        """What goes to the loads on all phases."""
        return total(self.output_power_l1, self.output_power_l2, self.output_power_l3)


class MultiTrackers(GxComponent):
    """The trackers, one by one."""

    energy_today_1 = measure(kwh16(4578), Quantity.SESSION_ENERGY, number=1, tier=Tier.EXPERT)
    energy_today_2 = measure(kwh16(4579), Quantity.SESSION_ENERGY, number=2, tier=Tier.EXPERT)
    energy_today_3 = measure(kwh16(4580), Quantity.SESSION_ENERGY, number=3, tier=Tier.EXPERT)
    energy_today_4 = measure(kwh16(4581), Quantity.SESSION_ENERGY, number=4, tier=Tier.EXPERT)
    energy_yesterday_1 = measure(kwh16(4582), Quantity.STORED_ENERGY, number=1, tier=Tier.EXPERT)
    energy_yesterday_2 = measure(kwh16(4583), Quantity.STORED_ENERGY, number=2, tier=Tier.EXPERT)
    energy_yesterday_3 = measure(kwh16(4584), Quantity.STORED_ENERGY, number=3, tier=Tier.EXPERT)
    energy_yesterday_4 = measure(kwh16(4585), Quantity.STORED_ENERGY, number=4, tier=Tier.EXPERT)
    maximum_power_today_1 = measure(uint16(4586), Quantity.POWER, number=1, tier=Tier.EXPERT)
    maximum_power_today_2 = measure(uint16(4587), Quantity.POWER, number=2, tier=Tier.EXPERT)
    maximum_power_today_3 = measure(uint16(4588), Quantity.POWER, number=3, tier=Tier.EXPERT)
    maximum_power_today_4 = measure(uint16(4589), Quantity.POWER, number=4, tier=Tier.EXPERT)
    maximum_power_yesterday_1 = measure(uint16(4590), Quantity.POWER, number=1, tier=Tier.EXPERT)
    maximum_power_yesterday_2 = measure(uint16(4591), Quantity.POWER, number=2, tier=Tier.EXPERT)
    maximum_power_yesterday_3 = measure(uint16(4592), Quantity.POWER, number=3, tier=Tier.EXPERT)
    maximum_power_yesterday_4 = measure(uint16(4593), Quantity.POWER, number=4, tier=Tier.EXPERT)
    pv_voltage_1 = measure(uint16(4594, 10), Quantity.VOLTAGE, number=1, tier=Tier.EXPERT)
    pv_voltage_2 = measure(uint16(4595, 10), Quantity.VOLTAGE, number=2, tier=Tier.EXPERT)
    pv_voltage_3 = measure(uint16(4596, 10), Quantity.VOLTAGE, number=3, tier=Tier.EXPERT)
    pv_voltage_4 = measure(uint16(4597, 10), Quantity.VOLTAGE, number=4, tier=Tier.EXPERT)
    pv_power_1 = measure(uint16(4598), Quantity.POWER, number=1, tier=Tier.EXPERT)
    pv_power_2 = measure(uint16(4599), Quantity.POWER, number=2, tier=Tier.EXPERT)
    pv_power_3 = measure(uint16(4600), Quantity.POWER, number=3, tier=Tier.EXPERT)
    pv_power_4 = measure(uint16(4601), Quantity.POWER, number=4, tier=Tier.EXPERT)
    tracker_mode_1 = enumerated(code(4605, TrackerMode, since=50), number=1, tier=Tier.EXPERT)
    tracker_mode_2 = enumerated(code(4606, TrackerMode, since=50), number=2, tier=Tier.EXPERT)
    tracker_mode_3 = enumerated(code(4607, TrackerMode, since=50), number=3, tier=Tier.EXPERT)
    tracker_mode_4 = enumerated(code(4608, TrackerMode, since=50), number=4, tier=Tier.EXPERT)
    tracker_enabled_1 = flag(yes(4630, since=91), number=1, tier=Tier.EXPERT)
    tracker_enabled_2 = flag(yes(4631, since=91), number=2, tier=Tier.EXPERT)
    tracker_enabled_3 = flag(yes(4632, since=91), number=3, tier=Tier.EXPERT)
    tracker_enabled_4 = flag(yes(4633, since=91), number=4, tier=Tier.EXPERT)


class MultiIdentity(GxComponent):
    """The name that its owner gave it."""

    custom_name = text(string(4622, 8, since=97, writable=True), tier=Tier.EXPERT, private=True)


class MultiEnergy:
    """What the trackers have harvested since the counter was last reset."""

    def __init__(self, account: EnergyTotal) -> None:
        self._account = account

    @derived(Quantity.ENERGY, depends_on=("main",))
    def energy_produced(self) -> float | None:
        """The total yield."""
        return self._account.value("energy_produced")


def _views(node: Node) -> Iterable[object]:
    multi = node.the(Multi)
    account = node.device.ledger.open(
        node.names[Multi],
        multi,
        hardware={"energy_produced": lambda: total_yield(multi.yield_tenths, multi.yield_whole)},
    )
    yield MultiEnergy(account)
    yield from node.setpoint_view(Multi)


def _controls(node: Node) -> Iterator[Control]:
    yield from node.select(Multi, "switch_position", ON_POSITIONS)
    yield from node.button(
        Multi, "switch_position", key="switch_off", value=SwitchPosition.OFF, lasting=True
    )
    yield from node.number(Multi, "input_current_limit_1")
    yield from node.number(Multi, "input_current_limit_2", tier=Tier.EXPERT)
    yield from node.select(Multi, "rs_ess_mode", tuple(RsEssMode))
    yield from node.number(Multi, "minimum_state_of_charge")
    yield from node.setpoint(Multi, "power_setpoint")
    if node.get(Multi) is not None and node.the(Multi).bounds("power_setpoint"):
        yield from node.release(Multi)
    yield from node.switch(Multi, "feed_in_disabled", tier=Tier.EXPERT)
    yield from node.switch(Multi, "charge_disabled", tier=Tier.EXPERT)


MULTI = Service(
    key="multi",
    title="Multi RS",
    probe=4500,
    blocks=(
        Block(name="identity", component=MultiIdentity, cadence=Cadence.IDENTITY),
        Block(name="main", component=Multi, cadence=Cadence.MEASUREMENTS),
        Block(name="trackers", component=MultiTrackers, cadence=Cadence.SETTINGS),
    ),
    fillers=(Filler(address=4616, count=4), Filler(address=4621, count=1)),
    views=_views,
    controls=_controls,
)
