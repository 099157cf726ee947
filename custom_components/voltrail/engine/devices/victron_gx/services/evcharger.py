"""The EV Charging Station of Victron."""

from collections.abc import Iterator
from enum import IntEnum
from typing import Final

from ....model.charging import MINIMUM_CURRENT
from ....model.controls import Bounds, Control, NumberControl
from ....model.errors import NotNowError
from ....model.points import Quantity, Tier, enumerated, flag, measure, phases
from ..block_controls import BlockControls
from ..component import GxComponent
from ..fields import code, int32, kwh32, uint16, uint32, yes
from ..identities import identity
from ..service import Service, main, reserved
from ..service_device import ServiceDevice
from ..states import InverterPosition
from ..write_limits import SWITCH, Limit, Setting

HARDWARE_LIMIT: Final = 32.0
"""A per phase. What the charging station is made for."""


class EvChargerMode(IntEnum):
    """How the charging station chooses its current. 2 is known to its interface only."""

    MANUAL = 0
    AUTO = 1
    SCHEDULED = 2


class EvChargerStatus(IntEnum):
    """What the charging station is doing. 15 to 19 are reserved."""

    DISCONNECTED = 0
    CONNECTED = 1
    CHARGING = 2
    CHARGED = 3
    WAITING_FOR_SUN = 4
    WAITING_FOR_RFID = 5
    WAITING_FOR_START = 6
    LOW_STATE_OF_CHARGE = 7
    GROUND_TEST_ERROR = 8
    WELDED_CONTACTS_ERROR = 9
    CONTROL_PILOT_ERROR = 10
    RESIDUAL_CURRENT = 11
    UNDERVOLTAGE = 12
    OVERVOLTAGE = 13
    OVERHEATING = 14
    CHARGING_LIMIT = 20
    START_CHARGING = 21
    SWITCHING_TO_THREE_PHASES = 22
    SWITCHING_TO_ONE_PHASE = 23
    STOP_CHARGING = 24


class EvCharger(GxComponent):
    """The charge, the session and the settings."""

    # Stored in the charging station.
    maximum_current = measure(
        uint16(
            3814, setting=Setting(MINIMUM_CURRENT, HARDWARE_LIMIT, Limit.AC_CURRENT, saved=True)
        ),
        Quantity.CURRENT,
        tier=Tier.EXPERT,
    )
    ev_charger_mode = enumerated(code(3815, EvChargerMode, setting=Setting(0, 2)), tier=Tier.DETAIL)
    # The session again, as it was before it counted all sessions up to server 1.0.95.
    session_energy_twin = kwh32(3816, since=96)
    power_l1, power_l2, power_l3 = phases(uint16, (3818, 3819, 3820), Quantity.POWER)
    power = measure(uint16(3821), Quantity.POWER)
    # Can be written for the server's part; 3825 is the one to set.
    current = measure(uint16(3823, writable=True), Quantity.CURRENT)
    ev_charger_status = enumerated(code(3824, EvChargerStatus))
    set_current = measure(
        uint16(
            3825,
            setting=Setting(
                minimum=MINIMUM_CURRENT, maximum=HARDWARE_LIMIT, limit=Limit.AC_CURRENT
            ),
        ),
        Quantity.CURRENT,
        tier=Tier.DETAIL,
    )
    charging = flag(yes(3826, setting=SWITCH), tier=Tier.DETAIL)
    position = enumerated(
        code(3827, InverterPosition, since=36, setting=Setting(0, 2)), tier=Tier.EXPERT
    )
    session_duration = measure(uint32(3828, since=95, before=uint16(3822, 0.01)), Quantity.DURATION)
    # Listed in watts. One that falls to 0 and comes back would be counted twice.
    session_energy = measure(
        kwh32(3830, since=95, lifeline="maximum_current"), Quantity.SESSION_ENERGY
    )
    session_cost = measure(int32(3832, 100, since=95), Quantity.COUNT, tier=Tier.EXPERT)
    session_cost_saved = measure(int32(3834, 100, since=95), Quantity.COUNT, tier=Tier.EXPERT)
    # With some firmware of the charging station it starts at 0 with each session.
    energy_charged = measure(kwh32(3836, since=96, before=kwh32(3816, until=95)), Quantity.ENERGY)


