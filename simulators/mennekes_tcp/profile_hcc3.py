"""AMTRON Xtra and Premium: the controller HCC3 and its register list.

Values are input registers (function 04), the limit and the order are holding registers. The bits
of functions 01, 02, 05 and 15 are not modelled: they are refused as addresses that do not exist.
"""

import asyncio
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
from simulators.registers import Order as Bytes
from simulators.registers import RefusedError, Register, int16, uint16, uint32, words
from simulators.traffic import Request
from simulators.unit import Unit

UNIT: Final = 255
LEAST_CURRENT: Final = 6
HIGHEST_CURRENT: Final = 32

_INPUTS: Final = range(0x0300, 0x0329)
_HOLDINGS: Final = range(0x0400, 0x0402)
_AREAS: Final = {3: _HOLDINGS, 4: _INPUTS, 6: _HOLDINGS}
_STARTS_FOR: Final = 10.0
"""Seconds after a start in which it reports error 30."""
_POWER_EVERY: Final = 15.0
"""Seconds of the energy counter that make one value of the power."""
_OVERSHOOT: Final = 1.3
_BUSY: Final = 5
"""Requests in one second that it bears."""
_CHOKES_FOR: Final = 20.0


class Zero(StrEnum):
    """What a limit of 0 does. That it pauses is known from one energy manager only."""

    PAUSES = "pauses"
    IGNORED = "ignored"


class Illegal(StrEnum):
    """What becomes of 1 to 5 A and of more than the ceiling."""

    REFUSE = "refuse"
    CLIP = "clip"


class LinkRule(StrEnum):
    """What the 30 s of a connection count."""

    IDLE = "idle"
    LIFE = "life"


class State(IntEnum):
    """Input register 0x0305."""

    IDLE = 0
    WAITS_FOR_CARD = 1
    WAITS_FOR_VEHICLE = 2
    CHARGING = 3
    PAUSED = 4
    TERMINATED = 5
    ERROR = 6


@dataclass(kw_only=True)
class Hcc3:
    """States named `hcc3.*`."""

    serial: int = 420112345
    name: str = "Garage Süd"
    rated_current: int = 32
    installation_current: int = 16
    phases: int = 3
    #: 1 remote, 2 time-managed, 3 external switch.
    mode: int = 1
    #: 0 illegal, 1 open, 2 to 4 what the cable carries.
    cable: int = 4
    metered: bool = True
    rfid: bool = False
    authorised: bool = False
    error: int = 0
    #: An energy manager or a group controller of its own leaves no Modbus.
    server: bool = True
    #: It knows no way to forbid orders; a charger that refuses them all is the nearest to it.
    takes_orders: bool = True
    zero: Zero = Zero.PAUSES
    illegal: Illegal = Illegal.REFUSE
    #: Whether order 1 pauses.
    obeys_pause: bool = True
    #: Whether it says 4 while the limit is 0, and not 2.
    tells_pause: bool = True
    #: Whether the pilot still asks while it is paused.
    asks_while_paused: bool = True
    keeps_limit: bool = False
    limit: int = 16
    paused: bool = False
    terminated: bool = False


