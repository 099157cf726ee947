"""The demo's house: five simulated devices in one process that hang together.

What the chargers draw flows through the home behind the GX, and what is left over is what
the utility's meter sees. Before it goes live, the house lives through yesterday and today,
quickly and in memory; what it measures on the way becomes the history of the demo.
"""

import argparse
import asyncio
import json
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Final, override
from zoneinfo import ZoneInfo

from simulators.alfen.station import Eve
from simulators.ams_han.__main__ import follow
from simulators.ams_han.catalogue import METERS
from simulators.ams_han.faults import Faults
from simulators.ams_han.house import House as MeteredHouse
from simulators.ams_han.meter import HanMeter
from simulators.ams_han.outputs import TcpOutput
from simulators.ams_han.quantities import PerPhase
from simulators.car import Car
from simulators.clock import Clock
from simulators.control import control
from simulators.mennekes_rtu.charger import Compact
from simulators.mennekes_tcp.profile_4x import Charger4X
from simulators.server import serve, serve_pty
from simulators.victron_gx.homes import ess_home

SAMPLE: Final = 300
"""Seconds that one line of the history stands for, as in Home Assistant's statistics."""

# Coarse enough to be quick, fine enough for clouds.
_STEP_OF_THE_PAST: Final = 30.0
_STEP_OF_THE_PRESENT: Final = 1.0

_METER: Final = METERS["aidon-tn"]


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Where the devices listen on 127.0.0.1, and where they can be looked at."""

    garage: int = 1502
    driveway: int = 1503
    gx: int = 1504
    meter: int = 1505
    garage_control: int = 18502
    driveway_control: int = 18503
    gx_control: int = 18504
    carport_control: int = 18506

    @property
    def all(self) -> list[int]:
        """All of them."""
        return list(asdict(self).values())


GARAGE, CARPORT, LEFT, OTHER = "garage/", "carport/", "driveway/socket_1_", "driveway/socket_2_"
"""The places to charge, by what Voltrail's names of their values begin with."""

LIMITS: Final = {GARAGE: 10.0, CARPORT: 8.0, LEFT: 16.0}
"""What the people of the house set their chargers to, in A."""

_AT_NOON: Final = (11.0, 15.0)


def limit_of_the_other(hour: float) -> float:
    """Return the limit of the driveway's other socket: its car waits for the sun."""
    begin, end = _AT_NOON
    return 6.0 if begin <= hour < end else 0.0


@dataclass(kw_only=True)
class Bay:
    """A place to park: whose car stands there, and from when to when."""

    car: Car
    visits: tuple[tuple[float, float], ...]
    """Hours of the day between which a car is there."""
    arrives_with: float
    """How full it is then."""
    _there: bool | None = None

    def step(self, hour: float) -> None:
        """Let the car come or go; between the two, whoever plays with it is left alone."""
        there = any(begin <= hour < end for begin, end in self.visits)
        if there == self._there:
            return
        self._there = there
        if there:
            self.car.plug_in(self.arrives_with)
        else:
            self.car.leave()


@dataclass(kw_only=True)
class Series:
    """One value of the house over time."""

    read: Callable[[], float]
    unit: str
    total: bool = False
    """A counter, of which the value at the end counts, and not the mean."""
    rows: list[list[float]] = field(default_factory=list)
    _values: list[float] = field(default_factory=list)

    def sample(self) -> None:
        """Take a value."""
        self._values.append(self.read())

    def close(self, start: float) -> None:
        """Write the line of a period that is over: its start, and what was measured in it."""
        values, self._values = self._values, []
        if self.total:
            self.rows.append([start, values[-1]])
        else:
            self.rows.append([start, sum(values) / len(values), min(values), max(values)])


@dataclass(kw_only=True)
class Words:
    """One state of the house over time, with the moments of its changes."""

    read: Callable[[], str]
    changes: list[tuple[float, str]] = field(default_factory=list)

    def sample(self, moment: float) -> None:
        """Take note if it has changed."""
        word = self.read()
        if not self.changes or self.changes[-1][1] != word:
            self.changes.append((moment, word))


