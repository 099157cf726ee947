"""The system as a whole: what the GX adds up out of all devices."""

from collections.abc import Iterator
from enum import IntEnum
from typing import ClassVar

from ....model.controls import Control
from ....model.points import (
    Kind,
    Quantity,
    Tier,
    derived,
    enumerated,
    flag,
    measure,
    phases,
    text,
)
from ....polling.polled_device import Cadence
from ..block_controls import BlockControls
from ..component import INT16_SPAN, GxComponent, moment, phase_sum, total, unwrapped, watts
from ..fields import (
    INT16,
    NO_VALUE,
    UNTIL_SEEN,
    code,
    each,
    int16,
    int32,
    string,
    uint16,
    uint32,
    uint64,
    yes,
)
from ..server import FIRST_WITH_BLOCK, NOT_TOLD, firmware_text
from ..service import Block, Energy, Service, main, reserved, settings
from ..service_device import ServiceDevice
from ..states import DessRestriction, DessStrategy
from ..write_limits import SAVED_SWITCH


class InputSource(IntEnum):
    """What feeds the system at its AC input."""

    NOT_AVAILABLE = 0
    GRID = 1
    GENERATOR = 2
    SHORE = 3
    NOT_CONNECTED = 240


class BatteryActivity(IntEnum):
    """What the battery does."""

    IDLE = 0
    CHARGING = 1
    DISCHARGING = 2


class DessError(IntEnum):
    """What keeps Dynamic ESS from working."""

    NO_ERROR = 0
    NO_ESS = 1
    ESS_MODE = 2
    NO_SCHEDULE = 3
    LOW_STATE_OF_CHARGE = 4
    CAPACITY_NOT_CONFIGURED = 5


class Gx(GxComponent):
    """The GX itself."""

    portal_id = text(string(800, 6), tier=Tier.EXPERT, private=True)
    # Listed as two registers, the version in hexadecimal and the beta; computed by the
    # server as one number. Before 1.0.82 it is reserved, so all ones, which is enough to
    # notice the update to a firmware that tells.
    firmware_code = uint32(834, since=FIRST_WITH_BLOCK)

    served_with: ClassVar = {"firmware": "firmware_code"}

    @derived(Kind.TEXT, tier=Tier.EXPERT)
    def firmware(self) -> str | None:
        """The version of Venus OS."""
        return firmware_text(self.firmware_told)

    @property
    def firmware_told(self) -> int | None:
        """The firmware as a number, where the server tells it."""
        code = self.firmware_code
        return None if code is None or code == NOT_TOLD else int(code)


