"""The registers of the document: product, station and network at unit 200, one unit per socket."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final, override

from pymodbus.constants import ExcCodes

from simulators.alfen.codes import MeterKind, Platform, ScnBlock
from simulators.alfen.scn import Scn
from simulators.alfen.setpoint import SetPoint
from simulators.alfen.settings import EmsSettings, StationSettings
from simulators.alfen.socket import Socket
from simulators.alfen.socket_meter import SocketMeter
from simulators.meter import Phases
from simulators.registers import (
    RefusedError,
    Register,
    float32,
    float64,
    int16,
    text,
    uint16,
    uint32,
    uint64,
)
from simulators.unit import Unit

MANUFACTURER: Final = "Alfen NV"
TABLE_VERSION: Final = 1

_PHASES: Final = (0, 1, 2)
_LINES: Final = ("l1_l2", "l2_l3", "l3_l1")
#: A read of this many registers is what the AHP platform refuses.
_TOO_LONG: Final = 125


class AlfenUnit(Unit):
    """A unit that knows its platform, and what its installer allows."""

    def __init__(
        self, registers: Sequence[Register], station: StationSettings, ems: EmsSettings
    ) -> None:
        super().__init__(registers)
        self._station = station
        self._ems = ems

    @override
    def read(self, address: int, count: int) -> list[int]:
        # Which exception a station without "allow reading" answers is UNCONFIRMED.
        if not self._ems.allow_reading:
            raise RefusedError(ExcCodes.ILLEGAL_ADDRESS)
        if self._station.platform is Platform.AHP and self._refused(address, count):
            raise RefusedError(ExcCodes.ILLEGAL_ADDRESS)
        return super().read(address, count)

    def _refused(self, address: int, count: int) -> bool:
        """Whether an AHP board says no.

        Seen for 125 registers from 300 on, which is as long as a read can be and cuts the last
        value. Which of the two it minds is not known, so this one minds both.
        """
        touched = list(self.span(address, count))
        cuts = touched[0].address != address or touched[-1].end != address + count
        return cuts or count >= _TOO_LONG


def product(station: StationSettings, clock: Clockwork) -> Iterator[Register]:
    """Yield registers 100 to 178."""
    yield text(100, 17, "name", lambda: station.name)
    yield text(117, 5, "manufacturer", MANUFACTURER)
    yield int16(122, "table_version", TABLE_VERSION)
    yield text(123, 17, "firmware", lambda: station.firmware)
    yield text(140, 17, "platform_type", lambda: station.platform_type)
    yield text(157, 11, "serial", lambda: station.serial)
    # Whether the clock shows local time or UTC is UNCONFIRMED; this one shows what it was given.
    for place, name in enumerate(("year", "month", "day", "hour", "minute", "second")):
        yield int16(168 + place, name, partial(clock.part, name))
    yield uint64(174, "uptime", clock.uptime, unit="ms")
    yield int16(178, "utc_offset", lambda: station.utc_offset, unit="min")


class Clockwork:
    """The station's clock, and how long it has been running."""

    def __init__(self, part: Callable[[str], int], uptime: Callable[[], int]) -> None:
        self.part = part
        self.uptime = uptime


def overview(station: StationSettings, sockets: int) -> Iterator[Register]:
    """Yield registers 1100 to 1105."""
    yield float32(1100, "max_current", lambda: station.max_current, unit="A")
    yield float32(1102, "temperature", lambda: station.temperature, unit="°C")
    yield uint16(1104, "ocpp_state", lambda: station.ocpp_state)
    yield uint16(1105, "sockets", sockets)


def network(scn: Scn, station: StationSettings, drawn: Callable[[], Phases]) -> Iterator[Register]:
    """Yield registers 1400 to 1431; `drawn` is what the sockets of this station draw."""

    def present() -> bool:
        return scn.enabled or scn.block is ScnBlock.EMPTY

    def consumed(phase: int) -> float:
        return scn.others[phase] + drawn()[phase] if scn.enabled else 0.0

    yield text(1400, 4, "scn_name", lambda: scn.name, present=present)
    yield uint16(1404, "scn_sockets", lambda: scn.sockets, present=present)
    for phase in _PHASES:
        name = f"scn_consumption_l{phase + 1}"
        yield float32(1405 + 2 * phase, name, partial(consumed, phase), present=present, unit="A")
    for phase in _PHASES:
        name = f"scn_actual_limit_l{phase + 1}"
        limit_in_force = _pick(lambda: scn.in_force, phase)
        yield float32(1411 + 2 * phase, name, limit_in_force, present=present, unit="A")
    for phase, limit in enumerate(scn.limits):
        yield from _network_limit(scn, station, present, phase, limit)
    yield float32(1429, "scn_safe_current", lambda: scn.safe_current, present=present, unit="A")
    yield uint16(1431, "scn_enabled", lambda: int(scn.enabled), present=present)


def _network_limit(
    scn: Scn,
    station: StationSettings,
    present: Callable[[], bool],
    phase: int,
    limit: SetPoint,
) -> Iterator[Register]:
    """Yield the limit of one phase and how long it is valid."""
    yield float32(
        1417 + 2 * phase,
        f"scn_limit_l{phase + 1}",
        lambda: limit.current,
        lambda amps: limit.write(scn.ems.fit(amps, station.max_current)),
        check=lambda amps: scn.ems.check(amps, station.max_current),
        present=present,
        unit="A",
    )
    yield uint32(
        1423 + 2 * phase,
        f"scn_remaining_l{phase + 1}",
        lambda: limit.seconds,
        present=present,
        unit="s",
    )


