"""The settings of the GX: ESS, DVCC, feed-in, Dynamic ESS.

All of them are saved to flash when they change. Nothing here is for a control loop.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from enum import Enum, IntEnum
from typing import ClassVar, Final

from ....model.controls import Control
from ....model.errors import NotNowError
from ....model.points import Kind, Quantity, Tier, derived, enumerated, flag, measure, text
from ....polling.polled_device import Cadence
from ..component import INT16_SPAN, GxComponent, unwrapped
from ..fields import (
    DAYS,
    HOURS,
    Zero,
    code,
    int16,
    int32,
    kwh16,
    string,
    uint16,
    yes,
)
from ..service import Block, Filler, Service
from ..service_device import Node
from ..states import InputType
from ..write_limits import SAVED_SWITCH, Rail, Setting

LARGEST_POWER: Final = 300_000
"""W. What the GX's own interface offers for its limits of power."""

SETPOINT: Final = Setting(
    minimum=-LARGEST_POWER, maximum=LARGEST_POWER, rail=Rail.AC_POWER, saved=True
)
PEAK_CURRENT: Final = Setting(minimum=5, maximum=5000, off=-1, rail=Rail.AC_CURRENT, saved=True)


def _power_limit(*, off: float | None) -> Setting:
    return Setting(minimum=0, maximum=LARGEST_POWER, off=off, rail=Rail.AC_POWER, saved=True)


def _percent() -> Setting:
    return Setting(minimum=0, maximum=100, step=1, saved=True)


class BatteryLifeState(IntEnum):
    """What ESS does with the battery, register 2900.

    12 is known to the GX's own interface only. So is the name of 8.
    """

    DISABLED = 0
    RESTARTING = 1
    SELF_CONSUMPTION = 2
    SELF_CONSUMPTION_HIGH = 3
    SELF_CONSUMPTION_FULL = 4
    DISCHARGE_DISABLED = 5
    FORCE_CHARGE = 6
    SUSTAIN = 7
    LOW_STATE_OF_CHARGE_RECHARGE = 8
    KEEP_CHARGED = 9
    WITHOUT_BATTERYLIFE = 10
    WITHOUT_BATTERYLIFE_LOW = 11
    WITHOUT_BATTERYLIFE_RECHARGE = 12


class PhaseRegulation(IntEnum):
    """How ESS regulates the phases, register 2902; 3 hands control to somebody else.

    It has been seen to read 0, which no document explains.
    """

    UNSET = 0
    TOTAL = 1
    INDIVIDUAL = 2
    EXTERNAL_CONTROL = 3


class EssMode(Enum):
    """The mode of ESS as its own interface offers it: made of registers 2900 and 2902."""

    OPTIMISED_WITH_BATTERYLIFE = "optimised_with_batterylife"
    OPTIMISED_WITHOUT_BATTERYLIFE = "optimised_without_batterylife"
    KEEP_CHARGED = "keep_charged"
    EXTERNAL_CONTROL = "external_control"


class GridMetering(IntEnum):
    """Where the grid is measured."""

    EXTERNAL_METER = 0
    INVERTER_CHARGER = 1


class DessMode(IntEnum):
    """Who runs Dynamic ESS."""

    OFF = 0
    AUTO = 1
    NODE_RED = 4


class DessScheduleRestriction(IntEnum):
    """Where a slot of the schedule lets no energy flow.

    1 and 2 are the other way round in the restriction that holds now.
    """

    NONE = 0
    GRID_TO_BATTERY = 1
    BATTERY_TO_GRID = 2
    BOTH = 3


class DessScheduleStrategy(IntEnum):
    """What a slot of the schedule is after."""

    TARGET_STATE_OF_CHARGE = 0
    SELF_CONSUMPTION = 1


class PumpMode(IntEnum):
    """How the pump is run."""

    AUTO = 0
    ON = 1
    OFF = 2


