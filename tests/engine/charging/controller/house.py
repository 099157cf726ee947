"""A small house for the controller: a meter, a charger and a car that do as they are told."""

from collections import deque
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from custom_components.voltrail.engine.charging.controller import (
    BatterySample,
    ChargerConfig,
    ChargerRequest,
    ChargerView,
    Controller,
    ControllerConfig,
    CurrentsSample,
    Explanation,
    GridSample,
    Mode,
    Observation,
    Order,
    Requests,
    Slot,
)

NOON = datetime(2026, 6, 14, 12, tzinfo=UTC)


@dataclass
class Socket:
    """A charger with a car: follows after ``delay_s``, starts after ``start_s``."""

    config: ChargerConfig
    car_phases: int = 3
    car_a: float = 16.0
    delay_s: int = 3
    start_s: int = 15
    switch_s: int = 20
    connected: bool = True
    ready: bool = True
    available: bool = True
    refuses_phases: bool = False
    failed: int = 0
    session_wh: float | None = None
    car_percent: float | None = None
    asleep: bool = False
    tells_phases: bool = True
    offer_a: float = 0.0
    given: int = 0
    draw_a: float = 0.0
    switching_until_s: float = -1.0
    starts_s: float = 0.0
    starts: int = 0
    orders: list[tuple[float, Order]] = field(default_factory=list)
    under_way: deque[tuple[float, Order]] = field(default_factory=deque)
    shown: ChargerView | None = None

    def __post_init__(self) -> None:
        """Give as many phases as there are, or one where that can be chosen."""
        self.given = self.given or (1 if self.config.switchable else self.config.phases)

    @property
    def used(self) -> int:
        """How many phases the car uses."""
        return min(self.given, self.car_phases)

    @property
    def currents_a(self) -> tuple[float, ...]:
        """What is measured on each phase of the charger."""
        return tuple(self.draw_a if phase < self.used else 0.0 for phase in range(3))

    def order(self, now: float, order: Order) -> None:
        """Take an order."""
        self.orders.append((now, order))
        self.under_way.append((now + self.delay_s, order))

    def advance(self, now: float) -> None:
        """Go on by a second."""
        while self.under_way and self.under_way[0][0] <= now:
            order = self.under_way.popleft()[1]
            if order.phases != self.given and self.config.switchable and not self.refuses_phases:
                self.given, self.switching_until_s = order.phases, now + self.switch_s
                self.starts_s = max(self.starts_s, now + self.switch_s + self.start_s)
            if self.offer_a < 6 <= order.current_a:
                self.starts += 1
                self.starts_s = max(self.starts_s, now + self.start_s)
            self.offer_a = order.current_a
        draws = self.connected and self.offer_a >= 6 and now >= self.starts_s and not self.asleep
        self.draw_a = min(self.offer_a, self.car_a) if draws else 0.0
        if self.session_wh is not None:
            self.session_wh += self.draw_a * self.used * 230 / 3600

    def view(self, now: float) -> ChargerView:
        """Return what is read."""
        if self.available or self.shown is None:
            self.shown = ChargerView(
                received_s=now,
                currents_a=self.currents_a,
                connected=self.connected,
                ready=self.ready,
                offered_a=self.offer_a,
                phases=self.given if self.tells_phases else None,
                switching=now < self.switching_until_s,
                session_wh=self.session_wh,
                car_percent=self.car_percent,
                failed_orders=self.failed,
            )
        return self.shown if self.available else replace(self.shown, available=False)