def control(socket: Socket) -> Iterator[Register]:
    """Yield registers 1200 to 1215."""
    yield uint16(1200, "operative", lambda: int(socket.operative))
    yield text(1201, 5, "mode3_state", lambda: socket.mode3_state)
    yield float32(1206, "applied_current", lambda: socket.applied, unit="A")
    yield uint32(1208, "remaining", lambda: socket.limit.seconds, unit="s")
    yield float32(
        1210,
        "setpoint",
        lambda: socket.setpoint,
        socket.write_setpoint,
        check=socket.check_setpoint,
        unit="A",
    )
    yield float32(1212, "safe_current", lambda: socket.safe_current, unit="A")
    yield uint16(1214, "accounted", lambda: int(socket.accounted))
    yield uint16(
        1215,
        "phases",
        lambda: socket.phases_read,
        socket.write_phases,
        check=socket.check_phases,
    )


def measurements(meter: SocketMeter, frequency: Callable[[], float]) -> Iterator[Register]:
    """Yield registers 300 to 425."""
    yield uint16(300, "meter_state", lambda: meter.state)
    yield uint64(301, "meter_age", lambda: int(meter.age), unit="ms")
    yield uint16(305, "meter_type", lambda: meter.type)
    table = _Table(meter)
    yield from table.phases(306, "voltage", lambda: meter.voltages, "V", sparse=True)
    yield from table.lines(312, "voltage", lambda: meter.line_voltages, "V")
    yield table.total(318, "current_neutral", lambda: meter.neutral_current, "A")
    yield from table.phases(320, "current", lambda: meter.currents, "A", sparse=True)
    yield table.total(326, "current", lambda: sum(meter.currents), "A")
    yield from table.phases(328, "power_factor", table.power_factors, "")
    yield table.total(334, "power_factor", lambda: max(table.power_factors()), "", sparse=True)
    yield table.total(336, "frequency", frequency, "Hz", sparse=True)
    yield from table.phases(338, "power", lambda: meter.powers, "W")
    yield table.total(344, "power", lambda: meter.power, "W", sparse=True)
    yield from table.phases(346, "apparent_power", lambda: meter.apparent_powers, "VA")
    yield table.total(352, "apparent_power", lambda: sum(meter.apparent_powers), "VA")
    yield from table.phases(354, "reactive_power", lambda: meter.reactive_powers, "var")
    yield table.total(360, "reactive_power", lambda: sum(meter.reactive_powers), "var")
    yield from table.counters(362, "energy_delivered", lambda: meter.energies, "Wh", sparse=True)
    yield from table.counters(378, "energy_consumed", lambda: (0.0, 0.0, 0.0), "Wh")
    yield from table.counters(394, "apparent_energy", lambda: meter.apparent_energies, "VAh")
    yield from table.counters(410, "reactive_energy", lambda: meter.reactive_energies, "varh")


def _pick(source: Callable[[], Phases], place: int) -> Callable[[], float]:
    return lambda: source()[place]


class _Table:
    """Declares meter registers, and knows which of them have no value on which meter."""

    def __init__(self, meter: SocketMeter) -> None:
        self._meter = meter

    def power_factors(self) -> Phases:
        """Return the power factor per phase; 0 where no current flows, as in the sample."""
        meter = self._meter
        l1, l2, l3 = (meter.power_factor if amps > 0 else 0.0 for amps in meter.currents)
        return l1, l2, l3

    def _value(
        self, source: Callable[[], Any], *, sparse: bool, phase: int = 0
    ) -> Callable[[], float | None]:
        """Return a source that is None, not a number on the wire, where the meter has nothing."""

        def value() -> float | None:
            if self._meter.kind is MeterKind.SPARSE and not sparse:
                return None
            if phase >= self._meter.phases:
                return None
            return float(source())

        return value

    def phases(
        self,
        address: int,
        name: str,
        source: Callable[[], Phases],
        unit: str,
        *,
        sparse: bool = False,
    ) -> Iterator[Register]:
        """Declare L1, L2 and L3."""
        for phase in _PHASES:
            value = self._value(_pick(source, phase), sparse=sparse, phase=phase)
            yield float32(address + 2 * phase, f"{name}_l{phase + 1}", value, unit=unit)

    def lines(
        self, address: int, name: str, source: Callable[[], Phases], unit: str
    ) -> Iterator[Register]:
        """Declare L1-L2, L2-L3 and L3-L1; they need all three phases."""
        for place, line in enumerate(_LINES):
            value = self._value(_pick(source, place), sparse=False, phase=2)
            yield float32(address + 2 * place, f"{name}_{line}", value, unit=unit)

    def total(
        self,
        address: int,
        name: str,
        source: Callable[[], float],
        unit: str,
        *,
        sparse: bool = False,
    ) -> Register:
        """Declare the value of all phases together."""
        return float32(address, name, self._value(source, sparse=sparse), unit=unit)

    def counters(
        self,
        address: int,
        name: str,
        source: Callable[[], Phases],
        unit: str,
        *,
        sparse: bool = False,
    ) -> Iterator[Register]:
        """Declare L1, L2, L3 and their sum; a sparse meter has the sum at most."""
        for phase in _PHASES:
            value = self._value(_pick(source, phase), sparse=False, phase=phase)
            yield float64(address + 4 * phase, f"{name}_l{phase + 1}", value, unit=unit)
        total = self._value(lambda: sum(source()), sparse=sparse)
        yield float64(address + 12, name, total, unit=unit)
