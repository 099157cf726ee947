"""A charger of profile HCC3: what it serves, how it takes orders, and how it is recognised."""

import asyncio
import logging
import math
from collections.abc import Iterator
from enum import IntEnum
from typing import ClassVar, Final, override

from modbus_connection import ModbusExceptionError, ModbusTimeoutError

from ...charging.current_driven import CurrentDriven
from ...charging.reconciler import Standing
from ...model.charging import (
    MINIMUM_CURRENT,
    BlockedBy,
    ChargingState,
    first_reason,
)
from ...model.controls import Control, shown
from ...model.errors import NotAppliedError
from ...model.explaining import explaining
from ...model.points import UnknownCode, derived
from ...polling.polled_device import Cadence, PolledDevice, Problem
from . import registers_hcc3 as registers
from .states import CableRating, ControlPilot, Hcc3Error, Hcc3State, OperationMode

_LOGGER = logging.getLogger(__name__)

HCC3_MAXIMUM: Final = 32
"""A per phase. What the register takes."""

UNKNOWN_MAXIMUM: Final = 16.0
"""A per phase, where neither charger nor owner tell what the installation carries: 0 there means
that it is not known, and neither that it is nothing nor that it is without a limit."""

OBEYS_WITHIN: Final = 30.0
"""Seconds in which a paused charger has stopped the car. That 0 A pauses is known from one energy
manager only (UNCONFIRMED), and in a sibling 0 means "no limit": so it is looked at."""

GAP: Final = 0.35
"""Seconds between two requests: one right after the other has overloaded an Xtra."""

TIMEOUT: Final = 10.0
"""Seconds for an answer. An Xtra is slower than its relatives: owners of two had to set them."""

MISSED_POLLS: Final = 3
"""So many polls without an answer mean that it was away, and may have started. That a link was
closed means nothing."""

NOMINAL_VOLTAGE: Final = 230.0

HIGHEST_SERIAL: Final = 999_999_999


class Order(IntEnum):
    """What register 0x0401 takes. 3 ends the session and 4 starts without a card: never sent."""

    PAUSE = 1
    GO_ON = 2


class _Pause(IntEnum):
    """Which steps the charger needed until it paused."""

    BY_LIMIT = 0
    BY_ORDER = 1
    FAILED = 2


_PILOTS: Final = {
    **dict.fromkeys((ControlPilot.A1, ControlPilot.A2), ChargingState.NO_VEHICLE),
    **dict.fromkeys((ControlPilot.D1, ControlPilot.D2), ChargingState.VENTILATION),
    **dict.fromkeys(
        (ControlPilot.B1, ControlPilot.B2, ControlPilot.C1, ControlPilot.C2),
        ChargingState.CONNECTED,
    ),
}
_DRAWING: Final = (ControlPilot.C2, ControlPilot.D2)
_NO_FAULT: Final = (Hcc3Error.NONE, Hcc3Error.STARTING)


