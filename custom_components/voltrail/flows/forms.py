"""The fields that forms are made of."""

from collections.abc import Iterable, Mapping
from typing import Any, override
from urllib.parse import urlsplit

from homeassistant.const import CONF_DEVICE, CONF_HOST
from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from ..const import CONF_TOPICS, DOMAIN
from ..engine.devices.family import OptionField
from ..schema import vol

type Schema = dict[vol.Marker, Any]


class NumberBox(NumberSelector):
    """A box for a number; a truth value is none, though Python counts with it."""

    @override
    def __call__(self, data: Any) -> float:
        if isinstance(data, bool):
            message = "expected a number"
            raise vol.Invalid(message)
        return super().__call__(data)


def distinct(hass: HomeAssistant, title: str, serial: str | None, data: Mapping[str, Any]) -> str:
    """Return a title that no other entry has: a second one of a kind says which one it is.

    The end of the serial number is enough for that and is not the whole number.
    """
    taken = {entry.title for entry in hass.config_entries.async_entries(DOMAIN)}
    if title not in taken:
        return title
    where = next(data[key] for key in (CONF_HOST, CONF_DEVICE, CONF_TOPICS) if key in data)
    return f"{title} ({where if serial is None else serial[-4:]})"


def integer(minimum: int, maximum: int) -> Any:
    """Return a box for a whole number."""
    return vol.All(
        NumberBox(
            NumberSelectorConfig(min=minimum, max=maximum, step=1, mode=NumberSelectorMode.BOX)
        ),
        vol.Coerce(int),
    )


def choice(*choices: str, translation_key: str = "") -> SelectSelector:
    """Return a list to choose from."""
    config = SelectSelectorConfig(options=list(choices), mode=SelectSelectorMode.DROPDOWN)
    if translation_key:
        config["translation_key"] = translation_key
    return SelectSelector(config)


def secret() -> TextSelector:
    """Return a box for what no person should read over a shoulder."""
    return TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))


def option(field: OptionField) -> Any:
    """Return what fits a setting of a family."""
    if isinstance(field.default, bool):
        return BooleanSelector()
    if field.suggestions:
        return SelectSelector(
            SelectSelectorConfig(
                options=list(field.suggestions),
                mode=SelectSelectorMode.DROPDOWN,
                custom_value=True,
                multiple=True,
            )
        )
    if field.choices:
        return choice(*field.choices, translation_key=field.key)
    if field.secret:
        return secret()
    assert field.minimum is not None, "a number has bounds"
    assert field.maximum is not None, "a number has bounds"
    config = NumberSelectorConfig(
        min=field.minimum,
        max=field.maximum,
        step=field.step or "any",
        mode=NumberSelectorMode.BOX,
    )
    if field.unit is not None:
        config["unit_of_measurement"] = field.unit
    return NumberBox(config)


def mistakes(fields: Iterable[OptionField], typed: Mapping[str, Any]) -> dict[str, str]:
    """Return the errors of a form: settings of a family that make no sense."""
    errors = {}
    for field in fields:
        given = typed.get(field.key)
        below = typed.get(field.above) if field.above is not None else None
        if given is not None and below is not None and given <= below:
            errors[field.key] = f"{field.key}_invalid"
        if field.check is None or not given:
            continue
        try:
            for text in given if isinstance(given, list) else (given,):
                field.check(text)
        except ValueError:
            errors[field.key] = f"{field.key}_invalid"
    return errors


def early(fields: Iterable[OptionField]) -> Schema:
    """Return the settings of a family that are asked for when a device is added."""
    return {vol.Optional(field.key): option(field) for field in fields if field.early}


def with_wishes(
    fields: Iterable[OptionField], typed: Mapping[str, Any], before: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what was typed, with requests counted, to tell a new one from those before."""
    wishes = {
        field.key: int(before.get(field.key, 0)) + bool(typed.get(field.key))
        for field in fields
        if field.target
    }
    return {**typed, **wishes}


def place(text: str) -> tuple[str, int | None]:
    """Return the host that a person means, and the port if they wrote one as well.

    What stands in the address bar of a browser is understood, and an address in brackets. What
    makes no sense is left as it is, so that the form can say so.
    """
    text = text.strip().lower()
    schemed = "://" in text
    if text.count(":") > 1 and not schemed and not text.startswith("["):
        # An address of IPv6 as it is.
        return text, None
    try:
        parts = urlsplit(text if schemed else f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return text, None
    if not host or (not schemed and parts.path):
        return text, None
    # A port in the address bar is that of a web page.
    return host, None if schemed else port
