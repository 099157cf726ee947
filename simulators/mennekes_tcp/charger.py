"""What both families of these chargers share: the model, the watchdog, reboots, access."""

from collections.abc import Mapping
from typing import ClassVar, override

from pymodbus.constants import ExcCodes

from simulators.car import Car
from simulators.charger import SimulatedCharger
from simulators.clock import Clock
from simulators.grid import Grid
from simulators.mennekes_tcp.box import Box
from simulators.mennekes_tcp.charging import Charging
from simulators.mennekes_tcp.codes import Access, Overlap, ReadOnlyWrites
from simulators.mennekes_tcp.hems import Hems
from simulators.mennekes_tcp.network import Network
from simulators.mennekes_tcp.session import Session
from simulators.meter import Meter
from simulators.registers import RefusedError
from simulators.traffic import Request


class Charger(SimulatedCharger):
    """A charger whose registers a profile adds."""

    current_registers: ClassVar[Mapping[str, float]] = {
        "hems_current": 1.0,
        "hems_current_copy": 1.0,
        "hems_current_tenths": 0.1,
        "hems_current_tenths_copy": 0.1,
    }
    other_order_registers = frozenset({"hems_power", "hems_power_copy"})

    def __init__(
        self,
        name: str,
        box: Box,
        *,
        reset_current: int,
        clock: Clock | None,
        seed: int,
        energy: float,
        overlap: Overlap = Overlap.THREE,
        read_only_writes: ReadOnlyWrites = ReadOnlyWrites.REFUSE,
        reboot_seconds: float = 30.0,
    ) -> None:
        super().__init__(name, clock=clock, seed=seed)
        self.read_only_writes = read_only_writes
        self.reboot_seconds = reboot_seconds
        self.box = box
        self.car = Car()
        self.grid = Grid(random=self.random, phases=box.grid_phases)
        self.meter = Meter(energy_l1=energy, voltages=self.grid.voltages)
        self.hems = Hems(box=box, reset_current=reset_current)
        self.network = Network()
        self.session = Session()
        self.charging = Charging(
            clock=self.clock,
            box=box,
            hems=self.hems,
            network=self.network,
            session=self.session,
            grid=self.grid,
            meter=self.meter,
            car=self.car,
            overlap=overlap,
        )
        self._rebooting = 0.0
        self.parts = {
            "charger": self.box,
            "charging": self.charging,
            "hems": self.hems,
            "network": self.network,
            "session": self.session,
            "meter": self.meter,
            "grid": self.grid,
            "car": self.car,
        }
        self.verbs = {
            "reboot": self.reboot,
            "plug_in": self.car.plug_in,
            "leave": self.car.leave,
            "drop_clients": self.drop_clients,
        }

    @override
    def step(self, seconds: float) -> None:
        if self._rebooting > 0:
            self._rebooting = max(0.0, self._rebooting - seconds)
            if self._rebooting == 0:
                self.reachable = True
        elif self.hems.access is Access.OFF:
            self.drop_clients()
        awake = self._rebooting == 0
        if awake:
            self.hems.step(seconds)
        self.charging.step(seconds, awake=awake)

    @override
    def admits(self) -> bool:
        return super().admits() and self.hems.access is not Access.OFF

    def reboot(self) -> None:
        """Restart: connections break, set-points are lost, charging pauses."""
        self.hems.reset()
        self.charging.restart()
        self._rebooting = self.reboot_seconds
        self.reachable = False

    @property
    @override
    def offered(self) -> tuple[float, ...]:
        return (self.charging.signalled,)

    @property
    @override
    def cars(self) -> tuple[Car, ...]:
        return (self.car,)

    @property
    @override
    def answering(self) -> bool:
        return self._rebooting == 0

    @override
    def power_cycle(self) -> None:
        self.reboot()

    @override
    def set_from_outside(self, amps: float) -> None:
        self.hems.set_tenths(round(10 * amps))

    @override
    def forbid_writing(self) -> None:
        self.hems.access = Access.READ_ONLY

    @override
    def on_request(self, request: Request) -> None:
        self.hems.heard()

    @override
    def accepts_write(self, request: Request) -> bool:
        if self.hems.access is Access.READ_WRITE:
            return True
        if self.read_only_writes is ReadOnlyWrites.REFUSE:
            raise RefusedError(ExcCodes.ILLEGAL_ADDRESS)
        return False

    @override
    def on_write(self, request: Request) -> None:
        self.hems.written()