class System(GxComponent):
    """Power of the grid, the sun, the loads and the battery."""

    relay_1 = flag(yes(806, setting=SAVED_SWITCH), number=1, tier=Tier.DETAIL)
    relay_2 = flag(yes(807, setting=SAVED_SWITCH), number=2, tier=Tier.DETAIL)

    active_input_source = enumerated(code(826, InputSource, form=INT16))
    # Seconds since 1970. The register list calls it "A DC".
    utc = uint64(830, since=FIRST_WITH_BLOCK)

    battery_voltage = measure(uint16(840, 10, zero=UNTIL_SEEN), Quantity.VOLTAGE)
    battery_current = measure(int16(841, 10, lifeline="battery_voltage"), Quantity.CURRENT)
    # A float inside the GX, which wraps above 32.7 kW, and there is no wider twin.
    battery_power_16 = int16(842)
    state_of_charge = measure(
        uint16(843, zero=UNTIL_SEEN, lifeline="battery_voltage"), Quantity.STATE_OF_CHARGE
    )
    battery_activity = enumerated(code(844, BatteryActivity))
    battery_consumed_charge = measure(uint16(845, -10), Quantity.CHARGE, tier=Tier.EXPERT)
    # 0 stands for "charging".
    battery_time_to_go = measure(
        uint16(846, 0.01, zero=NO_VALUE), Quantity.DURATION, tier=Tier.DETAIL, spare=True
    )
    pv_dc_power = measure(uint16(850), Quantity.POWER)
    pv_dc_current = measure(int16(851, 10), Quantity.CURRENT, tier=Tier.DETAIL, spare=True)
    charger_power = measure(uint16(855, zero=UNTIL_SEEN), Quantity.POWER, tier=Tier.DETAIL)
    dc_system_power = measure(int16(860, zero=UNTIL_SEEN), Quantity.POWER)
    vebus_dc_current = measure(int16(865, 10), Quantity.CURRENT, tier=Tier.EXPERT)
    vebus_dc_power = measure(int16(866), Quantity.POWER, tier=Tier.EXPERT)
    # Positive to the battery. Whether a VE.Bus or an RS inverter/charger does it.
    inverter_charger_current = measure(
        int32(868, 10, since=58), Quantity.CURRENT, tier=Tier.DETAIL, spare=True
    )
    inverter_charger_power = measure(int32(870, since=58), Quantity.POWER, tier=Tier.DETAIL)

    input_loads_power_l1, input_loads_power_l2, input_loads_power_l3 = phases(
        int32, (872, 874, 876), Quantity.POWER, since=59, tier=Tier.DETAIL, spare=True
    )
    output_loads_power_l1, output_loads_power_l2, output_loads_power_l3 = phases(
        int32, (878, 880, 882), Quantity.POWER, since=59, tier=Tier.DETAIL, spare=True
    )

    pv_output_power_l1, pv_output_power_l2, pv_output_power_l3 = phases(
        uint32,
        (884, 886, 888),
        Quantity.POWER,
        since=85,
        before=each(uint16, 808, 809, 810),
        tier=Tier.DETAIL,
    )
    pv_input_power_l1, pv_input_power_l2, pv_input_power_l3 = phases(
        uint32,
        (890, 892, 894),
        Quantity.POWER,
        since=85,
        before=each(uint16, 811, 812, 813),
        tier=Tier.DETAIL,
    )
    # Listed for completeness; the document expects that it is never used.
    pv_genset_power_l1, pv_genset_power_l2, pv_genset_power_l3 = phases(
        uint32,
        (896, 898, 900),
        Quantity.POWER,
        since=85,
        before=each(uint16, 814, 815, 816),
        tier=Tier.EXPERT,
    )
    # What the system supplies to all loads, on either side of the inverter.
    consumption_power_l1, consumption_power_l2, consumption_power_l3 = phases(
        uint32, (902, 904, 906), Quantity.POWER, since=85, before=each(uint16, 817, 818, 819)
    )
    # The grid: positive is import. The phases are told by its meter, or by the inverter/charger.
    power_l1, power_l2, power_l3 = phases(
        int32,
        (908, 910, 912),
        Quantity.POWER,
        since=85,
        before=each(int16, 820, 821, 822),
        spare=True,
    )
    genset_power_l1, genset_power_l2, genset_power_l3 = phases(
        int32,
        (914, 916, 918),
        Quantity.POWER,
        since=85,
        before=each(int16, 823, 824, 825),
        tier=Tier.EXPERT,
    )

    # On all phases together: what comes from the grid (negative is feed-in), what all loads take,
    # what the genset gives, and what the loads take between the meter and the inverter/charger
    # and at its output, which are the secured ones.
    power = phase_sum("power", called="grid_power")
    consumption_power = phase_sum("consumption_power")
    genset_power = phase_sum("genset_power", tier=Tier.DETAIL)
    input_loads_power = phase_sum("input_loads_power", tier=Tier.DETAIL)
    output_loads_power = phase_sum("output_loads_power", tier=Tier.DETAIL)

    served_with: ClassVar = {
        "time": "utc",
        "input_loads_power": "input_loads_power_l1",
        "output_loads_power": "output_loads_power_l1",
    }

    time = moment("utc")

    @derived(Quantity.POWER)
    def battery_power(self) -> float | None:
        """What goes into the battery; negative is discharging."""
        # Without a voltage nothing is measured, and a power of 0 means nothing.
        near = watts(self.battery_voltage, self.battery_current)
        return None if near is None else unwrapped(self.battery_power_16, near, INT16_SPAN)

    @derived(Quantity.POWER)
    def pv_power(self) -> float | None:
        """What the sun gives, over solar chargers and inverters together."""
        return total(
            self.pv_dc_power,
            *(self.pv_output_power_l1, self.pv_output_power_l2, self.pv_output_power_l3),
            *(self.pv_input_power_l1, self.pv_input_power_l2, self.pv_input_power_l3),
        )


