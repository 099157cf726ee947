"""The lists of Aidon, and of the Landis+Gyr E350 with Embriq's communication, built the same."""

from dataclasses import dataclass

from simulators.ams_han.coding import (
    AMPERE,
    NO_DEVIATION,
    VAR,
    VARH,
    VOLT,
    WH,
    W,
    array,
    code,
    date_time,
    int16,
    octets,
    scale,
    structure,
    uint16,
    uint32,
    visible,
)
from simulators.ams_han.quantities import Identity, Net, Quantities
from simulators.ams_han.wire import AIDON, Notification, plain_header


@dataclass(frozen=True, kw_only=True)
class Aidon:
    """An Aidon with Norwegian lists. An Embriq differs in few things and sends zeros on IT nets."""

    identity: Identity
    net: Net = Net.TN
    embriq: bool = False

    def list_1(self, now: Quantities) -> Notification:
        """Imported power alone."""
        return _notification(_power("1-0:1.7.0", now.power_imported))

    def list_2(self, now: Quantities) -> Notification:
        """Everything but the counters."""
        return _notification(*self._values(now))

    def list_3(self, now: Quantities) -> Notification:
        """List 2 and the counters, at the full hour, in steps of 10 Wh."""
        clock = octets(date_time(now.standard_time, deviation=0))
        counters = [
            structure(code(f"1-0:{group}.8.0"), uint32(value // 10), scale(1, unit))
            for group, value, unit in _counters(now)
        ]
        return _notification(*self._values(now), structure(code("0-0:1.0.0"), clock), *counters)

    def _values(self, now: Quantities) -> list[bytes]:
        version = "EMBRIQ_V1_1" if self.embriq else "AIDON_V0001"
        serial = self.identity.serial.ljust(16, "\0") if self.embriq else self.identity.serial
        exponent = -2 if self.embriq else -1
        # An Embriq sends zeros for what an IT net does not have; an Aidon leaves out the current.
        silent = self.embriq and self.net is Net.IT
        currents = [
            structure(
                code(f"1-0:{group}.7.0"),
                int16(0 if silent and group == 51 else ampere * 10**-exponent),
                scale(exponent, AMPERE),
            )
            for group, ampere in zip((31, 51, 71), now.currents, strict=True)
        ]
        voltages = [
            structure(
                code(f"1-0:{group}.7.0"),
                uint16(0 if silent and group == 52 else volt * 10),
                scale(-1, VOLT),
            )
            for group, volt in zip((32, 52, 72), now.voltages, strict=True)
        ]
        if self.net is Net.ONE_PHASE:
            del currents[1:], voltages[1:]
        elif self.net is Net.IT and not self.embriq:
            del currents[1]
        return [
            structure(code("1-1:0.2.129"), visible(version)),
            structure(code("0-0:96.1.0"), visible(serial)),
            structure(code("0-0:96.1.7"), visible(self.identity.model)),
            *_powers(now),
            *currents,
            *voltages,
        ]


@dataclass(frozen=True, kw_only=True)
class AidonSweden:
    """An Aidon with its Swedish list, which names nobody."""

    identity: Identity

    def full(self, now: Quantities) -> Notification:
        """All 27 elements."""
        clock = octets(date_time(now.standard_time, NO_DEVIATION, 0xFF))
        phases = [
            _power(f"1-0:{first + 20 * phase}.7.0", values[phase], unit)
            for phase in range(3)
            for first, values, unit in (
                (21, now.power_imported_per_phase, W),
                (22, now.power_exported_per_phase, W),
                (23, now.reactive_imported_per_phase, VAR),
                (24, now.reactive_exported_per_phase, VAR),
            )
        ]
        currents = [
            structure(code(f"1-0:{group}.7.0"), int16(ampere * 10), scale(-1, AMPERE))
            for group, ampere in zip((31, 51, 71), now.currents, strict=True)
        ]
        voltages = [
            structure(code(f"1-0:{group}.7.0"), uint16(volt * 10), scale(-1, VOLT))
            for group, volt in zip((32, 52, 72), now.voltages, strict=True)
        ]
        counters = [
            structure(code(f"1-0:{group}.8.0"), uint32(value // 1), scale(0, unit))
            for group, value, unit in _counters(now)
        ]
        return _notification(
            structure(code("0-0:1.0.0"), clock),
            *_powers(now),
            *currents,
            *voltages,
            *phases,
            *counters,
        )


def _powers(now: Quantities) -> list[bytes]:
    return [
        _power("1-0:1.7.0", now.power_imported),
        _power("1-0:2.7.0", now.power_exported),
        _power("1-0:3.7.0", now.reactive_imported, VAR),
        _power("1-0:4.7.0", now.reactive_exported, VAR),
    ]


def _power(obis: str, value: float, unit: int = W) -> bytes:
    return structure(code(obis), uint32(value), scale(0, unit))


def _counters(now: Quantities) -> tuple[tuple[int, float, int], ...]:
    return (
        (1, now.energy_imported, WH),
        (2, now.energy_exported, WH),
        (3, now.reactive_energy_imported, VARH),
        (4, now.reactive_energy_exported, VARH),
    )


def _notification(*items: bytes) -> Notification:
    return Notification(body=array(*items), header=plain_header(), address=AIDON)
