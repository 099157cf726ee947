"""What devices behind the GX say of themselves."""

from collections.abc import Mapping
from typing import Any, Final

from ...model.parts import Identity
from .component import GxComponent

MANUFACTURER: Final = "Victron Energy"


class Introductions:
    """Who the devices were when they last said so: one that is away keeps its name."""

    def __init__(self) -> None:
        self._told: dict[str, dict[str, str | None]] = {}

    def note(self, key: str, identity: GxComponent) -> None:
        """Take note of what a device says of itself, as far as it says anything."""
        product = getattr(identity, "product_id", None)
        told = {
            "name": getattr(identity, "custom_name", None),
            "serial": getattr(identity, "serial_number", None),
            "model": getattr(identity, "model", None),
            "firmware": getattr(identity, "firmware", None),
            "hardware": f"0x{int(product):04X}" if product else None,
        }
        self._told[key] = {name: value or None for name, value in told.items()}

    def identity(self, key: str, title: str) -> Identity:
        """Return who a device is; ``title`` is what it is called until it says so."""
        told = self._told.get(key, {})
        return Identity(
            manufacturer=MANUFACTURER,
            model=told.get("model") or title,
            serial=told.get("serial"),
            firmware=told.get("firmware"),
            hardware=told.get("hardware"),
            name=told.get("name"),
        )

    def dump_state(self) -> dict[str, Any]:
        """Return a form that can be stored."""
        return dict(self._told)

    def restore_state(self, memory: Mapping[str, Any]) -> None:
        """Take a stored form back."""
        self._told = dict(memory)
