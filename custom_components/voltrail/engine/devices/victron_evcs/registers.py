"""The registers of the charging station: all of them holding registers, by the lists up to 3.8.

What stands in one conversion of Victron's list only is UNCONFIRMED; it is read by itself, so that a
refusal takes nothing else along. Never written: 5017, 5026 and 5100, which are the installer's, and
what decides in the other modes.
"""

from enum import IntEnum
from typing import Final, override

from modbus_connection import ModbusProtocolError
from modbus_connection.model import Component, enum, gauge, integer, uint32

from ...model.fields import swapped
from ...model.points import (
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
from ..victron_charging_station import EvChargerMode, EvChargerPosition, EvChargerStatus

PRODUCTS: Final = {
    0xC023: "EV Charging Station 32A V2",
    0xC024: "EV Charging Station AC22",
    0xC025: "EV Charging Station AC22E",
    0xC026: "EV Charging Station NS",
    0xC027: "EV Charging Station 32A NS V2",
}
FUTURE_PRODUCTS: Final = range(0xC020, 0xC030)
"""Others of the kind, of which nothing is known: they are only read."""

type Version = tuple[int, int, int]

WITH_MORE: Final[Version] = (0x01, 0x21, 0x01)
"""The firmware v1.21-beta-01, before which there are 50 registers only."""
WITH_MINIMUM: Final[Version] = (0x01, 0x22, 0x02)
"""The firmware v1.22-beta-02."""
RELEASE: Final = 0xFF
"""In place of the number of a beta."""


class _OnOff(IntEnum):
    OFF = 0
    ON = 1


class About(Component):
    """Who it is."""

    register_ranges: tuple[tuple[int, int], ...] = ((5000, 5008),)

    product_id = integer(5000, signed=False)
    serial_number = text(swapped(5001, 6), tier=Tier.EXPERT, private=True)
    version_words = uint32(5007)

    @property
    def version(self) -> Version:
        """The firmware as it is compared: a release comes after its betas."""
        words = self.version_words or 0
        return (words >> 16 & 0xFF, words >> 8 & 0xFF, words & 0xFF)

    @derived(Kind.TEXT, tier=Tier.EXPERT)
    def firmware(self) -> str | None:
        """The firmware, whose bytes are written in hexadecimal digits."""
        major, minor, beta = self.version
        if not major:
            return None
        number = f"{major:x}.{minor:02x}"
        return number if beta == RELEASE else f"{number}-beta-{beta:02x}"


class Station(About):
    """What it does and is set to: one request, with the product id in it.

    Something else at its port has been seen to answer 0 to everything, and 0 reads as a station in
    manual mode without a car: without its product id nothing of an answer counts.
    """

    register_ranges: tuple[tuple[int, int], ...] = ((5000, 5049),)

    ev_charger_mode = enumerated(enum(5009, EvChargerMode, writable=True), tier=Tier.DETAIL)
    started = integer(5010, signed=False, writable=True)
    power_l1, power_l2, power_l3 = phases(integer, (5011, 5012, 5013), Quantity.POWER, signed=False)
    power = measure(integer(5014, signed=False), Quantity.POWER)
    ev_charger_status = enumerated(enum(5015, EvChargerStatus), tier=Tier.DETAIL)
    # That its unit is a whole ampere is told by four sources, and 0.1 A by one.
    set_current = measure(
        integer(5016, signed=False, writable=True), Quantity.CURRENT, tier=Tier.DETAIL
    )
    maximum_current = measure(integer(5017, signed=False), Quantity.CURRENT, tier=Tier.EXPERT)
    # UNCONFIRMED of which phase; read as the largest of them.
    current = measure(gauge(5018, 0.1, signed=False), Quantity.CURRENT)
    session_duration = measure(uint32(5019), Quantity.DURATION)
    session_energy = measure(gauge(5021, 0.01, signed=False), Quantity.SESSION_ENERGY)
    session_cost = measure(gauge(5022, 0.01, signed=False), Quantity.COUNT, tier=Tier.EXPERT)
    energy_charged = measure(uint32(5023, scale=0.01), Quantity.ENERGY)
    position = enumerated(enum(5026, EvChargerPosition), tier=Tier.EXPERT)
    device_name = text(swapped(5027, 22), tier=Tier.EXPERT, private=True)
    autostart = flag(integer(5049, signed=False, writable=True), tier=Tier.EXPERT)

    @override
    async def async_update(self, *, notify: bool = True) -> None:
        await super().async_update(notify=False)
        if self.product_id not in FUTURE_PRODUCTS:
            msg = f"{self.product_id} is not the product id of a charging station"
            raise ModbusProtocolError(msg)
        if notify:
            self.notify()


class LargerStation(Station):
    """The same from firmware v1.21-beta-01 on; a read across the gaps is what a GX does."""

    register_ranges: tuple[tuple[int, int], ...] = ((5000, 5062),)

    one_phase = integer(5055, signed=False, writable=True)
    minimum_current = measure(integer(5062, signed=False), Quantity.CURRENT, tier=Tier.EXPERT)


class Restart(Component):
    """The order to start once more. It is never read."""

    restart = integer(5064, signed=False, writable=True)


class Messages(Component):
    """Errors and warnings, whose bits have no public meaning; the low word comes first."""

    register_ranges = ((5094, 5097),)

    errors = uint32(5094, word_order="little")
    warnings = uint32(5096, word_order="little")

    @derived(Kind.TEXT, tier=Tier.EXPERT)
    def error_words(self) -> str | None:
        """Errors and warnings as numbers."""
        if self.errors is None or self.warnings is None:
            return None
        return f"{self.errors:08x} {self.warnings:08x}"


class PhaseHardware(Component):
    """Whether it can change its phases."""

    switchable = integer(5100, signed=False)


class Uptime(Component):
    """For how long it has been running, and how often it was started."""

    register_ranges = ((5111, 5113),)

    uptime = measure(uint32(5111), Quantity.DURATION, tier=Tier.EXPERT)
    starts = integer(5113, signed=False)