def charging_state(car: Car) -> str:
    """Return what a charger says it is doing."""
    if not car.plugged:
        return "no_vehicle"
    return "charging" if car.current > 0 else "connected"


def blocked_by(car: Car, limit: Callable[[], float]) -> str:
    """Return why a charger says it is not charging."""
    if not car.plugged:
        return "no_vehicle"
    if limit() == 0:
        return "paused"
    return "nothing" if car.current > 0 else "vehicle"


@dataclass(frozen=True, kw_only=True)
class Past:
    """What was measured in a while."""

    series: dict[str, Series]
    words: dict[str, Words]

    def write(self, path: Path) -> None:
        """Write it to a file."""
        numbers = {
            name: {"unit": one.unit, "total": one.total, "rows": one.rows}
            for name, one in self.series.items()
        }
        words = {name: one.changes for name, one in self.words.items()}
        path.write_text(json.dumps({"numbers": numbers, "words": words}), encoding="utf-8")


class Adapter(TcpOutput):
    """An adapter at the meter that keeps the hourly list for those who come later.

    The meter sends its counters once an hour, and nobody watches a demo for so long.
    """

    def __init__(self, meter: HanMeter) -> None:
        super().__init__()
        self._meter = meter

    @override
    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert self._meter.kind.hourly is not None
        writer.write(self._meter.send(self._meter.kind.hourly).wire)
        await super().connected(reader, writer)


