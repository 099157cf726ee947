"""What is asked for: the next one, the lower one, and the stored one."""

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.voltrail.engine.charging.target import PausedBy, Target

SIXTEEN = Target().limited(16)
TEN = Target().limited(10)
POWER = TEN.limited(10, power=4000)

currents = st.none() | st.sampled_from([6.0, 6.1, 10.0, 16.0, 32.0])
targets = st.builds(
    Target,
    current=currents,
    power=st.none() | st.sampled_from([1380.0, 4000.0, 11000.0]),
    paused_by=st.none() | st.sampled_from(PausedBy),
    phases=st.sampled_from([None, 1, 3]),
    set=st.booleans(),
)


def test_a_limit_ends_a_pause() -> None:
    """And takes the power out of force, unless it is made of one."""
    paused = POWER.pausing()
    assert paused.limited(12) == Target(current=12, set=True)
    assert paused.limited(12, power=5000) == Target(current=12, power=5000, set=True)
    assert paused.powered(5000) == Target(current=10, power=5000, set=True)


def test_a_pause_keeps_the_limit() -> None:
    """It is resumed with, also if it is a power; with the usual one if there was none."""
    assert POWER.pausing().resumed(16) == POWER
    assert Target().pausing().resumed(16) == SIXTEEN
    assert Target().resumed(16).set


@pytest.mark.parametrize("by", PausedBy)
def test_who_paused(by: PausedBy) -> None:
    """A pause that nobody asked for is one all the same."""
    paused = TEN.pausing(by)
    assert paused.paused
    assert paused.too_little is (by is PausedBy.TOO_LITTLE)
    assert not TEN.paused
    assert not TEN.too_little
    assert TEN.pausing().paused_by is PausedBy.PERSON


@pytest.mark.parametrize(
    ("before", "wanted", "lower"),
    [
        (TEN, SIXTEEN, TEN),
        (SIXTEEN, TEN, TEN),
        (TEN, TEN.pausing(), TEN.pausing()),
        (SIXTEEN.pausing(), TEN, SIXTEEN.pausing()),
        (SIXTEEN.pausing(), TEN.pausing(PausedBy.TOO_LITTLE), SIXTEEN.pausing(PausedBy.TOO_LITTLE)),
        # The same current: what else differs is not taken for granted.
        (TEN, POWER, POWER),
        (POWER, TEN, POWER),
        (POWER, TEN.limited(10, power=3000), TEN.limited(10, power=3000)),
        (TEN.limited(10, power=3000), POWER, TEN.limited(10, power=3000)),
        (TEN, replace(TEN, phases=1), TEN),
        # What was never limited lets everything through.
        (Target(), SIXTEEN, SIXTEEN),
        (Target(power=4000, set=True), SIXTEEN, SIXTEEN),
        (TEN, Target(phases=1, set=True), TEN),
    ],
)
def test_the_lower_of_two(before: Target, wanted: Target, lower: Target) -> None:
    """A pause is lower than any limit; a limit that got lost does not end one."""
    assert before.cautious(wanted) == lower


@given(before=targets, wanted=targets)
def test_the_lower_one_lets_no_more_through(before: Target, wanted: Target) -> None:
    """Than either of the two, whatever they are."""
    lower = before.cautious(wanted)
    assert lower.paused is (before.paused or wanted.paused)
    if not lower.paused:
        assert lower in (before, wanted)
        assert lower.demand == min(before.demand, wanted.demand)


@given(before=targets)
def test_nothing_changes_where_both_are_the_same(before: Target) -> None:
    """An order that was in force already is no raise."""
    asked = replace(before, set=True)
    assert asked.cautious(asked) == asked


@given(targets)
def test_it_comes_back_from_the_disk(target: Target) -> None:
    """As it was."""
    stored = json.loads(json.dumps(target.dump()))
    assert Target.load(stored, least=6) == target


@pytest.mark.parametrize(
    ("stored", "target"),
    [
        # As the version wrote it that knew no pausing person.
        (
            {
                "current": 13.0,
                "power": 4000.0,
                "paused": True,
                "too_little": True,
                "phases": 1,
                "set": True,
            },
            Target(current=13, power=4000, paused_by=PausedBy.TOO_LITTLE, phases=1, set=True),
        ),
        ({"current": 13, "paused": True, "set": True}, Target(current=13, set=True).pausing()),
        ({"current": 13, "paused": False, "set": True}, Target(current=13, set=True)),
        ({}, Target()),
        # Anything unclear about a pause is one.
        ({"paused": None}, Target(paused_by=PausedBy.PERSON)),
        ({"paused": 0}, Target(paused_by=PausedBy.PERSON)),
        ({"paused": False, "too_little": True}, Target()),
        ({"paused": True, "too_little": 1}, Target(paused_by=PausedBy.PERSON)),
        # What makes no sense is left out.
        ({"current": 5.9}, Target()),
        ({"current": 6}, Target(current=6)),
        ({"current": "16", "power": None}, Target()),
        ({"current": True, "power": True}, Target()),
        ({"current": math.nan, "power": math.inf}, Target()),
        ({"power": 0.5}, Target()),
        ({"power": 1}, Target(power=1)),
        ({"phases": 2}, Target()),
        ({"phases": True}, Target()),
        ({"phases": 1.0}, Target()),
        ({"set": 1}, Target()),
    ],
)
def test_old_and_odd_files(stored: dict[str, Any], target: Target) -> None:
    """What earlier versions stored is read, and nothing that a person broke does harm."""
    assert Target.load(stored, least=6) == target


def test_earlier_versions_read_ours() -> None:
    """The names are theirs."""
    assert TEN.pausing(PausedBy.TOO_LITTLE).dump() == {
        "current": 10,
        "power": None,
        "paused": True,
        "too_little": True,
        "phases": None,
        "set": True,
    }
