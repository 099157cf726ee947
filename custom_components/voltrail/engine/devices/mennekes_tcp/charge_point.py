"""What both profiles have in common as chargers."""

import asyncio
import math
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from typing import Final, override

from ...charging.charge_point import ChargePoint
from ...charging.reconciler import Standing
from ...model.charging import BlockedBy, ChargingState, first_reason, phases_carrying
from ...model.controls import Bounds, Control, NumberControl, shown
from ...model.errors import NotAppliedError, ReadOnlyError
from ...model.explaining import explaining
from ...model.points import Kind, Quantity, Tier, derived
from ...polling.polled_device import PolledDevice, Problem
from . import registers_4x, registers_ecu
from .registers_shared import Fallback, NetworkLimits
from .session_times import SessionTimes
from .states import VehicleState

# What the register takes is not documented (UNCONFIRMED); another integration offers
# these and was used on a real charger.
OFFER_FOLLOWS: Final = 5.0
"""Seconds that an offer may take to follow the limit, before another reason is looked for."""

TIMEOUT_BOUNDS: Final = Bounds(minimum=1, maximum=300, step=1)

_STATES = {
    VehicleState.A: ChargingState.NO_VEHICLE,
    VehicleState.B: ChargingState.CONNECTED,
    VehicleState.C: ChargingState.CHARGING,
    VehicleState.D: ChargingState.VENTILATION,
    VehicleState.E: ChargingState.ERROR,
}

type Vehicle = registers_4x.Vehicle | registers_ecu.Vehicle
type Meter = registers_4x.Meter | registers_ecu.Meter | registers_ecu.OldMeter
type Signal = registers_4x.Signal | registers_ecu.Signal


class SteadyVehicle:
    """The vehicle state without the flashes of state E.

    E comes up for a moment without a cause on these controllers; it counts from the
    second poll in a row that sees it.
    """

    def __init__(self, vehicle: Vehicle) -> None:
        self._vehicle = vehicle
        self._errors = 0
        self.state: VehicleState | None = None
        vehicle.add_update_listener(self._settle)

    def _settle(self) -> None:
        """Take note of what was just read."""
        seen = self._vehicle.vehicle_state
        self._errors = self._errors + 1 if seen is VehicleState.E else 0
        if self._errors != 1 or self.state is None:
            self.state = seen


