"""Who the devices behind the GX say they are, as far as they say anything."""

from collections.abc import Mapping
from types import new_class
from typing import Any, ClassVar, Final

from ...model.parts import Identity
from ...model.points import Kind, Quantity, Tier, derived, measure, text
from ...polling.polled_device import Cadence
from .component import GxComponent
from .fields import GxNumber, string, uint16
from .service import Block

MANUFACTURER: Final = "Victron Energy"
RELEASE: Final = 0xFF

CUSTOM_NAMES: Final = 97
"""The server that first had the names that owners give to their devices."""


class _WithFirmware(GxComponent, tier=Tier.EXPERT):
    """An identity that tells the version of the firmware."""

    served_with: ClassVar = {"firmware": "firmware_code"}

    @derived(Kind.TEXT)
    def firmware(self) -> str | None:
        """The version of its firmware."""
        return device_firmware(self._values.get("firmware_code"))


def identity(
    name: int,
    *,
    product: int | None = None,
    serial: tuple[int, int] | None = None,
    model: tuple[int, int] | None = None,
    firmware: GxNumber[float] | None = None,
    since: int = 0,
) -> Block:
    """Return the block in which a device says who it is: where each of it stands, if it does.

    ``name`` is the address of the name that its owner gave it; a text is an address and a
    number of registers.
    """
    fields: dict[str, Any] = {
        "custom_name": text(string(name, 8, since=CUSTOM_NAMES, writable=True), private=True)
    }
    if product is not None:
        fields["product_id"] = measure(uint16(product, since=since), Quantity.COUNT)
    if serial is not None:
        fields["serial_number"] = text(string(*serial), private=True)
    if model is not None:
        fields["model"] = text(string(*model))
    if firmware is not None:
        fields["firmware_code"] = firmware
    base = GxComponent if firmware is None else _WithFirmware
    component: type[GxComponent] = new_class(
        "DeviceIdentity", (base,), {"tier": Tier.EXPERT}, lambda space: space.update(fields)
    )
    return Block(name="identity", component=component, cadence=Cadence.IDENTITY)


def device_firmware(code: float | None) -> str | None:
    """Return the firmware of a product: hexadecimal, a last byte of FF for a release.

    Short codes have no such byte. The form follows from Victron's own protocols and was
    not seen through this server (UNCONFIRMED).
    """
    if not code:
        return None
    number, beta = int(code), RELEASE
    if number > 0xFFFF:
        number, beta = number >> 8, number & 0xFF
    shown = f"{number >> 8:x}.{number & 0xFF:02x}"
    return shown if beta in (0, RELEASE) else f"{shown}~{beta:x}"


class KnownIdentities:
    """Who the devices were when they last said so: one that is away keeps its name."""

    def __init__(self) -> None:
        self._told: dict[str, dict[str, str | None]] = {}

    def note(self, key: str, identity: GxComponent) -> None:
        """Remember what a device says of itself, as far as it says anything."""
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
        """Return who a device is; ``title`` is its model until it tells one."""
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
