"""What every simulated charger offers, whatever its registers are.

The contract test (`tests/engine/contract`) judges every family by these few things, and never by
what the engine says. A family's package lists its chargers in `CHARGERS`, by name.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import ClassVar, override

from simulators.car import Car
from simulators.clock import Clock
from simulators.device import SimulatedDevice
from simulators.faults import Fault, FaultKind
from simulators.registers import RefusedError, Register
from simulators.traffic import Request

type Watcher = Callable[[Request], None]

#: What a package calls the chargers that it can build, one for each kind that behaves otherwise.
type Chargers = Mapping[str, Callable[[], SimulatedCharger]]


class SimulatedCharger(SimulatedDevice, ABC):
    """A device that offers current to cars."""

    #: Registers, by name, that limit the current, and what one of their units is in A.
    current_registers: ClassVar[Mapping[str, float]]
    #: Registers, by name, that limit or pause in other ways, or choose the phases.
    other_order_registers: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, name: str, *, clock: Clock | None = None, seed: int = 0) -> None:
        super().__init__(name, clock=clock, seed=seed)
        #: Writes to these registers in the order in which they arrived, refused ones too.
        self.writes_seen: list[Request] = []
        #: Currents that were written, in A, in the order in which they arrived.
        self.amps_seen: list[float] = []
        #: Called with each such write before it takes effect.
        self.watchers: list[Watcher] = []
        self._losses: list[FaultKind] = []

    # What a family provides.

    @property
    @abstractmethod
    def offered(self) -> tuple[float, ...]:
        """What each socket signals to its car now, in A; 0 where the car may not charge."""

    @property
    @abstractmethod
    def cars(self) -> tuple[Car, ...]:
        """The car of each socket."""

    @property
    @abstractmethod
    def answering(self) -> bool:
        """Whether it answers; it does not while it starts."""

    @abstractmethod
    def power_cycle(self) -> None:
        """Go off and on again, and lose what such a charger loses."""

    @abstractmethod
    def set_from_outside(self, amps: float) -> None:
        """Limit all sockets as another client does, or a person at the charger; 0 pauses."""

    @abstractmethod
    def forbid_writing(self) -> None:
        """Become a charger that can only be read, as its installer sets it up."""

    # What the contract asks.

    def plug_in(self) -> None:
        """Plug a car into every socket that takes all it is offered, on all phases."""
        for car in self.cars:
            car.battery_wh = 1_000_000.0
            car.plug_in()

    def lose_next_answer(self, times: int = 1) -> None:
        """Carry out the next write of an order, and lose the answer."""
        self._losses += [FaultKind.LOSE_ANSWER] * times

    def lose_next_order(self, times: int = 1) -> None:
        """Lose the next write of an order itself."""
        self._losses += [FaultKind.LOSE_REQUEST] * times

    def lose_nothing(self) -> None:
        """Lose no order and no answer any more."""
        self._losses.clear()

    @override
    def quirk(self, request: Request) -> Fault | None:
        register = self._ordered(request)
        if register is None:
            return None
        if self._losses:
            fault = Fault(kind=self._losses.pop(0))
            if fault.kind is FaultKind.LOSE_REQUEST:
                return fault
        else:
            fault = None
        self._note(request, register)
        return fault

    def _note(self, request: Request, register: Register) -> None:
        assert request.values is not None, "an order writes something"
        for watcher in tuple(self.watchers):
            watcher(request)
        self.writes_seen.append(request)
        if (unit := self.current_registers.get(register.name)) is not None:
            amps = register.decode(list(request.values[: register.count]))
            assert isinstance(amps, int | float), f"{register.name} holds a current"
            self.amps_seen.append(amps * unit)

    def _ordered(self, request: Request) -> Register | None:
        """Return the register that an order is written to; None if the request is no order."""
        unit = self.find_unit(request.unit)
        if request.values is None or unit is None:
            return None
        try:
            register = unit.at(request.address)
        except RefusedError:
            return None
        known = register.name in self.current_registers
        return register if known or register.name in self.other_order_registers else None
