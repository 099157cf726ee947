"""A charger in the controller's hands: what it shows, and how an order reaches it."""

import asyncio
import math
from collections.abc import Callable
from typing import Final, Protocol

from ...model.charging import BlockedBy, ChargingState, Phases
from ...model.errors import VoltrailError
from ...model.points import Value
from ...polling.base_device import BaseDevice, Reading
from ..charge_point import NOMINAL_VOLTAGE, ChargePoint
from ..controller import ChargerConfig, ChargerView, Order
from .setup import SeatSetup

CONTROL_LASTS: Final = 60.0
"""Seconds for which an order counts after the controller last spoke."""
OLDEST: Final = 120.0
"""A charger that was not read for so many seconds counts as away."""
SHORTEST_SPACING: Final = 5.0
_THREE_PHASES_W: Final = 4200.0
"""From here on a charger that chooses its phases by the power uses all of them."""
_NOT_READY: Final = frozenset(
    {
        BlockedBy.NOT_AUTHORISED,
        BlockedBy.STATION_LOCKED,
        BlockedBy.READ_ONLY,
        BlockedBy.FAULT,
    }
)
_READINGS: Final = (
    *("charging_state", "blocked_by", "power", "session_energy", "safe_current_active"),
    *("current_l1", "current_l2", "current_l3", "current_offered", "communication_timeout"),
)


class Seat(Protocol):
    """A charger that the controller can drive."""

    @property
    def config(self) -> ChargerConfig:
        """What the charger says of itself, and what its owner says of it."""

    @property
    def hands_off(self) -> bool:
        """Whether a person, or another client, drives until a mode is chosen again."""

    @property
    def manual_a(self) -> float | None:
        """What a person asks of the charger; 0 is a pause."""

    @property
    def lost(self) -> bool:
        """Whether the charger may have forgotten what the controller said."""

    @property
    def adopted(self) -> int:
        """How many limits were set at the charger by others."""

    @property
    def car_percent(self) -> float | None:
        """How full the car is, if that is known."""

    @car_percent.setter
    def car_percent(self, percent: float | None) -> None: ...

    def view(self, now: float) -> ChargerView:
        """Return the charger as it was last read."""

    def renew(self, now: float) -> None:
        """Keep what was ordered last in force."""

    def take(self) -> None:
        """Drive again, after a person did."""

    async def begin(self) -> None:
        """Begin to control; what the charger does is left as it is."""

    async def carry_out(self, order: Order) -> None:
        """Bring an order to the charger."""

    async def end(self) -> bool:
        """Let go: the lower of what is in force and what the person asked for stays.

        Return whether it was controlled.
        """