class EssControl(GxComponent):
    """The set-point of ESS, and what may be fed in."""

    # One setting in two registers: watts up to 32 kW, which wrap beyond, and hundreds.
    grid_setpoint_watts = int16(2700, setting=SETPOINT)
    # Both work only while DVCC is off.
    maximum_charge_share = measure(uint16(2701, writable=True), Quantity.RATIO, tier=Tier.EXPERT)
    maximum_discharge_share = measure(uint16(2702, writable=True), Quantity.RATIO, tier=Tier.EXPERT)
    grid_setpoint_hundreds = int16(2703, 0.01, setting=SETPOINT)
    maximum_charge_current = measure(
        int16(
            2705,
            setting=Setting(minimum=0, maximum=10_000, off=-1, rail=Rail.DC_CURRENT, saved=True),
        ),
        Quantity.CURRENT,
        tier=Tier.DETAIL,
    )
    feed_in_dc_pv = flag(yes(2707, setting=SAVED_SWITCH), tier=Tier.DETAIL)
    ac_pv_feed_in_prevented = flag(yes(2708, setting=SAVED_SWITCH), tier=Tier.DETAIL)

    @derived(Quantity.POWER, tier=Tier.DETAIL)
    def grid_setpoint(self) -> float | None:
        """What ESS regulates the grid to; positive is import."""
        return unwrapped(self.grid_setpoint_watts, self.grid_setpoint_hundreds, INT16_SPAN)


class EssLimits(GxComponent):
    """The limits of the battery and of the AC inputs."""

    # 0 is "no limit" here.
    maximum_charge_voltage = measure(
        uint16(
            2710,
            10,
            setting=Setting(minimum=1, maximum=80, off=0, rail=Rail.DC_VOLTAGE, saved=True),
        ),
        Quantity.VOLTAGE,
        tier=Tier.EXPERT,
    )
    ac_input_type_1 = enumerated(
        code(2711, InputType, since=45, setting=Setting(minimum=0, maximum=3, saved=True)),
        number=1,
        tier=Tier.EXPERT,
    )
    ac_input_type_2 = enumerated(
        code(2712, InputType, since=45, setting=Setting(minimum=0, maximum=3, saved=True)),
        number=2,
        tier=Tier.EXPERT,
    )
    # Per phase, and only with a meter of the grid.
    export_current_limit = measure(
        int16(2713, since=72, setting=PEAK_CURRENT), Quantity.CURRENT, tier=Tier.DETAIL
    )
    import_current_limit = measure(
        int16(2714, since=76, setting=PEAK_CURRENT), Quantity.CURRENT, tier=Tier.DETAIL
    )
    peak_shaving_always = flag(yes(2715, since=73, setting=SAVED_SWITCH), tier=Tier.DETAIL)


class PowerLimits(GxComponent):
    """The limits of power.

    The older registers 2704 and 2706 cannot hold "no limit": it is stored as -1 and reads
    as 0, like a limit of 0 W. So nobody knows what a 0 there says.
    """

    grid_metering = enumerated(
        code(2718, GridMetering, since=89, setting=SAVED_SWITCH), tier=Tier.EXPERT
    )
    maximum_inverter_power = measure(
        int32(
            2720,
            since=97,
            setting=_power_limit(off=-1),
            before=int16(2704, 0.1, since=50, zero=Zero.NO_VALUE, setting=_power_limit(off=None)),
        ),
        Quantity.POWER,
        tier=Tier.DETAIL,
    )
    maximum_feed_in_power = measure(
        int32(
            2722,
            since=97,
            setting=_power_limit(off=-1),
            before=int16(2706, 0.01, zero=Zero.NO_VALUE, setting=_power_limit(off=None)),
        ),
        Quantity.POWER,
        tier=Tier.DETAIL,
    )


