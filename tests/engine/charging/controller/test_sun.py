"""Charging from the sun: the accounts, the current, the phases."""

import pytest

from custom_components.voltrail.engine.charging.controller import (
    GridShare,
    Mode,
    PhaseChoice,
    Reason,
)
from custom_components.voltrail.engine.charging.controller import accounts as books
from custom_components.voltrail.engine.charging.controller.accounts import Accounts
from custom_components.voltrail.engine.charging.controller.following import (
    follow,
    rounded_down,
)
from tests.engine.charging.controller.house import one_car


def changes_after(
    levels: list[int], present: int, surplus_w: float, weight: float = 2.0, most_s: int = 3600
) -> tuple[int, int] | None:
    """Return after how many seconds the accounts demand a change, and to what."""
    accounts = Accounts()
    books.rebuild(accounts, levels, present)
    for second in range(1, most_s):
        worth = books.worth_w(surplus_w, levels, 1380, 3680, weight)
        books.advance(accounts, worth, present, 1.0, second)
        accounts.factor = 1.0
        if (level := books.due(accounts, present, worth)) != present:
            return second, level
    return None


@pytest.mark.parametrize(
    ("levels", "present", "surplus_w", "after_s", "level"),
    [
        ([0, 1, 3], 0, 8000, 18, 3),
        ([0, 1, 3], 0, 2000, 72, 1),
        ([0, 3], 3, 0, 44, 0),
        ([0, 3], 3, 2000, 160, 0),
        ([0, 1, 3], 3, 2000, 103, 1),
        ([0, 1, 3], 1, 0, 131, 0),
        ([0, 1], 1, 700, 545, 0),
    ],
)
def test_accounts_take_as_long_as_the_energy_at_stake(
    levels: list[int], present: int, surplus_w: float, after_s: int, level: int
) -> None:
    """What is at stake decides how long it takes, not a timer."""
    changed = changes_after(levels, present, surplus_w)
    assert changed is not None
    assert changed[0] == pytest.approx(after_s, abs=5)
    assert changed[1] == level


@pytest.mark.parametrize(("weight", "share"), [(1.0, 0.51), (2.0, 0.67), (3.0, 0.76)])
def test_goes_on_for_ever_where_enough_of_the_minimum_is_sun(weight: float, share: float) -> None:
    """Above λ / (1 + λ) of the minimum it is worth going on."""
    assert changes_after([0, 1], 1, share * 1380, weight) is None
    assert changes_after([0, 1], 1, (share - 0.06) * 1380, weight, 100_000) is not None


def test_starts_in_the_state_that_is_worth_most() -> None:
    """While the sun rises one phase has paid first: a change to three would follow at once."""
    accounts = books.Accounts()
    books.rebuild(accounts, [0, 1, 3], 0)
    for second in range(600):
        worth = books.worth_w(20.0 * second, [0, 1, 3], 1380, 3680, 2.0)
        books.advance(accounts, worth, 0, 1.0, second)
        if level := books.due(accounts, 0, worth):
            break
    assert level == 1
    assert accounts.accounts_wh[1] > accounts.accounts_wh[2]
    worth = books.worth_w(5000, [0, 1, 3], 1380, 3680, 2.0)
    assert books.due(accounts, 0, worth) == 3
    worth = books.worth_w(300, [0, 1, 3], 1380, 3680, 2.0)
    assert books.due(accounts, 0, worth) == 0


def test_a_cloud_that_ends_leaves_nothing_behind() -> None:
    """Accounts never run below 0, so that good times buy no patience."""
    accounts = Accounts()
    books.rebuild(accounts, [0, 1, 3], 3)
    for _ in range(30):
        books.advance(accounts, books.worth_w(0, [0, 1, 3], 1380, 3680, 2), 3, 1.0, 0)
    assert accounts.accounts_wh[0] > 50
    for _ in range(600):
        books.advance(accounts, books.worth_w(9000, [0, 1, 3], 1380, 3680, 2), 3, 1.0, 0)
    assert accounts.accounts_wh == [0, 0, 0]


def test_accounts_stand_still_while_the_car_starts() -> None:
    """Nobody can say what a state is worth that the car is not in yet; paper goes on."""
    accounts = Accounts()
    books.rebuild(accounts, [0, 3], 3)
    books.advance(accounts, books.worth_w(0, [0, 3], 1380, 3680, 2), None, 30.0, 0)
    assert accounts.accounts_wh == [0, 0]


