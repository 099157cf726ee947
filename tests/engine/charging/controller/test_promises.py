"""What holds whatever happens, tried with houses that nobody would build."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from custom_components.voltrail.engine.charging.controller import (
    ChargerConfig,
    Controller,
    ControllerConfig,
    ControllerState,
    Mode,
    Order,
)
from tests.engine.charging.controller.house import House, Socket

MODES = st.sampled_from([Mode.SOLAR, Mode.SOLAR_MINIMUM, Mode.FAST])
EVENTS = st.lists(
    st.tuples(
        st.integers(5, 120),
        st.floats(0, 12_000),
        st.tuples(*[st.floats(0, 30)] * 3),
        MODES,
        st.sampled_from(["", "", "", "silent", "frozen"]),
        st.booleans(),
    ),
    min_size=1,
    max_size=8,
)
CHARGERS = st.builds(
    ChargerConfig,
    key=st.just("car"),
    maximum_a=st.sampled_from([10.0, 16.0, 32.0]),
    step_a=st.sampled_from([0.1, 1.0]),
    switchable=st.booleans(),
    one_verb=st.booleans(),
)
CARS = st.fixed_dictionaries(
    {"car_phases": st.sampled_from([1, 2, 3]), "delay_s": st.integers(1, 6)}
)
FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def house_of(charger: ChargerConfig, car: dict[str, Any], *, meter_s: int = 1) -> House:
    """Return a house behind a fuse."""
    house = House(
        ControllerConfig(chargers=(charger,), fuse_a=25.0, margin_a=2.0),
        {"car": Socket(charger, **car)},
        meter_s=meter_s,
    )
    house.want(mode=Mode.SOLAR)
    return house


def live(house: House, events: list[Any], check: Callable[[tuple[Order, ...]], None]) -> None:
    """Let a house go through its events, and look at every second."""
    for seconds, sun, loads, mode, fault, connected in events:
        house.sun_w, house.loads_a, house.fault = sun, loads, fault
        house.socket.connected = connected
        house.want(mode=mode)
        for _ in range(seconds):
            check(house.step())


@given(CHARGERS, CARS, EVENTS)
@FEW
def test_orders_are_possible(charger: ChargerConfig, car: dict[str, Any], events: Any) -> None:
    """Never above cap and charger, never between nothing and the minimum, never too soon."""
    house = house_of(charger, car)
    house.want(maximum_a=12.0)
    last = [(-100.0, 0.0)]

    def check(orders: tuple[Order, ...]) -> None:
        for order in orders:
            assert order.current_a == 0 or 6 <= order.current_a <= min(12.0, charger.maximum_a)
            assert order.phases in {1, 3}
            steps = order.current_a / charger.step_a
            assert abs(steps - round(steps)) < 1e-6
            before, amps = last[0]
            if order.current_a > amps:
                assert house.now - before >= charger.spacing_s
            last[0] = (house.now, order.current_a)

    live(house, events, check)


@given(CHARGERS, CARS, EVENTS)
@FEW
def test_never_above_what_the_fuse_leaves(
    charger: ChargerConfig, car: dict[str, Any], events: Any
) -> None:
    """An order above the minimum fits below the fuse at the high end of the draw."""
    house = house_of(charger, car)

    def check(orders: tuple[Order, ...]) -> None:
        state = house.controller.state
        if state.fuse.seen_s != house.now or not house.controller.state.phases.ready(house.now):
            return
        for order in orders:
            if order.current_a > 6:
                bay = state.chargers["car"]
                used = max(bay.level, 1)
                places = charger.rotation[:used] if used < 3 else charger.rotation
                room = max(state.fuse.high_a[place] for place in places)
                assert order.current_a <= room + 1e-6

    live(house, events, check)


@given(CHARGERS, CARS, EVENTS, st.integers(1, 3))
@FEW
def test_goes_on_alike_from_what_was_dumped(
    charger: ChargerConfig, car: dict[str, Any], events: Any, meter_s: int
) -> None:
    """At any second, through JSON, at another time of the clock: the same orders."""
    house = house_of(charger, car, meter_s=meter_s)
    live_with_twin(house, events, Twin(house, 4096.0))


class Twin:
    """A controller that is dumped and loaded at every second, at another time."""

    def __init__(self, house: House, shift: float) -> None:
        self.house, self.shift = house, shift
        self.data: dict[str, Any] | None = None

    def remember(self) -> None:
        """Dump the controller of the house."""
        text = json.dumps(self.house.controller.state.dump(self.house.now), allow_nan=False)
        self.data = json.loads(text)

    def step(self, observation: Any) -> tuple[Order, ...]:
        """Take the same step with a controller that was loaded."""
        assert self.data is not None
        before = self.house.now - 1
        state = ControllerState.load(self.data, before + self.shift)
        controller = Controller(self.house.config, state)
        orders, _ = controller.step(
            self.house.now + self.shift,
            self.house.wall,
            self.moved(observation),
            self.house.requests,
        )
        return orders

    def moved(self, observation: Any) -> Any:
        """Return what is observed, at the other time."""
        changes: dict[str, Any] = {
            name: replace(sample, received_s=sample.received_s + self.shift)
            for name in ("grid", "currents")
            if (sample := getattr(observation, name)) is not None
        }
        changes["chargers"] = {
            key: replace(view, received_s=view.received_s + self.shift)
            for key, view in observation.chargers.items()
        }
        return replace(observation, **changes)


def live_with_twin(house: House, events: list[Any], twin: Twin) -> None:
    """Let a house and its twin go through the same events."""
    house.step()
    for seconds, sun, loads, mode, fault, connected in events:
        house.sun_w, house.loads_a, house.fault = sun, loads, fault
        house.socket.connected = connected
        house.want(mode=mode)
        for _ in range(min(seconds, 40)):
            twin.remember()
            orders = house.step()
            assert twin.step(house.observation()) == orders


@given(CHARGERS, CARS, EVENTS)
@FEW
def test_same_inputs_same_outputs(charger: ChargerConfig, car: dict[str, Any], events: Any) -> None:
    """It has no clock and no dice."""
    seen: list[list[tuple[Order, ...]]] = []
    for _ in range(2):
        orders: list[tuple[Order, ...]] = []
        live(house_of(charger, car), events, orders.append)
        seen.append(orders)
    assert seen[0] == seen[1]
