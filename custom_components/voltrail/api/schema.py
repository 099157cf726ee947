"""The schema of actions that are done at devices."""

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
