"""The dashboard that comes with Voltrail: JavaScript that the frontend loads on its pages.

Home Assistant's own cards do the showing; ours only says which, where, and for what. It is
served from this folder and nothing is fetched from anywhere else.
"""

from pathlib import Path
from typing import Final

from homeassistant.components import frontend
from homeassistant.components.http import StaticPathConfig
from homeassistant.core import HomeAssistant
from homeassistant.loader import async_get_integration

from .const import DOMAIN

FOLDER: Final = Path(__file__).parent / "frontend"
ENTRANCE: Final = "strategy.js"


async def async_register(hass: HomeAssistant) -> None:
    """Serve the modules, and have each page load the first of them.

    Without the frontend (a headless Home Assistant) there is no dashboard to look at.
    """
    if frontend.DOMAIN not in hass.config.components:
        return
    # A browser keeps them for a month. The version is in the path, so that an update brings
    # new copies of all modules: a query string would only renew the first of them.
    version = (await async_get_integration(hass, DOMAIN)).version
    address = f"/{DOMAIN}_files/{version}"
    await hass.http.async_register_static_paths(
        [StaticPathConfig(address, str(FOLDER), cache_headers=True)]
    )
    frontend.add_extra_js_url(hass, f"{address}/{ENTRANCE}")
