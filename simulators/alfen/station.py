"""The station: Eve Single and Double Pro-line, units 1, 2 and 200."""

from collections.abc import Mapping
from typing import ClassVar, Final, override

from pymodbus.constants import ExcCodes

from simulators.alfen.codes import DataSource, MeterKind, OverLimit, Platform, ScnBlock
from simulators.alfen.registers import (
    AlfenUnit,
    Clockwork,
    control,
    measurements,
    network,
    overview,
    product,
)
from simulators.alfen.scn import Scn
from simulators.alfen.settings import EmsSettings, StationSettings
from simulators.alfen.socket import Socket
from simulators.alfen.socket_meter import SocketMeter
from simulators.car import Car
from simulators.charger import SimulatedCharger
from simulators.clock import Clock
from simulators.faults import Fault, FaultKind
from simulators.grid import Grid
from simulators.meter import Phases
from simulators.registers import RefusedError, Register
from simulators.traffic import Request

STATION_UNIT: Final = 200

_SCN_BLOCK: Final = frozenset(range(1400, 1432))
_SCN_LIMITS: Final = range(1417, 1423)
#: What each socket has counted at the start, in Wh.
_ENERGIES: Final = (6_223_090.0, 302_806.0)
#: Part of the reads that firmware 6.5.0 spoils, unless told otherwise.
_SHORT_ON_650: Final = 0.05


