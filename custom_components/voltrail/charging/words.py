"""A decision as a sentence, in the language of the house, with the numbers that it takes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.translation import async_get_cached_translations, async_get_translations
from homeassistant.util import dt as dt_util

from ..const import DOMAIN

_COMMON: Final = f"component.{DOMAIN}.common.why"
_STATES: Final = f"component.{DOMAIN}.entity.sensor.reason.state"


async def async_prepare(hass: HomeAssistant) -> None:
    """Have the words at hand."""
    for category in ("common", "entity"):
        await async_get_translations(hass, hass.config.language, category, {DOMAIN})


@callback
def sentence(hass: HomeAssistant, reason: str, details: Mapping[str, Any]) -> str:
    """Return why a charger does what it does."""
    language = hass.config.language
    common = async_get_cached_translations(hass, language, "common", DOMAIN)
    states = async_get_cached_translations(hass, language, "entity", DOMAIN)
    parts = [states.get(f"{_STATES}.{reason}", reason)]
    parts += [
        common[f"{_COMMON}_{word}"].format(**numbers)
        for word, numbers in _clauses(details)
        if f"{_COMMON}_{word}" in common
    ]
    return ". ".join(part.rstrip(".") for part in parts) + "."


def _clauses(details: Mapping[str, Any]) -> list[tuple[str, dict[str, str]]]:
    """Return what is added to the reason, by the words that say it."""
    found: list[tuple[str, dict[str, str]]] = []
    if details.get("current"):
        numbers = {"current": f"{details['current']:g}", "phases": str(details["phases"])}
        found.append(("offer", numbers))
    if (towards := details.get("towards")) is not None:
        numbers = {"account": str(details["account"]), "price": str(details["price"])}
        found.append((f"towards_{towards}", numbers))
    if phase := details.get("phase"):
        found.append(("phase", {"phase": phase}))
    found += [
        (word, {"time": dt_util.as_local(moment).strftime("%H:%M")})
        for word in ("next_start", "until")
        if isinstance(moment := details.get(word), datetime)
    ]
    if details.get("observing"):
        found.append(("observing", {}))
    return found
