"""The EV Charging Station of Victron."""

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar, Final, override

from ....charging.charge_point import NOMINAL_VOLTAGE, ChargePoint
from ....charging.current_driven import CurrentDriven
from ....charging.reconciler import Standing
from ....model.charging import MINIMUM_CURRENT, BlockedBy, ChargingState, first_reason
from ....model.controls import Control
from ....model.errors import NotNowError, NotSupportedError, ReadOnlyError
from ....model.points import Quantity, Tier, derived, enumerated, flag, measure, phases
from ...victron_charging_station import (
    HARDWARE_LIMIT,
    HELD_BACK,
    STATES,
    SWITCHING,
    EvChargerMode,
    EvChargerPosition,
    EvChargerStatus,
)
from ..block_controls import BlockControls
from ..component import GxComponent
from ..fields import code, int32, kwh32, uint16, uint32, yes
from ..identities import identity
from ..service import Service, main, reserved
from ..service_device import ServiceDevice
from ..write_limits import SWITCH, Limit, Setting

CURRENT: Final = Setting(MINIMUM_CURRENT, HARDWARE_LIMIT, Limit.AC_CURRENT)
STORED_CURRENT: Final = replace(CURRENT, saved=True)

ALIVE: Final = "maximum_current"
"""A station that the GX has lost stays as a service without values. All of it reads 0 then, such as
"disconnected" and 0 W; only what is stored in the station is never 0 while it is there."""


class EvCharger(GxComponent):
    """The charge, the session and the settings."""

    # Stored in the charging station.
    maximum_current = measure(
        uint16(3814, setting=STORED_CURRENT), Quantity.CURRENT, tier=Tier.EXPERT
    )
    ev_charger_mode = enumerated(
        code(3815, EvChargerMode, lifeline=ALIVE, setting=Setting(0, 2)), tier=Tier.DETAIL
    )
    # The session again, as it was before it counted all sessions up to server 1.0.95.
    session_energy_twin = kwh32(3816, since=96)
    power_l1, power_l2, power_l3 = phases(
        uint16, (3818, 3819, 3820), Quantity.POWER, lifeline=ALIVE
    )
    power = measure(uint16(3821, lifeline=ALIVE), Quantity.POWER)
    # Can be written for the server's part; 3825 is the one to set.
    current = measure(uint16(3823, lifeline=ALIVE, writable=True), Quantity.CURRENT)
    ev_charger_status = enumerated(code(3824, EvChargerStatus, lifeline=ALIVE))
    set_current = measure(
        uint16(3825, lifeline=ALIVE, setting=CURRENT), Quantity.CURRENT, tier=Tier.DETAIL
    )
    charging = flag(yes(3826, lifeline=ALIVE, setting=SWITCH), tier=Tier.DETAIL)
    position = enumerated(
        code(3827, EvChargerPosition, since=36, lifeline=ALIVE, setting=SWITCH), tier=Tier.EXPERT
    )
    session_duration = measure(
        uint32(3828, since=95, before=uint16(3822, 0.01), lifeline=ALIVE), Quantity.DURATION
    )
    # Listed in watts. One that falls to 0 and comes back would be counted twice.
    session_energy = measure(kwh32(3830, since=95, lifeline=ALIVE), Quantity.SESSION_ENERGY)
    session_cost = measure(
        int32(3832, 100, since=95, lifeline=ALIVE), Quantity.COUNT, tier=Tier.EXPERT
    )
    session_cost_saved = measure(
        int32(3834, 100, since=95, lifeline=ALIVE), Quantity.COUNT, tier=Tier.EXPERT
    )
    # With some firmware of the charging station it starts at 0 with each session.
    energy_charged = measure(kwh32(3836, since=96, before=kwh32(3816, until=95)), Quantity.ENERGY)


PHASE_IN_USE: Final = 200.0
"""A phase on which the station measures at least this many watts is in use."""


