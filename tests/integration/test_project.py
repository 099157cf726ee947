"""What hassfest and the HACS checks look at, asked of our own files on every commit."""

import ast
import json
import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from awesomeversion import AwesomeVersion, AwesomeVersionStrategy
from homeassistant import generated
from homeassistant.core import HomeAssistant
from homeassistant.helpers import service
from homeassistant.helpers.icon import async_get_icons
from homeassistant.helpers.translation import async_get_translations
from homeassistant.loader import async_get_custom_components
from homeassistant.setup import async_setup_component

from custom_components.voltrail.const import DOMAIN, PLATFORMS

ROOT: Final = Path(__file__).parents[2]
INTEGRATION: Final = ROOT / "custom_components" / "voltrail"
LANGUAGES: Final = ("en", "nl", "nb", "de", "sv", "da", "fr")
SCALE_RULES: Final = frozenset(
    {
        # Bronze
        *("action-setup", "appropriate-polling", "brands", "common-modules"),
        *("config-flow-test-coverage", "config-flow", "dependency-transparency"),
        *("docs-actions", "docs-triggers", "docs-conditions"),
        *("docs-high-level-description", "docs-installation-instructions"),
        *("docs-removal-instructions", "entity-event-setup", "entity-unique-id"),
        *("has-entity-name", "runtime-data", "test-before-configure", "test-before-setup"),
        "unique-config-entry",
        # Silver
        *("action-exceptions", "config-entry-unloading", "docs-configuration-parameters"),
        *("docs-installation-parameters", "entity-unavailable", "integration-owner"),
        *("log-when-unavailable", "parallel-updates", "reauthentication-flow", "test-coverage"),
        # Gold
        *("devices", "diagnostics", "discovery-update-info", "discovery", "docs-data-update"),
        *("docs-examples", "docs-known-limitations", "docs-supported-devices"),
        *("docs-supported-functions", "docs-troubleshooting", "docs-use-cases"),
        *("dynamic-devices", "entity-category", "entity-device-class"),
        *("entity-disabled-by-default", "entity-translations", "exception-translations"),
        *("icon-translations", "reconfiguration-flow", "repair-issues", "stale-devices"),
        # Platinum
        *("async-dependency", "inject-websession", "strict-typing"),
    }
)


def load(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def texts(node: Any, path: str = "") -> dict[str, str]:
    """Flatten a translation file into texts by path."""
    if isinstance(node, str):
        return {path: node}
    found: dict[str, str] = {}
    for key, value in node.items():
        found |= texts(value, f"{path}.{key}" if path else key)
    return found


def placeholders(text: str) -> set[str]:
    """Return the names of the placeholders in a text."""
    return set(re.findall(r"{([^}]*)}", text))


@pytest.fixture(scope="module")
def english() -> dict[str, Any]:
    """The English texts, which are the measure for the others."""
    found = load(INTEGRATION / "translations" / "en.json")
    assert isinstance(found, dict)
    return found


# -- manifest and files --------------------------------------------------------


def test_manifest() -> None:
    """The keys are those that are allowed, in the order that is asked for."""
    manifest = load(INTEGRATION / "manifest.json")
    allowed = {
        *("domain", "name", "after_dependencies", "categories", "codeowners", "config_flow"),
        *("connectivity", "dependencies", "dhcp", "documentation", "integration_type"),
        *("iot_class", "issue_tracker", "loggers", "mqtt", "requirements", "ssdp", "usb"),
        *("version", "zeroconf"),
    }
    assert set(manifest) <= allowed
    assert list(manifest) == ["domain", "name", *sorted(set(manifest) - {"domain", "name"})]
    assert manifest["domain"] == DOMAIN == INTEGRATION.name
    assert manifest["codeowners"]
    assert all(owner.startswith("@") for owner in manifest["codeowners"])
    for key in ("documentation", "issue_tracker"):
        assert manifest[key].startswith("https://")
        assert "home-assistant.io" not in manifest[key]
    # Most have one device to an entry, and "Add hub" would be odd for a charger.
    assert manifest["integration_type"] == "device"
    assert manifest["iot_class"] == "local_polling"
    version = AwesomeVersion(
        manifest["version"],
        ensure_strategy=[AwesomeVersionStrategy.SEMVER, AwesomeVersionStrategy.PEP440],
    )
    # The wheel has the same one, and Python knows its own form only.
    assert re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+)?", version.string)
    # A pin of ours could fight with what others, or Home Assistant itself, ask for.
    assert not any("==" in requirement for requirement in manifest["requirements"])


