"""The main fuse: down at once, up with care, a pause before the breaker is warm."""

import pytest

from custom_components.voltrail.engine.charging.controller import (
    ChargerConfig,
    ControllerConfig,
    Mode,
    Reason,
)
from custom_components.voltrail.engine.charging.controller.fuse import (
    Fuse,
    measure,
    pause,
    room_up_a,
    too_warm,
)
from tests.engine.charging.controller.house import House, Socket, one_car

FUSE = {"fuse_a": 25.0, "margin_a": 2.0}


def take(fuse: Fuse, amps: float, at: float, own: tuple[float, float] = (0.0, 0.0)) -> None:
    """Give a fuse the same current on all phases."""
    measure(
        fuse,
        [amps] * 3,
        [own[0]] * 3,
        [own[1]] * 3,
        rating_a=25.0,
        margin_a=2.0,
        received_s=at,
        hold_s=1.0,
    )


def test_warms_up_in_a_minute() -> None:
    """The breaker that is assumed is the quickest there is."""
    fuse = Fuse()
    take(fuse, 10, 0)
    for second in range(1, 61):
        take(fuse, 25, second)
    assert fuse.warmth[0] == pytest.approx(0.16 + 0.84 * 0.632, abs=0.01)


def test_rises_to_the_least_room_of_late() -> None:
    """A gap of a second between two kettles is no room."""
    fuse = Fuse()
    for second, amps in enumerate((20, 20, 8, 20, 8, 8)):
        take(fuse, amps, second)
    assert room_up_a(fuse) == [3, 3, 3]
    for second in range(6, 14):
        take(fuse, 8, second)
    assert room_up_a(fuse) == [15, 15, 15]


def test_too_much_waits_for_no_warmth() -> None:
    """Above 1.26 times the rating a car is paused at once."""
    fuse = Fuse()
    take(fuse, 30, 0)
    assert too_warm(fuse, (0,), [6.0, 0, 0], 25, 2)
    assert not too_warm(fuse, (), [6.0, 0, 0], 25, 2)


def test_each_pause_holds_back_the_next_start_for_longer() -> None:
    """90 s, 180 s, 360 s, and no more than ten minutes."""
    fuse = Fuse()
    waits = []
    for _ in range(5):
        pause(fuse, 0.0)
        waits.append(fuse.wait_until_s)
    assert waits == [90, 180, 360, 600, 600]


def test_goes_down_in_the_same_step() -> None:
    """Whatever else waits, a lower current for the fuse does not."""
    house = one_car(mode=Mode.FAST, connection=FUSE)
    house.run(60)
    assert house.order_a == 16
    house.loads_a = (12.0, 1.0, 1.0)
    orders = house.step()
    assert [order.current_a for order in orders] == [11]
    assert orders[0].urgent
    assert house.reason == Reason.FUSE
    assert house.explanation.chargers["car"].phase == 0


def test_is_not_lowered_twice_for_one_kettle() -> None:
    """While the order is under way its high end is not counted as load again."""
    house = one_car(mode=Mode.FAST, connection=FUSE)
    house.run(60)
    house.loads_a = (12.0, 1.0, 1.0)
    house.run(30)
    assert [order.current_a for _, order in house.socket.orders] == [16, 11]


def test_a_kettle_does_not_stop_the_car_and_an_oven_does() -> None:
    """Below the minimum the car stays there until the breaker would be warm."""
    house = one_car(mode=Mode.FAST, connection=FUSE)
    house.run(60)
    house.loads_a = (20.0, 1.0, 1.0)
    house.run(30)
    assert house.order_a == 6
    house.loads_a = (1.0, 1.0, 1.0)
    house.run(60)
    assert house.order_a == 16
    house.loads_a = (20.5, 1.0, 1.0)
    house.run(240)
    assert house.level == 0
    assert house.reason == Reason.FUSE
    assert max(house.explanation.warmth) < 1.0