class DynamicEss(GxComponent, tier=Tier.EXPERT):
    """What Dynamic ESS is doing."""

    dess_active = flag(yes(5400, since=71), tier=Tier.DETAIL)
    dess_feed_in_allowed = flag(yes(5401, since=71))
    dess_available = flag(yes(5402, since=71))
    dess_charge_rate = measure(uint16(5403, 0.1, since=71), Quantity.POWER)
    dess_error = enumerated(code(5404, DessError, since=71))
    dess_restriction = enumerated(code(5405, DessRestriction, since=71))
    dess_strategy = enumerated(code(5406, DessStrategy, since=71))
    dess_target_state_of_charge = measure(uint16(5407, since=71), Quantity.RATIO, tier=Tier.DETAIL)


class EnergyGaps:
    """How complete the energy is that was worked out of power."""

    def __init__(self, device: ServiceDevice) -> None:
        self._store = device.gateway.energy

    @derived(Quantity.COUNT, depends_on=("main",), tier=Tier.EXPERT)
    def energy_gaps(self) -> float:
        """How often energy could not be added up, here or at one of the devices."""
        return self._store.gaps


def _controls(device: ServiceDevice) -> Iterator[Control]:
    # They move only while their function is "manual"; a GX with another function set
    # acknowledges the write and does nothing, which the read-back tells.
    system = BlockControls(device, System)
    yield from system.switch("relay_1")
    yield from system.switch("relay_2")


SYSTEM = Service(
    "system",
    "GX",
    817,
    (
        Block(name="gx", component=Gx, cadence=Cadence.IDENTITY),
        main(System),
        settings("dynamic_ess", DynamicEss),
    ),
    # The second are listed from 1.0.95 on, "to allow fetching blocks"; 97 is the next step told
    # apart.
    fillers=(
        *reserved((827, 3), (836, 4), since=FIRST_WITH_BLOCK),
        *reserved((847, 3), (852, 3), (856, 4), (861, 4), (867, 1)),
    ),
    # Up to server 1.0.95 a reserved register stands inside the value at 870. A range goes
    # from value to value, so it does not find the next one behind it.
    breaks={872: 95},
    # Energy that only the system as a whole can tell; nothing there counts it.
    energies=(
        Energy(
            System,
            key="consumption",
            power=lambda device: device.the(System).consumption_power,
            positive="energy_consumed",
        ),
        Energy(
            System,
            key="sun",
            power=lambda device: device.the(System).pv_power,
            positive="energy_produced",
            prefix="pv_",
        ),
        Energy(
            System,
            key="genset",
            power=lambda device: device.the(System).genset_power,
            positive="energy_produced",
            prefix="genset_",
            tiers={"energy_produced": Tier.EXPERT},
        ),
        # The phases are added up before import and export are told apart: so does the
        # utility's meter.
        Energy(
            System,
            key="grid",
            power=lambda device: device.the(System).power,
            positive="energy_imported",
            negative="energy_exported",
            unless="grid",
        ),
        Energy(
            System,
            key="battery",
            power=lambda device: device.the(System).battery_power,
            positive="energy_charged",
            negative="energy_discharged",
            prefix="battery_",
            unless="battery",
        ),
    ),
    view=EnergyGaps,
    controls=_controls,
)