class Ess(GxComponent):
    """The mode of ESS."""

    batterylife_state = enumerated(
        code(2900, BatteryLifeState, setting=Setting(minimum=0, maximum=10, saved=True)),
        tier=Tier.DETAIL,
    )
    minimum_state_of_charge = measure(
        uint16(2901, 10, setting=_percent()), Quantity.RATIO, tier=Tier.DETAIL
    )
    phase_regulation = enumerated(
        code(2902, PhaseRegulation, setting=Setting(minimum=1, maximum=3, saved=True)),
        tier=Tier.EXPERT,
    )
    batterylife_limit = measure(uint16(2903, 10), Quantity.RATIO, tier=Tier.EXPERT)

    @property
    def external(self) -> bool:
        """Whether the inverters are left to others."""
        return self.phase_regulation is PhaseRegulation.EXTERNAL_CONTROL

    @derived(EssMode)
    def ess_mode(self) -> EssMode | None:
        """The mode as the GX's own interface shows it."""
        if self.external:
            return EssMode.EXTERNAL_CONTROL
        state = self.batterylife_state
        if state is BatteryLifeState.KEEP_CHARGED:
            return EssMode.KEEP_CHARGED
        if state in WITH_BATTERYLIFE:
            return EssMode.OPTIMISED_WITH_BATTERYLIFE
        return EssMode.OPTIMISED_WITHOUT_BATTERYLIFE if state in WITHOUT_BATTERYLIFE else None

    @derived(Quantity.RATIO, tier=Tier.DETAIL)
    def active_state_of_charge_limit(self) -> float | None:
        """Down to where the battery is discharged now.

        The document has it as the lower of the two limits; the GX's own interface shows the
        higher one, and that is what it does.
        """
        minimum, limit = self.minimum_state_of_charge, self.batterylife_limit
        if minimum is None or limit is None or self.batterylife_state not in WITH_BATTERYLIFE:
            return minimum
        return max(minimum, limit)


WITH_BATTERYLIFE: Final = tuple(BatteryLifeState)[1:9]
WITHOUT_BATTERYLIFE: Final = tuple(BatteryLifeState)[10:]

_OPTIMISED: Final = {
    EssMode.OPTIMISED_WITH_BATTERYLIFE: (BatteryLifeState.RESTARTING, WITH_BATTERYLIFE),
    EssMode.OPTIMISED_WITHOUT_BATTERYLIFE: (
        BatteryLifeState.WITHOUT_BATTERYLIFE,
        WITHOUT_BATTERYLIFE,
    ),
}
"""With which state each of the two begins, and those that it has."""


class DessSettings(GxComponent):
    """The settings of Dynamic ESS, and the first slot of its schedule."""

    dess_battery_capacity = measure(
        kwh16(5420, since=71, setting=Setting(minimum=0, maximum=1_000_000, saved=True)),
        Quantity.STORED_ENERGY,
        tier=Tier.EXPERT,
    )
    # Listed without a sign, although -1 is allowed for both.
    dess_full_charge_duration = measure(
        uint16(
            5421,
            times=HOURS,
            since=71,
            setting=Setting(minimum=0, maximum=12 * HOURS, saved=True),
        ),
        Quantity.DURATION,
        tier=Tier.EXPERT,
    )
    dess_full_charge_interval = measure(
        uint16(
            5422,
            times=DAYS,
            since=71,
            setting=Setting(minimum=0, maximum=99 * DAYS, saved=True),
        ),
        Quantity.DURATION,
        tier=Tier.EXPERT,
    )
    dess_mode = enumerated(
        code(5423, DessMode, since=71, setting=Setting(minimum=0, maximum=4, saved=True)),
        tier=Tier.DETAIL,
    )
    dess_schedule_feed_in_allowed = flag(
        yes(5424, since=71, setting=SAVED_SWITCH), tier=Tier.EXPERT
    )
    dess_schedule_duration = measure(
        uint16(5425, since=71, setting=Setting(minimum=0, maximum=65_535, saved=True)),
        Quantity.DURATION,
        tier=Tier.EXPERT,
    )
    dess_schedule_restriction = enumerated(
        code(
            5426,
            DessScheduleRestriction,
            since=71,
            setting=Setting(minimum=0, maximum=3, saved=True),
        ),
        tier=Tier.EXPERT,
    )
    dess_schedule_state_of_charge = measure(
        uint16(5427, since=71, setting=_percent()), Quantity.RATIO, tier=Tier.EXPERT
    )
    # Seconds since 1970; VRM writes it, with the rest of the slot.
    dess_schedule_start_seconds = int32(5428, since=71, writable=True)
    dess_schedule_strategy = enumerated(
        code(5430, DessScheduleStrategy, since=96, setting=SAVED_SWITCH), tier=Tier.EXPERT
    )

    served_with: ClassVar = {"dess_schedule_start": "dess_schedule_start_seconds"}

    @derived(Kind.MOMENT, tier=Tier.EXPERT)
    def dess_schedule_start(self) -> datetime | None:
        """When the first slot of the schedule begins."""
        seconds = self.dess_schedule_start_seconds
        return datetime.fromtimestamp(seconds, UTC) if seconds and seconds > 0 else None


