"""The EV Charging Station of Victron."""

from collections.abc import Iterator
from dataclasses import replace
from enum import IntEnum
from typing import ClassVar, Final

from ....model.charging import MINIMUM_CURRENT
from ....model.controls import Bounds, Control, NumberControl, SwitchControl
from ....model.errors import NotNowError
from ....model.points import Kind, Quantity, Tier, derived, enumerated, flag, measure, text
from ....polling.polled_device import Cadence
from ..component import GxComponent
from ..fields import code, int32, kwh32, string, uint16, uint32, yes
from ..product import device_firmware
from ..service import Block, Filler, Service
from ..service_device import Node
from ..states import InverterPosition
from ..write_limits import SWITCH, Rail, Setting

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

    # A session that falls to 0 and comes back would be counted twice.
    lifelines: ClassVar = {"maximum_current": ("session_energy",)}

    # Stored in the charging station.
    maximum_current = measure(
        uint16(
            3814,
            setting=Setting(
                minimum=MINIMUM_CURRENT, maximum=HARDWARE_LIMIT, rail=Rail.AC_CURRENT, saved=True
            ),
        ),
        Quantity.CURRENT,
        tier=Tier.EXPERT,
    )
    ev_charger_mode = enumerated(
        code(3815, EvChargerMode, setting=Setting(minimum=0, maximum=2)), tier=Tier.DETAIL
    )
    # The session again, as it was before it counted all sessions up to server 1.0.95.
    session_energy_twin = kwh32(3816, since=96)
    power_l1 = measure(uint16(3818), Quantity.POWER, phase=1)
    power_l2 = measure(uint16(3819), Quantity.POWER, phase=2)
    power_l3 = measure(uint16(3820), Quantity.POWER, phase=3)
    power = measure(uint16(3821), Quantity.POWER)
    # Can be written for the server's part; 3825 is the one to set.
    current = measure(uint16(3823, writable=True), Quantity.CURRENT)
    ev_charger_status = enumerated(code(3824, EvChargerStatus))
    set_current = measure(
        uint16(
            3825,
            setting=Setting(minimum=MINIMUM_CURRENT, maximum=HARDWARE_LIMIT, rail=Rail.AC_CURRENT),
        ),
        Quantity.CURRENT,
        tier=Tier.DETAIL,
    )
    charging = flag(yes(3826, setting=SWITCH), tier=Tier.DETAIL)
    position = enumerated(
        code(3827, InverterPosition, since=36, setting=Setting(minimum=0, maximum=2)),
        tier=Tier.EXPERT,
    )
    session_duration = measure(uint32(3828, since=95, before=uint16(3822, 0.01)), Quantity.DURATION)
    # Listed in watts.
    session_energy = measure(kwh32(3830, since=95), Quantity.SESSION_ENERGY)
    session_cost = measure(int32(3832, 100, since=95), Quantity.COUNT, tier=Tier.EXPERT)
    session_cost_saved = measure(int32(3834, 100, since=95), Quantity.COUNT, tier=Tier.EXPERT)
    # With some firmware of the charging station it starts anew with each session.
    energy_charged = measure(kwh32(3836, since=96, before=kwh32(3816, until=95)), Quantity.ENERGY)


class EvChargerIdentity(GxComponent):
    """Who the charging station is."""

    product_id = measure(uint16(3800), Quantity.COUNT, tier=Tier.EXPERT)
    firmware_code = uint32(3802)
    serial_number = text(string(3804, 6), tier=Tier.EXPERT, private=True)
    model = text(string(3810, 4), tier=Tier.EXPERT)
    custom_name = text(string(3840, 8, since=97, writable=True), tier=Tier.EXPERT, private=True)

    served_with: ClassVar = {"firmware": "firmware_code"}

    @derived(Kind.TEXT, tier=Tier.EXPERT)
    def firmware(self) -> str | None:
        """The version of its firmware."""
        return device_firmware(self.firmware_code)


class Orders:
    """What the charging station can be told like every charger: how much, and whether at all.

    Both hold in manual mode only. In any other one it keeps what it is told and charges as it
    likes, so there they are refused; nobody changes the mode on the way.
    """

    def __init__(self, node: Node, charger: EvCharger) -> None:
        self._node = node
        self._charger = charger
        self._allowed = charger.bounds("set_current")

    def usable(self) -> bool:
        """Whether it would do what it is told, as far as known."""
        return self._charger.ev_charger_mode is EvChargerMode.MANUAL

    def bounds(self) -> Bounds:
        """Return what the current may be; only where it can be limited at all."""
        assert self._allowed is not None, "offered only within rails"
        device = self._charger.maximum_current or HARDWARE_LIMIT
        return Bounds(minimum=0, maximum=min(self._allowed.maximum, device), step=1)

    def limit(self) -> float | None:
        """Return the limit in force; 0 while paused."""
        charger = self._charger
        if charger.charging is None:
            return None
        return charger.set_current if charger.charging else 0.0

    async def set_limit(self, amps: float) -> None:
        """Limit the current: 0, and anything below 6 A, pauses."""
        amps = self.bounds().accept(amps)
        async with self._node.lock:
            await self._require_manual_mode()
            if amps < MINIMUM_CURRENT:
                await self._node.set(EvCharger, "charging", 0)
                return
            await self._node.set(EvCharger, "set_current", amps)
            if not self._charger.charging:
                await self._node.set(EvCharger, "charging", 1)

    async def set_charging(self, charging: bool) -> None:  # noqa: FBT001 - a state, not an option
        """Pause, or go on with the last limit, within the rails."""
        async with self._node.lock:
            await self._require_manual_mode()
            last = self._charger.set_current
            if charging and self._allowed is not None and last and last > self.bounds().maximum:
                await self._node.set(EvCharger, "set_current", self.bounds().maximum)
            await self._node.set(EvCharger, "charging", charging)

    async def _require_manual_mode(self) -> None:
        await self._node.device.refresh_now(self._node.names[EvCharger])
        if not self.usable():
            raise NotNowError(reason="the charging station is not in manual mode")

    def controls(self) -> Iterator[Control]:
        """Yield the limit and the switch, as every charger has them."""
        node = self._node
        if self._allowed is not None and node.rails.write:
            yield NumberControl(
                key="current_limit",
                part=node.part,
                depends_on=("main",),
                quantity=Quantity.CURRENT,
                bounds=self.bounds,
                read=self.limit,
                write=self.set_limit,
                usable=self.usable,
            )
        for control in node.switch(EvCharger, "charging", tier=Tier.MAIN, usable=self.usable):
            assert isinstance(control, SwitchControl)
            yield replace(control, write=self.set_charging)


def _controls(node: Node) -> Iterator[Control]:
    yield from Orders(node, node.the(EvCharger)).controls()
    yield from node.select(EvCharger, "ev_charger_mode", tuple(EvChargerMode), tier=Tier.MAIN)
    yield from node.number(EvCharger, "maximum_current", tier=Tier.EXPERT)
    yield from node.select(EvCharger, "position", tuple(InverterPosition), tier=Tier.EXPERT)


EVCHARGER = Service(
    key="evcharger",
    title="EV Charging Station",
    probe=3800,
    # While it changes its state the GX does not find it for 2 to 5 s.
    blink=5.0,
    blocks=(
        Block(name="identity", component=EvChargerIdentity, cadence=Cadence.IDENTITY),
        Block(name="main", component=EvCharger, cadence=Cadence.MEASUREMENTS),
    ),
    fillers=(Filler(address=3801, count=1), Filler(address=3838, count=2)),
    controls=_controls,
)
