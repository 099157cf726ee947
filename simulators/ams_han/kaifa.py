"""The lists of Kaifa: bare values in a fixed order, in Sweden also pairs of code and value."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulators.ams_han.coding import (
    NO_DEVIATION,
    code,
    date_time,
    octets,
    structure,
    uint32,
    uint64,
)
from simulators.ams_han.quantities import Identity, Net, Quantities
from simulators.ams_han.wire import KAIFA_NO, KAIFA_SE, Notification, plain_header

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Kaifa:
    """A Kaifa with positional lists. In Sweden it gives the distance to UTC, in Norway not."""

    identity: Identity
    net: Net = Net.TN
    sweden: bool = False
    wide_counters: bool = False

    def list_1(self, now: Quantities) -> Notification:
        """Imported power alone."""
        return self._notification(now, uint32(now.power_imported))

    def list_2(self, now: Quantities) -> Notification:
        """Everything but the counters."""
        return self._notification(now, *self._values(now))

    def list_3(self, now: Quantities) -> Notification:
        """List 2 and the counters."""
        counter = uint64 if self.wide_counters else uint32
        return self._notification(
            now,
            *self._values(now),
            octets(self._clock(now)),
            *(counter(value // 1) for value in _counters(now)),
        )

    def _values(self, now: Quantities) -> list[bytes]:
        currents = [uint32(abs(ampere) * 1000) for ampere in now.currents]
        voltages = [uint32(volt * 10) for volt in now.voltages]
        if self.net is Net.ONE_PHASE:
            del currents[1:], voltages[1:]
        elif self.net is Net.IT:
            voltages[1] = uint32(0)
        return [
            octets(b"KFM_001"),
            octets(self.identity.serial.encode("ascii")),
            octets(self.identity.model.encode("ascii")),
            *(uint32(value) for value in _powers(now)),
            *currents,
            *voltages,
        ]

    def _clock(self, now: Quantities) -> bytes:
        if self.sweden:
            return date_time(now.standard_time, deviation=-60)
        return date_time(now.wall_time, NO_DEVIATION)

    def _notification(self, now: Quantities, *elements: bytes) -> Notification:
        return Notification(
            body=structure(*elements),
            header=plain_header(octets(self._clock(now))),
            address=KAIFA_SE if self.sweden else KAIFA_NO,
        )


@dataclass(frozen=True, kw_only=True)
class KaifaPairs:
    """A Swedish Kaifa that sends codes, and no scales."""

    identity: Identity

    def full(self, now: Quantities) -> Notification:
        """All 18 pairs."""
        local: datetime = now.standard_time
        groups = zip((1, 2, 3, 4), _powers(now), strict=True)
        currents = zip((31, 51, 71), now.currents, strict=True)
        voltages = zip((32, 52, 72), now.voltages, strict=True)
        counters = zip((1, 2, 3, 4), _counters(now), strict=True)
        pairs = [
            ("1-0:0.2.129", octets(b"KFM_001")),
            ("0-0:96.1.0", octets(self.identity.serial.encode("ascii"))),
            ("0-0:96.1.7", octets(self.identity.model.encode("ascii"))),
            *((f"1-0:{group}.7.0", uint32(value)) for group, value in groups),
            *((f"1-0:{group}.7.0", uint32(abs(value) * 1000)) for group, value in currents),
            *((f"1-0:{group}.7.0", uint32(value * 10)) for group, value in voltages),
            ("0-0:1.0.0", octets(date_time(local, deviation=-60))),
            *((f"1-0:{group}.8.0", uint32(value // 1)) for group, value in counters),
        ]
        elements = [part for obis, value in pairs for part in (code(obis), value)]
        return Notification(body=structure(*elements), header=plain_header(), address=KAIFA_SE)


def _powers(now: Quantities) -> tuple[float, ...]:
    return (now.power_imported, now.power_exported, now.reactive_imported, now.reactive_exported)


def _counters(now: Quantities) -> tuple[float, ...]:
    return (
        now.energy_imported,
        now.energy_exported,
        now.reactive_energy_imported,
        now.reactive_energy_exported,
    )