@pytest.mark.parametrize(
    ("present", "exact", "weight", "order"),
    [
        (10, 10.5, 1, 10),
        (10, 10.7, 1, 11),
        (10, 9.5, 1, 10),
        (10, 9.3, 1, 9),
        (10, 10.7, 2, 10),
        (10, 10.8, 2, 11),
        (10, 14.9, 2, 15),
        (10, 6.2, 2, 6),
    ],
)
def test_whole_amperes(present: float, exact: float, weight: float, order: float) -> None:
    """A step is taken when more than 1 - 1 / (1 + λ) of it is sun, with some slack."""
    assert follow(present, exact, exact, step_a=1.0, weight=weight) == order


@pytest.mark.parametrize(
    ("low", "high", "order"), [(6, 14, 10), (12, 14, 12), (6, 8, 8), (9.9, 10.1, 10)]
)
def test_stays_while_an_order_is_under_way(low: float, high: float, order: float) -> None:
    """Up when even the low end allows it, down when even the high end demands it."""
    assert follow(10, low, high, step_a=0.1, weight=2) == pytest.approx(order, abs=0.11)


def test_rounds_down() -> None:
    """A step of a tenth is not lost to binary fractions."""
    assert rounded_down(6.3, 0.1) == 6.3
    assert rounded_down(6.29, 0.1) == 6.2
    assert rounded_down(6.99, 1.0) == 6.0


def test_starts_with_the_current_and_the_phases_that_fit() -> None:
    """It begins in the state that is worth most, not on one phase at the minimum."""
    house = one_car(charger={"switchable": True, "one_verb": True})
    house.sun_w = 9000
    house.run(30)
    order = house.socket.orders[0][1]
    assert (order.phases, order.current_a) == (3, 12)


def test_follows_the_sun_within_a_step() -> None:
    """On a steady sun nothing is bought and less than a step is given away."""
    house = one_car(charger={"step_a": 0.1})
    house.sun_w = 7000
    house.run(120)
    assert house.grid is not None
    assert abs(house.grid.power_w) < 3 * 230 * 0.35 + 10
    assert house.reason == Reason.FOLLOWING_SUN


def test_rides_through_a_short_cloud_and_pauses_in_a_long_one() -> None:
    """A cloud of 20 s costs what it costs, one of minutes pauses the car."""
    house = one_car()
    house.sun_w = 9000
    house.run(90)
    house.sun_w = 600
    house.run(20)
    assert house.reason == Reason.RIDING_THROUGH
    assert house.order_a == 6
    house.sun_w = 9000
    house.run(60)
    assert house.socket.starts == 1
    house.sun_w = 600
    house.run(200)
    assert house.reason == Reason.TOO_LITTLE_SUN
    assert house.level == 0


def test_one_phase_when_the_sun_fades() -> None:
    """Where both are possible the car goes to one phase, with 0 A and a wait in between."""
    house = one_car(charger={"switchable": True})
    house.sun_w = 9000
    house.run(240)
    house.sun_w = 3200
    house.run(240)
    assert house.level == 1
    assert house.socket.used == 1
    currents = [order.current_a for _, order in house.socket.orders if order.phases == 1][-3:]
    assert 0 in currents
    assert currents[-1] > 6


def test_no_order_between_emptied_and_switched() -> None:
    """The phases are not ordered before the car draws nothing."""
    house = one_car(charger={"switchable": True})
    house.sun_w = 9000
    house.run(240)
    house.sun_w = 3200
    for _ in range(240):
        drew = house.socket.draw_a
        for order in house.step():
            if order.phases == 1 and house.socket.given == 3:
                assert drew < 1
                assert order.current_a == 0


def test_solar_minimum_never_pauses() -> None:
    """The least is kept where there is no sun at all."""
    house = one_car(mode=Mode.SOLAR_MINIMUM)
    house.sun_w = 8000
    house.run(100)
    house.sun_w = 0
    house.run(600)
    assert house.order_a == 6
    assert house.reason == Reason.MINIMUM


