"""Modes, targets, prices, plans, the battery, several chargers."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.voltrail.engine.charging.controller import (
    Battery,
    BatteryPriority,
    BatterySample,
    ChargerConfig,
    ControllerConfig,
    CurrentsSample,
    Distribution,
    MeanLimit,
    Mode,
    Reason,
    Requests,
    Slot,
    plan,
)
from custom_components.voltrail.engine.charging.controller.samples import Observation
from custom_components.voltrail.engine.charging.controller.sharing import Claim, share
from tests.engine.charging.controller.house import NOON, House, Socket, one_car

EVENING = datetime(2026, 11, 14, 18, tzinfo=UTC)


def hours(*prices: float) -> tuple[Slot, ...]:
    """Return prices of the hours from six in the evening."""
    return tuple(
        Slot(EVENING + timedelta(hours=hour), EVENING + timedelta(hours=hour + 1), price)
        for hour, price in enumerate(prices)
    )


def test_off_pauses() -> None:
    """And keeps it up."""
    house = one_car(mode=Mode.FAST)
    house.run(60)
    house.want(mode=Mode.OFF)
    house.run(20)
    assert house.order_a == 0
    assert house.reason == Reason.OFF


def test_manual_sends_nothing_but_what_the_fuse_demands() -> None:
    """The person's number is a ceiling: down for the fuse, and back up to it."""
    house = one_car(mode=Mode.MANUAL, connection={"fuse_a": 25.0})
    house.socket.offer_a = 14.0
    house.want(manual_a=14.0)
    house.run(60)
    assert house.sent == []
    house.loads_a = (12.0, 1.0, 1.0)
    house.run(20)
    assert house.order_a == 11
    house.loads_a = (1.0, 1.0, 1.0)
    house.run(20)
    assert house.order_a == 14
    house.want(manual_a=0.0)
    house.run(20)
    assert house.order_a == 0


def test_boost_and_price_limit_are_fast() -> None:
    """Below its price limit a car charges as fast as it may, in any mode but off and manual."""
    house = one_car()
    house.wall = EVENING
    house.slots = hours(0.3, 0.1)
    house.want(price_limit=0.2)
    house.run(60)
    assert house.level == 0
    house.wall = EVENING + timedelta(hours=1)
    house.run(60)
    assert house.order_a == 16
    house.wall = EVENING
    house.want(price_limit=None, boost=True)
    house.run(10)
    assert house.reason == Reason.FAST


def test_a_target_stops_every_mode() -> None:
    """Once it is reached the car gets no more in this session, until the target changes."""
    house = one_car(mode=Mode.FAST, car={"session_wh": 0.0})
    house.want(energy_target_wh=200.0)
    house.run(150)
    assert house.reason == Reason.TARGET_REACHED
    assert house.order_a == 0
    house.want(energy_target_wh=20_000.0)
    house.run(60)
    assert house.order_a == 16


def test_a_target_in_per_cent() -> None:
    """The car's own state of charge stops it too; the minimum may be left on offer."""
    house = one_car(mode=Mode.FAST, charger={"full_minimum": True}, car={"car_percent": 70.0})
    house.want(charge_target_percent=80.0)
    house.run(60)
    assert house.order_a == 16
    house.socket.car_percent = 80.0
    house.run(10)
    assert house.reason == Reason.TARGET_REACHED
    assert house.order_a == 6
    house.socket.car_percent = 79.0
    house.run(10)
    assert house.order_a == 6


def test_no_vehicle_and_not_ready() -> None:
    """Neither gets an order that it cannot carry out."""
    house = one_car(mode=Mode.FAST, car={"connected": False})
    house.run(30)
    assert house.reason == Reason.NO_VEHICLE
    house.socket.connected = True
    house.socket.ready = False
    house.run(30)
    assert house.reason == Reason.NOT_READY
    assert house.sent == []


def test_plan_without_a_goal() -> None:
    """It says so, and charges from the sun."""
    house = one_car(mode=Mode.PLAN)
    house.run(30)
    assert house.reason == Reason.PLAN_INCOMPLETE
    house.sun_w = 9000
    house.run(60)
    assert house.level == 3


def test_plan_waits_for_the_cheapest_hour() -> None:
    """And takes the sun meanwhile, if there is any."""
    house = one_car(mode=Mode.PLAN, car={"session_wh": 0.0})
    house.wall = EVENING
    house.slots = hours(0.3, 0.1, 0.2)
    house.want(energy_target_wh=5000.0, departure=EVENING + timedelta(hours=3))
    house.run(60)
    assert house.reason == Reason.PLAN_WAITING
    told = house.explanation.chargers["car"]
    assert told.next_start is not None
    assert EVENING + timedelta(hours=1) <= told.next_start
    house.wall = EVENING + timedelta(hours=1, minutes=59) - timedelta(minutes=25)
    house.run(60)
    assert house.reason == Reason.PLAN_CHARGING
    assert house.explanation.chargers["car"].until is not None


def test_plan_that_passed_goes_on_as_solar() -> None:
    """The departure is for one time."""
    house = one_car(mode=Mode.PLAN)
    house.want(energy_target_wh=5000.0, departure=NOON - timedelta(hours=1))
    house.run(30)
    assert house.reason == Reason.WAITING_FOR_SUN


