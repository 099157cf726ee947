"""The settings of the GX: ESS, DVCC, feed-in, Dynamic ESS.

All of them are saved to flash when they change. Nothing here is for a control loop.
"""

from collections.abc import Iterator
from enum import Enum, IntEnum
from typing import ClassVar, Final

from ....model.controls import Control
from ....model.errors import NotNowError
from ....model.points import Quantity, Tier, derived, enumerated, flag, measure, text
from ....polling.polled_device import Cadence
from ..block_controls import BlockControls
from ..component import INT16_SPAN, GxComponent, moment, unwrapped
from ..fields import DAYS, HOURS, NO_VALUE, code, int16, int32, kwh16, string, uint16, yes
from ..service import Block, Service, reserved, settings
from ..service_device import ServiceDevice
from ..states import DessRestriction, DessStrategy, InputType
from ..write_limits import PERCENT, SAVED_SWITCH, Limit, Setting

LARGEST_POWER: Final = 300_000
"""W. What the GX's own interface offers for its limits of power."""

SETPOINT: Final = Setting(-LARGEST_POWER, LARGEST_POWER, Limit.AC_POWER, saved=True)
PEAK_CURRENT: Final = Setting(5, 5000, Limit.AC_CURRENT, off=-1, saved=True)
POWER_LIMIT: Final = Setting(0, LARGEST_POWER, Limit.AC_POWER, off=-1, saved=True)
NARROW_POWER_LIMIT: Final = Setting(0, LARGEST_POWER, Limit.AC_POWER, saved=True)


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
    """How ESS regulates the phases, register 2902; 3 hands control to another program.

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
    BUY = 2
    SELL = 3
    NODE_RED = 4


class EssControl(GxComponent, tier=Tier.DETAIL):
    """The set-point of ESS, and what may be fed in."""

    # One setting in two registers: watts up to 32 kW, which wrap beyond, and hundreds.
    grid_setpoint_watts = int16(2700, setting=SETPOINT)
    # Both work only while DVCC is off.
    maximum_charge_share = measure(uint16(2701, setting=PERCENT), Quantity.RATIO, tier=Tier.EXPERT)
    maximum_discharge_share = measure(
        uint16(2702, setting=PERCENT), Quantity.RATIO, tier=Tier.EXPERT
    )
    grid_setpoint_hundreds = int16(2703, 0.01, setting=SETPOINT)
    maximum_charge_current = measure(
        int16(2705, setting=Setting(0, 10_000, Limit.DC_CURRENT, off=-1, saved=True)),
        Quantity.CURRENT,
    )
    feed_in_dc_pv = flag(yes(2707, setting=SAVED_SWITCH))
    ac_pv_feed_in_prevented = flag(yes(2708, setting=SAVED_SWITCH))

    @derived(Quantity.POWER)
    def grid_setpoint(self) -> float | None:
        """What ESS regulates the grid to; positive is import."""
        return unwrapped(self.grid_setpoint_watts, self.grid_setpoint_hundreds, INT16_SPAN)


class EssLimits(GxComponent, tier=Tier.DETAIL):
    """The limits of the battery and of the AC inputs."""

    # 0 is "no limit" here.
    maximum_charge_voltage = measure(
        uint16(2710, 10, setting=Setting(1, 80, Limit.DC_VOLTAGE, off=0, saved=True)),
        Quantity.VOLTAGE,
        tier=Tier.EXPERT,
    )
    ac_input_type_1 = enumerated(
        code(2711, InputType, since=45, setting=Setting(0, 3, saved=True)),
        number=1,
        tier=Tier.EXPERT,
    )
    ac_input_type_2 = enumerated(
        code(2712, InputType, since=45, setting=Setting(0, 3, saved=True)),
        number=2,
        tier=Tier.EXPERT,
    )
    # Per phase, and only with a meter of the grid.
    export_current_limit = measure(int16(2713, since=72, setting=PEAK_CURRENT), Quantity.CURRENT)
    import_current_limit = measure(int16(2714, since=76, setting=PEAK_CURRENT), Quantity.CURRENT)
    peak_shaving_always = flag(yes(2715, since=73, setting=SAVED_SWITCH))


class PowerLimits(GxComponent, tier=Tier.DETAIL):
    """The limits of power.

    The older registers 2704 and 2706 cannot hold "no limit": it is stored as -1 and reads
    as 0, like a limit of 0 W. So what a 0 means there is unknown.
    """

    grid_metering = enumerated(
        code(2718, GridMetering, since=89, setting=SAVED_SWITCH), tier=Tier.EXPERT
    )
    maximum_inverter_power = measure(
        int32(
            2720,
            since=97,
            setting=POWER_LIMIT,
            before=int16(2704, 0.1, since=50, zero=NO_VALUE, setting=NARROW_POWER_LIMIT),
        ),
        Quantity.POWER,
    )
    maximum_feed_in_power = measure(
        int32(
            2722,
            since=97,
            setting=POWER_LIMIT,
            before=int16(2706, 0.01, zero=NO_VALUE, setting=NARROW_POWER_LIMIT),
        ),
        Quantity.POWER,
    )


class Ess(GxComponent, tier=Tier.DETAIL):
    """The mode of ESS."""

    batterylife_state = enumerated(code(2900, BatteryLifeState, setting=Setting(0, 10, saved=True)))
    minimum_state_of_charge = measure(uint16(2901, 10, setting=PERCENT), Quantity.RATIO)
    phase_regulation = enumerated(
        code(2902, PhaseRegulation, setting=Setting(1, 3, saved=True)), tier=Tier.EXPERT
    )
    batterylife_limit = measure(uint16(2903, 10), Quantity.RATIO, tier=Tier.EXPERT)

    @property
    def external(self) -> bool:
        """Whether the inverters are left to others."""
        return self.phase_regulation is PhaseRegulation.EXTERNAL_CONTROL

    @derived(EssMode, tier=Tier.MAIN)
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

    @derived(Quantity.RATIO)
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


class DessSettings(GxComponent, tier=Tier.EXPERT):
    """The settings of Dynamic ESS, and the first slot of its schedule."""

    dess_battery_capacity = measure(
        kwh16(5420, since=71, setting=Setting(0, 1_000_000, saved=True)), Quantity.STORED_ENERGY
    )
    # Listed without a sign, although -1 is allowed for both.
    dess_full_charge_duration = measure(
        uint16(5421, times=HOURS, since=71, setting=Setting(0, 12 * HOURS, saved=True)),
        Quantity.DURATION,
    )
    dess_full_charge_interval = measure(
        uint16(5422, times=DAYS, since=71, setting=Setting(0, 99 * DAYS, saved=True)),
        Quantity.DURATION,
    )
    dess_mode = enumerated(
        code(5423, DessMode, since=71, setting=Setting(0, 4, saved=True)), tier=Tier.DETAIL
    )
    dess_schedule_feed_in_allowed = flag(yes(5424, since=71, setting=SAVED_SWITCH))
    dess_schedule_duration = measure(
        uint16(5425, since=71, setting=Setting(0, 65_535, saved=True)), Quantity.DURATION
    )
    # The list has 1 and 2 the other way round here than in force, at 5405; the GX does not.
    dess_schedule_restriction = enumerated(
        code(5426, DessRestriction, since=71, setting=Setting(0, 3, saved=True))
    )
    dess_schedule_state_of_charge = measure(uint16(5427, since=71, setting=PERCENT), Quantity.RATIO)
    # Seconds since 1970. Written with the rest of the slot only, as VRM does: a slot of which
    # half is new would be carried out like that.
    dess_schedule_start_seconds = int32(
        5428, since=71, setting=Setting(0, (1 << 31) - 1, saved=True)
    )
    dess_schedule_strategy = enumerated(
        code(5430, DessStrategy, since=96, setting=Setting(0, 3, saved=True))
    )

    served_with: ClassVar = {"dess_schedule_start": "dess_schedule_start_seconds"}

    # When the first slot of the schedule begins.
    dess_schedule_start = moment("dess_schedule_start_seconds")


SLOT: Final = (
    "dess_schedule_feed_in_allowed",
    "dess_schedule_duration",
    "dess_schedule_restriction",
    "dess_schedule_state_of_charge",
    "dess_schedule_strategy",
)
"""What a slot of the schedule has besides its start; all of it stands in a row."""


class SystemName(GxComponent):
    """The name of the installation."""

    system_name = text(string(5700, 8, since=97, writable=True), tier=Tier.EXPERT, private=True)


async def set_grid_setpoint(device: ServiceDevice, watts: float) -> None:
    """Set what ESS regulates the grid to, through the register that can hold it.

    Both lead to the same setting. The one in hundreds reaches beyond 32 kW, the one in
    watts is for what lies between the hundreds, or has to be told from what lies there now.
    """

    def register() -> str:
        now = device.the(EssControl).grid_setpoint or 0
        exact = abs(watts) < INT16_SPAN / 2 and (watts % 100 or now % 100)
        return "grid_setpoint_watts" if exact else "grid_setpoint_hundreds"

    await device.set(EssControl, "grid_setpoint_watts", watts, through=register)


async def set_schedule_start(device: ServiceDevice, start: float) -> None:
    """Set when the first slot of the schedule begins, with all of the slot in one request."""
    await device.set(DessSettings, "dess_schedule_start_seconds", start, along=SLOT)


async def set_ess_mode(device: ServiceDevice, mode: EssMode) -> None:
    """Change the mode the way the GX's own interface does it."""
    async with device.lock:
        await _set_ess_mode(device, mode)


