"""Victron's EV charging station, addressed by itself."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import ClassVar, Final, override

from pymodbus.constants import ExcCodes

from simulators.car import Car, Pilot
from simulators.charger import SimulatedCharger
from simulators.clock import Clock
from simulators.faults import Fault, FaultKind
from simulators.grid import Grid
from simulators.meter import NOTHING, Meter
from simulators.registers import (
    Order,
    RefusedError,
    Register,
    hole,
    on_phases,
    uint16,
    uint32,
    words,
)
from simulators.traffic import Request
from simulators.unit import Unit

UNIT: Final = 1
LEAST_CURRENT: Final = 6
HIGHEST_CURRENT: Final = 32
_RELAYS: Final = 20.0
"""Seconds that a change of phases takes."""
_PASSING: Final = 2.0
"""Seconds in which it starts and stops."""


class Mode(IntEnum):
    """Register 5009."""

    MANUAL = 0
    AUTO = 1
    SCHEDULED = 2


class Status(IntEnum):
    """Register 5015, as far as the model comes to it by itself."""

    DISCONNECTED = 0
    CONNECTED = 1
    CHARGING = 2
    CHARGED = 3
    WAITING_FOR_SUN = 4
    WAITING_FOR_RFID = 5
    WAITING_FOR_START = 6
    STARTING = 21
    TO_THREE_PHASES = 22
    TO_ONE_PHASE = 23
    STOPPING = 24


class Illegal(StrEnum):
    """What becomes of a current that it cannot have."""

    REFUSE = "refuse"
    CLIP = "clip"
    IGNORE = "ignore"


class PhaseHardware(StrEnum):
    """What register 5100 answers."""

    YES = "yes"
    NO = "no"
    REFUSED = "refused"


@dataclass(kw_only=True)
class Evcs:
    """States named `evcs.*`."""

    product: int = 0xC026
    #: [0, major, minor, beta], each in hexadecimal digits; a beta of ff is a release.
    firmware: str = "000205ff"
    serial: str = "HQ2309ABCDE"
    name: str = "Carport øst"
    mode: Mode = Mode.MANUAL
    started: bool = True
    set_current: int = 16
    maximum_current: int = 32
    minimum_current: int = 6
    autostart: bool = False
    position: int = 0
    one_phase: bool = False
    phase_hardware: PhaseHardware = PhaseHardware.YES
    rfid: bool = False
    authorised: bool = False
    #: A status that is shown instead of what the model comes to: a fault, 20, or an unknown one.
    forced_status: int | None = None
    #: What the modes of its own let the car have, in A.
    own_current: int = 0
    illegal: Illegal = Illegal.REFUSE
    #: Whether current and start outlive a start of the station.
    keeps_set_points: bool = False
    takes_orders: bool = True
    #: Answers 0 to everything, as something else at port 502 did.
    all_zeros: bool = False


class ChargingStation(SimulatedCharger):
    """An EVCS with a car at it."""

    functions = frozenset({3, 6, 16})
    current_registers: ClassVar[Mapping[str, float]] = {"set_current": 1.0}
    other_order_registers = frozenset({"start_stop", "phases"})
    unknown_unit = None

    def __init__(
        self,
        *,
        firmware: str = "000205ff",
        product: int = 0xC026,
        phase_hardware: PhaseHardware = PhaseHardware.YES,
        largest_read_refused: bool = False,
        reboot_seconds: float = 20.0,
        clock: Clock | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__("victron evcs", clock=clock, seed=seed)
        self.evcs = Evcs(firmware=firmware, product=product, phase_hardware=phase_hardware)
        self.car = Car()
        self.grid = Grid(random=self.random)
        self.meter = Meter(energy_l1=250_000.0, voltages=self.grid.voltages)
        self.largest_read_refused = largest_read_refused
        self.reboot_seconds = reboot_seconds
        self._offer = 0.0
        self._passing: tuple[Status, float] | None = None
        self._running = False
        self._switching = 0.0
        self._supplied = 3
        self._present = False
        self._session_from = 0.0
        self._session_seconds = 0.0
        self._rebooting = 0.0
        self._booted = self.clock.now
        self._boots = 3
        self.units = {UNIT: Unit([*self._core(), *self._more()])}
        self.parts = {"evcs": self.evcs, "car": self.car, "grid": self.grid, "meter": self.meter}
        self.verbs = {
            "reboot": self.reboot,
            "plug_in": self.car.plug_in,
            "leave": self.car.leave,
            "drop_clients": self.drop_clients,
        }

    # -- the model --

    @property
    def version(self) -> tuple[int, ...]:
        """The firmware as it is compared."""
        return tuple(bytes.fromhex(self.evcs.firmware)[1:])

    @property
    def status(self) -> int:  # noqa: PLR0911 - one line per state
        """Register 5015."""
        box = self.evcs
        if box.forced_status is not None:
            return box.forced_status
        if not self.car.plugged:
            return Status.DISCONNECTED
        if self._switching > 0:
            return Status.TO_ONE_PHASE if box.one_phase else Status.TO_THREE_PHASES
        if box.rfid and not box.authorised:
            return Status.WAITING_FOR_RFID
        if self._passing is not None:
            return self._passing[0]
        if box.mode is not Mode.MANUAL and not self._offer:
            return Status.WAITING_FOR_SUN
        if not self._offer:
            return Status.WAITING_FOR_START
        if self.car.full:
            return Status.CHARGED
        charging = self.car.pilot(self._offer) in (Pilot.C, Pilot.D)
        return Status.CHARGING if charging else Status.CONNECTED

    def _wanted(self) -> float:
        """Return what the station would let the car have, if nothing was under way."""
        box = self.evcs
        waits = box.rfid and not box.authorised
        faulted = box.forced_status is not None and 8 <= box.forced_status <= 14
        if not self.car.plugged or waits or faulted or self._rebooting > 0 or self._switching > 0:
            return 0.0
        if box.mode is not Mode.MANUAL:
            return float(min(box.own_current, box.maximum_current))
        return float(min(box.set_current, box.maximum_current)) if box.started else 0.0

    @override
    def step(self, seconds: float) -> None:
        if self._rebooting > 0:
            self._rebooting = max(0.0, self._rebooting - seconds)
            if self._rebooting == 0:
                self._booted = self.clock.now
                self._boots += 1
                self.reachable = True
        self._follow_car()
        self._follow_relays(seconds)
        self._follow_start(seconds)
        self.grid.step(seconds)
        self.car.step(seconds, self._offer)
        drawn = self.car.currents(self._supplied) if self._offer else NOTHING
        self.car.charge(self.meter.measure(seconds, drawn, self.grid.voltages))
        if self._present:
            self._session_seconds += seconds

    def _follow_car(self) -> None:
        if self.car.plugged and not self._present:
            self._session_from, self._session_seconds = self.meter.energy, 0.0
            if self.evcs.autostart:
                self.evcs.started = True
        if not self.car.plugged:
            # Without a car a start falls back by itself.
            self.evcs.started = self.evcs.authorised = False
        self._present = self.car.plugged

    def _follow_relays(self, seconds: float) -> None:
        wanted = 1 if self.evcs.one_phase else 3
        if self._switching > 0:
            self._switching = max(0.0, self._switching - seconds)
            if self._switching == 0:
                self._supplied = wanted
        elif wanted != self._supplied:
            self._switching = _RELAYS

    def _follow_start(self, seconds: float) -> None:
        """Start and stop with a few seconds in between; a change of the current is at once."""
        wanted = self._wanted()
        if self._passing is not None:
            status, left = self._passing
            self._passing = (status, left - seconds) if left > seconds else None
        if bool(wanted) != self._running:
            self._running = bool(wanted)
            self._passing = (Status.STARTING if wanted else Status.STOPPING, _PASSING)
        starting = self._passing is not None and self._passing[0] is Status.STARTING
        self._offer = 0.0 if starting else wanted

    def reboot(self) -> None:
        """Start once more: what becomes of the set-points is not documented."""
        if not self.evcs.keeps_set_points:
            self.evcs.set_current = self.evcs.maximum_current
            self.evcs.started = self.car.plugged
        self._rebooting = self.reboot_seconds
        self._running, self._passing = False, None
        self.reachable = False

    # -- how it treats its clients --

    @override
    def quirk(self, request: Request) -> Fault | None:
        end = request.address + request.length
        refused = Fault(kind=FaultKind.EXCEPTION, code=ExcCodes.ILLEGAL_ADDRESS)
        if end > 5050 and self.version < (0x01, 0x21, 0x01):
            return refused
        if self.largest_read_refused and request.values is None and request.length > 60:
            return refused
        if request.address == 5100 and self.evcs.phase_hardware is PhaseHardware.REFUSED:
            return refused
        return super().quirk(request)

    @override
    def accepts_write(self, request: Request) -> bool:
        if not self.evcs.takes_orders:
            raise RefusedError(ExcCodes.ILLEGAL_ADDRESS)
        return True

    # -- registers --

    def _number(self, read: Callable[[], float]) -> Callable[[], int]:
        return lambda: 0 if self.evcs.all_zeros else round(read())

    def _text(self, read: Callable[[], str], count: int) -> Callable[[], list[int]]:
        def encode() -> list[int]:
            data = b"" if self.evcs.all_zeros else read().encode()[: 2 * count]
            data = data.ljust(2 * count, b"\0")
            return [data[place] | data[place + 1] << 8 for place in range(0, 2 * count, 2)]

        return encode

    def _power(self, phase: int) -> int:
        return 0 if self.evcs.all_zeros else round(self.meter.powers[phase])

    def _core(self) -> Iterator[Register]:
        box, meter = self.evcs, self.meter
        number = self._number
        yield uint16(5000, "product", number(lambda: box.product))
        yield words(5001, 6, "serial", self._text(lambda: box.serial, 6))
        yield uint32(5007, "firmware", number(lambda: int(box.firmware, 16)))
        yield uint16(5009, "mode", number(lambda: box.mode), self._set_mode)
        yield uint16(5010, "start_stop", number(lambda: box.started), self._start_stop)
        yield from on_phases(uint16, 5011, "power", self._power)
        yield uint16(5014, "power", number(lambda: meter.power))
        yield uint16(5015, "status", number(lambda: self.status))
        yield uint16(5016, "set_current", number(lambda: box.set_current), self._set_current)
        yield uint16(5017, "maximum_current", number(lambda: box.maximum_current))
        yield uint16(5018, "current", number(lambda: 10 * max(meter.currents)))
        yield uint32(5019, "session_time", number(lambda: self._session_seconds))
        yield uint16(
            5021, "session_energy", number(lambda: (meter.energy - self._session_from) / 10)
        )
        yield uint16(5022, "session_cost", 0)
        yield uint32(5023, "energy", number(lambda: meter.energy / 10))
        yield uint16(5025, "pilot_voltage", number(lambda: 1200))
        yield uint16(5026, "position", number(lambda: box.position))
        yield words(5027, 22, "name", self._text(lambda: box.name, 22))
        yield uint16(5049, "autostart", number(lambda: box.autostart), self._set_autostart)

    def _more(self) -> Iterator[Register]:
        box = self.evcs
        number = self._number
        yield uint16(5050, "display_control", 1)
        yield hole(5051, 4)
        yield uint16(5055, "phases", number(lambda: box.one_phase), self._set_phases)
        yield hole(5056, 6)
        yield uint16(5062, "minimum_current", number(lambda: box.minimum_current))
        yield uint16(5064, "restart", 0, self._restart)
        yield uint32(5094, "errors", 0, order=Order.LOW_WORD_FIRST)
        yield uint32(5096, "warnings", 0, order=Order.LOW_WORD_FIRST)
        yield uint16(
            5100, "phase_hardware", number(lambda: box.phase_hardware is PhaseHardware.YES)
        )
        yield uint16(5109, "detected_phases", number(lambda: self._supplied))
        yield hole(5110)
        yield uint32(5111, "uptime", number(lambda: self.clock.now - self._booted))
        yield uint16(5113, "boots", number(lambda: self._boots))
        yield uint16(5114, "reason", 1)

    def _set_mode(self, value: int) -> None:
        if value not in set(Mode):
            raise RefusedError
        self.evcs.mode = Mode(value)

    def _start_stop(self, value: int) -> None:
        if value not in (0, 1):
            raise RefusedError
        self.evcs.started = bool(value) and self.car.plugged

    def _set_current(self, amps: int) -> None:
        box = self.evcs
        legal = max(LEAST_CURRENT, box.minimum_current) <= amps <= box.maximum_current
        if not legal and box.illegal is Illegal.REFUSE:
            raise RefusedError
        if not legal and box.illegal is Illegal.IGNORE:
            return
        box.set_current = min(max(amps, LEAST_CURRENT), box.maximum_current)

    def _set_autostart(self, value: int) -> None:
        self.evcs.autostart = bool(value)

    def _set_phases(self, value: int) -> None:
        if value not in (0, 1) or self.evcs.phase_hardware is not PhaseHardware.YES:
            raise RefusedError
        self.evcs.one_phase = bool(value)

    def _restart(self, value: int) -> None:
        if value == 1:
            self.reboot()

    # -- what every simulated charger offers --

    @property
    @override
    def offered(self) -> tuple[float, ...]:
        return (self._wanted(),)

    @property
    @override
    def cars(self) -> tuple[Car, ...]:
        return (self.car,)

    @property
    @override
    def answering(self) -> bool:
        return self._rebooting == 0

    @override
    def plug_in(self) -> None:
        super().plug_in()
        self._follow_car()
        self.evcs.started = True

    @override
    def power_cycle(self) -> None:
        self.reboot()

    @override
    def set_from_outside(self, amps: float) -> None:
        if amps:
            self.evcs.set_current, self.evcs.started = round(amps), True
        else:
            self.evcs.started = False

    @override
    def forbid_writing(self) -> None:
        """Put it into a mode of its own: it knows no other way."""
        self.evcs.mode = Mode.AUTO
        self.evcs.own_current = self.evcs.set_current
