"""The dashboard that comes with Voltrail: served, self-contained, and in the user's words."""

import re

import pytest
from homeassistant.components import frontend
from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.voltrail.const import DOMAIN
from custom_components.voltrail.dashboard import ENTRANCE, FOLDER
from custom_components.voltrail.energy_counters import Role
from custom_components.voltrail.engine.devices import FAMILIES

from .test_project import INTEGRATION, load
from .vocabulary import vocabulary

SOURCES = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}
OTHERS = (*(f"energy_{role}" for role in Role), "doubt_", "table_", "why_", "control_ended")
VERSION = load(INTEGRATION / "manifest.json")["version"]


@pytest.fixture
def pages(hass: HomeAssistant) -> frontend.UrlManager:
    """What the frontend loads on its pages; the frontend itself is too large for a test."""
    loaded = frontend.UrlManager(lambda *_: None, [])
    hass.data[frontend.DATA_EXTRA_MODULE_URL] = loaded
    hass.config.components.add(frontend.DOMAIN)
    return loaded


async def test_every_page_loads_it(
    hass: HomeAssistant,
    socket_enabled: None,
    pages: frontend.UrlManager,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    """The frontend is told of one module, and all that it imports can be had, for a month."""
    assert await async_setup_component(hass, DOMAIN, {})
    assert pages.urls == {f"/{DOMAIN}_files/{VERSION}/{ENTRANCE}"}
    client = await hass_client_no_auth()
    for name, source in SOURCES.items():
        answer = await client.get(f"/{DOMAIN}_files/{VERSION}/{name}")
        assert answer.status == 200
        assert "javascript" in answer.headers["Content-Type"]
        assert "max-age=2678400" in answer.headers["Cache-Control"]
        assert await answer.text() == source


async def test_without_a_frontend_nothing_is_served(
    hass: HomeAssistant, socket_enabled: None, hass_client_no_auth: ClientSessionGenerator
) -> None:
    """A headless Home Assistant sets Voltrail up all the same."""
    assert await async_setup_component(hass, DOMAIN, {})
    client = await hass_client_no_auth()
    assert (await client.get(f"/{DOMAIN}_files/{VERSION}/{ENTRANCE}")).status == 404


def test_nothing_is_fetched() -> None:
    """The modules import each other and nothing else, and name no address."""
    imported = set()
    for name, source in SOURCES.items():
        places = re.findall(r'^(?:im|ex)port .* from "([^"]+)";$', source, re.MULTILINE)
        assert all(place.startswith("./") for place in places), name
        imported |= {place.removeprefix("./") for place in places}
        assert "://" not in source, name
        assert not re.search(r"\b(fetch|eval|innerHTML|XMLHttpRequest)\b", source), name
    assert imported | {ENTRANCE} == set(SOURCES)


def test_no_family_is_named() -> None:
    """The dashboard knows words that all families share, and no family."""
    keys = {kind.key for kind in FAMILIES}
    names = keys | {key.partition("_")[0] for key in keys}
    for name, source in SOURCES.items():
        assert not [one for one in names if re.search(rf"\b{one}\b", source.lower())], name


def test_every_text_is_translated() -> None:
    """The texts that the modules ask for are those that the translations have."""
    code = "\n".join(SOURCES.values())
    asked = set(re.findall(r'\bt\("(\w+)"\)', code))
    kinds = re.search(r"const DAY = \[([^\]]*)\]", code)
    assert kinds is not None
    asked |= {f"{kind}_today" for kind in re.findall(r"\w+", kinds[1])}
    flows = re.search(r"const FLOWS = {(.*?)\n};", code, re.DOTALL)
    assert flows is not None
    asked |= set(re.findall(r"^  (\w+):", flows[1], re.MULTILINE))
    # The integration itself uses some as well, in forms whose options it has to word.
    words = set(load(INTEGRATION / "translations" / "en.json")["common"])
    assert asked == {word for word in words if not word.startswith(OTHERS)}


async def test_home_assistant_has_the_texts(hass: HomeAssistant) -> None:
    """The frontend gets the texts under the key that the modules read."""
    found = await async_get_translations(hass, "nb", "common", {DOMAIN})
    assert found[f"component.{DOMAIN}.common.now"] == "Nå"


def test_every_word_is_spoken() -> None:
    """A value that the modules look for is one that a device can say."""
    spoken = vocabulary()
    code = SOURCES["house.js"] + SOURCES["views.js"]
    asked = set(re.findall(r'\.sensor\("(\w+)"\)', code))
    asked |= set(re.findall(r'"(\w+)"', " ".join(re.findall(r"having\(([^)]*)\)", code))))
    # What the devices are going to call it is looked for already.
    assert asked - {"grid_power"} <= set(spoken.readings)
    controls = re.findall(r'\.find\("(\w+)", "(\w+)"\)', code)
    assert controls
    assert all(word in spoken.controls[platform] for platform, word in controls)