@pytest.mark.parametrize(
    ("need_s", "latest", "stretches"),
    [
        (3600, True, [(1, 2)]),
        (5400, True, [(1, 2), (3.5, 4)]),
        (5400, False, [(1, 2), (3, 3.5)]),
        (7200, True, [(1, 2), (3, 4)]),
        (9000, True, [(0.5, 2), (3, 4)]),
        (10_800, True, [(0, 2), (3, 4)]),
    ],
)
def test_cheapest_slots(
    need_s: float, *, latest: bool, stretches: list[tuple[float, float]]
) -> None:
    """Slots that touch make no pause between them; ties go one way and never alternate."""
    made = plan.make(
        EVENING, EVENING + timedelta(hours=5), need_s, hours(0.3, 0.1, 0.4, 0.2, 0.4), latest=latest
    )
    begun = [
        ((start - EVENING).total_seconds() / 3600, (end - EVENING).total_seconds() / 3600)
        for start, end in made.stretches
    ]
    assert begun == stretches


def test_last_call() -> None:
    """With no time to spare it charges, whatever it costs."""
    made = plan.make(EVENING, EVENING + timedelta(hours=1), 3400, hours(9.0), latest=True)
    assert made.charging
    assert made.last_call
    assert plan.make(EVENING, EVENING, 100, (), latest=True) == plan.Plan()
    assert plan.need_s(0, 11_000) == 0


@pytest.mark.parametrize(("latest", "begin_s"), [(True, 7200), (False, 0)])
def test_without_prices(*, latest: bool, begin_s: float) -> None:
    """As late as possible, or as early."""
    made = plan.make(EVENING, EVENING + timedelta(hours=3), 3600, (), latest=latest)
    assert made.stretches[0][0] == EVENING + timedelta(seconds=begin_s)


@pytest.mark.parametrize("slots", [(), hours(0.3)])
def test_a_plan_that_charges_goes_on(slots: tuple[Slot, ...]) -> None:
    """Its need shrinks as the car charges; to begin later each time would be a pause each time."""
    end = EVENING + timedelta(hours=1)
    at, need = EVENING + timedelta(minutes=10), 2400
    assert not plan.make(at, end, need, slots, latest=True).charging
    made = plan.make(at, end, need, slots, latest=True, charging=True)
    assert made.charging
    assert made.stretches == ((at, at + timedelta(seconds=need)),)


def test_a_plan_behind_a_fuse_is_early() -> None:
    """A pause by the fuse in its last minutes could not be made good."""
    ends = []
    for fuse in (0.0, 25.0):
        house = one_car(mode=Mode.PLAN, connection={"fuse_a": fuse})
        house.want(energy_target_wh=4000, departure=NOON + timedelta(hours=8))
        house.sun_up = False
        house.run(20)
        ends.append(house.explanation.chargers["car"].stretches[-1][1])
    assert ends[0] - ends[1] == timedelta(minutes=5)


def test_a_plan_is_kept_to_the_departure() -> None:
    """What is missing when the time is nearly over is still charged."""
    house = one_car(mode=Mode.PLAN, connection={"fuse_a": 25.0})
    house.want(energy_target_wh=4000, departure=NOON + timedelta(minutes=4))
    house.run(230)
    assert house.reason is Reason.PLAN_CHARGING
    assert house.order_a == 16


def test_a_second_car_does_not_start_with_what_the_first_is_about_to_take() -> None:
    """What a car draws that is just starting is not there for another one."""
    house = two_cars(0)
    house.sun_w = 1900 + 690
    house.run(600)
    assert [socket.starts for socket in house.sockets.values()] == [1, 0]


def test_prices_for_a_part_of_the_night() -> None:
    """What no price is known for is filled from the end, and nothing counts twice."""
    made = plan.make(EVENING, EVENING + timedelta(hours=5), 9000, hours(0.3), latest=True)
    total = sum((end - start).total_seconds() for start, end in made.stretches)
    assert total == 9000
    assert made.stretches[-1][1] == EVENING + timedelta(hours=5)


def battery_house(**wishes: float) -> House:
    """Return a house with a battery at 50 %."""
    house = one_car(connection={"battery": Battery(most_w=4000.0)})
    house.battery = BatterySample(0.0, 0.0, 50.0)
    house.sun_w = 6690
    house.requests = Requests(chargers=house.requests.chargers, **wishes)  # type: ignore[arg-type]
    return house


@pytest.mark.parametrize(
    ("priority", "power_w", "surplus_w"),
    [
        (BatteryPriority.CAR, 3000, 6000),
        (BatteryPriority.CAR, -1000, 6000),
        (BatteryPriority.BATTERY, 3000, 2000),
        (BatteryPriority.BATTERY, -1000, 2000),
    ],
)
def test_battery(priority: BatteryPriority, power_w: float, surplus_w: float) -> None:
    """Car first: what it charges is free to take. Battery first: all it could take is not."""
    house = battery_house()
    house.requests = Requests(
        chargers=house.requests.chargers, battery_priority=priority, battery_target_percent=80
    )
    house.battery_w = power_w
    house.run(3)
    assert house.explanation.surplus_low_w == pytest.approx(surplus_w, abs=10)


