"""Where a value stands in the device: for people who want to know more than the value."""

from dataclasses import dataclass
from typing import Any

from modbus_connection.model import (
    FloatField,
    NumberField,
    PackedBitsField,
    RegisterField,
    ResolvedField,
)

from .points import Kind, Point


@dataclass(frozen=True, kw_only=True)
class Register:
    """One register, or a run of them that makes one value."""

    unit_id: int
    space: str
    """``holding`` or ``input``."""
    address: int
    """As on the wire, counted from 0."""
    count: int
    type: str
    """``uint16``, ``int32``, ``float32``, ``string`` or ``bits`` …"""
    scale: float
    """What the raw number is multiplied by to give the value in its unit."""
    unit: str
    writable: bool


def described(resolved: ResolvedField, point: Point, unit_id: int) -> Register:
    """Return where a field stands."""
    field = resolved.field
    assert isinstance(field, RegisterField), "only registers can be declared as values"
    return Register(
        unit_id=unit_id,
        space=resolved.space,
        address=resolved.address,
        count=resolved.count,
        type=_type(field, point),
        scale=field.scale if isinstance(field, NumberField | FloatField) else 1.0,
        unit="" if point.quantity is None else point.quantity.unit,
        writable=bool(field.writable),
    )


def _type(field: RegisterField[Any], point: Point) -> str:
    match field:
        case FloatField():
            return f"float{16 * field.count}"
        case NumberField():
            return f"{'' if field.signed else 'u'}int{16 * field.count}"
        case PackedBitsField():
            return "bits"
        case _ if point.kind is Kind.TEXT:
            return "string"
        case _:
            return f"uint{16 * field.count}"
