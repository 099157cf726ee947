"""Solar chargers: MPPT of every size, on VE.Direct and VE.Can."""

from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import ClassVar

from ....model.controls import Control
from ....model.points import Quantity, Tier, derived, enumerated, flag, measure, text
from ....polling.polled_device import Cadence
from ..component import GxComponent
from ..energy import EnergyTotal
from ..fields import Zero, code, int16, kwh16, kwh32, string, uint16, uint32, yes
from ..service import Block, Filler, Service
from ..service_device import Node
from ..states import Alarm, ChargerError, OnOff, OperatingState, TrackerMode
from ..write_limits import Setting
from ..yields import total_yield


class Equalization(IntEnum):
    """Whether an equalisation is due."""

    NO = 0
    YES = 1
    ERROR = 2
    UNKNOWN = 3


class SolarCharger(GxComponent):
    """What the charger as a whole does."""

    # A yield that falls to 0 and comes back would be counted twice.
    lifelines: ClassVar = {"voltage": ("energy_today",)}

    voltage = measure(uint16(771, 100), Quantity.VOLTAGE)
    current = measure(int16(772, 10), Quantity.CURRENT)
    battery_temperature = measure(
        int16(773, 10, zero=Zero.UNTIL_SEEN), Quantity.TEMPERATURE, tier=Tier.DETAIL
    )
    # The document has it for VE.Can chargers only; on others it is UNCONFIRMED, and the
    # read-back tells.
    on_off = enumerated(code(774, OnOff, setting=Setting(minimum=1, maximum=4)), tier=Tier.DETAIL)
    operating_state = enumerated(code(775, OperatingState))
    pv_voltage = measure(uint16(776, 100), Quantity.VOLTAGE)
    # Worked out by the server, power over voltage: without a voltage it is nonsense.
    pv_current_raw = int16(777, 10, since=53)
    equalization = enumerated(code(778, Equalization), tier=Tier.EXPERT)
    equalization_remaining = measure(uint16(779, 10), Quantity.DURATION, tier=Tier.EXPERT)
    load_relay = flag(yes(780), tier=Tier.EXPERT)
    alarm = enumerated(code(781, Alarm), tier=Tier.DETAIL)
    energy_today = measure(kwh16(784), Quantity.SESSION_ENERGY)
    maximum_power_today = measure(uint16(785), Quantity.POWER, tier=Tier.EXPERT)
    energy_yesterday = measure(kwh16(786), Quantity.STORED_ENERGY, tier=Tier.EXPERT)
    maximum_power_yesterday = measure(uint16(787), Quantity.POWER, tier=Tier.EXPERT)
    charger_error = enumerated(code(788, ChargerError), tier=Tier.DETAIL)
    yield_tenths = kwh16(790)
    tracker_mode = enumerated(code(791, TrackerMode), tier=Tier.DETAIL)
    power = measure(uint32(792, since=78, before=uint16(789, 10)), Quantity.POWER)

    served_with: ClassVar = {"pv_current": "pv_current_raw"}

    @derived(Quantity.CURRENT, tier=Tier.DETAIL)
    def pv_current(self) -> float | None:
        """The current of the panels."""
        return self.pv_current_raw if self.pv_voltage else None