def test_every_imported_integration_is_a_dependency() -> None:
    """What is imported of Home Assistant's integrations is named, or part of every set-up."""
    manifest = load(INTEGRATION / "manifest.json")
    named = {*manifest["dependencies"], *manifest.get("after_dependencies", ())}
    always = {*map(str, PLATFORMS), "diagnostics", "http", "repairs", "websocket_api"}
    for path in INTEGRATION.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.ImportFrom) or node.module is None:
                continue
            found = re.match(r"homeassistant\.components\.(\w+)", node.module)
            modules = (
                {found[1]}
                if found
                else {alias.name for alias in node.names}
                if node.module == "homeassistant.components"
                else set()
            )
            assert modules <= named | always, f"{path.name} imports {modules}"


@pytest.mark.parametrize("key", ["categories", "connectivity"])
def test_where_it_is_listed(key: str) -> None:
    """The words are those that Home Assistant has, from 2026.11 on."""
    known = Path(str(generated.__file__)).parent / f"integration_{key}.json"
    if not known.is_file():
        pytest.skip("this Home Assistant sorts no integrations")
    words = {
        word
        for group in load(known)
        for word in (
            group["slug"],
            *(f"{group['slug']}.{sub['slug']}" for sub in group.get("subcategories", ())),
        )
    }
    assert set(load(INTEGRATION / "manifest.json")[key]) <= words


@pytest.mark.parametrize("folder", ["scripts/lib/simulated_history", "tests/e2e/inspection"])
def test_small_manifests(folder: str) -> None:
    """The integrations of the demo and of the browser tests lack nothing that is asked for."""
    manifest = load(ROOT / folder / "manifest.json")
    assert list(manifest) == ["domain", "name", *sorted(set(manifest) - {"domain", "name"})]
    assert {"integration_type", "issue_tracker", "version"} <= set(manifest)


def test_hacs() -> None:
    """The repository has what HACS and the Marketplace ask for."""
    hacs = load(ROOT / "hacs.json")
    assert set(hacs) <= {"name", "homeassistant", "hide_default_branch", "zip_release", "filename"}
    assert hacs["name"] == "Voltrail"
    # The file of a release, which was tried and signed; a branch has none.
    assert hacs["zip_release"] is hacs["hide_default_branch"] is True
    assert f"dist/{hacs['filename']}" in (ROOT / "scripts" / "package").read_text(encoding="utf-8")
    assert tuple(map(int, hacs["homeassistant"].split("."))) >= (2026, 10, 0)
    folders = [path.name for path in (ROOT / "custom_components").iterdir() if path.is_dir()]
    assert [name for name in folders if not name.startswith("__")] == [DOMAIN]
    for name in ("README.md", "LICENSE", "hacs.json"):
        assert (ROOT / name).is_file()
    assert "MIT License" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert not (ROOT / "brand").exists()


@pytest.mark.parametrize(("name", "side"), [("icon.png", 256), ("icon@2x.png", 512)])
def test_brand(name: str, side: int) -> None:
    """The icons are PNG files of the right size."""
    head = (INTEGRATION / "brand" / name).read_bytes()[:24]
    assert head.startswith(b"\x89PNG\r\n\x1a\n")
    assert int.from_bytes(head[16:20]) == int.from_bytes(head[20:24]) == side


def test_common_modules() -> None:
    """What polls and what listens is in the one file, and what entities share in the other."""
    for name, places in {
        "DataUpdateCoordinator": {"coordinator.py"},
        "CoordinatorEntity": {"entity.py"},
    }.items():
        found = {
            path.relative_to(INTEGRATION).as_posix()
            for path in INTEGRATION.rglob("*.py")
            if re.search(
                rf"^class \w+\(.*\b{name}\b", path.read_text(encoding="utf-8"), re.MULTILINE
            )
        }
        assert found == places, name


@pytest.mark.parametrize("platform", PLATFORMS)
def test_parallel_updates(platform: str) -> None:
    """Every platform says how many orders it takes at a time."""
    text = (INTEGRATION / f"{platform}.py").read_text(encoding="utf-8")
    assert re.search(r"^PARALLEL_UPDATES = \d+$", text, re.MULTILINE)


_PLACES: Final = (INTEGRATION, ROOT, ROOT / "tests" / "integration")
_PROOF: Final = re.compile(r"([\w/.-]+\.(?:py|md|json|toml|png)|scripts/\w+)(?:::(\w+))?")


def proofs() -> dict[str, list[tuple[str, str]]]:
    """Return the files, and the tests in them, that are named above each rule of the scale."""
    found: dict[str, list[tuple[str, str]]] = {}
    above: list[tuple[str, str]] = []
    for line in (INTEGRATION / "quality_scale.yaml").read_text(encoding="utf-8").splitlines():
        if line.startswith("  #"):
            above += _PROOF.findall(line)
        elif rule := re.match(r"  ([\w-]+): ?", line):
            found[rule[1]], above = above, []
    return found