def test_battery_first_above_its_target_is_as_car_first() -> None:
    """It has what it was to get."""
    house = battery_house()
    house.requests = Requests(
        chargers=house.requests.chargers,
        battery_priority=BatteryPriority.BATTERY,
        battery_target_percent=40,
    )
    house.battery_w = 3000
    house.run(3)
    assert house.explanation.surplus_low_w == pytest.approx(6000, abs=10)


def test_battery_down_to_a_floor() -> None:
    """Above it what the battery can give counts as sun, by night too."""
    house = battery_house(battery_floor_percent=30.0)
    house.sun_w, house.sun_up = 0, False
    house.run(60)
    assert house.explanation.surplus_low_w == pytest.approx(4000 - 690, abs=10)


def test_sharing_gives_the_minimum_first() -> None:
    """Then the rest, by priority or in equal parts."""
    first, second = Claim(6, 16, (0, 1, 2), 0), Claim(6, 16, (1,), 1)
    assert share([23, 23, 23], [first, second]) == [16, 7]
    assert share([10, 10, 10], [first, second]) == [10, 0]
    equal = [Claim(6, 16, (0,), 0), Claim(6, 16, (0,), 0)]
    assert share([20], equal) == [10, 10]
    running = Claim(6, 16, (0,), 1, running=True)
    assert share([10], [Claim(6, 16, (0,), 0, running=True), running]) == [4, 4]


def two_cars(priority: int) -> House:
    """Return a house with two cars that want the sun."""
    configs = tuple(
        ChargerConfig(key=key, phases=1, rotation=(0,), priority=place * priority)
        for place, key in enumerate(("a", "b"))
    )
    house = House(
        ControllerConfig(chargers=configs),
        {config.key: Socket(config, car_phases=1) for config in configs},
    )
    house.want("a", mode=Mode.SOLAR)
    house.want("b", mode=Mode.SOLAR)
    return house


@pytest.mark.parametrize(("priority", "orders"), [(1, [16, 9]), (0, [12, 12])])
def test_two_cars_share_the_sun(priority: int, orders: list[float]) -> None:
    """By priority, or equally."""
    house = two_cars(priority)
    house.sun_w = 25 * 230 + 690 + 60
    house.run(300)
    ordered = [told.order_a for told in house.explanation.chargers.values()]
    assert ordered == pytest.approx(orders, abs=1)


def test_who_waits_says_so_and_gets_a_turn() -> None:
    """At equal priority turns rotate every quarter of an hour."""
    house = two_cars(0)
    house.sun_w = 1900 + 690
    house.run(600)
    reasons = {told.reason for told in house.explanation.chargers.values()}
    assert Reason.WAITS_FOR_OTHER in reasons
    house.run(1200)
    assert house.controller.state.turns >= 1


def test_a_sub_distribution_caps_its_members() -> None:
    """Its fuse counts beside the one of the house."""
    config = ChargerConfig(key="car", distribution="garage")
    house = House(
        ControllerConfig(chargers=(config,), distributions=(Distribution("garage", 16.0),)),
        {"car": Socket(config)},
    )
    house.want(mode=Mode.FAST)
    plain = house.observation

    def with_garage() -> Observation:
        seen = plain()
        draws = tuple(amps + 1 for amps in house.socket.currents_a)
        return Observation(
            grid=seen.grid,
            currents=seen.currents,
            chargers=seen.chargers,
            distributions={"garage": CurrentsSample(draws, house.now)},
        )

    house.observation = with_garage  # type: ignore[method-assign]
    house.run(60)
    assert house.order_a == 13


def test_a_limit_on_the_mean_is_kept() -> None:
    """Quarter for quarter, with a car that wants all it can get."""
    house = one_car(
        mode=Mode.FAST,
        charger={"switchable": True},
        connection={"limit": MeanLimit(6000.0)},
    )
    means, energy = [], 0.0
    for second in range(3600):
        house.loads_a = (9.0, 1.0, 1.0) if second % 1300 < 400 else (1.0, 1.0, 1.0)
        house.step()
        energy += max(0.0, sum(house.phases_a()) * 230) / 3600
        if second % 900 == 899:
            means.append(energy * 4)
            energy = 0.0
    assert max(means) < 6000
    assert means[-1] > 4500
    assert house.explanation.window_limit_w == 6000


def test_a_limit_that_is_an_entity_replaces_the_one_of_the_options() -> None:
    """A peak that the month has reached already."""
    house = one_car(mode=Mode.FAST, connection={"limit": MeanLimit(3000.0)})
    house.run(60)
    assert house.level == 0
    assert house.reason == Reason.LIMIT
    plain = house.observation

    def with_peak() -> Observation:
        seen = plain()
        return Observation(
            grid=seen.grid, currents=seen.currents, chargers=seen.chargers, mean_limit_w=9000.0
        )

    house.observation = with_peak  # type: ignore[method-assign]
    house.run(60)
    assert house.level == 3
