"""What a person is told when control ends."""

from collections.abc import Collection

from homeassistant.components import persistent_notification
from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from ..const import DOMAIN


async def control_ended(hass: HomeAssistant, names: Collection[str]) -> None:
    """Tell that these chargers are driven by their owner again, and with what."""
    if not names:
        return
    texts = await async_get_translations(hass, hass.config.language, "common", {DOMAIN})
    prefix = f"component.{DOMAIN}.common"
    persistent_notification.async_create(
        hass,
        texts[f"{prefix}.control_ended"].format(names=", ".join(sorted(names))),
        texts[f"{prefix}.control_ended_title"],
        f"{DOMAIN}_control_ended",
    )