class House:
    """All of it."""

    def __init__(self, start: datetime) -> None:
        self.clock = Clock(start=start, step=_STEP_OF_THE_PAST)
        self.real_clock = Clock()
        self._hand_over = self.clock.subscribe(self._manage)
        self.garage = Charger4X(model="4Business 710 11 C2", name="Garage", clock=self.clock)
        self.carport = Compact(model="Compact 2.0s 11", fallback=6, clock=self.clock, seed=1)
        self.driveway = Eve(sockets=2, validity=300.0, clock=self.clock, seed=2)
        self.gx = ess_home(clock=self.clock, seed=3, system_name="Small house")
        home = self.gx.home
        # A long day in June, whatever the season: a demo without sun shows little.
        home.sky.sunrise, home.sky.sunset = 4.5, 22.0
        home.house.panels = 12_000.0
        home.battery.capacity, home.battery.soc = 20_480.0, 40.0
        self.metered = MeteredHouse(net=_METER.net, seed=4, begun_with=41_237_512.0)
        self._bays = self._park()
        self.clock.subscribe(self._step)

    @property
    def now(self) -> float:
        """The simulated moment, in seconds since 1970."""
        return self.clock.start.timestamp() + self.clock.now

    @property
    def hour(self) -> float:
        """The hour of the day, where the house is."""
        moment = self.clock.moment
        return moment.hour + moment.minute / 60

    def _park(self) -> list[Bay]:
        """Say whose cars there are: an estate, a small one, a visiting hybrid, a second one."""
        left, right = self.driveway.sockets
        for car, capacity, phases in (
            (self.garage.car, 77_000.0, 3),
            (self.carport.car, 42_000.0, 3),
            (left.car, 13_000.0, 1),
            (right.car, 64_000.0, 3),
        ):
            car.battery_wh, car.phases, car.max_current = capacity, phases, 16.0
        return [
            Bay(
                car=self.garage.car,
                visits=((0.0, 7.4), (11.8, 13.7), (16.6, 24.0)),
                arrives_with=0.45,
            ),
            Bay(car=self.carport.car, visits=((0.0, 9.2), (14.0, 24.0)), arrives_with=0.3),
            Bay(
                car=left.car,
                visits=((8.2, 11.0), (12.5, 15.8), (18.0, 22.5)),
                arrives_with=0.15,
            ),
            Bay(car=right.car, visits=((0.0, 6.5), (9.5, 17.5), (20.0, 24.0)), arrives_with=0.5),
        ]

    def stay_away(self) -> None:
        """Have no car come."""
        for bay in self._bays:
            bay.visits = ()

    def _manage(self, _seconds: float) -> None:
        """Be the energy manager of the past: the chargers obey nobody who is silent."""
        hems, ems = self.garage.hems, self.carport.ems
        hems.heard()
        hems.written()
        hems.set_tenths(round(10 * LIMITS[GARAGE]))
        ems.beat(0)
        ems.release(1)
        ems.set_current(LIMITS[CARPORT])
        left, right = self.driveway.sockets
        left.setpoint = LIMITS[LEFT]
        right.setpoint = limit_of_the_other(self.hour)

    def _step(self, _seconds: float) -> None:
        """Bring cars, and carry what the chargers draw to the home and on to the meter."""
        for bay in self._bays:
            bay.step(self.hour)
        l1, l2, l3 = (
            round(sum(watts))
            for watts in zip(
                self.garage.meter.powers,
                self.carport.meter.powers,
                *(socket.meter.powers for socket in self.driveway.sockets),
                strict=True,
            )
        )
        self.gx.home.appliances["chargers"] = (l1, l2, l3)
        self.metered.held = self._grid_power(), (-20.0, -35.0, -15.0)

    def _grid_power(self) -> PerPhase:
        l1, l2, l3 = self.gx.home.flows.grid
        return float(l1), float(l2), float(l3)

    def series(self) -> dict[str, Series]:
        """Name what is worth a history: by device, and by its value as Voltrail calls it."""
        home = self.gx.home
        found: dict[str, Series] = {
            "gx/power": Series(unit="W", read=lambda: sum(home.flows.grid)),
            "gx/pv_power": Series(unit="W", read=lambda: sum(home.flows.pv_dc)),
            "gx/battery_225_power": Series(unit="W", read=lambda: home.flows.battery),
            "gx/consumption_power": Series(unit="W", read=self._consumption),
            "gx/battery_225_state_of_charge": Series(
                unit="%", read=lambda: round(home.battery.soc)
            ),
            "gx/grid_30_energy_imported": Series(
                unit="kWh", total=True, read=lambda: home.counters["imported"]
            ),
            "gx/grid_30_energy_exported": Series(
                unit="kWh", total=True, read=lambda: home.counters["exported"]
            ),
            "gx/pv_energy_produced": Series(
                unit="kWh", total=True, read=lambda: sum(day.total for day in home.days)
            ),
            "gx/battery_225_energy_charged": Series(
                unit="Wh", total=True, read=lambda: home.battery.energy_charged
            ),
            "gx/battery_225_energy_discharged": Series(
                unit="Wh", total=True, read=lambda: home.battery.energy_discharged
            ),
            "meter/power": Series(unit="W", read=lambda: sum(self._grid_power())),
        }
        left, right = self.driveway.sockets
        for name, meter in (
            (GARAGE, self.garage.meter),
            (CARPORT, self.carport.meter),
            (LEFT, left.meter),
            (OTHER, right.meter),
        ):
            found[f"{name}power"] = Series(unit="W", read=partial(getattr, meter, "power"))
            found[f"{name}energy_charged"] = Series(
                unit="Wh", total=True, read=partial(getattr, meter, "energy")
            )
        return found

    def _consumption(self) -> float:
        flows = self.gx.home.flows
        return sum(flows.load_input) + sum(flows.load_output)

    def words(self) -> dict[str, Words]:
        """Name the states that are worth a history, in the same way."""
        left, right = self.driveway.sockets
        found = {}
        for name, car, limit in (
            (GARAGE, self.garage.car, lambda: LIMITS[GARAGE]),
            (CARPORT, self.carport.car, lambda: LIMITS[CARPORT]),
            (LEFT, left.car, lambda: LIMITS[LEFT]),
            (OTHER, right.car, lambda: limit_of_the_other(self.hour)),
        ):
            found[f"{name}charging_state"] = Words(read=partial(charging_state, car))
            found[f"{name}blocked_by"] = Words(read=partial(blocked_by, car, limit))
        return found

    def live_until(self, end: datetime) -> Past:
        """Let the past happen, and return what was measured in it."""
        series, words = self.series(), self.words()
        begun = self.clock.start.timestamp()
        periods, rest = divmod(end.timestamp() - begun, SAMPLE)
        for number in range(int(periods)):
            for _ in range(int(SAMPLE / _STEP_OF_THE_PAST)):
                self._advance(_STEP_OF_THE_PAST)
                for one in series.values():
                    one.sample()
                for word in words.values():
                    word.sample(self.now)
            for one in series.values():
                one.close(begun + number * SAMPLE)
        self._advance(rest)
        self._hand_over()
        self.clock.step = _STEP_OF_THE_PRESENT
        return Past(series=series, words=words)

    def _advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.metered.advance(seconds, self.clock.moment)

    async def serve(
        self, ports: Ports, carport: Path, speed: float, ready: Callable[[], None]
    ) -> None:
        """Be there for whoever asks, until cancelled; say when it is so."""
        self._wait_in_real_time(speed)
        meter = HanMeter(_METER, start=self.clock.moment, house=self.metered)
        async with AsyncExitStack() as stack:
            for device, port, control_port in (
                (self.garage, ports.garage, ports.garage_control),
                (self.driveway, ports.driveway, ports.driveway_control),
                (self.gx, ports.gx, ports.gx_control),
            ):
                await stack.enter_async_context(serve(device, port=port))
                await stack.enter_async_context(control(device, control_port))
            await stack.enter_async_context(serve_pty(self.carport, carport))
            await stack.enter_async_context(control(self.carport, ports.carport_control))
            output = Adapter(meter)
            stack.callback(follow(meter, Faults(), self.clock, output.send))
            await stack.enter_async_context(
                await asyncio.start_server(output.connected, "127.0.0.1", ports.meter)
            )
            # Before the server waits for its connections to end.
            stack.callback(output.drop)
            ready()
            async with asyncio.TaskGroup() as clocks:
                clocks.create_task(self.clock.follow_real_time(speed))
                clocks.create_task(self.real_clock.follow_real_time())

    def _wait_in_real_time(self, speed: float) -> None:
        """Have the devices wait for their energy manager in its time, however fast they live.

        It speaks to them every few seconds, which are minutes of theirs.
        """
        controller = self.gx.controller
        for setpoint in (controller.override, *controller.setpoints.values()):
            if setpoint.seconds is not None:
                setpoint.seconds *= speed
        self.carport.ems.clock = self.real_clock
        self.carport.ems.restart()

        def give_back(seconds: float) -> None:
            too_much = seconds * (1 - 1 / speed)
            self.garage.hems.silence -= too_much
            for socket in self.driveway.sockets:
                if socket.remaining > 0:
                    socket.remaining += too_much

        self.clock.subscribe(give_back)


