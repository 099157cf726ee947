"""The made-up charger itself."""

from collections.abc import Iterator
from typing import override

from custom_components.voltrail.engine.charging.charger_device import ChargerDevice
from custom_components.voltrail.engine.model.controls import Control
from custom_components.voltrail.engine.model.errors import UnknownDeviceError
from custom_components.voltrail.engine.model.parts import Identity
from custom_components.voltrail.engine.polling.polled_device import Cadence

from .charge_point import WallboxPoint
from .registers import MARKER, About, Meter, Status


class Wallbox(ChargerDevice):
    """A made-up charger with one socket."""

    @override
    async def _async_setup(self) -> None:
        about = About(self.modbus_unit)
        await about.async_update(notify=False)
        if about.marker != MARKER:
            raise UnknownDeviceError(found=f"a device that begins with {about.marker}")
        self.about = self.add("about", about, Cadence.IDENTITY)
        self.answered.add("about")
        status = self.add("status", Status(self.modbus_unit), Cadence.MEASUREMENTS)
        meter = self.add("meter", Meter(self.modbus_unit), Cadence.MEASUREMENTS)
        self.take_up(WallboxPoint(self, status, meter))

    @property
    @override
    def identity(self) -> Identity:
        return Identity(
            manufacturer="Specimen",
            model="Wallbox",
            serial=str(self.about.number),
            firmware=str(self.about.version),
        )

    @property
    @override
    def essential(self) -> frozenset[str]:
        # The limit has to be held and the power turned into it even if no entity shows them.
        return frozenset({"status", "meter"})

    @override
    def controls(self) -> Iterator[Control]:
        for point in self.charge_points():
            yield from point.shared_controls()
