"""What both profiles have in common as chargers."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from ...charger import (
    BlockedBy,
    ChargePoint,
    ChargingState,
    first_reason,
    phases_carrying,
)
from ...controls import shown
from ...errors import NotAppliedError, explaining
from ...options import Options
from ...points import Quantity, derived
from .states import VehicleState

_STATES = {
    VehicleState.A: ChargingState.NO_VEHICLE,
    VehicleState.B: ChargingState.CONNECTED,
    VehicleState.C: ChargingState.CHARGING,
    VehicleState.D: ChargingState.VENTILATION,
    VehicleState.E: ChargingState.ERROR,
}


class _Vehicle(Protocol):
    @property
    def vehicle_state(self) -> VehicleState | None: ...


class _Meter(Protocol):
    @property
    def current_l1(self) -> float | None: ...
    @property
    def current_l2(self) -> float | None: ...
    @property
    def current_l3(self) -> float | None: ...


class SteadyVehicle:
    """The vehicle state without the flashes of state E.

    E comes up for a moment without a cause on these controllers; it counts from the
    second poll in a row that sees it.
    """

    def __init__(self, vehicle: _Vehicle) -> None:
        self._vehicle = vehicle
        self._errors = 0
        self.state: VehicleState | None = None

    def settle(self) -> None:
        """Take note of what was just read."""
        seen = self._vehicle.vehicle_state
        self._errors = self._errors + 1 if seen is VehicleState.E else 0
        if self._errors != 1 or self.state is None:
            self.state = seen


class MennekesPoint(ChargePoint):
    """The one charge point of these chargers."""

    def __init__(
        self,
        options: Options,
        remember: Callable[[], None],
        *,
        vehicle: SteadyVehicle,
        meter: _Meter,
        refresh: Callable[[tuple[str, ...]], Awaitable[None]],
    ) -> None:
        super().__init__(options, remember)
        self._vehicle = vehicle
        self._meter = meter
        self._refresh = refresh

    def _reasons(self) -> dict[BlockedBy, bool | None]:
        allowed = self.charging_allowed
        return {BlockedBy.PAUSED: None if allowed is None else not allowed}

    @derived(ChargingState, needs=("vehicle",))
    def charging_state(self) -> ChargingState | None:
        """What car and charger are doing."""
        state = self._vehicle.state
        return None if state is None else _STATES.get(state)

    @derived(BlockedBy, needs=("vehicle", "limits", "hems", "permission", "phase_switch"))
    def blocked_by(self) -> BlockedBy | None:
        """Why no energy flows."""
        return first_reason(self.charging_state, self._reasons())

    @derived(Quantity.COUNT, needs=("meter",))
    def phases_in_use(self) -> int | None:
        """How many phases carry current."""
        return phases_carrying(self._currents)

    @property
    def _currents(self) -> tuple[float | None, float | None, float | None]:
        meter = self._meter
        return meter.current_l1, meter.current_l2, meter.current_l3

    async def write_and_check(
        self,
        write: Callable[[], Awaitable[None]],
        asked: float,
        read: Callable[[], float | None],
        pause: Callable[[float], Awaitable[None]],
    ) -> None:
        """Write a limit, and make sure that the charger holds it.

        It is given a second to take over; some read back the old value at first.
        """
        with explaining():
            await write()
        for wait in (0.0, 1.0):
            if wait:
                await pause(wait)
            await self._refresh(("limits",))
            if read() == asked:
                return
        found = read()
        raise NotAppliedError(
            asked=shown(asked), found="nothing" if found is None else shown(found)
        )
