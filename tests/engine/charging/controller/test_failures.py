"""What the controller does when something fails.

Each kind of failure, and where it is tried; a file without a folder is one of tests/integration:

- the meter is silent: ``test_solar_holds_…``, ``test_solar_minimum_goes_…``, ``test_fast_falls_…``
- the meter is back: ``test_meter_back_after_two_samples``
- only the currents of the phases are missing: ``test_only_the_currents_missing``
- the meter is frozen: ``test_frozen_meter``, ``test_a_steady_meter_is_not_frozen``
- the battery is not heard of: ``test_battery_silent``
- the charger is away: ``test_charger_away``
- an order failed: ``test_an_order_that_failed_is_given_again``; the repair: test_charging_failures
- the draw does not follow: ``test_a_car_that_takes_less_…``, ``test_a_car_that_takes_more_…``
- a restart: ``test_a_restart_…``; a kill with the stored mark: test_charging_failures
- the entry reloads: ``test_reload_sends_nothing``; in mid-session: test_charging
- the charger's own entry reloads: test_charging
- removed, taken out, only watching: test_charging
- the clock is changed: ``test_a_plan_over_a_change_of_the_clock``; windows: engine/test_window
- prices that are missing or end early: ``test_prices_that_end_early_are_not_waited_for``
- the mode is not known: ``test_unknown_mode_is_never_fast``
- night: ``test_night_falls``, ``test_a_car_arrives_at_night``, ``test_night_pauses_with_one_order``
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.voltrail.engine.charging.controller import (
    Controller,
    ControllerState,
    Mode,
    Order,
    Reason,
    Slot,
)
from tests.engine.charging.controller.house import House, one_car

FUSE = {"fuse_a": 25.0, "margin_a": 2.0}


def running(mode: Mode = Mode.SOLAR, **parts: Any) -> House:
    """Return a house in which the car charges with 9 kW of sun."""
    house = one_car(mode=mode, **parts)
    house.sun_w = 9000
    house.run(90)
    assert house.level == 3
    return house


def test_solar_holds_and_then_pauses_without_a_meter() -> None:
    """It believes in the sun for 45 s, raises nothing, and pauses."""
    house = running()
    before = house.order_a
    house.fault = "silent"
    for _ in range(44):
        house.step()
        assert house.order_a == before
    assert house.reason == Reason.METER_SILENT
    house.run(10)
    assert house.level == 0
    assert house.explanation.meter_silent


def test_solar_minimum_goes_to_the_minimum_without_a_meter() -> None:
    """It does not pause."""
    house = running(Mode.SOLAR_MINIMUM)
    house.fault = "silent"
    house.run(60)
    assert house.order_a == 6


def test_fast_falls_back_at_once_without_a_meter() -> None:
    """As soon as the sample is too old: the fallback, at most."""
    house = running(Mode.FAST, connection=FUSE)
    assert house.order_a == 16
    house.fault = "silent"
    house.run(18)
    assert house.order_a == 6
    assert house.reason == Reason.METER_SILENT


def test_nothing_starts_without_a_meter() -> None:
    """A paused car stays paused."""
    house = one_car(mode=Mode.FAST, connection=FUSE)
    house.fault = "silent"
    house.run(120)
    assert house.sent == []


def test_meter_back_after_two_samples() -> None:
    """The first sample after a silence decides nothing."""
    house = running(Mode.FAST, connection=FUSE)
    house.fault = "silent"
    house.run(60)
    house.fault = ""
    house.step()
    assert house.order_a == 6
    house.run(10)
    assert house.order_a == 16


def test_only_the_currents_missing() -> None:
    """Fast is at the fallback, and solar goes on within it."""
    for mode in (Mode.FAST, Mode.SOLAR):
        house = running(mode, connection=FUSE)
        house.currents_fault = True
        house.run(25)
        assert house.order_a == 6
        assert house.level == 3
        assert house.reason == Reason.FALLBACK


def test_frozen_meter() -> None:
    """A meter that does not follow the car is taken for silent."""
    house = running()
    house.fault = "frozen"
    house.sun_w = 500
    house.run(35)
    assert house.explanation.meter_frozen
    house.run(40)
    assert house.level == 0
    house.fault = ""
    house.sun_w = 9000
    house.run(90)
    assert not house.explanation.meter_frozen
    assert house.level == 3


def test_a_steady_meter_is_not_frozen() -> None:
    """A constant value is not a stale one: the car is moved once, the meter follows."""
    house = running(charger={"step_a": 0.1})
    power = house.explanation.surplus_low_w
    assert power is not None
    house.run(300)
    assert not house.explanation.meter_frozen
    assert house.level == 3


@pytest.mark.parametrize("order_a", [16.0, 6.0])
def test_a_suspicion_moves_the_draw_once(order_a: float) -> None:
    """By 2 A: down, or up from the minimum."""
    house = running()
    house.sun_w = 20_000 if order_a > 6 else 4300
    house.run(60)
    assert house.order_a == order_a
    sent = len(house.sent)
    house.fault = "frozen"
    house.run(28)
    moves = [order.current_a for _, order in house.sent[sent:]]
    assert moves == [order_a - 2 if order_a > 6 else 8]


def test_a_source_that_repeats_nothing_is_tested_by_its_silence() -> None:
    """A steady meter of that kind looks silent: the car is moved, and it speaks."""
    house = running(connection={"repeats": False})
    house.fault = "silent"
    sent = len(house.sent)
    house.run(14)
    assert len(house.sent) == sent + 1
    house.fault = ""
    house.run(30)
    assert house.level == 3


def test_battery_silent() -> None:
    """The car must not take what the battery would have taken."""
    from custom_components.voltrail.engine.charging.controller import (  # noqa: PLC0415
        Battery,
        BatterySample,
    )

    house = one_car(connection={"battery": Battery(most_w=4000.0)})
    house.battery = BatterySample(0.0, 0.0, 50.0)
    house.battery_w = 3000.0
    house.sun_w = 9000
    house.run(5)
    assert house.explanation.surplus_low_w == pytest.approx(8300, abs=20)
    house.fault = "battery"
    house.run(70)
    drawn = house.socket.draw_a * 690
    assert house.grid is not None
    expected = drawn - house.grid.power_w - (4000 - 3000)
    assert house.explanation.surplus_low_w == pytest.approx(expected, abs=20)


def test_charger_away() -> None:
    """No orders; its draw stays in the balance; on return it is read, then ordered once."""
    house = running(Mode.FAST, connection=FUSE)
    house.socket.available = False
    house.loads_a = (12.0, 1.0, 1.0)
    sent = len(house.sent)
    house.run(30)
    assert len(house.sent) == sent
    assert house.reason == Reason.CHARGER_AWAY
    assert house.explanation.chargers["car"].draw_high_a >= 16
    house.socket.available = True
    house.run(5)
    assert [order.current_a for _, order in house.sent[sent:]] == [pytest.approx(house.order_a)]


def test_an_order_that_failed_is_given_again() -> None:
    """After one poll; after three it is said, and tried now and then."""
    house = running(Mode.FAST)
    sent = len(house.sent)
    house.socket.failed = 1
    house.run(4)
    assert len(house.sent) == sent + 1
    assert house.sent[-1][1].current_a == 16
    house.run(20)
    assert house.reason == Reason.NOT_READY
    assert house.explanation.chargers["car"].failed_orders >= 3
    again = len(house.sent)
    house.run(30)
    assert len(house.sent) == again
    house.socket.failed = 0
    house.loads_a = (1.0, 1.0, 1.0)
    house.want(maximum_a=10.0)
    house.run(10)
    assert house.reason == Reason.FAST


def test_a_car_that_takes_less_is_no_fault() -> None:
    """It is learned as the car's maximum; below the order is no reason to complain."""
    house = running(Mode.FAST, car={"car_a": 10.0})
    house.run(60)
    assert house.controller.state.chargers["car"].car.most_a == pytest.approx(10)
    assert house.reason == Reason.FAST


