"""Every word that a device can say is translated, and every translated word is said."""

import json
import re
from typing import Any

import pytest

from custom_components.voltrail.const import CHARGING
from custom_components.voltrail.engine.devices import FAMILIES
from custom_components.voltrail.engine.model import errors
from custom_components.voltrail.engine.model.points import Aspect, Kind, Quantity, Tier
from custom_components.voltrail.presentation import ASPECTS, QUANTITIES, named_by_class

from .test_project import INTEGRATION, load, placeholders
from .vocabulary import Vocabulary, vocabulary


@pytest.fixture(scope="module")
def english() -> dict[str, Any]:
    """The English texts."""
    found = load(INTEGRATION / "translations" / "en.json")
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def spoken() -> Vocabulary:
    """Everything that the families can say."""
    return vocabulary()


def test_every_reading_has_a_name(english: dict[str, Any], spoken: Vocabulary) -> None:
    """A value is named by its device class or by a text; no text is left over."""
    for platform, kinds in (
        ("binary_sensor", {Kind.FLAG}),
        ("sensor", {Kind.NUMBER, Kind.STATE, Kind.TEXT, Kind.MOMENT}),
    ):
        words = {
            word
            for word, points in spoken.readings.items()
            for point in points
            if point.kind in kinds and not named_by_class(point.quantity, word)
        }
        assert words == set(english["entity"].get(platform, {})), platform


def test_every_family_can_be_chosen(english: dict[str, Any]) -> None:
    """The menu names the controller and each family, whose form says how to prepare the device."""
    steps = english["config"]["step"]
    assert set(steps["user"]["menu_options"]) == {CHARGING, *(kind.key for kind in FAMILIES)}
    for kind in FAMILIES:
        assert steps[kind.key]["title"], kind.key
        assert steps[kind.key]["description"], kind.key


def test_every_state_has_a_word(english: dict[str, Any], spoken: Vocabulary) -> None:
    """All states of an enumeration are named; families share a word's states."""
    for word, points in spoken.readings.items():
        states = {
            member.name.lower()
            for point in points
            if point.states is not None
            for member in point.states
        }
        if states:
            assert set(english["entity"]["sensor"][word]["state"]) == states, word


def test_placeholders_fit(english: dict[str, Any], spoken: Vocabulary) -> None:
    """A name asks for a phase or a number exactly where the value has one."""
    for word, points in spoken.readings.items():
        for platform in ("sensor", "binary_sensor"):
            entry = english["entity"][platform].get(word)
            if entry is not None:
                asked = placeholders(entry["name"])
                assert ("phase" in asked) is any(point.phase for point in points), word
                assert ("number" in asked) is any(point.number is not None for point in points), (
                    word
                )
    assert spoken.readings


@pytest.mark.parametrize("platform", ["number", "switch", "select", "button", "time"])
def test_every_control_has_a_name(
    english: dict[str, Any], spoken: Vocabulary, platform: str
) -> None:
    """Every control is named, and no text is left over."""
    assert spoken.controls[platform] == set(english["entity"].get(platform, {}))


def test_what_everybody_sees_has_an_icon(english: dict[str, Any], spoken: Vocabulary) -> None:
    """A control or a main value has an icon, unless its device class brings one."""
    icons = load(INTEGRATION / "icons.json")["entity"]
    plain: dict[str, set[str]] = {
        platform: set(english["entity"][platform])
        for platform in ("number", "select", "switch", "button", "time")
    }
    # The class of a button that restarts a device.
    plain["button"] -= {"restart"}
    for word, points in spoken.readings.items():
        for point in points:
            if point.tier is not Tier.MAIN or point.kind is Kind.MOMENT:
                continue
            flag = point.kind is Kind.FLAG
            known = (
                ASPECTS[point.aspect or Aspect.PLAIN]
                if flag
                else point.quantity and QUANTITIES[point.quantity].sensor
            )
            if known is None:
                plain.setdefault("binary_sensor" if flag else "sensor", set()).add(word)
    for platform, words in plain.items():
        assert words <= set(icons[platform]), platform


def test_every_choice_has_a_word(english: dict[str, Any], spoken: Vocabulary) -> None:
    """All options of a select are named."""
    for word, options in spoken.choices.items():
        assert set(english["entity"]["select"][word]["state"]) == options, word


def test_every_part_has_a_name(english: dict[str, Any], spoken: Vocabulary) -> None:
    """Every kind of part is named."""
    assert spoken.parts == set(english.get("device", {}))


def test_every_error_has_its_text(english: dict[str, Any]) -> None:
    """The engine's English and Home Assistant's are one."""

    def family(kind: type[errors.VoltrailError]) -> list[type[errors.VoltrailError]]:
        return [kind, *(found for child in kind.__subclasses__() for found in family(child))]

    known = {kind.key: kind.message for kind in family(errors.VoltrailError) if "key" in vars(kind)}
    shown = {key: entry["message"] for key, entry in english["exceptions"].items()}
    assert known.items() <= shown.items()


def test_every_problem_has_a_text(english: dict[str, Any], spoken: Vocabulary) -> None:
    """Every repair is written, and none is left over."""
    # Those with a flow are Home Assistant's matter: no device asks for them.
    told = {key for key, issue in english["issues"].items() if "fix_flow" not in issue}
    assert spoken.problems == told


def test_every_quantity_is_presented() -> None:
    """Nothing the engine can measure is unknown above."""
    assert set(QUANTITIES) == set(Quantity)
    assert set(ASPECTS) == set(Aspect)


def test_only_batteries_are_batteries(spoken: Vocabulary) -> None:
    """Whoever is told of low batteries is not told of a low limit for one."""
    words = {
        word
        for word, points in spoken.readings.items()
        if any(point.quantity is Quantity.STATE_OF_CHARGE for point in points)
    }
    assert "state_of_charge" in words
    assert not [word for word in words if re.search("minimum|maximum|limit|target|schedule", word)]


def test_a_place_is_told_to_the_metre() -> None:
    """A latitude in whole degrees is no place, and the mean of two places neither."""
    traits = QUANTITIES[Quantity.COORDINATE]
    assert traits.decimals == 5
    assert traits.state is None


def test_translations_are_sorted() -> None:
    """Sorted keys keep merges of many hands small."""
    for path in (INTEGRATION / "translations").glob("*.json"):
        text = path.read_text(encoding="utf-8")
        assert text == json.dumps(_sorted(json.loads(text)), ensure_ascii=False, indent=2) + "\n"


def _sorted(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    return {key: _sorted(node[key]) for key in sorted(node)}