class SystemName(GxComponent):
    """The name of the installation."""

    system_name = text(string(5700, 8, since=97, writable=True), tier=Tier.EXPERT, private=True)


class PumpSettings(GxComponent):
    """How the pump is run by a tank's level: settings of the GX, shown with the pump."""

    pump_auto_start = flag(yes(4701, since=43, setting=SAVED_SWITCH), tier=Tier.DETAIL)
    pump_mode = enumerated(
        code(4702, PumpMode, since=43, setting=Setting(minimum=0, maximum=2, saved=True)),
        tier=Tier.DETAIL,
    )
    pump_start_level = measure(
        uint16(4703, since=43, setting=_percent()), Quantity.RATIO, tier=Tier.DETAIL
    )
    pump_stop_level = measure(
        uint16(4704, since=43, setting=_percent()), Quantity.RATIO, tier=Tier.DETAIL
    )


async def set_grid_setpoint(node: Node, watts: float) -> None:
    """Set what ESS regulates the grid to, through the register that can hold it.

    Both lead to the same setting. The one in hundreds reaches beyond 32 kW, the one in
    watts is for what lies between the hundreds, or has to be told from what lies there now.
    """

    def register() -> str:
        now = node.the(EssControl).grid_setpoint or 0
        exact = abs(watts) < INT16_SPAN / 2 and (watts % 100 or now % 100)
        return "grid_setpoint_watts" if exact else "grid_setpoint_hundreds"

    await node.set(EssControl, "grid_setpoint_watts", watts, through=register)


async def set_ess_mode(node: Node, mode: EssMode) -> None:
    """Change the mode the way the GX's own interface does it."""
    async with node.lock:
        await _set_ess_mode(node, mode)


async def _set_ess_mode(node: Node, mode: EssMode) -> None:
    ess = node.the(Ess)
    await node.device.refresh_now(node.names[Ess])
    external = ess.external
    if mode is EssMode.EXTERNAL_CONTROL:
        if not external:
            await node.set(Ess, "phase_regulation", PhaseRegulation.EXTERNAL_CONTROL)
        await node.set(Ess, "batterylife_state", BatteryLifeState.DISABLED)
        return
    if external:
        await node.set(Ess, "phase_regulation", PhaseRegulation.TOTAL)
    if mode is EssMode.KEEP_CHARGED:
        await node.set(Ess, "batterylife_state", BatteryLifeState.KEEP_CHARGED)
        return
    first, states = _OPTIMISED[mode]
    if ess.batterylife_state not in states:
        # The GX goes on at once to the state that fits the battery.
        await node.set(Ess, "batterylife_state", first, becomes=states)


async def require_external_control(node: Node) -> None:
    """Refuse unless ESS leaves the inverters to others: it would overwrite them at once."""
    await node.device.refresh_now(node.names[Ess])
    if not node.the(Ess).external:
        raise NotNowError(reason="ESS is not in external control")