async def _set_ess_mode(device: ServiceDevice, mode: EssMode) -> None:
    ess = device.the(Ess)
    await device.refresh(Ess)
    external = ess.external
    if mode is EssMode.EXTERNAL_CONTROL:
        if not external:
            await device.set(Ess, "phase_regulation", PhaseRegulation.EXTERNAL_CONTROL)
        await device.set(Ess, "batterylife_state", BatteryLifeState.DISABLED)
        return
    if external:
        await device.set(Ess, "phase_regulation", PhaseRegulation.TOTAL)
    if mode is EssMode.KEEP_CHARGED:
        await device.set(Ess, "batterylife_state", BatteryLifeState.KEEP_CHARGED)
        return
    first, states = _OPTIMISED[mode]
    if ess.batterylife_state not in states:
        # The GX goes on at once to the state that fits the battery.
        await device.set(Ess, "batterylife_state", first, becomes=states)


async def require_external_control(device: ServiceDevice) -> None:
    """Refuse unless ESS leaves the inverters to others: it would overwrite them at once."""
    await device.refresh(Ess)
    if not device.the(Ess).external:
        raise NotNowError(reason="ESS is not in external control")


def ess_controls(device: ServiceDevice) -> Iterator[Control]:
    """Yield what ESS can be asked; only systems with ESS have any use for it."""
    ess, control = BlockControls(device, Ess), BlockControls(device, EssControl)
    limits, power = BlockControls(device, EssLimits), BlockControls(device, PowerLimits)
    yield from ess.choice(
        "ess_mode",
        tuple(EssMode),
        lambda: device.the(Ess).ess_mode,
        lambda mode: set_ess_mode(device, mode),
    )
    yield from ess.number("minimum_state_of_charge")
    yield from control.number(
        "grid_setpoint_watts",
        key="grid_setpoint",
        quantity=Quantity.POWER,
        read=lambda: device.the(EssControl).grid_setpoint,
        write=lambda watts: set_grid_setpoint(device, watts),
    )
    yield from power.limit("maximum_feed_in_power", switch="feed_in_limited")
    yield from power.limit("maximum_inverter_power", switch="inverter_power_limited")
    yield from limits.limit("export_current_limit", switch="export_current_limited")
    yield from limits.limit("import_current_limit", switch="import_current_limited")
    yield from limits.switch("peak_shaving_always")
    yield from control.switch("feed_in_dc_pv")
    # Given up by the document, for what DVCC does.
    yield from control.number("maximum_charge_share", tier=Tier.EXPERT)
    yield from control.number("maximum_discharge_share", tier=Tier.EXPERT)
    # The register says what is prevented.
    yield from control.switch("ac_pv_feed_in_prevented", key="feed_in_ac_pv", on=0, off=1)
    yield from power.select("grid_metering", tuple(GridMetering), tier=Tier.EXPERT)
    yield from _dynamic_ess_controls(device)


