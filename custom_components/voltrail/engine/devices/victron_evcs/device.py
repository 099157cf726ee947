"""The charging station itself: who it is, what its firmware serves, and what it offers."""

from collections.abc import Iterator
from contextlib import suppress
from typing import ClassVar, override

from modbus_connection import IllegalDataAddressError
from modbus_connection.exceptions import IllegalDataValueError, IllegalFunctionError
from modbus_connection.model import Component

from ...charging.charger_device import ChargerDevice
from ...model.controls import Control
from ...model.errors import (
    DeviceSilentError,
    LinkDownError,
    OtherRegistersError,
    UnknownDeviceError,
)
from ...model.explaining import explaining
from ...model.options import Options
from ...model.parts import Identity
from ...polling.polled_device import Cadence, UnitSource
from . import registers
from .charge_point import EvcsPoint

REFUSED = (IllegalFunctionError, IllegalDataAddressError, IllegalDataValueError)


class VictronEvcs(ChargerDevice):
    """An EV charging station of Victron at its own Modbus TCP port."""

    request_timeout: ClassVar[float] = 3.0

    def __init__(self, units: UnitSource, unit_id: int, options: Options | None = None) -> None:
        super().__init__(units, unit_id, options)
        self._point: EvcsPoint | None = None
        self._starts: int | None = None
        self._uptime: registers.Uptime | None = None

    @property
    def point(self) -> EvcsPoint:
        """The charge point."""
        assert self._point is not None, "identify() first"
        return self._point

    # -- meeting it --

    @override
    async def _async_setup(self) -> None:
        # An earlier try may have been cut short.
        self._slots.clear()
        self.answered.clear()
        about = registers.About(self.modbus_unit)
        try:
            await about.async_update(notify=False)
        except REFUSED as err:
            raise OtherRegistersError from err
        product = about.product_id
        if product not in registers.FUTURE_PRODUCTS:
            # 0 as well: something that answers 0 to everything is none.
            raise UnknownDeviceError(found=f"{product:#06x}") if product else OtherRegistersError
        station = await self._station(about.version)
        self.add("main", station, Cadence.MEASUREMENTS)
        self.answered.add("main")
        point = EvcsPoint(self, station)
        if about.version >= registers.WITH_MORE:
            unit = self.modbus_unit
            await self.add_optional("messages", registers.Messages(unit), Cadence.SETTINGS)
            point.phase_hardware = await self.add_optional(
                "phase_hardware", registers.PhaseHardware(unit), Cadence.SETTINGS
            )
            self._uptime = await self.add_optional(
                "uptime", registers.Uptime(unit), Cadence.MEASUREMENTS
            )
        self._point = point
        self.take_up(point)

    async def _station(self, version: registers.Version) -> registers.Station:
        """Return the block that this firmware serves in one request, or in two."""
        unit = self.modbus_unit
        if version >= registers.WITH_MORE:
            last = 5062 if version >= registers.WITH_MINIMUM else 5055
            for ranges in (((5000, last),), ((5000, 5008), (5009, last))):
                larger = registers.LargerStation(unit)
                larger.register_ranges = ranges
                if version < registers.WITH_MINIMUM:
                    larger.restrict_fields(
                        [name for name in larger.declared_fields if name != "minimum_current"]
                    )
                if await _answers(larger):
                    return larger
        station = registers.Station(unit)
        await station.async_update(notify=False)
        return station

    @property
    @override
    def identity(self) -> Identity:
        station = self.point.station
        return Identity(
            manufacturer="Victron Energy",
            model=registers.PRODUCTS.get(station.product_id or 0, "EV Charging Station"),
            serial=station.serial_number or None,
            firmware=station.firmware,
            name=station.device_name or None,
        )

    @property
    @override
    def fingerprint(self) -> str:
        return self.point.station.serial_number or ""

    @property
    @override
    def identifying(self) -> tuple[str, ...]:
        return ("main",)

    @property
    @override
    def essential(self) -> frozenset[str]:
        return frozenset({"main", "uptime"})

    @property
    @override
    def attention(self) -> object:
        return self.point.station.ev_charger_status

    @property
    @override
    def layout(self) -> object:
        return self.point.switches_phases

    # -- what it offers --

    @override
    def controls(self) -> Iterator[Control]:
        yield from self.point.controls(self._restart if self._uptime is not None else None)

    async def _restart(self) -> None:
        async def order() -> None:
            # It may start before it has answered.
            with suppress(LinkDownError, DeviceSilentError), explaining():
                await registers.Restart(self.modbus_unit).write("restart", 1)

        await self.point.set_aside(order)

    @override
    async def reconcile(self) -> None:
        starts = None if self._uptime is None else self._uptime.starts
        if self._starts is not None and starts not in (None, self._starts):
            # Whether its set-points outlive a start is UNCONFIRMED.
            self.mark()
        self._starts = self._starts if starts is None else starts
        await super().reconcile()


async def _answers(component: Component) -> bool:
    # A single refusal may be a passing one; without the larger block there are fewer values.
    for _ in range(2):
        with suppress(*REFUSED):
            await component.async_update(notify=False)
            return True
    return False