class MennekesPoint(ChargePoint):
    """The one charge point of these chargers."""

    network_limits: NetworkLimits | None = None
    began: registers_4x.Signal | registers_ecu.Times
    """Where the charger tells when its session began."""
    ended: registers_4x.Ending | registers_ecu.Times
    session: registers_4x.Session | registers_ecu.Session | registers_ecu.OldTimes

    def __init__(
        self,
        device: PolledDevice,
        *,
        vehicle: Vehicle,
        meter: Meter,
        signal: Signal,
        fallback: Fallback,
    ) -> None:
        super().__init__(device.options, device.keep_memory, device.store_memory)
        self._device = device
        self._vehicle = SteadyVehicle(vehicle)
        self._meter = meter
        self._signal = signal
        self._fallback = fallback
        self._times = SessionTimes(device.options.zone)
        self._limited_at = -math.inf
        """When the limit was last written, on the loop's clock."""

    # -- what a profile tells --

    @property
    @abstractmethod
    def faulted(self) -> bool:
        """Whether the charger says that it has a fault."""

    @property
    @abstractmethod
    def leads_network(self) -> bool:
        """Whether this charger is the master of a group."""

    @property
    @abstractmethod
    def timed_out(self) -> bool:
        """Whether the charger has lost its energy manager."""

    # -- what it works out --

    def _reasons(self) -> dict[BlockedBy, bool | None]:
        allowed = self.charging_allowed
        return {
            # Once the charger has lost us, its safe current counts and not the limit.
            BlockedBy.PAUSED: allowed is False and not self.timed_out,
            # No order of ours forbids it, and it offers nothing all the same: the operator, the
            # group or an input of the charger has taken the current away.
            BlockedBy.DOWNGRADED: (
                self._waits and allowed and not self._offers and self._offer_follows
            ),
            BlockedBy.FAULT: self.faulted,
        }

    @property
    def _offer_follows(self) -> bool:
        """Whether the offer was read late enough after the limit to have followed it."""
        offered = self._device.received(("signal",))
        return offered is not None and offered - self._limited_at >= OFFER_FOLLOWS

    @property
    def _waits(self) -> bool:
        return self.charging_state is ChargingState.CONNECTED and not self.faulted

    @property
    def _offers(self) -> bool:
        """Whether the car may draw: if it does not then, it is because of the car."""
        return self._signal.current_offered != 0

    @derived(ChargingState, depends_on=("vehicle",))
    def charging_state(self) -> ChargingState | None:
        """What car and charger are doing."""
        state = self._vehicle.state
        return None if state is None else _STATES.get(state)

    @derived(
        BlockedBy,
        depends_on=(
            *("vehicle", "status", "signal", "limits"),
            *("hems", "permission", "phase_switch", "availability"),
        ),
    )
    def blocked_by(self) -> BlockedBy | None:
        """Why no energy flows."""
        reason = first_reason(self.charging_state, self._reasons())
        if reason is BlockedBy.VEHICLE and not self._offers:
            # The offer was read before the limit was written: it is too early to tell.
            return None
        return reason

    @derived(Quantity.COUNT, depends_on=("meter",))
    def phases_in_use(self) -> int | None:
        """How many phases carry current; not known with a meter that does not tell them apart."""
        meter = self._meter
        currents = (meter.current_l1, meter.current_l2, meter.current_l3)
        return None if None in currents else phases_carrying(currents)

    @derived(Kind.MOMENT, depends_on=("signal", "times"), tier=Tier.DETAIL)
    def session_start(self) -> datetime | None:
        """When the present or last session began."""
        plugged = self.charging_state not in (None, ChargingState.NO_VEHICLE)
        lasted = self.session.session_duration if plugged else None
        return self._times.moment("start", self.began.start_time, lasted)

    @derived(Kind.MOMENT, depends_on=("ending", "times"), tier=Tier.DETAIL)
    def session_end(self) -> datetime | None:
        """When the session before it ended."""
        return self._times.moment("end", self.ended.end_time)

    # -- orders --

    async def write_and_check(
        self,
        component: str,
        write: Callable[[], Awaitable[None]],
        asked: float,
        read: Callable[[], float | None],
    ) -> None:
        """Write a setting, and make sure that the charger holds it.

        It is given a second to take over; some read back the old value at first. The lock is
        held: else the value of another order would look like the charger's answer to this one.
        """
        if not self.writable:
            raise ReadOnlyError
        with explaining():
            await write()
        if component == "limits":
            self._limited_at = asyncio.get_running_loop().time()
        await self._device.read_now(component)
        if read() != asked:
            await self.lock.rest(1.0)
            await self._device.read_now(component)
        if (found := read()) != asked:
            raise NotAppliedError(
                asked=shown(asked), found="nothing" if found is None else shown(found)
            )
        if self.timed_out:
            # A write ends it; entities should not have to wait for the next poll to show that.
            await self._device.refresh(("hems",))

    async def write_setting(
        self,
        component: str,
        write: Callable[[], Awaitable[None]],
        asked: float,
        read: Callable[[], float | None],
    ) -> None:
        """Write a setting other than this charge point's limit, and check it."""
        await self.set_aside(lambda: self.write_and_check(component, write, asked, read))

    @property
    @override
    def standing(self) -> Standing:
        # The charger leaves its safe current with the next write.
        return Standing.LOST if self.timed_out else super().standing

    # -- controls --

    def controls(self) -> Iterator[Control]:
        """Yield what this charger can be asked to do."""
        yield from self.shared_controls()
        yield NumberControl(
            key="safe_current",
            depends_on=("fallback",),
            tier=Tier.EXPERT,
            quantity=Quantity.CURRENT,
            bounds=self._safe_current_bounds,
            read=lambda: self._fallback.safe_current,
            write=self._set_safe_current,
            usable=lambda: self.writable,
        )
        yield NumberControl(
            key="communication_timeout",
            depends_on=("fallback",),
            tier=Tier.EXPERT,
            quantity=Quantity.DURATION,
            bounds=lambda: TIMEOUT_BOUNDS,
            read=lambda: self._fallback.communication_timeout,
            write=self._set_timeout,
            usable=lambda: self.writable,
        )
        if self.network_limits is not None and self.leads_network:
            yield self._network_limit(self.network_limits)

    def _safe_current_bounds(self) -> Bounds:
        return Bounds(minimum=0, maximum=self.current_bounds().maximum, step=1)

    async def _set_safe_current(self, amps: float) -> None:
        amps = self._safe_current_bounds().accept(amps)
        if amps < self.minimum_current:
            # The charger would make 0 of it.
            amps = 0
        await self.write_setting(
            "fallback",
            lambda: self._fallback.write("safe_current", int(amps)),
            amps,
            lambda: self._fallback.safe_current,
        )

    async def _set_timeout(self, seconds: float) -> None:
        seconds = TIMEOUT_BOUNDS.accept(seconds)
        await self.write_setting(
            "fallback",
            lambda: self._fallback.write("communication_timeout", int(seconds)),
            seconds,
            lambda: self._fallback.communication_timeout,
        )

    def _network_limit(self, limits: NetworkLimits) -> NumberControl:
        """Return the limit of the whole group: the lowest phase holds for all of them."""

        def bounds() -> Bounds:
            configured = (
                limits.network_limit_l1,
                limits.network_limit_l2,
                limits.network_limit_l3,
            )
            known = [limit for limit in configured if limit is not None]
            return Bounds(minimum=0, maximum=min(known, default=0), step=1)

        def read() -> float | None:
            values = (
                limits.network_ems_limit_l1,
                limits.network_ems_limit_l2,
                limits.network_ems_limit_l3,
            )
            known = [value for value in values if value is not None]
            return min(known, default=None)

        async def write(amps: float) -> None:
            amps = bounds().accept(amps)

            async def all_phases() -> None:
                for phase in (1, 2, 3):
                    await limits.write(f"network_ems_limit_l{phase}", int(amps))

            await self.write_setting("network_limits", all_phases, amps, read)

        return NumberControl(
            key="network_ems_limit",
            depends_on=("network_limits",),
            tier=Tier.EXPERT,
            quantity=Quantity.CURRENT,
            bounds=bounds,
            read=read,
            write=write,
            usable=lambda: self.writable,
        )

    # -- what a person should put right --

    def problems(self) -> Iterator[Problem]:
        """Yield what stands in the way of a reliable limit."""
        timeout = self._fallback.communication_timeout
        # Read 0 as "not supervised" (UNCONFIRMED).
        if self.writable and timeout and timeout < 2 * self.options.scan_interval:
            yield Problem(
                key="timeout_too_short",
                details={
                    "timeout": f"{timeout:g}",
                    "interval": f"{self.options.scan_interval:g}",
                },
            )