class Trackers(GxComponent):
    """The trackers of a charger that has several, and its total yield."""

    pv_voltage_1 = measure(uint16(3700, 100), Quantity.VOLTAGE, number=1, tier=Tier.EXPERT)
    pv_voltage_2 = measure(uint16(3701, 100), Quantity.VOLTAGE, number=2, tier=Tier.EXPERT)
    pv_voltage_3 = measure(uint16(3702, 100), Quantity.VOLTAGE, number=3, tier=Tier.EXPERT)
    pv_voltage_4 = measure(uint16(3703, 100), Quantity.VOLTAGE, number=4, tier=Tier.EXPERT)
    energy_today_1 = measure(kwh16(3708), Quantity.SESSION_ENERGY, number=1, tier=Tier.EXPERT)
    energy_today_2 = measure(kwh16(3709), Quantity.SESSION_ENERGY, number=2, tier=Tier.EXPERT)
    energy_today_3 = measure(kwh16(3710), Quantity.SESSION_ENERGY, number=3, tier=Tier.EXPERT)
    energy_today_4 = measure(kwh16(3711), Quantity.SESSION_ENERGY, number=4, tier=Tier.EXPERT)
    energy_yesterday_1 = measure(kwh16(3712), Quantity.STORED_ENERGY, number=1, tier=Tier.EXPERT)
    energy_yesterday_2 = measure(kwh16(3713), Quantity.STORED_ENERGY, number=2, tier=Tier.EXPERT)
    energy_yesterday_3 = measure(kwh16(3714), Quantity.STORED_ENERGY, number=3, tier=Tier.EXPERT)
    energy_yesterday_4 = measure(kwh16(3715), Quantity.STORED_ENERGY, number=4, tier=Tier.EXPERT)
    maximum_power_today_1 = measure(uint16(3716), Quantity.POWER, number=1, tier=Tier.EXPERT)
    maximum_power_today_2 = measure(uint16(3717), Quantity.POWER, number=2, tier=Tier.EXPERT)
    maximum_power_today_3 = measure(uint16(3718), Quantity.POWER, number=3, tier=Tier.EXPERT)
    maximum_power_today_4 = measure(uint16(3719), Quantity.POWER, number=4, tier=Tier.EXPERT)
    maximum_power_yesterday_1 = measure(uint16(3720), Quantity.POWER, number=1, tier=Tier.EXPERT)
    maximum_power_yesterday_2 = measure(uint16(3721), Quantity.POWER, number=2, tier=Tier.EXPERT)
    maximum_power_yesterday_3 = measure(uint16(3722), Quantity.POWER, number=3, tier=Tier.EXPERT)
    maximum_power_yesterday_4 = measure(uint16(3723), Quantity.POWER, number=4, tier=Tier.EXPERT)
    pv_power_1 = measure(uint16(3724), Quantity.POWER, number=1, tier=Tier.EXPERT)
    pv_power_2 = measure(uint16(3725), Quantity.POWER, number=2, tier=Tier.EXPERT)
    pv_power_3 = measure(uint16(3726), Quantity.POWER, number=3, tier=Tier.EXPERT)
    pv_power_4 = measure(uint16(3727), Quantity.POWER, number=4, tier=Tier.EXPERT)
    yield_whole = kwh32(3728, 1, since=44)
    # The third register for the same power; 792 is as good, and 789 older.
    power_16 = uint16(3730, since=44)
    tracker_mode_1 = enumerated(code(3731, TrackerMode, since=50), number=1, tier=Tier.EXPERT)
    tracker_mode_2 = enumerated(code(3732, TrackerMode, since=50), number=2, tier=Tier.EXPERT)
    tracker_mode_3 = enumerated(code(3733, TrackerMode, since=50), number=3, tier=Tier.EXPERT)
    tracker_mode_4 = enumerated(code(3734, TrackerMode, since=50), number=4, tier=Tier.EXPERT)
    # MPPT RS only.
    tracker_enabled_1 = flag(yes(3735, since=91), number=1, tier=Tier.EXPERT)
    tracker_enabled_2 = flag(yes(3736, since=91), number=2, tier=Tier.EXPERT)
    tracker_enabled_3 = flag(yes(3737, since=91), number=3, tier=Tier.EXPERT)
    tracker_enabled_4 = flag(yes(3738, since=91), number=4, tier=Tier.EXPERT)


class SolarChargerIdentity(GxComponent):
    """The name that its owner gave it."""

    custom_name = text(string(3740, 8, since=97, writable=True), tier=Tier.EXPERT, private=True)


class SolarEnergy:
    """What the charger has harvested since its user last reset the counter."""

    def __init__(self, account: EnergyTotal) -> None:
        self._account = account

    @derived(Quantity.ENERGY, depends_on=("main", "trackers"))
    def energy_produced(self) -> float | None:
        """The total yield."""
        return self._account.value("energy_produced")


def _views(node: Node) -> Iterable[object]:
    charger, trackers = node.the(SolarCharger), node.get(Trackers)

    blocks = [charger] if trackers is None else [charger, trackers]

    def harvested() -> float | None:
        if trackers is None or trackers.register("yield_whole") is None:
            return charger.yield_tenths
        # Without the other half nobody knows how often this one wrapped.
        if trackers.yield_whole is None:
            return None
        return total_yield(charger.yield_tenths, trackers.yield_whole)

    account = node.device.ledger.open(
        node.names[SolarCharger], *blocks, hardware={"energy_produced": harvested}
    )
    yield SolarEnergy(account)


def _controls(node: Node) -> Iterator[Control]:
    yield from node.switch(SolarCharger, "on_off", key="charger_on", on=OnOff.ON, off=OnOff.OFF)


SOLARCHARGER = Service(
    key="solarcharger",
    title="Solar charger",
    probe=771,
    blocks=(
        Block(name="identity", component=SolarChargerIdentity, cadence=Cadence.IDENTITY),
        Block(name="main", component=SolarCharger, cadence=Cadence.MEASUREMENTS),
        Block(name="trackers", component=Trackers, cadence=Cadence.SETTINGS),
    ),
    fillers=(
        Filler(address=782, count=2),
        Filler(address=3704, count=4),
        Filler(address=3739, count=1),
    ),
    views=_views,
    controls=_controls,
)