def test_quality_scale_is_proved() -> None:
    """What proves a rule is named with it, and is there."""
    rules = yaml.safe_load((INTEGRATION / "quality_scale.yaml").read_text(encoding="utf-8"))[
        "rules"
    ]
    named = proofs()
    for rule, verdict in rules.items():
        assert named[rule] or verdict != "done", rule
        for name, test in named[rule]:
            files = [place / name for place in _PLACES if (place / name).is_file()]
            assert files, f"{rule}: {name} is not there"
            text = files[0].read_text(encoding="utf-8") if test else ""
            assert not test or f"def {test}(" in text, f"{rule}: {name} has no {test}"


def test_quality_scale() -> None:
    """Every rule is done, or exempt with a reason."""
    rules = yaml.safe_load((INTEGRATION / "quality_scale.yaml").read_text(encoding="utf-8"))[
        "rules"
    ]
    assert set(rules) == SCALE_RULES
    for rule, verdict in rules.items():
        if verdict != "done":
            assert verdict["status"] == "exempt", rule
            assert len(verdict["comment"]) > 20, rule


# -- texts ---------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_follow_the_rules(language: str) -> None:
    """No HTML, no address, no blanks at the ends, sound keys and placeholders."""
    found = texts(load(INTEGRATION / "translations" / f"{language}.json"))
    for path, text in found.items():
        assert text == text.strip(), path
        assert text, path
        assert not re.search(r"<[a-z/]", text), path
        assert "://" not in text, path
        assert not re.search(r"'{\w+}'", text), path
        assert all(name.isidentifier() for name in placeholders(text)), path
        assert all(re.fullmatch(r"[a-z0-9_-]+", key) for key in path.split(".")), path


@pytest.mark.parametrize("language", LANGUAGES)
def test_languages_are_complete(language: str, english: dict[str, Any]) -> None:
    """Every language has every text, with the same placeholders."""
    measure, found = texts(english), texts(load(INTEGRATION / "translations" / f"{language}.json"))
    assert found.keys() == measure.keys()
    for path, text in measure.items():
        assert placeholders(found[path]) == placeholders(text), path


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_languages_are_translated(language: str, english: dict[str, Any]) -> None:
    """A language is more than a copy of the English file."""
    measure, found = texts(english), texts(load(INTEGRATION / "translations" / f"{language}.json"))
    sentences = [path for path, text in measure.items() if len(text.split()) > 5]
    assert sentences
    assert not [path for path in sentences if found[path] == measure[path]]


def test_data_descriptions_belong_to_fields(english: dict[str, Any]) -> None:
    """Every field of a form is described, and nothing else is."""
    for flow in ("config", "options"):
        for name, step in english[flow]["step"].items():
            assert set(step.get("data", {})) == set(step.get("data_description", {})), name


def test_issues_are_described(english: dict[str, Any]) -> None:
    """A repair says what is wrong and what to do."""
    for key, issue in english["issues"].items():
        assert set(issue) in ({"title", "description"}, {"title", "fix_flow"}), key
        for step in issue.get("fix_flow", {}).get("step", {}).values():
            assert {"title", "description"} <= set(step), key


def test_icons(english: dict[str, Any]) -> None:
    """Icons are of Material Design, and belong to words that exist."""
    icons = load(INTEGRATION / "icons.json")
    assert set(icons) <= {"conditions", "entity", "services", "triggers"}
    for kind in ("conditions", "services", "triggers"):
        assert set(icons[kind]) == set(english[kind]), kind
    for path, icon in texts(icons).items():
        assert re.fullmatch(r"mdi:[a-z0-9-]+", icon), path
    for platform, words in icons["entity"].items():
        assert set(words) <= set(english["entity"][platform]), platform
        for word, icon in words.items():
            states = set(icon.get("state", {}))
            known = english["entity"][platform][word].get("state", {"on": "", "off": ""})
            assert states <= set(known), f"{platform}.{word}"


# -- what Home Assistant itself makes of it --------------------------------------


async def test_home_assistant_loads_it(hass: HomeAssistant, english: dict[str, Any]) -> None:
    """The loader, the texts, the icons and the actions are accepted."""
    assert DOMAIN in await async_get_custom_components(hass)
    assert await async_setup_component(hass, DOMAIN, {})
    for category in ("config", "entity", "exceptions", "issues", "options"):
        found = await async_get_translations(hass, "en", category, {DOMAIN})
        expected = {f"component.{DOMAIN}.{category}.{path}" for path in texts(english[category])}
        assert expected <= found.keys()
    icons = await async_get_icons(hass, "entity", {DOMAIN})
    assert icons[DOMAIN] == load(INTEGRATION / "icons.json")["entity"]
    described = (await service.async_get_all_descriptions(hass)).get(DOMAIN, {})
    assert set(hass.services.async_services().get(DOMAIN, {})) == set(described)