def test_comes_back_after_a_while() -> None:
    """After a pause the car waits for 90 s even where there is room at once."""
    house = one_car(mode=Mode.FAST, connection=FUSE)
    house.run(60)
    house.loads_a = (30.0, 1.0, 1.0)
    house.run(20)
    assert house.level == 0
    paused = house.now
    house.loads_a = (1.0, 1.0, 1.0)
    while house.level == 0:
        house.step()
        assert house.now < paused + 120
    assert house.now - paused >= 70


def test_only_phases_that_the_car_uses_limit_it() -> None:
    """A car on L1 is not stopped because L2 is full."""
    house = one_car(mode=Mode.FAST, car={"car_phases": 1}, connection=FUSE)
    house.run(60)
    house.loads_a = (1.0, 24.0, 24.0)
    house.run(60)
    assert house.order_a == 16


def test_rotation_maps_the_phases() -> None:
    """The charger's L1 may be the house's L3."""
    house = one_car(
        mode=Mode.FAST,
        charger={"rotation": (2, 0, 1)},
        car={"car_phases": 1},
        connection=FUSE,
    )
    house.run(60)
    house.loads_a = (1.0, 1.0, 12.0)
    house.run(2)
    assert house.order_a == 11
    assert house.explanation.chargers["car"].phase == 2


def test_overtakes_a_change_of_phases() -> None:
    """What is ordered after the change is what fits then."""
    house = one_car(charger={"switchable": True}, connection=FUSE)
    house.sun_w = 9000
    house.run(240)
    house.want(mode=Mode.FAST)
    house.run(30)
    house.sun_w = 0
    house.loads_a = (12.0, 12.0, 12.0)
    house.run(60)
    assert house.order_a <= 11


def test_waits_for_the_spacing_of_a_charger_that_takes_nothing_earlier() -> None:
    """A charger that must wait gets the lower current at the end of its five seconds."""
    house = one_car(mode=Mode.FAST, charger={"lowering_waits": True}, connection=FUSE)
    house.run(60)
    house.loads_a = (12.0, 1.0, 1.0)
    house.step()
    house.loads_a = (14.0, 1.0, 1.0)
    for _ in range(4):
        assert house.step() == ()
    house.run(2)
    times = [at for at, _ in house.socket.orders]
    assert times[-1] - times[-2] >= 5
    assert house.order_a == 9


def test_pauses_such_a_charger_at_once_where_it_would_get_too_warm() -> None:
    """A pause waits for nothing."""
    house = one_car(mode=Mode.FAST, charger={"lowering_waits": True}, connection=FUSE)
    house.run(60)
    house.loads_a = (12.0, 1.0, 1.0)
    house.step()
    house.loads_a = (32.0, 1.0, 1.0)
    assert [order.current_a for order in house.step()] == [0]


def two_cars(**connection: float) -> House:
    """Return a house with a car on three phases that goes first, and one on L2."""
    first = ChargerConfig(key="first", priority=0)
    second = ChargerConfig(key="second", priority=1, phases=1, rotation=(1,))
    house = House(
        ControllerConfig(chargers=(first, second), **connection),  # type: ignore[arg-type]
        {"first": Socket(first), "second": Socket(second, car_phases=1)},
    )
    house.want("first", mode=Mode.FAST)
    house.want("second", mode=Mode.FAST)
    return house


def test_two_cars_share_a_fuse() -> None:
    """First the minimum for each that fits, then the rest by priority."""
    house = two_cars(fuse_a=25.0, margin_a=2.0)
    house.run(120)
    orders = {key: told.order_a for key, told in house.explanation.chargers.items()}
    assert orders == {"first": 16, "second": 6}


def test_the_last_in_the_order_is_paused_first() -> None:
    """One at a time, and only who loads the phase that is too warm."""
    house = two_cars(fuse_a=25.0, margin_a=2.0)
    house.run(120)
    house.loads_a = (1.0, 15.5, 1.0)
    house.run(300)
    levels = {key: told.level for key, told in house.explanation.chargers.items()}
    assert levels == {"first": 3, "second": 0}