def test_a_car_that_takes_more_is_counted_as_it_is() -> None:
    """What it draws is used, and it is said."""
    house = running()
    house.socket.delay_s = 10_000
    house.sun_w = 6000
    house.run(40)
    told = house.explanation.chargers["car"]
    assert told.above_offer
    assert told.draw_low_a == told.draw_high_a == house.socket.draw_a


def test_a_restart_never_pauses_a_car_that_may_charge() -> None:
    """What it does is adopted; nothing is ordered before two fresh samples."""
    house = running()
    data = house.controller.state.dump(house.now)
    state = ControllerState.load(data, house.now + 60)
    state.after_restart()
    house.controller = Controller(house.config, state)
    house.now += 60
    assert house.step() == ()
    house.run(30)
    assert all(order.current_a > 0 for _, order in house.sent)
    assert house.level == 3
    assert house.socket.starts == 1


def test_a_restart_keeps_what_was_learned() -> None:
    """The accounts begin at 0, the settling time and the car's gap do not."""
    house = running()
    state = house.controller.state
    state.chargers["car"].draw.settling_s = 5.5
    state.chargers["car"].accounts.accounts_wh = [12.0, 0.0]
    state.after_restart()
    assert state.chargers["car"].draw.settling_s == 5.5
    assert state.chargers["car"].accounts.accounts_wh == [0, 0]