def _dynamic_ess_controls(device: ServiceDevice) -> Iterator[Control]:
    dess = BlockControls(device, DessSettings)
    yield from dess.select("dess_mode", tuple(DessMode))
    yield from dess.number("dess_battery_capacity", tier=Tier.EXPERT)
    yield from dess.number("dess_full_charge_duration", tier=Tier.EXPERT)
    yield from dess.number("dess_full_charge_interval", tier=Tier.EXPERT)
    yield from dess.switch("dess_schedule_feed_in_allowed", tier=Tier.EXPERT)
    if device.settable(DessSettings, "dess_schedule_strategy") is not None:
        # Older servers have the strategy inside the start.
        yield from dess.number(
            "dess_schedule_start_seconds",
            key="dess_schedule_start",
            tier=Tier.EXPERT,
            quantity=Quantity.COUNT,
            write=lambda start: set_schedule_start(device, start),
        )
    yield from dess.number("dess_schedule_duration", tier=Tier.EXPERT)
    yield from dess.select("dess_schedule_restriction", tuple(DessRestriction), tier=Tier.EXPERT)
    yield from dess.number("dess_schedule_state_of_charge", tier=Tier.EXPERT)
    yield from dess.select("dess_schedule_strategy", tuple(DessStrategy), tier=Tier.EXPERT)


def _controls(device: ServiceDevice) -> Iterator[Control]:
    limits = BlockControls(device, EssLimits)
    yield from BlockControls(device, EssControl).limit(
        "maximum_charge_current", switch="charge_current_limited"
    )
    yield from BlockControls(device, EssLimits, guard=device.gateway.require_fitting_battery).limit(
        "maximum_charge_voltage", switch="charge_voltage_limited", tier=Tier.EXPERT
    )
    yield from limits.select("ac_input_type_1", tuple(InputType), tier=Tier.EXPERT)
    yield from limits.select("ac_input_type_2", tuple(InputType), tier=Tier.EXPERT)
    if device.gateway.has("hub4"):
        yield from ess_controls(device)


SETTINGS = Service(
    "settings",
    "Settings",
    2700,
    (
        settings("ess_control", EssControl),
        settings("ess_limits", EssLimits),
        settings("power_limits", PowerLimits),
        settings("ess", Ess),
        settings("dess_settings", DessSettings),
        Block(name="system_name", component=SystemName, cadence=Cadence.IDENTITY),
    ),
    # A filler also stands at 2719.
    fillers=reserved((2719, 1)),
    controls=_controls,
)
