"""The documentation: links lead somewhere, and what can be tried is tried."""

import ast
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from homeassistant.components.automation.config import async_validate_config_item
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.voltrail.api.actions import QUESTIONS as ACTION_QUESTIONS
from custom_components.voltrail.api.rpc import URL
from custom_components.voltrail.api.rpc_methods import QUESTIONS, VERBS
from custom_components.voltrail.const import DOMAIN
from custom_components.voltrail.engine.cli.arguments import parse
from custom_components.voltrail.engine.devices import FAMILIES
from simulators.mennekes_tcp import Charger4X

ROOT: Final = Path(__file__).parents[2]
READMES: Final = ("README.md", "README.nl.md", "README.nb.md")
PAGES: Final = [
    *(ROOT / name for name in (*READMES, "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "simulators" / "README.md",
]

_BLOCK: Final = re.compile(r"^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
_LINK: Final = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)|src=\"(?P<source>[^\"]+)\"")
_HEADING: Final = re.compile(r"^#+ (?P<title>.+)$", re.MULTILINE)


def page(path: Path) -> str:
    """Return the text of a page."""
    return path.read_text(encoding="utf-8")


def blocks(kind: str, *paths: Path) -> Iterator[tuple[str, str]]:
    """Yield the examples of a kind, with the name of their page."""
    for path in paths or PAGES:
        for found in _BLOCK.finditer(page(path)):
            if found["kind"] == kind:
                yield path.name, found["text"]


def anchors(path: Path) -> set[str]:
    """Return what a link can lead to within a page, as GitHub makes it of the headings."""
    prose = _BLOCK.sub("", page(path))
    titles = (found["title"] for found in _HEADING.finditer(prose))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links(path: Path) -> None:
    """Every link and every picture within the project leads to what is there."""
    prose = _BLOCK.sub("", page(path))
    for found in _LINK.finditer(prose):
        target = found["target"] or found["source"]
        if target.startswith(("https://", "http://")):
            continue
        place, _, anchor = target.partition("#")
        file = path if not place else (path.parent / place).resolve()
        assert file.exists(), f"{target} is not there"
        if anchor:
            assert anchor in anchors(file), f"{target}: there is no such heading"


def test_every_family_has_a_page() -> None:
    """A page for each family, to which the README leads."""
    for family in FAMILIES:
        name = f"{family.key.replace('_', '-')}.md"
        text = page(ROOT / "docs" / name)
        for part in ("form", "options", "entities", "repairs"):
            assert f"<!-- generated: {part} {family.key} -->" in text
        for readme in READMES:
            assert f"(docs/{name})" in page(ROOT / readme)


@pytest.mark.parametrize("name", READMES[1:])
def test_readmes_in_other_languages(name: str) -> None:
    """They have the sections, the pictures and the commands of the English one."""

    def shape(text: str) -> dict[str, list[str]]:
        links = [found["target"] or found["source"] for found in _LINK.finditer(text)]
        return {
            "levels": [found[0].split()[0] for found in _HEADING.finditer(_BLOCK.sub("", text))],
            "links": [link for link in links if not link.startswith(("#", "README"))],
            "tables": [line for line in text.splitlines() if line.startswith("| ---")],
            "rows": ["row" for line in text.splitlines() if line.startswith("| ")],
        }

    assert shape(page(ROOT / name)) == shape(page(ROOT / "README.md"))


def test_shell_examples() -> None:
    """Every command that begins with the name of the program is understood by it."""
    tried = set()
    for name, text in blocks("shell"):
        for line in text.splitlines():
            if line.startswith("voltrail "):
                words = shlex.split(line.partition(">")[0])
                try:
                    parse(words[1:])
                except SystemExit:
                    pytest.fail(f"{name}: {line}")
                tried.add(words[1])
    commands = {"families", "read", "watch", "set", "dump", "decode", "listen", "completion"}
    assert tried == commands


def test_python_examples() -> None:
    """Every example in Python is Python."""
    for name, text in blocks("python"):
        compile(text, name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


async def test_automations(hass: HomeAssistant) -> None:
    """Home Assistant accepts every automation and every sequence of actions."""
    found = 0
    for name, text in blocks("yaml", *sorted((ROOT / "docs").glob("*.md"))):
        config = parse_yaml(text)
        assert isinstance(config, dict)
        if "triggers" in config:
            # Some show the trigger alone.
            config.setdefault("actions", [])
            validated = await async_validate_config_item(hass, "example", config)
            assert validated is not None, name
            assert validated.validation_error is None, f"{name}: {validated.validation_error}"
            found += 1
        elif "sequence" in config:
            cv.SCRIPT_SCHEMA(config["sequence"])
            found += 1
    assert found > 10


async def test_rpc_examples(
    hass: HomeAssistant,
    charger: Charger4X,
    charger_loaded: MockConfigEntry,
    hass_client: ClientSessionGenerator,
) -> None:
    """Every request is answered, and the page names every method."""
    assert await async_setup_component(hass, DOMAIN, {})
    hass.config_entries.async_update_entry(charger_loaded, title="Garage")
    client = await hass_client()
    path = ROOT / "docs" / "rpc.md"
    for _, text in blocks("json", path):
        request = json.loads(text)
        if isinstance(request, dict) and "method" not in request:
            continue
        answer = await (await client.post(URL, json=request)).json()
        for one in answer if isinstance(answer, list) else [answer]:
            assert "error" not in one, one
    assert charger.hems.current == 0, "the batch ends with a pause"
    assert charger_loaded.title == "Garage"
    named = set(re.findall(r"`([a-z]+[A-Z]\w+|ping|health)`", page(path)))
    assert {*QUESTIONS, *VERBS, "ping", "health"} <= named


def test_the_page_of_actions_names_every_question() -> None:
    """What a question answers is told."""
    text = page(ROOT / "docs" / "actions.md")
    for name in (*ACTION_QUESTIONS, "read_registers"):
        assert f"| `{name}` |" in text
