"""The bare lists of Iskraemeco in Slovenia, Croatia and Austria: values in a fixed order."""

from dataclasses import dataclass
from typing import Final

from simulators.ams_han.coding import (
    array,
    boolean,
    date_time,
    enum,
    octets,
    structure,
    uint8,
    uint16,
    uint32,
)
from simulators.ams_han.quantities import Identity, Quantities
from simulators.ams_han.wire import ISKRAEMECO, Notification, plain_header

#: How much of every counter belongs to the first tariff.
_FIRST_TARIFF: Final = 0.4


@dataclass(frozen=True, kw_only=True)
class Iskraemeco:
    """An AM550 or IE.5, with every list that one of them sends somewhere."""

    identity: Identity

    def list_of_18(self, now: Quantities) -> Notification:
        """Ljubljana, three phases."""
        return self._named(
            now,
            octets(b"16820005"),
            *_powers(now),
            *_voltages(now),
            *_currents(now),
            *_powers_of_phases(now),
        )

    def list_of_12_counters(self, now: Quantities) -> Notification:
        """Ljubljana, every quarter of an hour."""
        return self._named(
            now,
            octets(b"16820006"),
            enum(1),
            octets(b"\x00\x01"),
            *_tariffs(now.energy_imported),
            *_tariffs(now.energy_exported),
            uint32(now.reactive_energy_imported),
            uint32(now.reactive_energy_exported),
        )

    def list_of_12_values(self, now: Quantities) -> Notification:
        """Celje."""
        return self._named(now, octets(b"UP_3f"), *_voltages(now), *_currents(now), *_powers(now))

    def list_of_12_in_austria(self, now: Quantities) -> Notification:
        """Carinthia."""
        return self._notification(
            now,
            octets(bytes((0, 6, 25, 9, 0, 255))),
            octets(b"1121378381199"),
            *_clock_in_two(now),
            *_counters(now),
            *_powers(now)[:2],
            octets(b""),
            octets(b""),
        )

    def list_of_10_values(self, now: Quantities) -> Notification:
        """Slovenia, one phase."""
        return self._named(
            now,
            octets(b"ISK84605887"),
            *_powers(now),
            _voltages(now)[0],
            _currents(now)[0],
            uint32(now.power_imported_per_phase[0]),
            uint32(now.power_exported_per_phase[0]),
        )

    def list_of_10_counters(self, now: Quantities) -> Notification:
        """Slovenia: tariffs without their totals."""
        counters = (
            now.energy_imported,
            now.energy_exported,
            now.reactive_energy_imported,
            now.reactive_energy_exported,
        )
        return self._named(
            now,
            octets(b"16820006"),
            *(part for counter in counters for part in _tariffs(counter)[1:]),
        )

    def list_of_9_values(self, now: Quantities) -> Notification:
        """Slovenia, one phase; what the last two are is not known."""
        return self._named(
            now, octets(b"ISK84605887"), *_powers(now), _voltages(now)[0], uint32(0), uint32(0)
        )

    def list_of_9_counters(self, now: Quantities) -> Notification:
        """Slovenia, three phases."""
        return self._named(
            now,
            *_powers(now)[:2],
            *_tariffs(now.energy_imported),
            *_tariffs(now.energy_exported),
        )

    def list_of_8(self, now: Quantities) -> Notification:
        """Slovenia, one phase."""
        return self._named(
            now, octets(b"ISK84605887"), _voltages(now)[0], _currents(now)[0], *_powers(now)
        )

    def list_of_4(self, now: Quantities) -> Notification:
        """Slovenia, every quarter of an hour: named by its last eight digits only."""
        return self._notification(
            now, self._digits, uint8(0), uint32(now.energy_imported), uint32(now.energy_exported)
        )

    def list_of_33(self, now: Quantities) -> Notification:
        """Croatia, IE.5."""
        quadrants = (uint32(4321), uint32(0), uint32(12), uint32(345))
        factor = uint16(now.power_factor * 1000)
        return self._croatian(now, quadrants, factor)

    def list_of_28(self, now: Quantities) -> Notification:
        """The same without the quadrants and the power factor."""
        return self._croatian(now, (), None)

    def _croatian(
        self, now: Quantities, quadrants: tuple[bytes, ...], factor: bytes | None
    ) -> Notification:
        return self._notification(
            now,
            self._digits,
            *_clock_in_two(now),
            *_tariffs(now.energy_imported),
            *_tariffs(now.energy_exported),
            *quadrants,
            *_powers(now)[:2],
            *(() if factor is None else (factor,)),
            *_powers_of_phases(now),
            *_voltages(now),
            *_currents(now),
            uint32(17250),
            *[array(uint16(9400))] * 3,
            boolean(True),  # noqa: FBT003 - a value on the wire
        )

    @property
    def _digits(self) -> bytes:
        return octets(self.identity.serial[-8:].encode("ascii"))

    def _named(self, now: Quantities, *elements: bytes) -> Notification:
        return self._notification(now, octets(self.identity.serial.encode("ascii")), *elements)

    def _notification(self, now: Quantities, *elements: bytes) -> Notification:
        clock = date_time(
            now.wall_time, -120 if now.summer else -60, 0x80 if now.summer else 0, hundredths=0
        )
        return Notification(
            body=structure(*elements),
            header=plain_header(b"\x0c" + clock, bytes(4)),
            address=ISKRAEMECO,
        )


def _powers(now: Quantities) -> list[bytes]:
    return [
        uint32(now.power_imported),
        uint32(now.power_exported),
        uint32(now.reactive_imported),
        uint32(now.reactive_exported),
    ]


def _voltages(now: Quantities) -> list[bytes]:
    return [uint16(volt * 10) for volt in now.voltages]


def _currents(now: Quantities) -> list[bytes]:
    return [uint16(abs(ampere) * 100) for ampere in now.currents]


def _powers_of_phases(now: Quantities) -> list[bytes]:
    return [uint32(watt) for watt in (*now.power_imported_per_phase, *now.power_exported_per_phase)]


def _counters(now: Quantities) -> list[bytes]:
    return [
        uint32(now.energy_imported),
        uint32(now.energy_exported),
        uint32(now.reactive_energy_imported),
        uint32(now.reactive_energy_exported),
    ]


def _tariffs(counter: float) -> list[bytes]:
    """A total and its two tariffs, which add up to it."""
    total = round(counter)
    first = round(total * _FIRST_TARIFF)
    return [uint32(total), uint32(first), uint32(total - first)]


def _clock_in_two(now: Quantities) -> list[bytes]:
    """The time in four bytes, the date in five."""
    clock = date_time(now.wall_time)
    return [octets(clock[5:8] + b"\x00"), octets(clock[:5])]


@dataclass(frozen=True, kw_only=True)
class LandisGyrAustria:
    """A Landis+Gyr E450 of one Austrian company: a bare list of 11 in whole volts."""

    identity: Identity

    def full(self, now: Quantities) -> Notification:
        """All that it sends."""
        clock = date_time(now.wall_time)
        return Notification(
            body=structure(
                *(uint16(volt) for volt in now.voltages),
                *_currents(now),
                *_powers(now)[:2],
                *_counters(now)[:2],
                octets(self.identity.serial.encode("ascii")),
            ),
            header=plain_header(b"\x0c" + clock, bytes(4)),
            address=ISKRAEMECO,
        )