def ess_controls(node: Node) -> Iterator[Control]:
    """Yield what ESS can be asked; only systems with ESS have any use for it."""
    yield from node.choice(
        "ess_mode",
        Ess,
        tuple(EssMode),
        lambda: node.the(Ess).ess_mode,
        lambda mode: set_ess_mode(node, mode),
    )
    yield from node.number(Ess, "minimum_state_of_charge")
    yield from node.computed(
        "grid_setpoint",
        EssControl,
        "grid_setpoint_watts",
        quantity=Quantity.POWER,
        read=lambda: node.the(EssControl).grid_setpoint,
        write=lambda watts: set_grid_setpoint(node, watts),
    )
    yield from node.limit(PowerLimits, "maximum_feed_in_power", switch="feed_in_limited")
    yield from node.limit(PowerLimits, "maximum_inverter_power", switch="inverter_power_limited")
    yield from node.limit(EssLimits, "export_current_limit", switch="export_current_limited")
    yield from node.limit(EssLimits, "import_current_limit", switch="import_current_limited")
    yield from node.switch(EssLimits, "peak_shaving_always")
    yield from node.switch(EssControl, "feed_in_dc_pv")
    # The register says what is prevented.
    yield from node.switch(EssControl, "ac_pv_feed_in_prevented", key="feed_in_ac_pv", on=0, off=1)
    yield from node.select(PowerLimits, "grid_metering", tuple(GridMetering), tier=Tier.EXPERT)
    yield from node.select(DessSettings, "dess_mode", tuple(DessMode))
    yield from node.number(DessSettings, "dess_battery_capacity", tier=Tier.EXPERT)
    yield from node.number(DessSettings, "dess_full_charge_duration", tier=Tier.EXPERT)
    yield from node.number(DessSettings, "dess_full_charge_interval", tier=Tier.EXPERT)
    yield from node.switch(DessSettings, "dess_schedule_feed_in_allowed", tier=Tier.EXPERT)
    yield from node.number(DessSettings, "dess_schedule_duration", tier=Tier.EXPERT)
    yield from node.select(
        DessSettings,
        "dess_schedule_restriction",
        tuple(DessScheduleRestriction),
        tier=Tier.EXPERT,
    )
    yield from node.number(DessSettings, "dess_schedule_state_of_charge", tier=Tier.EXPERT)
    yield from node.select(
        DessSettings, "dess_schedule_strategy", tuple(DessScheduleStrategy), tier=Tier.EXPERT
    )


def _controls(node: Node) -> Iterator[Control]:
    yield from node.limit(EssControl, "maximum_charge_current", switch="charge_current_limited")
    yield from node.limit(
        EssLimits,
        "maximum_charge_voltage",
        switch="charge_voltage_limited",
        tier=Tier.EXPERT,
        guard=node.device.require_fitting_battery,
    )
    yield from node.select(EssLimits, "ac_input_type_1", tuple(InputType), tier=Tier.EXPERT)
    yield from node.select(EssLimits, "ac_input_type_2", tuple(InputType), tier=Tier.EXPERT)
    if node.device.has("hub4"):
        yield from ess_controls(node)


def pump_controls(node: Node) -> Iterator[Control]:
    """Yield how the pump is run."""
    yield from node.switch(PumpSettings, "pump_auto_start")
    yield from node.select(PumpSettings, "pump_mode", tuple(PumpMode))
    yield from node.number(PumpSettings, "pump_start_level", tier=Tier.DETAIL)
    yield from node.number(PumpSettings, "pump_stop_level", tier=Tier.DETAIL)


SETTINGS = Service(
    key="settings",
    title="Settings",
    probe=2700,
    blocks=(
        Block(name="ess_control", component=EssControl, cadence=Cadence.SETTINGS),
        Block(name="ess_limits", component=EssLimits, cadence=Cadence.SETTINGS),
        Block(name="power_limits", component=PowerLimits, cadence=Cadence.SETTINGS),
        Block(name="ess", component=Ess, cadence=Cadence.SETTINGS),
        Block(name="dess_settings", component=DessSettings, cadence=Cadence.SETTINGS),
        Block(name="system_name", component=SystemName, cadence=Cadence.IDENTITY),
    ),
    # A filler also stands at 2719.
    fillers=(Filler(address=2719, count=1),),
    controls=_controls,
)
