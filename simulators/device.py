"""A simulated Modbus device: units, a model in simulated time, and how it treats its clients."""

from collections.abc import Callable, Mapping
from random import Random
from typing import TYPE_CHECKING

from pymodbus.constants import ExcCodes
from pymodbus.simulator import SimAction, SimDevice

from simulators.clock import Clock
from simulators.faults import Fault, Faults
from simulators.registers import RefusedError, Register
from simulators.states import Scalar, StateError, read_states, set_state
from simulators.traffic import Request, Traffic
from simulators.unit import Unit

if TYPE_CHECKING:
    from simulators.server import Server


class SimulatedDevice:
    """Base of every simulator.

    A family fills `units` (0 answers for every id that is not listed), `parts` (objects whose
    states have names such as `car.plugged`) and `verbs`, and overrides `step` and the hooks.
    """

    #: What the device answers; anything else is exception 1.
    functions: frozenset[int] = frozenset({3, 6, 16})
    #: Registers one read may ask for; more is exception 3.
    longest_read: int = 125
    #: Registers that one write may hold; the standard has 123, and pymodbus takes no more.
    longest_write: int = 123
    #: TCP clients at a time; the next one completes the handshake and is dropped.
    max_clients: int | None = None
    #: Simulated seconds without a request after which a connection is closed.
    idle_seconds: float | None = None
    #: The answer for unit ids that are not here; None is silence.
    unknown_unit: ExcCodes | None = None
    #: A request that touches one of these is answered, then the connection is closed.
    closing_addresses: frozenset[int] = frozenset()

    def __init__(self, name: str, *, clock: Clock | None = None, seed: int = 0) -> None:
        self.name = name
        self.clock = clock or Clock()
        self.random = Random(seed)  # noqa: S311 - repeatable noise, not a secret
        self.traffic = Traffic()
        self.faults = Faults(self.random)
        self.units: dict[int, Unit] = {}
        self.parts: dict[str, object] = {}
        self.verbs: dict[str, Callable[[], None]] = {}
        self.servers: list[Server] = []
        #: What is being answered at the moment.
        self.request: Request | None = None
        self._reachable = True
        self.clock.subscribe(self.step)

    # What a family overrides.

    def step(self, seconds: float) -> None:
        """Let the model live through this many seconds."""

    def admits(self) -> bool:
        """Say whether a new TCP client is let in."""
        return self.reachable

    def on_request(self, request: Request) -> None:
        """Notice a request that is for this device, before it is carried out."""

    def accepts_write(self, request: Request) -> bool:  # noqa: ARG002 - a hook
        """Say whether a write takes effect; False acknowledges it and forgets it.

        Raise `RefusedError` to answer with an exception.
        """
        return True

    def on_write(self, request: Request) -> None:
        """Notice a write that was carried out."""

    def quirk(self, request: Request) -> Fault | None:  # noqa: ARG002 - a hook
        """Return what goes wrong with a request because the device is as it is."""
        return None

    def carry(self, data: bytes) -> bytes:
        """Return what a serial line makes of bytes under way, in either direction."""
        return data

    # What everybody uses.

    @property
    def reachable(self) -> bool:
        """Whether it takes part in the network; while it does not, clients are dropped."""
        return self._reachable

    @reachable.setter
    def reachable(self, value: bool) -> None:
        self._reachable = value
        if not value:
            self.drop_clients()

    def drop_clients(self) -> None:
        """Close every connection."""
        for server in self.servers:
            server.drop_clients()

    def advance(self, seconds: float) -> None:
        """Let simulated time pass."""
        self.clock.advance(seconds)

    def state(self) -> dict[str, Scalar]:
        """Return all states by name."""
        states: dict[str, Scalar] = {"device.reachable": self.reachable}
        for name, part in self.parts.items():
            states |= {f"{name}.{key}": value for key, value in read_states(part).items()}
        return states

    def set(self, states: Mapping[str, object]) -> None:
        """Set states by name, as in `{"car.plugged": True}`."""
        for name, value in states.items():
            part, _, key = name.partition(".")
            if name == "device.reachable":
                set_state(self, key, value)
            elif part in self.parts:
                set_state(self.parts[part], key, value)
            else:
                message = f"there is no {name}"
                raise StateError(message)

    def do(self, verb: str) -> None:
        """Carry out a verb by name, such as `reboot`."""
        if verb not in self.verbs:
            message = f"{verb} is none of {', '.join(self.verbs)}"
            raise StateError(message)
        self.verbs[verb]()

    def find_unit(self, unit_id: int) -> Unit | None:
        """Return who answers for a unit id."""
        return self.units.get(unit_id, self.units.get(0))

    def unit(self, unit_id: int = 1) -> Unit:
        """Return who answers for a unit id that is there."""
        unit = self.find_unit(unit_id)
        if unit is None:
            message = f"there is no unit {unit_id}"
            raise StateError(message)
        return unit

    def register(self, name: str, unit_id: int = 1) -> Register:
        """Return a register by name, to compare with what a client sees."""
        return self.unit(unit_id)[name]

    def sim_devices(self) -> list[SimDevice]:
        """Describe all units to pymodbus."""
        return [
            unit.sim_device(unit_id, self._action(unit_id, unit))
            for unit_id, unit in self.units.items()
        ]

    def _action(self, unit_id: int, unit: Unit) -> SimAction:
        async def action(  # noqa: PLR0917 - pymodbus' signature
            function: int,
            start: int,
            address: int,
            count: int,
            current: list[int],
            new: list[int] | list[bool] | None,
        ) -> ExcCodes | None:
            if new is None and function == 6:
                # pymodbus builds the answer to function 6 from a second read. Devices echo the
                # request, even when they store something else.
                return None
            try:
                if new is None:
                    current[address - start : address - start + count] = unit.read(address, count)
                else:
                    values = [int(value) for value in new]
                    # The unit id as asked for: one unit may answer for all of them.
                    request = self.request or Request(
                        unit_id, function, address, count, tuple(values)
                    )
                    if self.accepts_write(request):
                        unit.write(address, values)
                        self.on_write(request)
            except RefusedError as refused:
                return refused.code
            return None

        return action
