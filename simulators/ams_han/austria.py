"""The lists of Austria as they are before they are ciphered."""

from dataclasses import dataclass

from simulators.ams_han.coding import (
    AMPERE,
    VAR,
    VARH,
    VOLT,
    WH,
    W,
    code,
    date_time,
    octets,
    scale,
    structure,
    uint16,
    uint32,
)
from simulators.ams_han.quantities import Identity, Quantities
from simulators.ams_han.wire import LANDIS_GYR_E450, Notification, plain_header


@dataclass(frozen=True, kw_only=True)
class KaifaAustria:
    """A Kaifa MA309: the clock as a pair, then a structure for each value."""

    identity: Identity

    def full(self, now: Quantities) -> Notification:
        """All that it sends."""
        clock = _clock(now)
        return Notification(
            body=structure(
                code("0-0:1.0.0"),
                octets(clock),
                structure(code("0-0:96.1.0"), octets(self.identity.serial.encode("ascii"))),
                structure(code("0-0:42.0.0"), octets(b"KFM1200200182517")),
                *(structure(code(obis), value, unit) for obis, value, unit in _values(now)),
            ),
            # The invocation counts up here.
            header=plain_header(b"\x0c" + clock, int(now.moment.timestamp()).to_bytes(8)[4:]),
            address=LANDIS_GYR_E450,
        )


@dataclass(frozen=True, kw_only=True)
class SagemcomAustria:
    """A Sagemcom T210-D: a clock without a code, everything flat, its number at the end."""

    identity: Identity

    def full(self, now: Quantities) -> Notification:
        """All that it sends."""
        clock = _clock(now)
        triples = [part for value in _values(now) for part in (code(value[0]), *value[1:])]
        return Notification(
            body=structure(octets(clock), *triples, octets(self.identity.serial.encode("ascii"))),
            header=plain_header(b"\x0c" + clock),
            address=LANDIS_GYR_E450,
        )


def _clock(now: Quantities) -> bytes:
    if now.summer:
        return date_time(now.wall_time, deviation=-120, status=0x80)
    return date_time(now.standard_time, deviation=-60)


def _values(now: Quantities) -> list[tuple[str, bytes, bytes]]:
    return [
        *(
            (f"1-0:{group}.7.0", uint16(volt * 10), scale(-1, VOLT))
            for group, volt in zip((32, 52, 72), now.voltages, strict=True)
        ),
        *(
            (f"1-0:{group}.7.0", uint16(abs(ampere) * 100), scale(-2, AMPERE))
            for group, ampere in zip((31, 51, 71), now.currents, strict=True)
        ),
        ("1-0:1.7.0", uint32(now.power_imported), scale(0, W)),
        ("1-0:2.7.0", uint32(now.power_exported), scale(0, W)),
        ("1-0:3.7.0", uint32(now.reactive_imported), scale(0, VAR)),
        ("1-0:4.7.0", uint32(now.reactive_exported), scale(0, VAR)),
        ("1-0:1.8.0", uint32(now.energy_imported // 1), scale(0, WH)),
        ("1-0:2.8.0", uint32(now.energy_exported // 1), scale(0, WH)),
        ("1-0:3.8.0", uint32(now.reactive_energy_imported // 1), scale(0, VARH)),
        ("1-0:4.8.0", uint32(now.reactive_energy_exported // 1), scale(0, VARH)),
    ]
