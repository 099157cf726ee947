"""What a device is called where others stand beside it."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr


def full_name(hass: HomeAssistant, device_id: str) -> str:
    """Return what a device is called in a list of the whole house.

    "Socket 1" says little there, so its station goes before it.
    """
    registry = dr.async_get(hass)
    device = registry.async_get(device_id)
    name = "" if device is None else device.name_by_user or device.name or ""
    if not isinstance(device, dr.ChildDeviceEntry):
        return name
    station = registry.async_get(device.parent_device_id)
    before = (station.name_by_user or station.name or "") if station else ""
    return name if name.startswith(before) else f"{before} {name}"