class ProfileHcc3(CurrentDriven):
    """The charge point of an AMTRON Xtra or Premium.

    It has no life sign and no fallback: what was written last stays in force for ever.
    """

    # Whether the limit is kept in flash is UNCONFIRMED, so it is spared.
    spacing: ClassVar[float] = 5.0
    current_depends_on: ClassVar[tuple[str, ...]] = ("limits",)
    power_depends_on: ClassVar[tuple[str, ...]] = ("limits", "values")
    essential: ClassVar[frozenset[str]] = frozenset({"limits", "values"})
    leads_network: ClassVar[bool] = False
    timed_out: ClassVar[bool] = False

    def __init__(self, device: PolledDevice) -> None:
        super().__init__(device.options, device.keep_memory, device.store_memory)
        self._device = device
        unit = device.unit(registers.UNIT)
        unit.require_timeout(TIMEOUT)
        self.values = device.add("values", registers.Values(unit), Cadence.MEASUREMENTS)
        self._limit = device.add("limits", registers.Limit(unit), Cadence.MEASUREMENTS)
        self._order = registers.Order(unit)
        self._paused_at = math.inf
        self._pause_by = _Pause.BY_LIMIT
        self._held_zero = False
        """Whether the limit of 0 was seen in force since the pause was sent."""

    # -- what it holds --

    @property
    @override
    def device_maximum(self) -> float:
        values = self.values
        known = [amps for amps in (values.rated_current, values.installation_current) if amps]
        if not known:
            owners = self.options.max_current
            return UNKNOWN_MAXIMUM if owners is None else min(owners, HCC3_MAXIMUM)
        return min(*known, HCC3_MAXIMUM)

    @property
    @override
    def current_limit(self) -> float | None:
        amps = self._limit.current
        # Less than a car can be offered pauses.
        return 0.0 if amps is not None and amps < MINIMUM_CURRENT else amps

    @property
    @override
    def charging_allowed(self) -> bool | None:
        limit = self.current_limit
        if limit is None:
            return None
        return limit > 0 and self.values.amtron_state is not Hcc3State.PAUSED

    @property
    @override
    def voltages(self) -> tuple[float | None, float | None, float | None]:
        # It measures none. To take all phases for there errs on the low side.
        other = None if self.values.installed_phases == 1 else NOMINAL_VOLTAGE
        return (NOMINAL_VOLTAGE, other, other)

    @property
    @override
    def active_phases(self) -> int | None:
        # No register tells which phases the car uses.
        return None

    @derived(ChargingState, depends_on=("values",))
    @override
    def charging_state(self) -> ChargingState | None:
        """What car and charger are doing."""
        values = self.values
        if self._faulted:
            return ChargingState.ERROR
        pilot = values.control_pilot
        if self._drawing and pilot is not ControlPilot.D2:
            return ChargingState.CHARGING
        return None if pilot is None else _PILOTS.get(pilot)

    @derived(BlockedBy, depends_on=("values", "limits"))
    def blocked_by(self) -> BlockedBy | None:
        """Why no energy flows."""
        state = self.values.amtron_state
        return first_reason(
            self.charging_state,
            {
                # That a session which was ended counts as a pause is UNCONFIRMED.
                BlockedBy.PAUSED: self.current_limit == 0
                or state in (Hcc3State.PAUSED, Hcc3State.TERMINATED),
                BlockedBy.NOT_AUTHORISED: state is Hcc3State.WAITS_FOR_CARD,
            },
        )

    @property
    def _faulted(self) -> bool:
        values = self.values
        error = values.error_code
        faulty = error is not None and error not in _NO_FAULT
        return faulty or values.amtron_state is Hcc3State.ERROR

    @property
    def _drawing(self) -> bool:
        """Whether the car charges: the state alone stays for a while, the pilot alone lies."""
        values = self.values
        return values.amtron_state is Hcc3State.CHARGING and values.control_pilot in _DRAWING

    @property
    @override
    def standing(self) -> Standing:
        values = self.values
        if (
            values.control_pilot is ControlPilot.INITIALISING
            or values.error_code is Hcc3Error.STARTING
        ):
            # It starts.
            return Standing.WAIT
        if self._pause_by is _Pause.FAILED and self.target.paused:
            # It ignores a pause, so it stays at the lowest limit that it follows.
            held = self.current_limit == MINIMUM_CURRENT
            return Standing.KEPT if held else Standing.OTHER
        return super().standing

    @override
    async def look(self) -> None:
        await self._device.refresh(("values", "limits"))

    @override
    def note_silence(self, seconds: float) -> None:
        interval = max(self.options.scan_interval, self._device.shortest_interval)
        if seconds >= MISSED_POLLS * interval:
            self.mark()

    # -- orders --

    @override
    async def send_current(self, amps: float) -> None:
        self._paused_at = math.inf
        self._pause_by = _Pause.BY_LIMIT
        stood = not self.charging_allowed
        await self._write_limit(int(amps))
        if stood:
            await self._device.read_now("values")
        if self.values.amtron_state is Hcc3State.PAUSED:
            await self._say(Order.GO_ON)

    @override
    async def send_pause(self) -> None:
        if self._pause_by is _Pause.FAILED:
            await self._write_limit(int(MINIMUM_CURRENT))
            return
        self._paused_at = _now()
        self._held_zero = False
        await self._write_limit(0)

    async def _write_limit(self, amps: int) -> None:
        with explaining():
            await self._limit.write("current", amps)
        await self._device.read_now("limits")
        if (found := self._limit.current) != amps:
            raise NotAppliedError(
                asked=shown(amps), found="nothing" if found is None else shown(found)
            )

    async def _say(self, order: Order) -> None:
        with explaining():
            await self._order.write("order", int(order))

    @override
    async def follow(self) -> None:
        """After a poll: see that a paused charger has stopped, and tell it in other ways."""
        await super().follow()
        if not self.target.paused:
            self._pause_by = _Pause.BY_LIMIT
            self._held_zero = False
            return
        if self._lost_the_pause():
            return
        if not self._drawing or _now() - self._paused_at < OBEYS_WITHIN:
            return
        if self._pause_by is _Pause.BY_LIMIT:
            _LOGGER.warning("%s goes on at 0 A; it is told to pause", self._device.title)
            self._pause_by = _Pause.BY_ORDER
            self._paused_at = _now()
            await self._say(Order.PAUSE)
        elif self._pause_by is _Pause.BY_ORDER:
            _LOGGER.error("%s obeys no pause; it is limited to 6 A", self._device.title)
            self._pause_by = _Pause.FAILED
            self._held_zero = False
            await self._write_limit(int(MINIMUM_CURRENT))

    def _lost_the_pause(self) -> bool:
        """Whether the charger forgot a pause, as with a start of its own: it disobeys none then."""
        if self.current_limit == 0:
            self._held_zero = True
        elif self._held_zero:
            self._held_zero = False
            self._pause_by = _Pause.BY_LIMIT
            self._paused_at = math.inf
            return True
        return False

    # -- what it offers --

    def controls(self) -> Iterator[Control]:
        """Yield what this charger can be asked to do."""
        yield from self.shared_controls()

    def problems(self) -> Iterator[Problem]:
        """Yield what stands in the way of a reliable limit."""
        if self._pause_by is _Pause.FAILED:
            yield Problem(key="pause_not_obeyed", details={})