class PointSeat:
    """A charge point of the engine under control."""

    def __init__(
        self,
        setup: SeatSetup,
        device: BaseDevice,
        point: ChargePoint,
        *,
        alive: Callable[[], bool] = lambda: True,
    ) -> None:
        self.setup = setup
        self.device = device
        self.point = point
        self._alive = alive
        self._readings = _readings_of(device, point)
        self.failed = 0
        """The orders that failed since the last that was taken."""
        self._car_percent: float | None = None
        self._held: float | None = None
        """What was set at a charger that never got an order."""
        self._foreign = 0

    @property
    def car_percent(self) -> float | None:
        """How full the car is, if that is known."""
        return self._car_percent

    @car_percent.setter
    def car_percent(self, percent: float | None) -> None:
        self._car_percent = percent

    @property
    def components(self) -> frozenset[str]:
        """The components that have to be read."""
        own = self.device.serving(self.point.current_depends_on, self.point.part)
        return own.union(*(one.components for one in self._readings.values()))

    @property
    def fast(self) -> frozenset[str]:
        """Those of them that the law follows while a car charges."""
        names = ("power", "current_l1", "current_l2", "current_l3", "current_offered")
        found = [self._readings[name].components for name in names if name in self._readings]
        return frozenset[str]().union(*found)

    @property
    def config(self) -> ChargerConfig:
        """What the charger says of itself, and what its owner says of it."""
        setup, point = self.setup, self.point
        maximum = point.current_bounds().maximum
        if setup.limit_a is not None:
            maximum = min(maximum, setup.limit_a)
        timeout = self._number("communication_timeout")
        return ChargerConfig(
            key=setup.key,
            minimum_a=point.minimum_current,
            maximum_a=max(maximum, 0.0),
            step_a=point.current_step,
            phases=setup.phases,
            switchable=setup.phases > 1 and point.can_switch_phases,
            one_verb=point.switches_in_one,
            by_power=point.switches_by_power,
            lowering_waits=point.spacing > 0,
            rotation=setup.rotation[: setup.phases],
            spacing_s=max(point.spacing, SHORTEST_SPACING),
            switch_pause_s=point.phase_pause,
            switches_a_day=setup.switches_a_day,
            fallback_a=setup.fallback_a,
            watchdog_s=timeout or CONTROL_LASTS,
            priority=setup.priority,
            measured=setup.measured,
            full_minimum=setup.full_minimum,
            distribution=setup.distribution,
            latest_slots=setup.latest_slots,
        )

    # -- what it shows --

    def view(self, now: float) -> ChargerView:
        """Return the charger as it was last read; away, unless that was lately."""
        currents, received = self._currents()
        state = self._value("charging_state")
        if received is None or now - received > OLDEST or state is None or not self._alive():
            return ChargerView(received_s=received or -math.inf, available=False, connected=False)
        reason, phases = self._value("blocked_by"), self.point.phases_ordered
        limit = self.point.current_limit
        return ChargerView(
            received_s=received,
            currents_a=currents,
            power_w=self._number("power"),
            connected=state is not ChargingState.NO_VEHICLE,
            ready=self.point.writable and reason not in _NOT_READY,
            offered_a=self._number("current_offered") if limit is None else limit,
            phases=phases.value if phases in (Phases.ONE, Phases.THREE) else None,
            switching=reason is BlockedBy.PHASE_SWITCHING,
            session_wh=self._number("session_energy"),
            car_percent=self.car_percent,
            failed_orders=self.failed,
        )

    def _currents(self) -> tuple[tuple[float, ...], float | None]:
        """Return what is measured per phase, or nothing where only the power is; and when."""
        own = [self._readings[name] for name in _READINGS[5:8] if name in self._readings]
        values = [self._number(one.name) for one in own]
        if any(value is not None for value in values):
            measured = tuple(value or 0.0 for value in values)
            return measured, self._received(*(one.name for one in own))
        return (), self._received("power")

    def _received(self, *names: str) -> float | None:
        components = [self._readings[name].components for name in names if name in self._readings]
        every = frozenset[str]().union(*components)
        return self.device.received(every) if every else None

    def _value(self, name: str) -> Value:
        reading = self._readings.get(name)
        if reading is None or not self.device.available(reading.components):
            return None
        return reading.read()

    def _number(self, name: str) -> float | None:
        value = self._value(name)
        return float(value) if isinstance(value, (int, float)) else None

    # -- who drives --

    @property
    def hands_off(self) -> bool:
        """Whether a person, or another client, drives until a mode is chosen again."""
        return self.point.control.in_charge and self.point.control.hands_off

    @property
    def manual_a(self) -> float | None:
        """What the person asks for, or another client; None where neither ever did.

        For a charger that never got an order, what it holds is what was set at it.
        """
        target = self.point.book.target
        if target.set and (target.paused or target.current is not None):
            return 0.0 if target.paused else target.current
        if target.set and target.power is not None:
            return self._amps(target.power)
        held = self.point.current_limit
        if self.hands_off and held is not None:
            if self._held is not None and held != self._held:
                self._foreign += 1
            self._held = held
        return self._held

    @property
    def lost(self) -> bool:
        """Whether the charger may have forgotten what the controller said."""
        control = self.point.control
        return control.drives and control.lost

    def _amps(self, watts: float) -> float:
        """Return what a power is per phase, on all phases that it may be drawn on."""
        one = self.point.switches_by_power and watts < _THREE_PHASES_W
        return watts / (NOMINAL_VOLTAGE * (1 if one else self.setup.phases))

    @property
    def adopted(self) -> int:
        """How many limits were set at the charger by others."""
        return self.point.adopted + self._foreign

    def renew(self, now: float) -> None:
        """Keep what was ordered last in force."""
        control = self.point.control
        if control.drives and not control.lost:
            control.hear(until=now + CONTROL_LASTS)

    def take(self) -> None:
        """Drive again, after a person did."""
        control = self.point.control
        if control.in_charge:
            control.begin(self.setup.fallback_a)

    async def begin(self) -> None:
        """Begin to control; that it began is stored, once."""
        await self.point.begin_control(self.setup.fallback_a)

    async def carry_out(self, order: Order) -> None:
        """Bring an order to the charger, and count those that failed."""
        phases = Phases(order.phases) if self.point.can_switch_phases else None
        until = asyncio.get_running_loop().time() + CONTROL_LASTS
        try:
            await self.point.command(order.current_a, phases, until=until)
        except VoltrailError:
            self.failed += 1
            raise
        self.failed = 0

    async def end(self) -> bool:
        """Let go; that it ended is stored, once."""
        controlled = self.point.control.in_charge
        await self.point.end_control()
        return controlled


def _readings_of(device: BaseDevice, point: ChargePoint) -> dict[str, Reading]:
    """Return the values of a charge point that the controller looks at."""
    return {
        reading.name: reading
        for reading in device.readings()
        if reading.part == point.part and reading.name in _READINGS
    }