@dataclass
class House:
    """Runs a controller second by second."""

    config: ControllerConfig
    sockets: dict[str, Socket]
    requests: Requests = field(default_factory=Requests)
    sun_w: float = 0.0
    loads_a: tuple[float, float, float] = (1.0, 1.0, 1.0)
    battery: BatterySample | None = None
    battery_w: float = 0.0
    slots: tuple[Slot, ...] = ()
    sun_up: bool = True
    outside_limit_w: float | None = None
    meter_s: int = 1
    fault: str = ""
    currents_fault: bool = False
    now: float = 0.0
    wall: datetime = NOON
    controller: Controller = field(init=False)
    explanation: Explanation = field(init=False)
    sent: list[tuple[float, Order]] = field(default_factory=list)
    grid: GridSample | None = None
    currents: CurrentsSample | None = None
    levels: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin with a controller that knows nothing."""
        self.controller = Controller(self.config)

    @property
    def socket(self) -> Socket:
        """The only charger, or the first."""
        return next(iter(self.sockets.values()))

    @property
    def reason(self) -> str:
        """Why the first charger does what it does."""
        return next(iter(self.explanation.chargers.values())).reason

    @property
    def order_a(self) -> float:
        """What the first charger was ordered."""
        return next(iter(self.explanation.chargers.values())).order_a

    @property
    def level(self) -> int:
        """On how many phases the first charger's car is to charge."""
        return next(iter(self.explanation.chargers.values())).level

    def phases_a(self) -> tuple[float, ...]:
        """Return what flows on each phase at the connection, import positive."""
        phases = [load - self.sun_w / 690 + self.battery_w / 690 for load in self.loads_a]
        for socket in self.sockets.values():
            for phase, amps in zip(socket.config.rotation, socket.currents_a, strict=False):
                phases[phase] += amps
        return tuple(phases)

    def measure(self) -> None:
        """Let the meter speak, where nothing is wrong with it."""
        if self.now % self.meter_s or self.fault == "silent":
            return
        if self.fault == "frozen" and self.grid and self.currents:
            self.grid = replace(self.grid, received_s=self.now)
            self.currents = replace(self.currents, received_s=self.now)
            return
        phases = self.phases_a()
        # Noise makes two telegrams differ, as those of real meters do.
        noise = (self.now * 7) % 5
        self.grid = GridSample(sum(phases) * 230 + noise, self.now)
        if not self.currents_fault:
            self.currents = CurrentsSample(tuple(abs(amps) for amps in phases), self.now)

    def step(self) -> tuple[Order, ...]:
        """Go on by a second."""
        self.now += 1
        self.wall += timedelta(seconds=1)
        for socket in self.sockets.values():
            socket.advance(self.now)
        self.measure()
        orders, self.explanation = self.controller.step(
            self.now, self.wall, self.observation(), self.requests
        )
        for order in orders:
            self.sent.append((self.now, order))
            self.sockets[order.charger].order(self.now, order)
        self.levels.append(self.level)
        return orders

    def observation(self) -> Observation:
        """Return what is known now."""
        battery = self.battery
        if battery is not None and self.fault != "battery":
            battery = self.battery = replace(battery, power_w=self.battery_w, received_s=self.now)
        return Observation(
            grid=self.grid,
            currents=self.currents,
            battery=battery,
            chargers={key: socket.view(self.now) for key, socket in self.sockets.items()},
            slots=self.slots,
            sun_up=self.sun_up,
            outside_limit_w=self.outside_limit_w,
        )

    def run(self, seconds: int) -> None:
        """Go on for some seconds."""
        for _ in range(seconds):
            self.step()

    def want(self, key: str = "car", **wishes: Any) -> None:
        """Change what is wanted of a charger."""
        before = self.requests.chargers.get(key, ChargerRequest())
        chargers = {**self.requests.chargers, key: replace(before, **wishes)}
        self.requests = replace(self.requests, chargers=chargers)


def one_car(
    *,
    mode: Mode = Mode.SOLAR,
    charger: dict[str, Any] | None = None,
    car: dict[str, Any] | None = None,
    connection: dict[str, Any] | None = None,
) -> House:
    """Return a house with one charger."""
    config = ChargerConfig(key="car", **(charger or {}))
    house = House(
        ControllerConfig(chargers=(config,), **(connection or {})),
        {"car": Socket(config, **(car or {}))},
    )
    house.want(mode=mode)
    return house
