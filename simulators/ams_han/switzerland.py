"""Push lists that describe themselves, as in Switzerland: an array of descriptions, then values."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from simulators.ams_han.coding import (
    NO_DEVIATION,
    array,
    code,
    date_time,
    enum,
    int8,
    int16,
    int64,
    octets,
    structure,
    uint16,
    uint32,
    uint64,
)
from simulators.ams_han.quantities import Identity, Quantities
from simulators.ams_han.wire import Address, Notification, plain_header

_DATA: Final = 1
_REGISTER: Final = 3
_CLOCK: Final = 8
_PUSH_SETUP: Final = 40
_DISCONNECT_CONTROL: Final = 70

type _Number = Callable[[float], bytes]


class Element(NamedTuple):
    """One element of a push list and its description."""

    kind: int
    code: str
    value: bytes
    attribute: int = 2

    @property
    def description(self) -> bytes:
        """Class, code, attribute and index."""
        return structure(uint16(self.kind), code(self.code), int8(self.attribute), uint16(0))


def push_body(setup: str, *elements: Element) -> bytes:
    """A list that describes itself, its own array included."""
    own = Element(_PUSH_SETUP, setup, b"")
    descriptions = array(own.description, *(element.description for element in elements))
    return structure(descriptions, *(element.value for element in elements))


@dataclass(frozen=True, kw_only=True)
class PushMeter:
    """A meter with the Swiss standard list of 2026, in the scales and types of its model."""

    identity: Identity
    setup: str
    address: Address
    volts: int
    """Steps in a volt."""
    amperes: int
    """Steps in an ampere."""
    says_deviation: bool
    """Whether its clock tells the distance to UTC."""
    says_clock: bool = False
    """Whether it names its push set-up, has a number of the grid company and a clock (E450)."""
    wide: bool = False
    """Whether its numbers have 64 bits (E570)."""
    last_phase_first: bool = False
    """Whether voltage L3 stands before L2 (E360)."""

    def full(self, now: Quantities) -> Notification:
        """All that it sends."""
        extras: list[Element] = []
        if self.says_clock:
            extras = [
                Element(_PUSH_SETUP, self.setup, code(self.setup), attribute=1),
                Element(_DATA, "0-0:96.1.1", octets(b"1909113")),
                Element(_CLOCK, "0-0:1.0.0", octets(self._clock(now, listed=True))),
                Element(_DISCONNECT_CONTROL, "0-0:96.3.10", enum(1), attribute=3),
            ]
        serial = Element(_DATA, "0-0:42.0.0", octets(self.identity.serial.encode("ascii")))
        return Notification(
            body=push_body(self.setup, serial, *extras, *self._registers(now)),
            header=plain_header(b"\x0c" + self._clock(now), bytes(4)),
            address=self.address,
        )

    def _clock(self, now: Quantities, *, listed: bool = False) -> bytes:
        if self.says_deviation:
            deviation = -120 if now.summer else -60
            return date_time(now.wall_time, deviation, 0x80 if now.summer else 0)
        # In the list the E450 marks it as invalid, which it is not.
        status = (0x81 if now.summer else 0x01) if listed else 0
        return date_time(now.wall_time, NO_DEVIATION, status)

    def _registers(self, now: Quantities) -> list[Element]:
        counter: _Number = uint64 if self.wide else uint32
        power: _Number = int64 if self.wide else uint32
        short: _Number = int64 if self.wide else uint16
        counters = (
            now.energy_imported,
            now.energy_exported,
            now.reactive_energy_imported,
            now.reactive_energy_exported,
        )
        powers = (
            now.power_imported,
            now.power_exported,
            now.reactive_imported,
            now.reactive_exported,
        )
        phases = (0, 2, 1) if self.last_phase_first else (0, 1, 2)
        groups = (32, 52, 72), (31, 51, 71)
        return [
            *(
                Element(_REGISTER, f"1-1:{group}.8.0", counter(value // 1))
                for group, value in enumerate(counters, start=1)
            ),
            *(
                Element(_REGISTER, f"1-0:{group}.7.0", power(value))
                for group, value in enumerate(powers, start=1)
            ),
            *(
                Element(_REGISTER, f"1-0:{groups[0][n]}.7.0", short(now.voltages[n] * self.volts))
                for n in phases
            ),
            *(
                Element(
                    _REGISTER, f"1-0:{groups[1][n]}.7.0", short(abs(now.currents[n]) * self.amperes)
                )
                for n in phases
            ),
            Element(
                _REGISTER,
                "1-0:13.7.0",
                (int16 if self.wide else uint16)(now.power_factor * 1000),
            ),
        ]
