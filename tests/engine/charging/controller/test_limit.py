"""A limit on the mean: the state is kept for as long as it can be, the current makes room."""

from dataclasses import replace

import pytest

from custom_components.voltrail.engine.charging.controller import MeanLimit, Mode, limit
from custom_components.voltrail.engine.charging.controller.limit import Limit

from .house import House, one_car

WINDOW_S = 900
THREE_PHASES_W = 3 * 6 * 230.0
ONE_PHASE_W = 6 * 230.0


def quarters(house: House, seconds: int, loads: dict[int, float]) -> list[float]:
    """Run whole quarters; ``loads`` are the amperes of the house on L1 from a second on."""
    means, energy = [], 0.0
    for second in range(seconds):
        if second in loads:
            house.loads_a = (loads[second], 1.0, 1.0)
        house.step()
        energy += max(0.0, sum(house.phases_a()) * 230) / 3600
        if second % WINDOW_S == WINDOW_S - 1:
            means.append(energy * 3600 / WINDOW_S)
            energy = 0.0
    return means


def below(watts: float, **charger: bool) -> House:
    """Return a car that wants all it can get, below a limit."""
    return one_car(mode=Mode.FAST, charger=charger, connection={"limit": MeanLimit(watts)})


def test_a_kettle_interrupts_no_car() -> None:
    """Three minutes of it late in a window leave the car its three phases, and keep the limit."""
    house = below(7000.0)
    means = quarters(house, 1800, {0: 1.0, 1300: 11.0, 1480: 1.0})
    assert house.socket.starts == 1
    assert max(means) <= 7000
    assert means[1] > 6300


@pytest.mark.parametrize("before_end_s", [500, 300, 200, 120, 60, 30])
def test_a_dryer_late_in_a_window_does_not_break_the_limit(before_end_s: int) -> None:
    """It goes on to the end of the window; the car makes room, and pauses if it has to."""
    house = below(4000.0, switchable=True)
    means = quarters(house, 1800, {0: 9.0, 1800 - before_end_s: 18.0})
    assert max(means) <= 4000


def test_a_dryer_that_goes_on_pauses_the_car() -> None:
    """What does not end by itself is met by a pause until the window is over."""
    house = below(4000.0)
    house.loads_a = (1.0, 1.0, 1.0)
    means = quarters(house, 1800, {0: 1.0, 60: 14.0})
    assert house.level == 0
    assert max(means) <= 4000


def room(
    *,
    left_s: float = 800.0,
    low_w: float = 6000.0,
    top_w: float = 300.0,
    spare_wh: float = 1500.0,
) -> Limit:
    """Return a limit with much room: a quiet house at the beginning of a window."""
    return Limit(
        minute_w=300.0,
        half_hour_w=300.0,
        top_w=top_w,
        low_w=low_w,
        high_w=low_w,
        left_s=left_s,
        spare_wh=spare_wh,
    )


def level(state: Limit, present: int, *, given: int = 1, switches: int = 0) -> int:
    """Return the state that a limit of 7 kW allows a car that could use one phase or three."""
    return limit.level(
        state,
        present,
        (1, 3),
        ONE_PHASE_W,
        7000.0,
        given=given,
        since_switch_s=10_000.0,
        switches=switches,
        wall_s=0.0,
        window_s=WINDOW_S,
    )


def test_phases_are_changed_four_times_in_seven_hours() -> None:
    """After two changes there is one more up and the way back; a start does not get round it."""
    assert level(room(), 1, switches=2) == 3
    assert level(room(), 1, switches=3) == 1
    assert level(room(), 0, switches=2) == 3
    assert level(room(), 0, switches=3) == 1
    assert level(room(), 0, given=3, switches=3) == 3


def test_three_phases_are_left_for_one_only_where_that_is_worth_a_switch() -> None:
    """With little left of the window a pause until its end costs less than a switch and one back.

    In its last seconds neither changes anything any more.
    """
    assert level(room(left_s=600.0), 3, given=3) == 3
    tight = replace(room(left_s=600.0), spare_wh=ONE_PHASE_W * 600 / 3600 + 10)
    assert level(tight, 3, given=3) == 1
    assert level(replace(tight, spare_wh=100.0), 3, given=3) == 0
    assert level(replace(tight, left_s=300.0, spare_wh=40.0), 3, given=3) == 0
    assert level(replace(tight, left_s=300.0, spare_wh=60.0), 3, given=3) == 3
    assert level(replace(tight, left_s=8.0, spare_wh=0.0), 3, given=3) == 3


def test_the_last_change_of_phases_waits() -> None:
    """After three changes a pause comes first, and three phases get a quarter to come back."""
    tight = room(left_s=600.0, spare_wh=ONE_PHASE_W * 600 / 3600 + 10)
    assert level(tight, 3, given=3, switches=3) == 3
    tight.spare_wh = 50.0
    assert level(tight, 3, given=3, switches=3) == 0
    assert tight.wait_until_wall_s == 600
    loud = room(low_w=3000.0)
    assert level(loud, 0, given=3, switches=3) == 0
    assert level(loud, 0, given=3, switches=2) == 1
    loud.wait_until_wall_s = -900.0
    assert level(loud, 0, given=3, switches=3) == 1


def test_what_was_tried_in_vain_is_tried_later() -> None:
    """A house that was loud of late gets no three phases; it does without a change of phases."""
    loud = room(top_w=3500.0)
    assert level(loud, 0) == 1
    assert level(loud, 0, given=3) == 3
    assert level(loud, 1) == 1


def test_room_is_kept_back_only_where_the_current_has_none() -> None:
    """Much above the least the current itself is the reserve; near it, a kettle's energy is."""
    assert limit.reserve_w(room(low_w=9000.0), THREE_PHASES_W) == 0
    assert limit.reserve_w(room(low_w=4400.0, left_s=240.0), THREE_PHASES_W) == 1740
    assert limit.reserve_w(room(low_w=4400.0, left_s=480.0), THREE_PHASES_W) == 740