class StationPoint(CurrentDriven):
    """The charging station as a charge point, within the write limits of the GX only.

    Orders hold in manual mode only. In any other one it keeps what it is told and charges as it
    likes, so there they are refused and nothing is reconciled; the mode is not changed for them.
    """

    current_depends_on: ClassVar[tuple[str, ...]] = ("main",)
    power_depends_on: ClassVar[tuple[str, ...]] = ("main",)

    def __init__(self, device: ServiceDevice) -> None:
        gateway = device.gateway
        super().__init__(gateway.options, gateway.keep_memory, gateway.store_memory)
        self.part = device.part
        self._device = device
        self._charger = device.the(EvCharger)
        self._allowed = self._charger.bounds("set_current")

    # -- what it holds --

    @property
    def manual(self) -> bool:
        """Whether it would do what it is told, as far as known."""
        return self._charger.ev_charger_mode is EvChargerMode.MANUAL

    @property
    @override
    def writable(self) -> bool:
        return self._device.gateway.write_limits.write and self.manual

    @property
    @override
    def device_maximum(self) -> float:
        most = self._charger.maximum_current or HARDWARE_LIMIT
        return most if self._allowed is None else min(self._allowed.maximum, most)

    @property
    @override
    def current_limit(self) -> float | None:
        charger = self._charger
        if charger.charging is None:
            return None
        return charger.set_current if charger.charging else 0.0

    @property
    @override
    def charging_allowed(self) -> bool | None:
        return self._charger.charging

    @property
    @override
    def voltages(self) -> tuple[float | None, float | None, float | None]:
        # The GX does not tell them.
        return (NOMINAL_VOLTAGE, NOMINAL_VOLTAGE, NOMINAL_VOLTAGE)

    @property
    @override
    def active_phases(self) -> int | None:
        charger = self._charger
        powers = (charger.power_l1, charger.power_l2, charger.power_l3)
        return sum(1 for power in powers if power and power >= PHASE_IN_USE) or None

    @derived(ChargingState, depends_on=("main",))
    @override
    def charging_state(self) -> ChargingState | None:
        """What car and charger are doing."""
        status = self._charger.ev_charger_status
        return None if status is None else STATES.get(status)

    @derived(BlockedBy, depends_on=("main",))
    def blocked_by(self) -> BlockedBy | None:
        """Why no energy flows."""
        status = self._charger.ev_charger_status
        return first_reason(
            self.charging_state,
            {
                BlockedBy.PAUSED: self.manual and self.charging_allowed is False,
                BlockedBy.NOT_AUTHORISED: status is EvChargerStatus.WAITING_FOR_RFID,
                BlockedBy.PHASE_SWITCHING: status in SWITCHING,
                BlockedBy.DOWNGRADED: status in HELD_BACK,
            },
        )

    @property
    @override
    def standing(self) -> Standing:
        return super().standing if self.manual else Standing.UNKNOWN

    @override
    async def look(self) -> None:
        await self._device.refresh(EvCharger)

    # -- orders --

    @override
    async def send_current(self, amps: float) -> None:
        if self._allowed is None:
            raise NotSupportedError(reason="the options do not say what the house can carry")
        await self._require_manual_mode()
        await self._device.set(EvCharger, "set_current", amps)
        if not self._charger.charging:
            await self._device.set(EvCharger, "charging", 1)

    @override
    async def send_pause(self) -> None:
        await self._require_manual_mode()
        await self._device.set(EvCharger, "charging", 0)

    @override
    async def _go_on(self) -> None:
        # What it goes on with may have been changed at the station.
        await self._require_manual_mode()
        await super()._go_on()

    async def _require_manual_mode(self) -> None:
        if not self._device.gateway.write_limits.write:
            raise ReadOnlyError
        await self.look()
        if not self.manual:
            raise NotNowError(reason="the charging station is not in manual mode")

    @property
    @override
    def resume_current(self) -> float:
        held = self._charger.set_current
        if self.target.current is None and held is not None and held >= MINIMUM_CURRENT:
            # Nothing was asked for here yet: what is stored in the station goes on.
            return min(held, self.current_bounds().maximum)
        return super().resume_current

    def controls(self) -> Iterator[Control]:
        """Yield the limits and the switch, as far as the write limits allow them."""
        if not self._device.gateway.write_limits.write:
            return
        for control in self.shared_controls():
            if self._allowed is not None or control.key == "charging":
                yield control


def _point(device: ServiceDevice) -> ChargePoint:
    return StationPoint(device)


def _controls(device: ServiceDevice) -> Iterator[Control]:
    assert isinstance(device.point, StationPoint), "it was made with the device"
    yield from device.point.controls()
    charger = BlockControls(device, EvCharger)
    yield from charger.select("ev_charger_mode", tuple(EvChargerMode), tier=Tier.MAIN)
    yield from charger.number("maximum_current", tier=Tier.EXPERT)
    yield from charger.select("position", tuple(EvChargerPosition), tier=Tier.EXPERT)


EVCHARGER = Service(
    "evcharger",
    "EV Charging Station",
    3800,
    (
        identity(3840, product=3800, firmware=uint32(3802), serial=(3804, 6), model=(3810, 4)),
        main(EvCharger),
    ),
    fillers=reserved((3801, 1), (3838, 2)),
    controls=_controls,
    point=_point,
)