class Eve(SimulatedCharger):
    """A station with one or two sockets.

    Not in the document, so options: what happens above the station's maximum (`over_limit`), how
    many clients are served (`max_clients`: two by the document, one by its users), the answer for
    units that are not there (`unknown_unit`), what a missing network answers (`scn_block`).
    """

    idle_seconds = 60
    current_registers: ClassVar[Mapping[str, float]] = {"setpoint": 1.0}
    other_order_registers = frozenset({"phases"})

    def __init__(
        self,
        *,
        sockets: int = 1,
        platform: Platform = Platform.NG9XX,
        platform_type: str | None = None,
        firmware: str = "7.3.0-4331",
        serial: str = "ACE0012345",
        name: str = "Driveway",
        max_current: float = 32.0,
        validity: float = 60.0,
        safe_current: float = 6.0,
        source: DataSource = DataSource.SOCKET,
        scn_block: ScnBlock = ScnBlock.EMPTY,
        allow_writing: bool = True,
        allow_phases: bool = True,
        single_phase: bool = False,
        meter_kind: MeterKind = MeterKind.FULL,
        over_limit: OverLimit = OverLimit.REFUSE,
        max_clients: int = 2,
        unknown_unit: ExcCodes | None = ExcCodes.ILLEGAL_ADDRESS,
        short_answers: float | None = None,
        budget_needs_car: bool = False,
        idle_state: str = "A",
        reboot_seconds: float = 30.0,
        uptime: float = 0.0,
        clock: Clock | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__("alfen", clock=clock, seed=seed)
        if short_answers is None:
            short_answers = _SHORT_ON_650 if firmware.startswith("6.5.0") else 0.0
        self.max_clients = max_clients
        self.unknown_unit = unknown_unit
        self.reboot_seconds = reboot_seconds
        self.station = StationSettings(
            platform=platform,
            platform_type=platform_type or ("AHP02" if platform is Platform.AHP else "NG920"),
            firmware=firmware,
            serial=serial,
            name=name,
            max_current=max_current,
            short_answers=short_answers,
            budget_needs_car=budget_needs_car,
            idle_state=idle_state,
            single_phase=single_phase,
        )
        self.ems = EmsSettings(
            source=source,
            allow_writing=allow_writing,
            allow_phases=allow_phases,
            over_limit=over_limit,
        )
        networked = source is DataSource.SCN
        self.scn = Scn(
            ems=self.ems,
            block=scn_block,
            name="VILLAGE" if networked else "",
            sockets=sockets + 1 if networked else 0,
        )
        self.scn.validity = validity
        self.scn.safe_current = safe_current
        self.grid = Grid(random=self.random, phases=1 if single_phase else 3)
        self.sockets = tuple(self._socket(place, meter_kind) for place in range(sockets))
        for socket in self.sockets:
            socket.validity = validity
            socket.safe_current = safe_current
        self._booted = self.clock.now - uptime
        self._rebooting = 0.0
        self._name_everything()
        self._map()

    def _socket(self, place: int, kind: MeterKind) -> Socket:
        single = self.station.single_phase
        return Socket(
            station=self.station,
            ems=self.ems,
            scn=self.scn,
            grid=self.grid,
            car=Car(),
            meter=SocketMeter(
                energy_l1=_ENERGIES[place],
                kind=kind,
                phases=1 if single else 3,
                voltages=self.grid.voltages,
            ),
            busy=lambda: sum(socket.car.plugged for socket in self.sockets),
        )

    def _name_everything(self) -> None:
        self.parts = {
            "station": self.station,
            "ems": self.ems,
            "scn": self.scn,
            "grid": self.grid,
        }
        self.verbs = {"reboot": self.reboot, "drop_clients": self.drop_clients}
        for place, socket in enumerate(self.sockets):
            end = f"_{place + 1}" if place else ""
            self.parts |= {
                f"socket{end}": socket,
                f"meter{end}": socket.meter,
                f"car{end}": socket.car,
            }
            self.verbs |= {f"plug_in{end}": socket.car.plug_in, f"leave{end}": socket.car.leave}

    def _map(self) -> None:
        clockwork = Clockwork(
            part=lambda name: int(getattr(self.clock.moment, name)),
            uptime=lambda: round(1000 * (self.clock.now - self._booted)),
        )
        registers: list[Register] = [
            *product(self.station, clockwork),
            *overview(self.station, len(self.sockets)),
            *network(self.scn, self.station, self._drawn),
        ]
        self.units[STATION_UNIT] = AlfenUnit(registers, self.station, self.ems)
        for place, socket in enumerate(self.sockets):
            registers = [
                *measurements(socket.meter, lambda: self.grid.frequency),
                *control(socket),
            ]
            self.units[place + 1] = AlfenUnit(registers, self.station, self.ems)

    def _drawn(self) -> Phases:
        """Return what the sockets of this station draw per phase."""
        l1, l2, l3 = (
            sum(amps)
            for amps in zip(*(socket.meter.currents for socket in self.sockets), strict=True)
        )
        return l1, l2, l3

    @override
    def step(self, seconds: float) -> None:
        if self._rebooting > 0:
            self._rebooting = max(0.0, self._rebooting - seconds)
            if self._rebooting > 0:
                return
            self._booted = self.clock.now
            self.reachable = True
        if not self.ems.licensed:
            self.drop_clients()
        self.grid.step(seconds)
        self.scn.step(seconds)
        for socket in self.sockets:
            socket.step(seconds)

    @override
    def admits(self) -> bool:
        return super().admits() and self.ems.licensed

    @override
    def quirk(self, request: Request) -> Fault | None:
        if request.values is None and self.random.random() < self.station.short_answers:
            kind = FaultKind.EMPTY if self.random.random() < 0.5 else FaultKind.SHORT
            return Fault(kind=kind)
        return super().quirk(request)

    @property
    @override
    def offered(self) -> tuple[float, ...]:
        return tuple(
            socket.offer if self.answering and socket.car.plugged else 0.0
            for socket in self.sockets
        )

    @property
    @override
    def cars(self) -> tuple[Car, ...]:
        return tuple(socket.car for socket in self.sockets)

    @property
    @override
    def answering(self) -> bool:
        return self._rebooting == 0

    @override
    def power_cycle(self) -> None:
        self.reboot()

    @override
    def set_from_outside(self, amps: float) -> None:
        for socket in self.sockets:
            socket.setpoint = amps

    @override
    def forbid_writing(self) -> None:
        self.ems.allow_writing = False

    @override
    def accepts_write(self, request: Request) -> bool:
        # Which exception a station without "allow writing" answers is UNCONFIRMED.
        if not self.ems.allow_writing:
            raise RefusedError(ExcCodes.ILLEGAL_ADDRESS)
        spans = request.length > 2 and request.address in _SCN_LIMITS
        if request.unit == STATION_UNIT and spans and not self.scn.takes_spans:
            raise RefusedError(ExcCodes.ILLEGAL_ADDRESS)
        return True

    @override
    def on_request(self, request: Request) -> None:
        missing = self.scn.block is ScnBlock.DROPS and not self.scn.enabled
        touched = request.unit == STATION_UNIT and missing
        self.closing_addresses = _SCN_BLOCK if touched else frozenset()

    def reboot(self) -> None:
        """Restart: connections break, set-points and validities are lost, safe currents stay."""
        self.scn.forget()
        for socket in self.sockets:
            socket.restart()
        self._rebooting = self.reboot_seconds
        self.reachable = False
