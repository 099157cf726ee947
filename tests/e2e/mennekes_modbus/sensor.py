"""What the older integration showed last."""

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorStateClass
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import UnitOfEnergy, UnitOfPower
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback


async def async_setup_entry(
    hass: HomeAssistant, entry: ConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the counter and the power; the counter is a little behind the charger's."""
    async_add_entities(
        [
            OldSensor(
                entry,
                "total_energy",
                device_class=SensorDeviceClass.ENERGY,
                state_class=SensorStateClass.TOTAL_INCREASING,
                unit=UnitOfEnergy.KILO_WATT_HOUR,
                value=2221.4,
            ),
            OldSensor(
                entry,
                "total_power",
                device_class=SensorDeviceClass.POWER,
                state_class=SensorStateClass.MEASUREMENT,
                unit=UnitOfPower.WATT,
                value=0,
            ),
        ]
    )


class OldSensor(SensorEntity):
    """A value that does not change any more."""

    _attr_should_poll = False

    def __init__(
        self,
        entry: ConfigEntry,
        key: str,
        *,
        device_class: SensorDeviceClass,
        state_class: SensorStateClass,
        unit: str,
        value: float,
    ) -> None:
        self._attr_unique_id = f"{entry.entry_id}_{key}"
        self._attr_name = f"Mennekes {key.replace('_', ' ')}"
        self._attr_device_class = device_class
        self._attr_state_class = state_class
        self._attr_native_unit_of_measurement = unit
        self._attr_native_value = value
