"""The charger itself: what its layout serves, and what it offers."""

from collections.abc import Iterator
from typing import Any, ClassVar, Final, override

from modbus_connection import (
    ModbusExceptionError,
    ModbusProtocolError,
    ModbusTimeoutError,
    ModbusUnit,
)
from modbus_connection.model import Component

from ...charging.charger_device import ChargerDevice
from ...model.charging import MINIMUM_CURRENT
from ...model.controls import ButtonControl, Control, NumberControl
from ...model.errors import UnknownDeviceError
from ...model.options import Options
from ...model.parts import Identity
from ...model.points import Tier
from ...polling.keep_alive import KeepAlive
from ...polling.polled_device import Cadence, Problem, UnitSource
from ...transport.serial_bus import SerialBus, SerialBusUnit
from . import registers
from .block import ABSENT, Block
from .charge_point import CompactPoint
from .compact_status import Blocks
from .heartbeat import Heartbeat
from .settings import COMPONENTS, Settings
from .states import EvseState

_REFUSALS_BEFORE_TELLING: Final = 2
_OPENING_PAUSE: Final = 1.0
"""Seconds of rest after the port was opened: what is sent at once comes out garbled."""


class MennekesRtu(ChargerDevice):
    """An AMTRON Compact 2.0s, Start 2.0s or 4You 300 on a serial line."""

    # The slowest normal answer is far below; the heartbeat must never wait for much longer.
    request_timeout: ClassVar[float] = 1.0
    heard_by_life_signs: ClassVar[bool] = True
    identity_interval: ClassVar[float] = 3600.0
    # These can only be written.
    never_read: ClassVar[frozenset[int]] = frozenset({0x0D00, 0x0D19})

    def __init__(self, units: UnitSource, unit_id: int, options: Options | None = None) -> None:
        self._quiet: SerialBusUnit
        self._source = units
        self._point: CompactPoint | None = None
        self._settings: Settings | None = None
        self._returns = 0
        super().__init__(self._on_a_quiet_line, unit_id, options)
        self.heartbeat = Heartbeat(self._quiet, lambda: self.stranger)
        self._removers.append(self._quiet.line.attend(self.heartbeat))

    def _on_a_quiet_line(self, unit_id: int) -> ModbusUnit:
        """Return the unit on its line; on a line of its own, if the caller names no shared one.

        Behind a gateway with transaction numbers there is a serial line as well, on which the
        gateway itself may mistake a late answer.
        """
        unit = self._source(unit_id)
        self._quiet = unit if isinstance(unit, SerialBusUnit) else SerialBus().unit(unit, unit_id)
        return self._quiet.as_unit()

    @override
    def unit(self, unit_id: int) -> ModbusUnit:
        unit = super().unit(unit_id)
        unit.require_connect_delay(_OPENING_PAUSE)
        return unit

    @property
    def point(self) -> CompactPoint:
        """The place where a car is plugged in."""
        assert self._point is not None, "identify() first"
        return self._point

    # -- meeting it --

    @override
    async def _async_setup(self) -> None:
        unit = self.modbus_unit
        about = registers.About(unit)
        await about.async_update(notify=False)
        layout = about.layout or 0
        if not 0x0100 <= layout < 0x0200:
            raise UnknownDeviceError(found=f"a device with register layout 0x{layout:04X}")
        self._have("about", about, Cadence.IDENTITY)
        if layout >= 0x0102:
            await self._find("serial", registers.SerialNumber(unit), Cadence.IDENTITY)
        if layout >= 0x0103:
            await self._find("article", registers.ArticleNumber(unit), Cadence.IDENTITY)
        phase_mode = registers.PhaseMode(unit)
        await self._find("phase_mode", phase_mode, Cadence.SETTINGS)
        blocks = self._measured(layout, about, phase_mode)
        if layout >= 0x0101:
            blocks.phase_options = await self._find(
                "phase_options", registers.PhaseOptions(unit), Cadence.SETTINGS
            )
        if layout >= 0x0102:
            blocks.installation = self.add(
                "installation", registers.Installation(unit), Cadence.SETTINGS
            )
            blocks.vehicle = self.add("vehicle", registers.Vehicle(unit), Cadence.SETTINGS)
            self.add("climate", registers.Climate(unit), Cadence.SETTINGS)
        found: dict[str, Component] = {}
        if layout >= 0x0103:
            blocks.restart = registers.Restart(unit)
            for name, kind in COMPONENTS.items():
                if (component := await self._find(name, kind(unit), Cadence.SETTINGS)) is not None:
                    found[name] = component
            solar = found.get("solar_settings")
            blocks.solar = solar if isinstance(solar, registers.SolarSettings) else None
        self._settings = Settings(found, self.refresh, self.options.max_current)
        self._take_up(blocks)

    def _measured(
        self, layout: int, about: registers.About, phase_mode: registers.PhaseMode
    ) -> Blocks:
        """Add what is read all the time.

        No two that follow each other are of the same length, so that a repeated answer is
        never mistaken for the next one.
        """
        unit, often = self.modbus_unit, Cadence.MEASUREMENTS
        status = self.add("status", registers.Status(unit), often)
        pilot = None
        if layout >= 0x0102:
            pilot = self.add("pilot", registers.Pilot(unit), often)
        if layout >= 0x0103:
            self.add("signal", registers.Signal(unit), often)
        limits = self.add("limits", registers.Limits(unit), often)
        meter = self.add("meter", registers.Meter(unit), often)
        self.add("session", registers.Session(unit), often)
        functions = self.add("functions", registers.Functions(unit), often)
        diagnosis = self.add("diagnosis", registers.Diagnosis(unit), often)
        supervision = None
        if layout >= 0x0102:
            supervision = self.add("supervision", registers.Supervision(unit), often)
            self.add("statistics", registers.Statistics(unit), often)
        return Blocks(
            about=about,
            status=status,
            limits=limits,
            phase_mode=phase_mode,
            meter=meter,
            functions=functions,
            diagnosis=diagnosis,
            pilot=pilot,
            supervision=supervision,
        )

    def _have[C: Component](self, name: str, component: C, cadence: Cadence) -> C:
        """Add a component that has just been read."""
        self.answered.add(name)
        return self.add(name, component, cadence)

    async def _find[C: Component](self, name: str, component: C, cadence: Cadence) -> C | None:
        """Add a component if the charger serves it.

        It is not there if it is refused twice as not there. Any other refusal may be
        a passing one, and the polls will tell.
        """
        for last in (False, True):
            try:
                await component.async_update(notify=False)
            except ModbusTimeoutError, ModbusProtocolError:
                if last:
                    raise
            except ABSENT:
                if last and name not in self._kept.get("blocks", ()):
                    return None
                if last:
                    # It was there before.
                    return self.add(name, component, cadence)
            except ModbusExceptionError:
                return self.add(name, component, cadence)
            else:
                break
        return self._have(name, component, cadence)

    def _take_up(self, blocks: Blocks) -> None:
        self._point = CompactPoint(
            self.options,
            self.keep_memory,
            self.store_memory,
            blocks=blocks,
            heartbeat=self.heartbeat,
            read_now=self.read_now,
        )
        self.take_up(self._point)

    @property
    @override
    def identity(self) -> Identity:
        about = self.point.blocks.about
        serial, article = (
            self._text("serial", "serial_number"),
            self._text("article", "article_number"),
        )
        return Identity(
            manufacturer="MENNEKES",
            # No register tells which of them it is; a list of all would be the name of each.
            model="AMTRON",
            serial=serial,
            firmware=about.firmware or None,
            hardware=article,
            variant=about.register_layout,
        )

    @property
    @override
    def fingerprint(self) -> str:
        told = (self.point.blocks.about.layout or 0) >= 0x0102
        unread = told and self._text("serial", "serial_number") is None
        # A serial number that was refused for a moment does not make it another charger.
        return self.expected if unread and self.expected is not None else super().fingerprint

    def _text(self, component: str, field: str) -> str | None:
        slot = self._slots.get(component)
        value = None if slot is None else getattr(slot.component, field)
        return value if isinstance(value, str) and value else None

    # -- what it offers --

    @override
    def controls(self) -> Iterator[Control]:
        yield from self.point.controls()
        yield ButtonControl(
            key="recover",
            depends_on=("status",),
            tier=Tier.DETAIL,
            press=self.point.recover,
            usable=lambda: self.point.blocks.status.evse_state is EvseState.ERROR,
        )
        assert self._settings is not None, "identify() first"
        yield from self._settings.controls()

    @property
    def _fallback_control(self) -> NumberControl | None:
        """The setting of the fallback, where this charger takes it over Modbus (layout 1.03)."""
        settings = () if self._settings is None else self._settings.controls()
        for control in settings:
            if control.key == "safe_current" and isinstance(control, NumberControl):
                return control
        return None

    @override
    def keep_alives(self) -> Iterator[KeepAlive]:
        yield self.heartbeat

    @override
    def life_signs(self) -> Iterator[KeepAlive]:
        yield self.heartbeat

    @override
    def problems(self) -> Iterator[Problem]:
        yield from super().problems()
        installation = self.point.blocks.installation
        if installation is not None and installation.fallback_code == 0:
            yield Problem(
                key="missing_fallback",
                details={},
                remedy=self._fallback_control,
                suggested=MINIMUM_CURRENT,
            )
        beat = self.heartbeat
        if beat.refusals >= _REFUSALS_BEFORE_TELLING or beat.ignored:
            yield Problem(key="heartbeat_refused", details={"reason": str(beat.trouble)})

    @property
    @override
    def essential(self) -> frozenset[str]:
        # Needed to keep the target in force, and to recover from an error.
        return frozenset(
            {
                "status",
                "meter",
                "limits",
                "functions",
                "diagnosis",
                "supervision",
                "vehicle",
                "installation",
                "phase_mode",
                "phase_options",
                "solar_settings",
            }
        )

    @property
    @override
    def attention(self) -> object:
        status, diagnosis = self.point.blocks.status, self.point.blocks.diagnosis
        return status.evse_state, status.downgrade, diagnosis.error_code

    @property
    @override
    def layout(self) -> object:
        refused = frozenset(
            (name, field)
            for name, slot in self._slots.items()
            if isinstance(slot.component, Block) and slot.component.split
            for field in slot.component.declared_fields
            if field not in slot.component.resolved_fields
        )
        return self.point.can_switch_phases, refused

    # -- holding what was asked for --

    @override
    async def reconcile(self) -> None:
        returns = self._quiet.line.returns(self.unit_id)
        if returns != self._returns:
            # It was away for longer than it waits for us: it may have been switched off.
            self._returns = returns
            self.mark()
        await super().reconcile()

    @override
    def dump_state(self) -> dict[str, Any]:
        state = super().dump_state()
        if self._point is not None:
            # A value that was there once does not count as missing because of a refusal.
            state["blocks"] = sorted(self._slots)
        return state