def test_reload_sends_nothing() -> None:
    """The state is dumped and taken back; what is in force stays."""
    house = running()
    house.run(30)
    data = house.controller.state.dump(house.now)
    house.controller = Controller(house.config, ControllerState.load(data, house.now))
    sent = len(house.sent)
    house.run(5)
    assert len(house.sent) == sent


def test_night_pauses_with_one_order() -> None:
    """When the sun sets, and no start before it rises."""
    house = running()
    house.sun_up = False
    sent = len(house.sent)
    house.run(300)
    assert [order.current_a for _, order in house.sent[sent:]] == [0]
    assert house.reason == Reason.WAITING_FOR_SUN


def test_a_car_that_arrives_at_night() -> None:
    """A charger that offers something is paused, with one order."""
    house = one_car()
    house.sun_up = False
    house.socket.connected = False
    house.socket.offer_a = 16.0
    house.run(60)
    house.socket.connected = True
    house.run(60)
    assert [order.current_a for _, order in house.sent] == [0]


BY_NIGHT = [
    (Mode.OFF, 0),
    (Mode.SOLAR, 0),
    (Mode.SOLAR_MINIMUM, 6),
    (Mode.FAST, 16),
    (Mode.PLAN, 0),
    (Mode.MANUAL, 10),
]


@pytest.mark.parametrize(("mode", "order_a"), BY_NIGHT)
def test_night_falls(mode: Mode, order_a: float) -> None:
    """Only the sun sets: what does not live by it goes on, and is told once."""
    house = one_car(mode=mode)
    house.want(manual_a=10.0)
    if mode is Mode.MANUAL:
        house.socket.offer_a = 10.0
    house.sun_w = 9000
    house.run(200)
    house.sun_w, house.sun_up = 0, False
    sent = len(house.sent)
    house.run(300)
    assert house.socket.offer_a == order_a
    assert len(house.sent) - sent <= 2


@pytest.mark.parametrize(("mode", "order_a"), BY_NIGHT)
@pytest.mark.parametrize("offer_a", [0.0, 16.0])
def test_a_car_arrives_at_night(mode: Mode, order_a: float, offer_a: float) -> None:
    """Whatever the charger offered before, the car gets what its mode says."""
    house = one_car(mode=mode)
    house.want(manual_a=10.0)
    house.sun_up, house.socket.connected = False, False
    house.socket.offer_a = 10.0 if mode is Mode.MANUAL else offer_a
    house.run(60)
    house.socket.connected = True
    house.run(120)
    assert house.socket.offer_a == order_a


def test_price_boost_and_battery_go_on_by_night() -> None:
    """A low price, a boost and a battery above its floor need no sun."""
    house = one_car()
    house.sun_up = False
    house.run(60)
    assert house.level == 0
    house.slots = (Slot(house.wall, house.wall + timedelta(hours=1), 0.1),)
    house.want(price_limit=0.2)
    house.run(120)
    assert house.order_a == 16
    house.want(price_limit=None)
    house.run(120)
    assert house.level == 0
    house.want(boost=True)
    house.run(120)
    assert house.order_a == 16


