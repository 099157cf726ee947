"""What actions, triggers and conditions are given: numbers, and where something is done."""

from typing import Any

from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.target import TargetSelection

from ..schema import vol


def schema(fields: dict[vol.Marker, Any]) -> vol.All[Any]:
    """Return the schema of an action that is done somewhere, with its fields."""
    return vol.All(cv.make_entity_service_schema(fields), _somewhere)


def _somewhere(given: dict[str, Any]) -> dict[str, Any]:
    """Refuse a template that finds no device: an order without one must not look carried out."""
    if not TargetSelection(given).has_any_target:
        message = "expected a device, an entity, an area, a floor or a label"
        raise vol.Invalid(message)
    return given


def number(value: object) -> float:
    """Return a number; a truth value is none, though Python counts with it."""
    if isinstance(value, bool):
        message = "expected a number"
        raise vol.Invalid(message)
    given: float = vol.Coerce(float)(value)
    return given


def whole(value: object) -> int:
    """Return a whole number; nothing is cut off."""
    given = number(value)
    if not given.is_integer():
        message = "expected a whole number"
        raise vol.Invalid(message)
    return int(given)