# -- recognising one --


async def answers_like_one(device: PolledDevice) -> bool:
    """Whether a device answers where an HCC3 has its control pilot, and no relative does."""
    unit = device.unit(registers.UNIT)
    device.space_requests(registers.UNIT, GAP)
    try:
        await unit.read_input_registers(0x0302, 1)
    except ModbusExceptionError, ModbusTimeoutError:
        # A relative bears requests one right after the other.
        device.space_requests(registers.UNIT, 0)
        return False
    return True


def is_one(profile: ProfileHcc3, limit: int | None) -> bool:
    """Whether everything that was read is as an HCC3 has it; one doubt is enough to refuse."""
    values = profile.values
    serial = values.serial_number
    codes = (
        (values.control_pilot, ControlPilot),
        (values.cable_rating, CableRating),
        (values.error_code, Hcc3Error),
        (values.amtron_state, Hcc3State),
        (values.operation_mode, OperationMode),
    )
    amps = (limit, values.rated_current, values.installation_current)
    name = values.device_name or ""
    return (
        all(isinstance(found, kind) for found, kind in codes)
        and not isinstance(values.control_pilot, UnknownCode)
        and values.control_pilot is not ControlPilot.INITIALISING
        and values.installed_phases in (0, 1, 3)
        and all(each == 0 or (each is not None and 6 <= each <= HCC3_MAXIMUM) for each in amps)
        and serial is not None
        and 1 <= int(serial) <= HIGHEST_SERIAL
        and bool(name)
        and name.isprintable()
        and "\ufffd" not in name
    )


def _now() -> float:
    return asyncio.get_running_loop().time()
