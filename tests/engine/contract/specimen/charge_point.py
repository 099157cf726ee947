"""The one charge point of the made-up charger."""

from typing import ClassVar, Final, override

from custom_components.voltrail.engine.charging.current_driven import CurrentDriven
from custom_components.voltrail.engine.model.charging import (
    FALLBACK_CURRENT,
    ChargingState,
    phases_carrying,
)
from custom_components.voltrail.engine.model.explaining import explaining
from custom_components.voltrail.engine.model.points import derived
from custom_components.voltrail.engine.polling.polled_device import PolledDevice

from .registers import Meter, State, Status

STATES: Final = {
    State.FREE: ChargingState.NO_VEHICLE,
    State.PLUGGED: ChargingState.CONNECTED,
    State.CHARGING: ChargingState.CHARGING,
    State.FAULT: ChargingState.ERROR,
}


class WallboxPoint(CurrentDriven):
    """Where the car is plugged in."""

    current_depends_on: ClassVar[tuple[str, ...]] = ("status",)
    power_depends_on: ClassVar[tuple[str, ...]] = ("status", "meter")

    def __init__(self, device: PolledDevice, status: Status, meter: Meter) -> None:
        super().__init__(device.options, device.keep_memory, device.store_memory)
        self._device = device
        self._status = status
        self._meter = meter

    # How a limit and a pause are sent.

    @override
    async def send_current(self, amps: float) -> None:
        with explaining():
            await self._status.write("limit", int(amps))

    @override
    async def send_pause(self) -> None:
        await self.send_current(0)

    # What it holds now, and how to read that once more.

    @property
    @override
    def current_limit(self) -> float | None:
        limit = self._status.limit
        return limit if limit is None or limit >= self.minimum_current else 0

    @property
    @override
    def charging_allowed(self) -> bool | None:
        return None if self.current_limit is None else self.current_limit > 0

    @override
    async def look(self) -> None:
        await self._device.read_now("status")

    # Its bounds, and what a limit of power is worked out from.

    @property
    @override
    def device_maximum(self) -> float:
        return self._status.rated_current or FALLBACK_CURRENT

    @property
    @override
    def voltages(self) -> tuple[float | None, float | None, float | None]:
        return self._meter.voltage_l1, self._meter.voltage_l2, self._meter.voltage_l3

    @property
    @override
    def active_phases(self) -> int | None:
        meter = self._meter
        return phases_carrying((meter.current_l1, meter.current_l2, meter.current_l3))

    @derived(ChargingState, depends_on=("status",))
    @override
    def charging_state(self) -> ChargingState | None:
        """What car and charger are doing."""
        return None if self._status.state is None else STATES[self._status.state]