@pytest.mark.parametrize(
    ("evening", "left_h"),
    [("2026-03-28T20:00:00", 10.0), ("2026-10-24T20:00:00", 12.0)],
)
def test_a_plan_over_a_change_of_the_clock(evening: str, left_h: float) -> None:
    """Of the night in which an hour is missing, or comes twice, the true length counts."""
    home = ZoneInfo("Europe/Oslo")
    house = one_car(mode=Mode.PLAN)
    house.sun_up = False
    house.wall = datetime.fromisoformat(evening).replace(tzinfo=home).astimezone(UTC)
    departure = datetime.fromisoformat(evening).replace(tzinfo=home) + timedelta(hours=11)
    house.want(energy_target_wh=11_040.0, departure=departure.astimezone(UTC))
    begin = house.wall
    house.run(60)
    (start, end), *_ = house.explanation.chargers["car"].stretches
    assert end - begin == timedelta(hours=left_h)
    assert timedelta(hours=1) < end - start < timedelta(hours=1.2)


def test_unknown_mode_is_never_fast() -> None:
    """A charger of which nobody said anything charges from the sun."""
    house = one_car()
    house.requests = replace(house.requests, chargers={})
    house.run(60)
    assert house.reason == Reason.WAITING_FOR_SUN


def test_prices_that_end_early_are_not_waited_for() -> None:
    """Without prices the plan goes by need and by the time that is left."""
    house = one_car(mode=Mode.PLAN)
    house.sun_up = False
    house.want(
        energy_target_wh=5000.0,
        departure=house.wall + timedelta(seconds=5000 / 11040 * 3600 * 1.1 + 900),
    )
    house.run(60)
    assert house.reason == Reason.PLAN_WAITING
    house.run(900)
    assert house.level == 3


def test_phases_refused() -> None:
    """A charger that stays on three phases is taken as it is, for this session."""
    house = running(charger={"switchable": True})
    house.run(240)
    house.socket.refuses_phases = True
    house.sun_w = 3200
    house.run(500)
    told = house.explanation.chargers["car"]
    assert told.refused == (1,)
    house.sun_w = 9000
    house.run(400)
    assert house.level == 3
    assert house.reason == Reason.PHASES_REFUSED
    assert house.controller.state.chargers["car"].switches_total <= 2


def test_asleep() -> None:
    """A short pause, at most twice; then the offer is left standing at the minimum."""
    house = one_car(mode=Mode.FAST, car={"asleep": True})
    house.run(400)
    assert house.reason == Reason.VEHICLE
    orders = [order.current_a for _, order in house.sent]
    assert orders.count(0) == 2
    assert orders[-1] == 6
    house.socket.asleep = False
    house.run(30)
    assert house.order_a == 16


def test_full() -> None:
    """A car that stopped by itself is left alone, with the minimum on offer."""
    house = running()
    house.socket.asleep = True
    house.run(600)
    assert house.reason == Reason.VEHICLE
    assert house.order_a == 6
    sent = len(house.sent)
    house.sun_w = 0
    house.run(600)
    assert len(house.sent) == sent


def test_outside_limit_is_obeyed_in_one_step() -> None:
    """Like the fuse; and it pauses who does not fit."""
    house = running(Mode.FAST)
    house.outside_limit_w = 4200.0
    assert [order.current_a for order in house.step()] == [6]
    assert house.reason == Reason.LIMIT
    house.run(10)
    house.outside_limit_w = 3000.0
    house.run(2)
    assert house.order_a == 0


def test_observing_sends_nothing_and_says_what_it_would() -> None:
    """It follows what the charger really does."""
    house = one_car()
    house.requests = replace(house.requests, observing=True)
    house.sun_w = 9000
    house.run(90)
    assert house.sent == []
    assert house.explanation.observing
    assert house.explanation.would == (Order("car", 12.0, 3),)
