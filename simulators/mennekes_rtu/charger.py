"""AMTRON Compact 2.0s, Start 2.0s and 4You 300: one charger on a serial bus."""

from collections.abc import Mapping
from typing import ClassVar, Final, override

from pymodbus.constants import ExcCodes

from simulators.car import Car
from simulators.charger import SimulatedCharger
from simulators.clock import Clock
from simulators.faults import Fault
from simulators.grid import Grid
from simulators.mennekes_rtu.box import Box
from simulators.mennekes_rtu.box import hardware_phases as usual_phases
from simulators.mennekes_rtu.charging import Charging
from simulators.mennekes_rtu.codes import LAYOUTS, HardwarePhases, Satellite
from simulators.mennekes_rtu.ems import Ems, Violations
from simulators.mennekes_rtu.line import Line
from simulators.mennekes_rtu.registers import FUNCTION_6_ONLY, SETTINGS, RegisterMap
from simulators.mennekes_rtu.session import Session
from simulators.meter import Meter
from simulators.registers import RefusedError, Register
from simulators.traffic import Request
from simulators.unit import Unit

UNIT: Final = 50

#: Control software by register layout, as far as the documents say.
_FIRMWARE: Final = {"1.00": "1.0", "1.01": "1.3", "1.02": "1.5", "1.03": "2.0"}


class Compact(SimulatedCharger):
    """A charger at `unit_id`, and the line it hangs on.

    `model` ends in its power class, 7.4, 11 or 22 kW, and C2 when its cable is tethered. `layout`
    is "1.00" to "1.03". What the documents leave open is named in `Box` and can be chosen here:
    `six_is_enough` and `recovers` are true from layout 1.03 on unless told otherwise.
    """

    functions = frozenset({3, 4, 6, 16})
    current_registers: ClassVar[Mapping[str, float]] = {"current": 1.0}
    other_order_registers = frozenset({"release", "single_phase"})

    def __init__(
        self,
        *,
        unit_id: int = UNIT,
        model: str = "Compact 2.0s 11",
        layout: str = "1.03",
        firmware: str | None = None,
        serial: str = "13552019",
        article: str | None = "1363201",
        hardware_phases: HardwarePhases | None = None,
        dynamic_phases: bool | None = None,
        fallback: int = 0,
        switch_pause: int = 0,
        solar_modes: bool = False,
        has_settings: bool = True,
        satellite: Satellite = Satellite.ON,
        six_is_enough: bool | None = None,
        recovers: bool | None = None,
        waits_for_manager: bool = True,
        keeps_set_points: bool = False,
        refuses_phases: bool = True,
        takes_spans: bool = False,
        unknown_unit: ExcCodes | None = None,
        silent_seconds: float = 8.0,
        start_seconds: float = 2.0,
        energy: float = 3_033_420.0,
        clock: Clock | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(f"mennekes rtu {unit_id}", clock=clock, seed=seed)
        self.unit_id = unit_id
        self.unknown_unit = unknown_unit
        self.silent_seconds = silent_seconds
        self.start_seconds = start_seconds
        newest = layout == "1.03"
        phases = usual_phases(model) if hardware_phases is None else hardware_phases
        if dynamic_phases is None:
            dynamic_phases = phases is HardwarePhases.SWITCHABLE
        self.box = Box(
            model=model,
            layout=LAYOUTS[layout],
            firmware=_FIRMWARE[layout] if firmware is None else firmware,
            serial=serial,
            article=article,
            hardware_phases=phases,
            solar_phases_code=3 if dynamic_phases else 0,
            fallback=fallback,
            switch_pause=switch_pause,
            solar_modes=solar_modes,
            has_settings=has_settings,
            satellite=satellite,
            six_is_enough=newest if six_is_enough is None else six_is_enough,
            recovers=newest if recovers is None else recovers,
            waits_for_manager=waits_for_manager,
            keeps_set_points=keeps_set_points,
            refuses_phases=refuses_phases,
            takes_spans=takes_spans,
        )
        self.car = Car()
        self.grid = Grid(random=self.random, phases=self.box.phases)
        self.meter = Meter(energy_l1=energy, voltages=self.grid.voltages)
        self.violations = Violations()
        self.ems = Ems(clock=self.clock, box=self.box, violations=self.violations)
        self.session = Session()
        self.charging = Charging(
            box=self.box,
            ems=self.ems,
            session=self.session,
            grid=self.grid,
            meter=self.meter,
            car=self.car,
        )
        self.line = Line(random=self.random)
        self._silent = 0.0
        self.parts = {
            "charger": self.box,
            "charging": self.charging,
            "ems": self.ems,
            "violations": self.violations,
            "session": self.session,
            "meter": self.meter,
            "grid": self.grid,
            "car": self.car,
            "line": self.line,
        }
        self.verbs = {
            "power_cycle": self.power_cycle,
            "authorise": self.authorise,
            "plug_in": self.car.plug_in,
            "leave": self.car.leave,
            "drop_clients": self.drop_clients,
        }
        self.units[unit_id] = Unit(list(RegisterMap(self).all()))

    @property
    def full_power_trap(self) -> int:
        """How often somebody wrote a limit of 0, which means full power on newer chargers."""
        return self.violations.full_power

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
        return self.awake

    @override
    def set_from_outside(self, amps: float) -> None:
        # A limit of 0 is none: who wants to pause takes the release away.
        self.ems.released = amps > 0
        if amps > 0:
            self.ems.set_current(amps)

    @override
    def forbid_writing(self) -> None:
        self.box.satellite = Satellite.READ_ONLY

    @property
    def awake(self) -> bool:
        """Whether it answers."""
        return self._silent == 0

    @override
    def find_unit(self, unit_id: int) -> Unit | None:
        if not self.awake or self.box.satellite is Satellite.OFF:
            return None
        return super().find_unit(unit_id)

    @override
    def unit(self, unit_id: int | None = None) -> Unit:
        return self.units[self.unit_id if unit_id is None else unit_id]

    @override
    def register(self, name: str, unit_id: int | None = None) -> Register:
        return self.unit(unit_id)[name]

    @override
    def step(self, seconds: float) -> None:
        if not self.awake:
            self._silent = max(0.0, self._silent - seconds)
            if self.awake:
                self.ems.restart()
                self.charging.restart(self.start_seconds)
        self.charging.step(seconds, awake=self.awake)

    @override
    def accepts_write(self, request: Request) -> bool:
        if self.box.satellite is Satellite.READ_ONLY:
            raise RefusedError(ExcCodes.ILLEGAL_ADDRESS)
        touched = range(request.address, request.address + request.length)
        spans = request.function == 16 and not FUNCTION_6_ONLY.isdisjoint(touched)
        if spans and not self.box.takes_spans:
            # Which exception it is, is UNCONFIRMED.
            raise RefusedError(ExcCodes.ILLEGAL_ADDRESS)
        return True

    @override
    def on_write(self, request: Request) -> None:
        if request.address in SETTINGS:
            self.violations.installer_writes += 1

    @override
    def quirk(self, request: Request) -> Fault | None:
        return super().quirk(request) or self.line.lateness()

    @override
    def carry(self, data: bytes) -> bytes:
        return self.line.carry(data)

    def authorise(self) -> None:
        """Hold an accepted card to the reader."""
        self.box.authorised = True

    @override
    def power_cycle(self) -> None:
        # No answer for a while, and set-points are lost.
        self._silent = self.silent_seconds
        if self.awake:
            self.ems.restart()
            self.charging.restart(self.start_seconds)
