"""Solar chargers: MPPT of every size, on VE.Direct and VE.Can."""

from collections.abc import Iterator
from enum import IntEnum
from typing import ClassVar, Final

from ....model.controls import Control
from ....model.points import Quantity, Tier, derived, enumerated, flag, measure
from ..block_controls import BlockControls
from ..component import GxComponent
from ..fields import UNTIL_SEEN, code, int16, kwh16, kwh32, uint16, uint32, yes
from ..identities import identity
from ..service import Energy, Service, main, reserved, settings
from ..service_device import ServiceDevice
from ..states import ON_OFF, Alarm, ChargerError, OnOff, OperatingState, TrackerMode
from ..trackers import total_yield, trackers


class Equalization(IntEnum):
    """Whether an equalisation is due."""

    NO = 0
    YES = 1
    ERROR = 2
    UNKNOWN = 3


class SolarCharger(GxComponent, tier=Tier.EXPERT):
    """What the charger as a whole does."""

    voltage = measure(uint16(771, 100), Quantity.VOLTAGE, tier=Tier.MAIN)
    current = measure(int16(772, 10), Quantity.CURRENT, tier=Tier.MAIN)
    battery_temperature = measure(
        int16(773, 10, zero=UNTIL_SEEN), Quantity.TEMPERATURE, tier=Tier.DETAIL
    )
    # The document has it for VE.Can chargers only; on others it is UNCONFIRMED, and the
    # read-back tells.
    on_off = enumerated(code(774, OnOff, setting=ON_OFF), tier=Tier.DETAIL)
    operating_state = enumerated(code(775, OperatingState), tier=Tier.MAIN)
    pv_voltage = measure(uint16(776, 100), Quantity.VOLTAGE, tier=Tier.MAIN)
    # Worked out by the server, power over voltage: without a voltage it is nonsense.
    pv_current_raw = int16(777, 10, since=53)
    equalization = enumerated(code(778, Equalization))
    equalization_remaining = measure(uint16(779, 10), Quantity.DURATION)
    load_relay = flag(yes(780))
    alarm = enumerated(code(781, Alarm), tier=Tier.DETAIL)
    # A yield that falls to 0 and comes back would be counted twice.
    energy_today = measure(kwh16(784, lifeline="voltage"), Quantity.SESSION_ENERGY, tier=Tier.MAIN)
    maximum_power_today = measure(uint16(785), Quantity.POWER)
    energy_yesterday = measure(kwh16(786), Quantity.STORED_ENERGY)
    maximum_power_yesterday = measure(uint16(787), Quantity.POWER)
    charger_error = enumerated(code(788, ChargerError), tier=Tier.DETAIL)
    yield_tenths = kwh16(790)
    tracker_mode = enumerated(code(791, TrackerMode), tier=Tier.DETAIL)
    power = measure(uint32(792, since=78, before=uint16(789, 10)), Quantity.POWER, tier=Tier.MAIN)

    served_with: ClassVar = {"pv_current": "pv_current_raw"}

    @derived(Quantity.CURRENT, tier=Tier.DETAIL, spare=True)
    def pv_current(self) -> float | None:
        """The current of the panels."""
        return self.pv_current_raw if self.pv_voltage else None


class Totals(GxComponent):
    """What stands beside the trackers."""

    yield_whole = kwh32(3728, 1, since=44)
    # The third register for the same power; 792 is as good, and 789 older.
    power_16 = uint16(3730, since=44)


TRACKERS: Final = trackers(
    Totals,
    voltage=3700,
    voltage_scale=100,
    energy_today=3708,
    energy_yesterday=3712,
    maximum_power_today=3716,
    maximum_power_yesterday=3720,
    power=3724,
    mode=3731,
    enabled=3735,
)


def _harvested(device: ServiceDevice) -> float | None:
    """Return the total yield since its user last reset the counter."""
    charger, totals = device.the(SolarCharger), device.get(TRACKERS)
    if totals is None or totals.register("yield_whole") is None:
        return charger.yield_tenths
    # How often this one wrapped is unknown without the other half.
    if totals.yield_whole is None:
        return None
    return total_yield(charger.yield_tenths, totals.yield_whole)


def _controls(device: ServiceDevice) -> Iterator[Control]:
    charger = BlockControls(device, SolarCharger)
    yield from charger.switch("on_off", key="charger_on", on=OnOff.ON, off=OnOff.OFF)


SOLARCHARGER = Service(
    "solarcharger",
    "Solar charger",
    771,
    (identity(3740), main(SolarCharger), settings("trackers", TRACKERS)),
    fillers=reserved((782, 2), (3704, 4), (3739, 1)),
    energies=(Energy(SolarCharger, also=TRACKERS, counters={"energy_produced": _harvested}),),
    controls=_controls,
)
