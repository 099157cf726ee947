"""The system as a whole: what the GX adds up out of all devices."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from enum import IntEnum
from typing import ClassVar

from ....model.controls import Control
from ....model.points import Kind, Quantity, Tier, derived, enumerated, flag, measure, text
from ....polling.polled_device import Cadence
from ..component import INT16_SPAN, GxComponent, total, unwrapped, watts
from ..energy import EnergyStore, EnergyTotal
from ..fields import (
    INT16,
    Zero,
    code,
    int16,
    int32,
    string,
    uint16,
    uint32,
    uint64,
    yes,
)
from ..server import FIRST_WITH_BLOCK, NOT_TOLD, firmware_text
from ..service import Block, Filler, Service
from ..service_device import Node
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


class DessRestriction(IntEnum):
    """Where Dynamic ESS lets no energy flow now."""

    NONE = 0
    BATTERY_TO_GRID = 1
    GRID_TO_BATTERY = 2
    BOTH = 3


class DessStrategy(IntEnum):
    """What Dynamic ESS is after."""

    TARGET_STATE_OF_CHARGE = 0
    SELF_CONSUMPTION = 1
    PRO_BATTERY = 2
    PRO_GRID = 3


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

    lifelines: ClassVar = {"battery_voltage": ("battery_current", "state_of_charge")}

    relay_1 = flag(yes(806, setting=SAVED_SWITCH), number=1, tier=Tier.DETAIL)
    relay_2 = flag(yes(807, setting=SAVED_SWITCH), number=2, tier=Tier.DETAIL)

    active_input_source = enumerated(code(826, InputSource, form=INT16))
    # Seconds since 1970. The register list calls it "A DC".
    utc = uint64(830, since=FIRST_WITH_BLOCK)

    battery_voltage = measure(uint16(840, 10, zero=Zero.UNTIL_SEEN), Quantity.VOLTAGE)
    battery_current = measure(int16(841, 10), Quantity.CURRENT)
    # A float inside the GX, which wraps above 32.7 kW, and there is no wider twin.
    battery_power_16 = int16(842)
    state_of_charge = measure(uint16(843, zero=Zero.UNTIL_SEEN), Quantity.STATE_OF_CHARGE)
    battery_activity = enumerated(code(844, BatteryActivity))
    battery_consumed_charge = measure(uint16(845, -10), Quantity.CHARGE, tier=Tier.EXPERT)
    # 0 stands for "charging".
    battery_time_to_go = measure(
        uint16(846, 0.01, zero=Zero.NO_VALUE), Quantity.DURATION, tier=Tier.DETAIL
    )
    pv_dc_power = measure(uint16(850), Quantity.POWER)
    pv_dc_current = measure(int16(851, 10), Quantity.CURRENT, tier=Tier.DETAIL)
    charger_power = measure(uint16(855, zero=Zero.UNTIL_SEEN), Quantity.POWER, tier=Tier.DETAIL)
    dc_system_power = measure(int16(860, zero=Zero.UNTIL_SEEN), Quantity.POWER)
    vebus_dc_current = measure(int16(865, 10), Quantity.CURRENT, tier=Tier.EXPERT)
    vebus_dc_power = measure(int16(866), Quantity.POWER, tier=Tier.EXPERT)
    # Positive to the battery. Whether a VE.Bus or an RS inverter/charger does it.
    inverter_charger_current = measure(int32(868, 10, since=58), Quantity.CURRENT, tier=Tier.DETAIL)
    inverter_charger_power = measure(int32(870, since=58), Quantity.POWER, tier=Tier.DETAIL)

    input_loads_power_l1 = measure(int32(872, since=59), Quantity.POWER, phase=1, tier=Tier.DETAIL)
    input_loads_power_l2 = measure(int32(874, since=59), Quantity.POWER, phase=2, tier=Tier.DETAIL)
    input_loads_power_l3 = measure(int32(876, since=59), Quantity.POWER, phase=3, tier=Tier.DETAIL)
    output_loads_power_l1 = measure(int32(878, since=59), Quantity.POWER, phase=1, tier=Tier.DETAIL)
    output_loads_power_l2 = measure(int32(880, since=59), Quantity.POWER, phase=2, tier=Tier.DETAIL)
    output_loads_power_l3 = measure(int32(882, since=59), Quantity.POWER, phase=3, tier=Tier.DETAIL)

    pv_output_power_l1 = measure(
        uint32(884, since=85, before=uint16(808)), Quantity.POWER, phase=1, tier=Tier.DETAIL
    )
    pv_output_power_l2 = measure(
        uint32(886, since=85, before=uint16(809)), Quantity.POWER, phase=2, tier=Tier.DETAIL
    )
    pv_output_power_l3 = measure(
        uint32(888, since=85, before=uint16(810)), Quantity.POWER, phase=3, tier=Tier.DETAIL
    )
    pv_input_power_l1 = measure(
        uint32(890, since=85, before=uint16(811)), Quantity.POWER, phase=1, tier=Tier.DETAIL
    )
    pv_input_power_l2 = measure(
        uint32(892, since=85, before=uint16(812)), Quantity.POWER, phase=2, tier=Tier.DETAIL
    )
    pv_input_power_l3 = measure(
        uint32(894, since=85, before=uint16(813)), Quantity.POWER, phase=3, tier=Tier.DETAIL
    )
    # Listed for completeness; the document expects that it is never used.
    pv_genset_power_l1 = measure(
        uint32(896, since=85, before=uint16(814)), Quantity.POWER, phase=1, tier=Tier.EXPERT
    )
    pv_genset_power_l2 = measure(
        uint32(898, since=85, before=uint16(815)), Quantity.POWER, phase=2, tier=Tier.EXPERT
    )
    pv_genset_power_l3 = measure(
        uint32(900, since=85, before=uint16(816)), Quantity.POWER, phase=3, tier=Tier.EXPERT
    )
    # What the system supplies to all loads, on either side of the inverter.
    consumption_power_l1 = measure(
        uint32(902, since=85, before=uint16(817)), Quantity.POWER, phase=1
    )
    consumption_power_l2 = measure(
        uint32(904, since=85, before=uint16(818)), Quantity.POWER, phase=2
    )
    consumption_power_l3 = measure(
        uint32(906, since=85, before=uint16(819)), Quantity.POWER, phase=3
    )
    # The grid: positive is import.
    power_l1 = measure(int32(908, since=85, before=int16(820)), Quantity.POWER, phase=1)
    power_l2 = measure(int32(910, since=85, before=int16(821)), Quantity.POWER, phase=2)
    power_l3 = measure(int32(912, since=85, before=int16(822)), Quantity.POWER, phase=3)
    genset_power_l1 = measure(
        int32(914, since=85, before=int16(823)), Quantity.POWER, phase=1, tier=Tier.EXPERT
    )
    genset_power_l2 = measure(
        int32(916, since=85, before=int16(824)), Quantity.POWER, phase=2, tier=Tier.EXPERT
    )
    genset_power_l3 = measure(
        int32(918, since=85, before=int16(825)), Quantity.POWER, phase=3, tier=Tier.EXPERT
    )

    served_with: ClassVar = {
        "time": "utc",
        "input_loads_power": "input_loads_power_l1",
        "output_loads_power": "output_loads_power_l1",
    }

    @derived(Kind.MOMENT, tier=Tier.EXPERT)
    def time(self) -> datetime | None:
        """The clock of the GX."""
        return datetime.fromtimestamp(self.utc, UTC) if self.utc else None

    @derived(Quantity.POWER)
    def battery_power(self) -> float | None:
        """What goes into the battery; negative is discharging."""
        # Without a voltage nothing is measured, and a power of 0 means nothing.
        near = watts(self.battery_voltage, self.battery_current)
        return None if near is None else unwrapped(self.battery_power_16, near, INT16_SPAN)

    @derived(Quantity.POWER, called="grid_power")
    def power(self) -> float | None:
        """What comes from the grid, on all phases together; negative is feed-in."""
        return total(self.power_l1, self.power_l2, self.power_l3)

    @derived(Quantity.POWER)
    def consumption_power(self) -> float | None:
        """What all loads take."""
        return total(
            self.consumption_power_l1, self.consumption_power_l2, self.consumption_power_l3
        )

    @derived(Quantity.POWER)
    def pv_power(self) -> float | None:
        """What the sun gives, over solar chargers and inverters together."""
        return total(
            self.pv_dc_power,
            self.pv_output_power_l1,
            self.pv_output_power_l2,
            self.pv_output_power_l3,
            self.pv_input_power_l1,
            self.pv_input_power_l2,
            self.pv_input_power_l3,
        )

    @derived(Quantity.POWER, tier=Tier.DETAIL)
    def genset_power(self) -> float | None:
        """What the genset gives."""
        return total(self.genset_power_l1, self.genset_power_l2, self.genset_power_l3)

    @derived(Quantity.POWER, tier=Tier.DETAIL)
    def input_loads_power(self) -> float | None:
        """What the loads between the meter and the inverter/charger take."""
        return total(
            self.input_loads_power_l1, self.input_loads_power_l2, self.input_loads_power_l3
        )

    @derived(Quantity.POWER, tier=Tier.DETAIL)
    def output_loads_power(self) -> float | None:
        """What the loads at the output of the inverter/charger take: the secured ones."""
        return total(
            self.output_loads_power_l1, self.output_loads_power_l2, self.output_loads_power_l3
        )


class DynamicEss(GxComponent):
    """What Dynamic ESS is doing."""

    dess_active = flag(yes(5400, since=71), tier=Tier.DETAIL)
    dess_feed_in_allowed = flag(yes(5401, since=71), tier=Tier.EXPERT)
    dess_available = flag(yes(5402, since=71), tier=Tier.EXPERT)
    dess_charge_rate = measure(uint16(5403, 0.1, since=71), Quantity.POWER, tier=Tier.EXPERT)
    dess_error = enumerated(code(5404, DessError, since=71), tier=Tier.EXPERT)
    dess_restriction = enumerated(code(5405, DessRestriction, since=71), tier=Tier.EXPERT)
    dess_strategy = enumerated(code(5406, DessStrategy, since=71), tier=Tier.EXPERT)
    dess_target_state_of_charge = measure(uint16(5407, since=71), Quantity.RATIO, tier=Tier.DETAIL)


class HouseEnergy:
    """Energy that only the system as a whole can tell; nothing there counts it."""

    def __init__(
        self, ledger: EnergyStore, account: EnergyTotal, sun: EnergyTotal, genset: EnergyTotal
    ) -> None:
        self._ledger = ledger
        self._account = account
        self._sun = sun
        self._genset = genset

    @derived(Quantity.ENERGY, depends_on=("main",))
    def energy_consumed(self) -> float | None:
        """What all loads took."""
        return self._account.value("energy_consumed")

    @derived(Quantity.ENERGY, depends_on=("main",))
    def pv_energy_produced(self) -> float | None:
        """What the sun gave, over solar chargers and inverters together."""
        return self._sun.value("energy_produced")

    @derived(Quantity.ENERGY, depends_on=("main",), tier=Tier.EXPERT)
    def genset_energy_produced(self) -> float | None:
        """What a genset gave."""
        return self._genset.value("energy_produced")

    @derived(Quantity.COUNT, depends_on=("main",), tier=Tier.EXPERT)
    def energy_gaps(self) -> float:
        """How often energy could not be added up, here or at one of the devices."""
        return self._ledger.gaps


class GridEnergyOfSystem:
    """What came from the grid and went to it, where no meter counts it."""

    def __init__(self, account: EnergyTotal) -> None:
        self._account = account

    @derived(Quantity.ENERGY, depends_on=("main",))
    def energy_imported(self) -> float | None:
        """What was drawn."""
        return self._account.value("energy_imported")

    @derived(Quantity.ENERGY, depends_on=("main",))
    def energy_exported(self) -> float | None:
        """What was fed in."""
        return self._account.value("energy_exported")


class BatteryEnergyOfSystem:
    """What went in and out of the battery, where no battery is a device of its own."""

    def __init__(self, account: EnergyTotal) -> None:
        self._account = account

    @derived(Quantity.ENERGY, depends_on=("main",))
    def battery_energy_charged(self) -> float | None:
        """What the battery took in."""
        return self._account.value("energy_charged")

    @derived(Quantity.ENERGY, depends_on=("main",))
    def battery_energy_discharged(self) -> float | None:
        """What the battery gave."""
        return self._account.value("energy_discharged")


def _views(node: Node) -> Iterable[object]:
    system, ledger = node.the(System), node.device.ledger
    yield HouseEnergy(
        ledger,
        ledger.open(
            "consumption",
            system,
            power=lambda: system.consumption_power,
            positive="energy_consumed",
        ),
        ledger.open("sun", system, power=lambda: system.pv_power, positive="energy_produced"),
        ledger.open(
            "genset", system, power=lambda: system.genset_power, positive="energy_produced"
        ),
    )
    if not node.device.has("grid"):
        # The phases are added up before import and export are told apart: so does the
        # utility's meter.
        yield GridEnergyOfSystem(
            ledger.open(
                "grid",
                system,
                power=lambda: system.power,
                positive="energy_imported",
                negative="energy_exported",
            )
        )
    if not node.device.has("battery"):
        yield BatteryEnergyOfSystem(
            ledger.open(
                "battery",
                system,
                power=lambda: system.battery_power,
                positive="energy_charged",
                negative="energy_discharged",
            )
        )


def _controls(node: Node) -> Iterator[Control]:
    # They move only while their function is "manual"; a GX with another function set
    # acknowledges the write and does nothing, which the read-back tells.
    yield from node.switch(System, "relay_1")
    yield from node.switch(System, "relay_2")


SYSTEM = Service(
    key="system",
    title="GX",
    probe=817,
    blocks=(
        Block(name="gx", component=Gx, cadence=Cadence.IDENTITY),
        Block(name="main", component=System, cadence=Cadence.MEASUREMENTS),
        Block(name="dynamic_ess", component=DynamicEss, cadence=Cadence.SETTINGS),
    ),
    fillers=(
        Filler(address=827, count=3, since=FIRST_WITH_BLOCK),
        Filler(address=836, count=4, since=FIRST_WITH_BLOCK),
        # Listed from 1.0.95 on, "to allow fetching blocks"; 97 is the next step told apart.
        Filler(address=847, count=3),
        Filler(address=852, count=3),
        Filler(address=856, count=4),
        Filler(address=861, count=4),
        Filler(address=867, count=1),
    ),
    # Up to server 1.0.95 a reserved register stands inside the value at 870. A range goes
    # from value to value, so it does not find the next one behind it.
    breaks={872: 95},
    views=_views,
    controls=_controls,
)