def _present(zone: ZoneInfo) -> datetime:
    """Return the present moment there, with an offset that no summer time changes under way."""
    now = datetime.now(zone)
    return now.astimezone(timezone(now.utcoffset() or timedelta()))


async def _run(chosen: argparse.Namespace) -> None:
    now = _present(ZoneInfo(chosen.time_zone))
    midnight = (now - timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    # Statistics are of whole hours, as those count who do not live half an hour beside them.
    house = House(midnight - timedelta(seconds=midnight.timestamp() % 3600))
    house.live_until(now).write(chosen.folder / "history.json")
    serving = asyncio.ensure_future(
        house.serve(
            Ports(), chosen.folder / "carport", chosen.speed, (chosen.folder / "ready").touch
        )
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, serving.cancel)
    try:
        await serving
    except asyncio.CancelledError:
        print("ended", flush=True)


def main() -> None:
    """Parse the command line and live."""
    parser = argparse.ArgumentParser(prog="python -m scripts.lib.house", description=__doc__)
    parser.add_argument("folder", type=Path, help="for the history and the serial port")
    parser.add_argument("--speed", type=float, default=1.0, help="simulated seconds per second")
    parser.add_argument("--time-zone", default="Europe/Oslo")
    asyncio.run(_run(parser.parse_args()))


if __name__ == "__main__":
    main()