def test_solar_minimum_starts_without_sun() -> None:
    """It does not wait for anything."""
    house = one_car(mode=Mode.SOLAR_MINIMUM, charger={"switchable": True})
    house.run(30)
    assert house.level == 1
    assert house.order_a == 6


def test_less_grid_is_accepted_where_the_owner_says_so() -> None:
    """60 % of the minimum is enough for *much*, not for *little*."""
    for share, level in ((GridShare.MUCH, 3), (GridShare.LITTLE, 0)):
        house = one_car()
        house.want(grid_share=share)
        house.sun_w = 9000
        house.run(90)
        house.sun_w = 0.6 * 4140 + 690
        house.run(900)
        assert house.level == level


def test_small_roof_buys_little_by_default() -> None:
    """Where the minimum is above 60 % of the panels' rating λ is 3 unless told otherwise."""
    house = one_car(connection={"panels_w": 5500.0})
    house.sun_w = 5300
    house.run(90)
    house.sun_w = 0.7 * 4140 + 690
    house.run(2200)
    assert house.level == 0


def test_learns_a_car_on_one_phase() -> None:
    """A car that uses fewer phases than it is given shortens the list of states."""
    house = one_car(charger={"switchable": True}, car={"car_phases": 1})
    house.sun_w = 9000
    house.run(400)
    told = house.explanation.chargers["car"]
    assert told.car_phases == 1
    assert told.level == 1
    assert told.refused == ()
    assert house.order_a == 16


def test_learns_what_the_car_takes_for_the_accounts_only() -> None:
    """A 16 A car on 32 A still gets more as soon as it takes more."""
    house = one_car(charger={"maximum_a": 32.0}, car={"car_a": 10.0})
    house.sun_w = 20_000
    house.run(200)
    state = house.controller.state.chargers["car"]
    assert state.car.most_a == pytest.approx(10, abs=0.1)
    assert house.order_a > 20
    house.socket.car_a = 32.0
    house.run(60)
    assert state.car.most_a == 0
    assert house.socket.draw_a > 20


def test_phase_choice() -> None:
    """What the owner chose is kept to."""
    house = one_car(charger={"switchable": True})
    house.want(phase_choice=PhaseChoice.ONE)
    house.sun_w = 9000
    house.run(400)
    assert house.level == 1
    house.want(phase_choice=PhaseChoice.THREE)
    house.run(400)
    assert house.level == 3


@pytest.mark.parametrize(("phases", "usual", "seventh"), [(1, 200, 400), (3, 100, 100)])
def test_seventh_pause_costs_twice_the_sixth(phases: int, usual: float, seventh: float) -> None:
    """Some cars on one phase give up after five to eight pauses; others are not known to.

    So those pause for long clouds only, from the first one on.
    """
    house = one_car(car={"car_phases": phases})
    prices = []
    house.step()
    for _ in range(7):
        house.sun_w = 9000
        while house.level == 0 or house.controller.state.chargers["car"].starting:
            house.step()
        house.sun_w = 0
        house.run(5)
        factor = house.controller.state.chargers["car"].accounts.factor
        prices.append(house.explanation.chargers["car"].price_wh / factor)
        while house.level:
            house.step()
        house.run(40)
    # How many phases the car uses is known by the end of the first cloud.
    assert prices[1:] == [usual] * 5 + [seventh]


def test_a_car_on_one_phase_gets_no_eighth_pause() -> None:
    """It stays at the minimum, until something else pauses it."""
    house = one_car(car={"car_phases": 1})
    for _ in range(12):
        house.sun_w = 9000
        house.run(200)
        house.sun_w = 0
        house.run(900)
    assert sum(order.current_a == 0 for _, order in house.socket.orders) == 7
    assert house.order_a == 6
    house.sun_up = False
    house.run(60)
    assert house.order_a == 0


def test_an_unknown_car_shows_its_phases_before_it_gives_up() -> None:
    """A car that was only given one phase may be one that gives up after eight pauses."""
    house = one_car(charger={"switchable": True}, car={"car_phases": 1})
    for _ in range(12):
        house.sun_w = 3000
        house.run(500)
        house.sun_w = 0
        house.run(900)
    pauses = house.controller.state.chargers["car"].car
    assert pauses.phases == 1
    assert pauses.pauses + pauses.switches <= 8
    assert house.order_a == 6