class Orders:
    """What the charging station can be told like every charger: how much, and whether at all.

    Both hold in manual mode only. In any other one it keeps what it is told and charges as it
    likes, so there they are refused; the mode is not changed for them.
    """

    def __init__(self, device: ServiceDevice, charger: EvCharger) -> None:
        self._device = device
        self._charger = charger
        self._allowed = charger.bounds("set_current")

    def usable(self) -> bool:
        """Whether it would do what it is told, as far as known."""
        return self._charger.ev_charger_mode is EvChargerMode.MANUAL

    def bounds(self) -> Bounds:
        """Return what the current may be; only where it can be limited at all."""
        assert self._allowed is not None, "offered only within rails"
        most = self._charger.maximum_current or HARDWARE_LIMIT
        return Bounds(minimum=0, maximum=min(self._allowed.maximum, most), step=1)

    def limit(self) -> float | None:
        """Return the limit in force; 0 while paused."""
        charger = self._charger
        if charger.charging is None:
            return None
        return charger.set_current if charger.charging else 0.0

    async def set_limit(self, amps: float) -> None:
        """Limit the current: 0, and anything below 6 A, pauses."""
        amps = self.bounds().accept(amps)
        async with self._device.lock:
            await self._require_manual_mode()
            if amps < MINIMUM_CURRENT:
                await self._device.set(EvCharger, "charging", 0)
                return
            await self._device.set(EvCharger, "set_current", amps)
            if not self._charger.charging:
                await self._device.set(EvCharger, "charging", 1)

    async def set_charging(self, charging: bool) -> None:  # noqa: FBT001 - a state, not an option
        """Pause, or go on with the last limit, within the rails."""
        async with self._device.lock:
            await self._require_manual_mode()
            last = self._charger.set_current
            if charging and self._allowed is not None and last and last > self.bounds().maximum:
                await self._device.set(EvCharger, "set_current", self.bounds().maximum)
            await self._device.set(EvCharger, "charging", charging)

    async def _require_manual_mode(self) -> None:
        await self._device.refresh(EvCharger)
        if not self.usable():
            raise NotNowError(reason="the charging station is not in manual mode")

    def controls(self) -> Iterator[Control]:
        """Yield the limit and the switch, as every charger has them."""
        device = self._device
        if self._allowed is not None and device.gateway.write_limits.write:
            yield NumberControl(
                key="current_limit",
                part=device.part,
                depends_on=("main",),
                quantity=Quantity.CURRENT,
                bounds=self.bounds,
                read=self.limit,
                write=self.set_limit,
                usable=self.usable,
            )
        yield from BlockControls(device, EvCharger, usable=self.usable).switch(
            "charging", tier=Tier.MAIN, write=self.set_charging
        )


def _controls(device: ServiceDevice) -> Iterator[Control]:
    yield from Orders(device, device.the(EvCharger)).controls()
    charger = BlockControls(device, EvCharger)
    yield from charger.select("ev_charger_mode", tuple(EvChargerMode), tier=Tier.MAIN)
    yield from charger.number("maximum_current", tier=Tier.EXPERT)
    yield from charger.select("position", tuple(InverterPosition), tier=Tier.EXPERT)


EVCHARGER = Service(
    "evcharger",
    "EV Charging Station",
    3800,
    (
        identity(3840, product=3800, firmware=uint32(3802), serial=(3804, 6), model=(3810, 4)),
        main(EvCharger),
    ),
    fillers=reserved((3801, 1), (3838, 2)),
    # While it changes its state the GX does not find it for 2 to 5 s.
    blink=5.0,
    controls=_controls,
)
