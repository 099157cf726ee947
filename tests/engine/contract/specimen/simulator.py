"""The made-up charger as a simulated device: twelve registers, and a short memory."""

from collections.abc import Iterator, Mapping
from typing import ClassVar, Final, override

from pymodbus.constants import ExcCodes

from simulators.car import Car
from simulators.charger import Chargers, SimulatedCharger
from simulators.meter import NOTHING, Meter
from simulators.registers import RefusedError, Register, on_phases, uint16, uint32
from simulators.traffic import Request
from simulators.unit import Unit

RATED_CURRENT: Final = 32
LEAST_CURRENT: Final = 6
START_SECONDS: Final = 20.0


class SimulatedWallbox(SimulatedCharger):
    """A charger whose limit is back at its highest after every power cycle."""

    current_registers: ClassVar[Mapping[str, float]] = {"limit": 1.0}

    def __init__(self) -> None:
        super().__init__("specimen")
        self.car = Car()
        self.meter = Meter(energy_l1=0.0, voltages=(230.0, 230.0, 230.0))
        self.limit = RATED_CURRENT
        self.read_only = False
        self._starting = 0.0
        self.units[1] = Unit(list(self._registers()))

    def _registers(self) -> Iterator[Register]:
        meter = self.meter
        yield uint16(0, "marker", 0x5EC1)
        yield uint16(1, "version", 7)
        yield uint32(2, "number", 20_411)
        yield uint16(4, "state", self._state)
        yield uint16(5, "limit", lambda: self.limit, self.set_limit, unit="A")
        yield uint16(6, "rated_current", RATED_CURRENT, unit="A")
        yield from on_phases(uint16, 7, "current", lambda at: round(10 * meter.currents[at]))
        yield from on_phases(uint16, 10, "voltage", lambda at: round(meter.voltages[at]))

    def _state(self) -> int:
        if not self.car.plugged:
            return 0
        return 2 if self.car.current > 0 else 1

    def set_limit(self, amps: int) -> None:
        """Take a limit; what is too little for a car pauses."""
        self.limit = min(amps, RATED_CURRENT)

    @override
    def step(self, seconds: float) -> None:
        if self._starting > 0:
            self._starting = max(0.0, self._starting - seconds)
            if self._starting == 0:
                self.reachable = True
        (offer,) = self.offered
        self.car.step(seconds, offer)
        currents = self.car.currents(3) if offer else NOTHING
        self.car.charge(self.meter.measure(seconds, currents, self.meter.voltages))

    @override
    def accepts_write(self, request: Request) -> bool:
        if self.read_only:
            raise RefusedError(ExcCodes.ILLEGAL_ADDRESS)
        return True

    @property
    @override
    def offered(self) -> tuple[float, ...]:
        blocked = not self.answering or not self.car.plugged or self.limit < LEAST_CURRENT
        return (0.0 if blocked else float(self.limit),)

    @property
    @override
    def cars(self) -> tuple[Car, ...]:
        return (self.car,)

    @property
    @override
    def answering(self) -> bool:
        return self._starting == 0

    @override
    def power_cycle(self) -> None:
        self.limit = RATED_CURRENT
        self._starting = START_SECONDS
        self.reachable = False

    @override
    def set_from_outside(self, amps: float) -> None:
        self.set_limit(int(amps))

    @override
    def forbid_writing(self) -> None:
        self.read_only = True


CHARGERS: Final[Chargers] = {"specimen": SimulatedWallbox}
