"""Sensors: numbers, states, texts and moments."""

from datetime import datetime
from enum import Enum
from typing import Final, override

from homeassistant.components.sensor import (
    RestoreSensor,
    SensorDeviceClass,
    SensorEntity,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from .charging.words import async_prepare, sentence
from .coordinator import VoltrailConfigEntry, VoltrailCoordinator
from .engine.model.points import Kind, Quantity, UnknownCode
from .engine.polling.polled_device import Reading
from .entity import VoltrailReading, add_entities
from .presentation import QUANTITIES, decimals, native_unit, sensor_class, shown_unit

PARALLEL_UPDATES = 0

LIFETIME: Final = frozenset(
    {Quantity.ENERGY, Quantity.REACTIVE_ENERGY, Quantity.APPARENT_ENERGY, Quantity.TOTAL_COUNT}
)
"""Counters that never go back while the device lives."""

TOLD_EVERY: Final = 30.0
"""Seconds between two writes of the numbers of a reason."""

RESET_AFTER: Final = 600.0
"""Seconds below the highest value, before a counter counts as reset: a device that
boots may show less for minutes, and a meter that was replaced stays low."""


async def async_setup_entry(
    hass: HomeAssistant,
    entry: VoltrailConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a sensor for everything that is more than a yes or no."""
    coordinator = entry.runtime_data.coordinator
    added: set[str] = set()

    @callback
    def add() -> None:
        new = [
            reading
            for reading in coordinator.device.readings()
            if reading.point.kind is not Kind.FLAG and reading.path not in added
        ]
        added.update(reading.path for reading in new)
        add_entities(
            coordinator,
            async_add_entities,
            [_kind_of(reading)(coordinator, reading) for reading in new],
        )

    coordinator.async_watch_readings(add)


def _kind_of(reading: Reading) -> type[VoltrailSensor]:
    if reading.details is not None:
        return VoltrailReason
    return VoltrailTotal if reading.point.quantity in LIFETIME else VoltrailSensor


class VoltrailSensor(VoltrailReading, SensorEntity):
    """A value of a device."""

    def __init__(self, coordinator: VoltrailCoordinator, reading: Reading) -> None:
        super().__init__(coordinator, reading)
        point = reading.point
        if point.quantity is not None:
            traits = QUANTITIES[point.quantity]
            self._attr_device_class = sensor_class(point, reading.part)
            self._attr_state_class = traits.state
            self._attr_native_unit_of_measurement = native_unit(point.quantity)
            self._attr_suggested_unit_of_measurement = shown_unit(point.quantity, point.tier)
            self._attr_suggested_display_precision = decimals(point)
        elif point.states is not None:
            self._attr_device_class = SensorDeviceClass.ENUM
        elif point.kind is Kind.MOMENT:
            self._attr_device_class = SensorDeviceClass.TIMESTAMP

    @property
    @override
    def options(self) -> list[str] | None:
        """Return the states; a code that no document names is one of its own."""
        states = self.reading.point.states
        if states is None:
            return None
        known = [member.name.lower() for member in states]
        value = self.reading.read()
        return [*known, str(value)] if isinstance(value, UnknownCode) else known

    @property
    @override
    def native_value(self) -> StateType | datetime:
        """Return the value, as it was last written."""
        value = self.value
        if isinstance(value, UnknownCode):
            return str(value)
        if isinstance(value, Enum):
            return value.name.lower()
        return value


class VoltrailReason(VoltrailSensor):
    """A decision, with the sentence that says why, and its numbers.

    They move all the time: they are written with a new reason, and otherwise every half minute.
    """

    _unrecorded_attributes = frozenset(
        {
            *("explanation", "observing", "current", "phases", "account", "price", "towards"),
            *("phase", "next_start", "until"),
        }
    )
    _reason: object = None
    _told_at = 0.0

    @override
    async def async_added_to_hass(self) -> None:
        """Have the words at hand."""
        await async_prepare(self.hass)
        await super().async_added_to_hass()
        self._tell()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        reason, now = self.native_value, self.hass.loop.time()
        if reason != self._reason or now - self._told_at >= TOLD_EVERY:
            self._tell()
        super()._handle_coordinator_update()

    def _tell(self) -> None:
        assert self.reading.details is not None
        self._reason, self._told_at = self.native_value, self.hass.loop.time()
        details = dict(self.reading.details())
        explanation = sentence(self.hass, str(self._reason), details)
        self._attr_extra_state_attributes = {"explanation": explanation, **details}

    @override
    def _state_now(self) -> object:
        return self._reason, self._attr_extra_state_attributes


class VoltrailTotal(VoltrailSensor, RestoreSensor):
    """A counter that must never go back: a dip would spoil statistics for good."""

    _highest: float | None = None
    _low_since: float | None = None

    @override
    async def async_added_to_hass(self) -> None:
        """Take up the highest value from before a restart."""
        await super().async_added_to_hass()
        last = await self.async_get_last_sensor_data()
        unit = self.native_unit_of_measurement
        if (
            last is not None
            and isinstance(last.native_value, (int, float))
            and last.native_unit_of_measurement == unit
        ):
            self._highest = last.native_value
        self._count(self._measured)

    @property
    def _measured(self) -> float | None:
        value = super().native_value
        return value if isinstance(value, (int, float)) else None

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        self._count(self._measured if self.available else None)
        super()._handle_coordinator_update()

    def _count(self, value: float | None) -> None:
        if value is None:
            # Whether it stayed low meanwhile is not known.
            self._low_since = None
            return
        now = self.hass.loop.time()
        if self._highest is None or value >= self._highest:
            self._highest = value
            self._low_since = None
        elif value == 0:
            # More likely the lack of a value. If it was reset, nothing is lost by
            # waiting for more: whatever it shows then has been counted from 0.
            return
        elif self._low_since is None:
            self._low_since = now
        elif now - self._low_since >= RESET_AFTER:
            self._highest = value
            self._low_since = None

    @override
    def _state_now(self) -> object:
        return self._highest

    @property
    @override
    def native_value(self) -> float | None:
        """Return the highest value so far; a value that is missing changes nothing."""
        return self._highest