class ChargerHcc3(SimulatedCharger):
    """An AMTRON Xtra or Premium."""

    functions = frozenset({1, 2, 3, 4, 5, 6, 15})
    current_registers: ClassVar[Mapping[str, float]] = {"limit": 1.0}
    other_order_registers = frozenset({"order"})
    max_clients = 1

    def __init__(
        self,
        *,
        any_unit: bool = False,
        link_rule: LinkRule = LinkRule.IDLE,
        reboot_seconds: float = 40.0,
        clock: Clock | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__("mennekes hcc3", clock=clock, seed=seed)
        self.link_rule = link_rule
        self.idle_seconds = 30.0 if link_rule is LinkRule.IDLE else None
        self.reboot_seconds = reboot_seconds
        self.hcc3 = Hcc3()
        self.car = Car()
        self.grid = Grid(random=self.random)
        self.meter = Meter(voltages=self.grid.voltages)
        self._offer = 0
        self._session_from = 0.0
        self._present = False
        self._shown_power = 0.0
        self._counted = 0.0
        self._counted_for = 0.0
        self._rebooting = 0.0
        self._started = -_STARTS_FOR
        self._opened = 0.0
        self._recent: list[float] = []
        self._chokes_until = 0.0
        unit = Unit([*self._values(), *self._orders()])
        # Whether it answers to other ids than 255 is not documented.
        self.units = {0 if any_unit else UNIT: unit}
        self.parts = {"hcc3": self.hcc3, "car": self.car, "grid": self.grid, "meter": self.meter}
        self.verbs = {
            "reboot": self.reboot,
            "plug_in": self.car.plug_in,
            "leave": self.car.leave,
            "drop_clients": self.drop_clients,
        }

    # -- the model --

    @property
    def ceiling(self) -> int:
        """What installation and hardware allow."""
        known = [amps for amps in (self.hcc3.rated_current, self.hcc3.installation_current) if amps]
        return min([*known, HIGHEST_CURRENT])

    @property
    def pilot(self) -> int:
        """Input register 0x0302."""
        if self._starting:
            return 0
        letter = self.car.pilot(self._offer)
        held_back = letter is Pilot.B and self._offer == 0 and not self.car.full
        if held_back and self.hcc3.asks_while_paused and self.car.wants_to_charge:
            letter = Pilot.C
        if letter in (Pilot.A, Pilot.E):
            return 1
        return 2 * int(letter) - 1 + (self._offer > 0)

    @property
    def state_code(self) -> State:  # noqa: PLR0911 - one line per state
        """Input register 0x0305."""
        box = self.hcc3
        if box.error:
            return State.ERROR
        if not self.car.plugged:
            return State.IDLE
        if box.terminated:
            return State.TERMINATED
        if box.rfid and not box.authorised:
            return State.WAITS_FOR_CARD
        if self._offer and self.pilot in (6, 8):
            return State.CHARGING
        if box.paused or (not self._offer and box.tells_pause):
            return State.PAUSED
        return State.WAITS_FOR_VEHICLE

    @property
    def _starting(self) -> bool:
        return self.clock.now - self._started < _STARTS_FOR

    def _permitted(self) -> int:
        box = self.hcc3
        waits = box.rfid and not box.authorised
        if not self.car.plugged or box.error or box.terminated or box.paused or waits:
            return 0
        if self._starting or self._rebooting > 0:
            return 0
        if box.limit == 0 and box.zero is Zero.IGNORED:
            return self.ceiling
        return min(box.limit, self.ceiling)

    @override
    def step(self, seconds: float) -> None:
        if self._rebooting > 0:
            self._rebooting = max(0.0, self._rebooting - seconds)
            if self._rebooting == 0:
                self._started = self.clock.now
                self.reachable = True
        elif not self.hcc3.server:
            self.drop_clients()
        old = self.link_rule is LinkRule.LIFE and self.clock.now - self._opened >= 30.0
        if old:
            self._opened = self.clock.now
            self.drop_clients()
        self.grid.step(seconds)
        self._offer = self._permitted()
        self.car.step(seconds, self._offer)
        drawn = self.car.currents(self.hcc3.phases) if self._offer else NOTHING
        self.car.charge(self.meter.measure(seconds, drawn, self.grid.voltages))
        self._follow_session()
        self._follow_power(seconds)

    def _follow_session(self) -> None:
        if self.car.plugged and not self._present:
            self._session_from = self.meter.energy
            self.hcc3.terminated = False
        if not self.car.plugged:
            self.hcc3.terminated = self.hcc3.paused = self.hcc3.authorised = False
        self._present = self.car.plugged

    def _follow_power(self, seconds: float) -> None:
        self._counted_for += seconds
        if self._counted_for >= _POWER_EVERY:
            slope = (self.meter.energy - self._counted) * 3600 / self._counted_for
            self._shown_power = max(
                0.0, self._shown_power + _OVERSHOOT * (slope - self._shown_power)
            )
            self._counted, self._counted_for = self.meter.energy, 0.0

    def reboot(self) -> None:
        """Restart: the limit is back at what the installer allows, or kept."""
        if not self.hcc3.keeps_limit:
            self.hcc3.limit = self.hcc3.installation_current or HIGHEST_CURRENT
        self.hcc3.paused = False
        self._rebooting = self.reboot_seconds
        self.reachable = False

    # -- how it treats its clients --

    @override
    def admits(self) -> bool:
        admitted = super().admits() and self.hcc3.server
        if admitted:
            self._opened = self.clock.now
        return admitted

    @override
    def quirk(self, request: Request) -> Fault | None:
        if request.function not in self.functions:
            return None
        area = _AREAS.get(request.function)
        end = request.address + request.length
        if area is None or request.address not in area or end > area.stop:
            return Fault(kind=FaultKind.EXCEPTION, code=ExcCodes.ILLEGAL_ADDRESS)
        if self._chokes():
            return Fault(kind=FaultKind.LOSE_REQUEST)
        return super().quirk(request)

    @override
    def accepts_write(self, request: Request) -> bool:
        if not self.hcc3.takes_orders:
            raise RefusedError(ExcCodes.ILLEGAL_ADDRESS)
        return True

    def _chokes(self) -> bool:
        """Whether it was asked too much, and answers nothing for a while."""
        # The wire's time: the model's may stand still or run.
        now = asyncio.get_running_loop().time()
        if now < self._chokes_until:
            return True
        self._recent = [moment for moment in self._recent if now - moment < 1.0] + [now]
        if len(self._recent) > _BUSY:
            self._chokes_until = now + _CHOKES_FOR
            return True
        return False

    # -- registers --

    def _values(self) -> Iterator[Register]:
        box = self.hcc3
        low_first = Bytes.LOW_WORD_FIRST
        yield int16(0x0300, "panel_temperature", 12, unit="°C")
        yield int16(0x0301, "outside_temperature", 13, unit="°C")
        yield uint16(0x0302, "control_pilot", lambda: self.pilot)
        yield uint16(0x0303, "proximity", lambda: box.cable)
        yield uint16(0x0304, "error", lambda: 30 if self._starting else box.error)
        yield uint16(0x0305, "state", lambda: int(self.state_code))
        yield uint16(0x0306, "operation_mode", lambda: box.mode)
        yield uint16(0x0307, "connector", 2)
        yield uint16(0x0308, "phases", lambda: box.phases)
        yield uint16(0x0309, "rated_current", lambda: box.rated_current, unit="A")
        yield uint16(0x030A, "installation_current", lambda: box.installation_current, unit="A")
        yield uint32(0x030B, "serial", lambda: box.serial, order=low_first)
        yield uint32(0x030D, "session_energy", self._energy, order=low_first, unit="Wh")
        yield uint32(0x030F, "power", self._power, order=low_first, unit="W")
        yield words(0x0311, 12, "name", self._name)
        for number, amps, hour, price in ((1, 16, 4, 270), (2, 0, 22, 200)):
            first = 0x031D + 4 * (number - 1)
            yield uint16(first, f"tariff_{number}_current", amps, unit="A")
            yield uint16(first + 1, f"tariff_{number}_hour", hour)
            yield uint16(first + 2, f"tariff_{number}_minute", 30)
            yield uint16(first + 3, f"tariff_{number}_price", price)
        yield uint16(0x0325, "planned_minimum_current", LEAST_CURRENT, unit="A")
        yield uint16(0x0326, "planned_maximum_current", lambda: self.ceiling, unit="A")
        yield uint16(0x0327, "planned_minimum_power", self._planned(lambda: LEAST_CURRENT))
        yield uint16(0x0328, "planned_maximum_power", self._planned(lambda: self.ceiling))

    def _planned(self, amps: Callable[[], int]) -> Callable[[], int]:
        return lambda: 230 * amps() * (self.hcc3.phases or 3)

    def _energy(self) -> int:
        return int(self.meter.energy - self._session_from) if self.hcc3.metered else 0

    def _power(self) -> int:
        return round(self._shown_power) if self.hcc3.metered else 0

    def _name(self) -> list[int]:
        data = self.hcc3.name.encode()[:22].ljust(24, b"\0")
        return [data[place] | data[place + 1] << 8 for place in range(0, 24, 2)]

    def _orders(self) -> Iterator[Register]:
        yield uint16(
            0x0400, "limit", lambda: self.hcc3.limit, self._set_limit, check=self._check, unit="A"
        )
        yield uint16(0x0401, "order", 0, self._take_order)

    def _check(self, amps: int) -> None:
        legal = amps == 0 or LEAST_CURRENT <= amps <= self.ceiling
        if not legal and self.hcc3.illegal is Illegal.REFUSE:
            raise RefusedError(ExcCodes.ILLEGAL_VALUE)

    def _set_limit(self, amps: int) -> None:
        if 0 < amps < LEAST_CURRENT:
            amps = LEAST_CURRENT
        self.hcc3.limit = min(amps, self.ceiling)

    def _take_order(self, order: int) -> None:
        box = self.hcc3
        match order:
            case 1:
                box.paused = box.obeys_pause and self.car.plugged
            case 2:
                box.paused = False
            case 3:
                box.terminated = self.car.plugged
            case 4:
                box.paused, box.authorised = False, True
            case _:
                raise RefusedError(ExcCodes.ILLEGAL_VALUE)

    # -- what every simulated charger offers --

    @property
    @override
    def offered(self) -> tuple[float, ...]:
        return (float(self._permitted()),)

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
        self.hcc3.limit = round(amps)

    @override
    def forbid_writing(self) -> None:
        self.hcc3.takes_orders = False
