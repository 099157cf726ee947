"""The energy of a house: panels, battery, inverter, loads and the grid, without a single register.

All powers that are shown are whole watts and stand still for a step; what is counted is exactly
what was shown, times how long. So everything adds up to the last digit.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from math import exp
from typing import TYPE_CHECKING, Final, NamedTuple

from simulators.grid import Grid
from simulators.victron_gx.battery import Battery
from simulators.victron_gx.counters import Counters, MpptDay
from simulators.victron_gx.orders import Orders, Switch
from simulators.victron_gx.sky import Sky

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from random import Random

type Three = tuple[int, int, int]

_NOTHING: Final[Three] = (0, 0, 0)
#: Less than this, in W, is what whole watts leave over.
_ROUNDING: Final = 10
#: How the base load is spread over three phases.
_SHARES: Final = {1: (1.0, 0.0, 0.0), 2: (0.6, 0.4, 0.0), 3: (0.5, 0.3, 0.2)}


class Flows(NamedTuple):
    """The powers that are shown at the moment, in whole watts."""

    load_input: Three = _NOTHING
    load_output: Three = _NOTHING
    #: From PV inverters.
    pv_ac: Three = _NOTHING
    #: From DC to AC.
    inverter: Three = _NOTHING
    grid: Three = _NOTHING
    #: Per MPPT.
    pv_dc: tuple[int, ...] = ()
    #: What the inverter takes from DC.
    inverter_dc: int = 0
    battery: int = 0
    panels_held_back: bool = False
    pv_ac_held_back: bool = False
    #: The battery is not discharged, because of its state of charge.
    discharge_blocked: bool = False

    @property
    def input(self) -> Three:
        """At the AC input of the Multi, positive into it."""
        l1, l2, l3 = (
            load - inverter for load, inverter in zip(self.output, self.inverter, strict=True)
        )
        return l1, l2, l3

    @property
    def output(self) -> Three:
        """At the AC output of the Multi."""
        return self.load_output


@dataclass(kw_only=True)
class House:
    """What the house is and needs; loads in W."""

    phases: int = 3
    base_load: float = 600.0
    #: How much the base load wanders, as a share of itself.
    restlessness: float = 0.15
    #: The share of it that hangs on the output of the Multi.
    critical_share: float = 0.4
    #: More load, in front of the Multi.
    extra_l1: float = 0.0
    extra_l2: float = 0.0
    extra_l3: float = 0.0
    grid_connected: bool = True
    #: Rated power of the panels at each MPPT, all together, and of the PV inverters.
    panels: float = 6000.0
    pv_inverters: float = 0.0
    #: Rated power of the Multis on each phase, and how quickly they follow.
    inverter_power: float = 5000.0
    inverter_efficiency: float = 0.95
    inverter_seconds: float = 1.0


@dataclass(kw_only=True)
class Home:
    """All of it, one step after the other."""

    random: Random
    mppts: int = 2
    house: House = field(default_factory=House)
    battery: Battery = field(default_factory=Battery)
    orders: Orders = field(default_factory=Orders)
    flows: Flows = field(default_factory=Flows)
    counters: Counters = field(default_factory=Counters)
    #: Those of the VE.Bus devices, which forget.
    vebus_counters: Counters = field(default_factory=Counters)

    def __post_init__(self) -> None:
        self.sky = Sky(random=self.random)
        self.mains = Grid(random=self.random, phases=self.house.phases)
        self.days = [MpptDay() for _ in range(self.mppts)]
        #: What appliances with a service of their own draw, all in front of the Multi.
        self.appliances: dict[str, Three] = {}
        self._inverter = (0.0, 0.0, 0.0)
        self._wander = 0.0
        self._today: date | None = None

    def step(self, seconds: float, moment: datetime) -> None:
        """Count what was shown, then find out what flows now."""
        self._count(seconds, moment)
        self.mains.phases = self.house.phases
        self.mains.step(seconds)
        self.sky.step(seconds, moment)
        kept = exp(-seconds / 60)
        self._wander = self._wander * kept + (1 - kept**2) ** 0.5 * self.random.gauss()
        self.flows = self._settle(seconds)
        self.battery.pass_time(seconds, self.flows.battery)

    # Counting.

    def _count(self, seconds: float, moment: datetime) -> None:
        if self._today is not None and moment.date() != self._today:
            for day in self.days:
                day.turn()
        self._today = moment.date()
        flows, add = self.flows, self.counters.add
        for day, watts in zip(self.days, flows.pv_dc, strict=False):
            day.add(watts, seconds)
        for number, grid, pv in zip((1, 2, 3), flows.grid, flows.pv_ac, strict=True):
            self.counters.add_signed(f"imported_l{number}", f"exported_l{number}", grid, seconds)
            add(f"pv_l{number}", pv, seconds)
        # The meter nets the phases before it counts, as utilities do: its totals differ from the
        # sum of its phases.
        self.counters.add_signed("imported", "exported", sum(flows.grid), seconds)
        for phase in range(3):
            self._count_vebus(phase, seconds)

    def _count_vebus(self, phase: int, seconds: float) -> None:
        """Split what passes a Multi into where it came from and where it went."""
        flows, add = self.flows, self.vebus_counters.add
        into, out, inverted = flows.input[phase], flows.output[phase], flows.inverter[phase]
        drawn, fed = max(into, 0), max(-into, 0)
        used = max(out, 0)
        straight = min(drawn, used)
        add("input_1_to_output", straight, seconds)
        add("input_1_to_inverter", drawn - straight, seconds)
        add("inverter_to_input_1", fed, seconds)
        add("inverter_to_output", max(inverted - fed, 0), seconds)

    # Balancing.

    def _settle(self, seconds: float) -> Flows:
        house, orders = self.house, self.orders
        loads = self._loads()
        extra = [house.extra_l1, house.extra_l2, house.extra_l3]
        for draws in self.appliances.values():
            extra = [more + watts for more, watts in zip(extra, draws, strict=True)]
        on_output = _three(round(load * house.critical_share) for load in loads)
        on_input = _three(
            round(load + more) - behind
            for load, more, behind in zip(loads, extra, on_output, strict=True)
        )
        light = self.sky.now
        shares = _SHARES[3 if house.phases == 3 else 1]
        rated = house.pv_inverters * light
        if orders.pv_inverter_power is not None:
            rated = min(rated, orders.pv_inverter_power)
        pv_ac = _three(round(rated * share) for share in shares)
        panels = round(house.panels * light)
        if orders.switch is Switch.OFF:
            self._inverter = (0.0, 0.0, 0.0)
            on_output = _NOTHING
        if not house.grid_connected:
            return self._island(_NOTHING, on_output, _NOTHING, panels)
        if orders.switch is Switch.INVERTER_ONLY:
            return self._island(on_input, on_output, pv_ac, panels)
        return self._parallel(on_input, on_output, pv_ac, panels, seconds)

    def _loads(self) -> Sequence[float]:
        base = self.house.base_load * max(0.2, 1 + self.house.restlessness * self._wander)
        return [base * share for share in _SHARES[self.house.phases]]

    def _island(self, on_input: Three, on_output: Three, pv_ac: Three, panels: int) -> Flows:
        """The inverter feeds its output alone; what is in front of it is on the grid, or dark."""
        self._inverter = (float(on_output[0]), float(on_output[1]), float(on_output[2]))
        needed = self._dc_of(on_output)
        if needed - panels > self._gives:
            on_output, needed = _NOTHING, 0
            self._inverter = (0.0, 0.0, 0.0)
        panels, held_back = self._hold_back(panels, needed)
        grid = _NOTHING
        if self.house.grid_connected:
            grid = _three(load - pv for load, pv in zip(on_input, pv_ac, strict=True))
        return Flows(
            load_input=on_input,
            load_output=on_output,
            pv_ac=pv_ac,
            inverter=on_output,
            grid=grid,
            pv_dc=self._per_mppt(panels),
            inverter_dc=needed,
            battery=panels - needed,
            panels_held_back=held_back,
        )

    def _parallel(
        self, on_input: Three, on_output: Three, pv_ac: Three, panels: int, seconds: float
    ) -> Flows:
        """The inverter works against the grid, and the controller says how much."""
        net = _three(
            before + behind - pv
            for before, behind, pv in zip(on_input, on_output, pv_ac, strict=True)
        )
        blocked = self.battery.soc <= self.orders.minimum_soc
        wanted = self._wanted(net, on_output, panels, blocked=blocked)
        moved = 1 - exp(-seconds / self.house.inverter_seconds)
        l1, l2, l3 = (
            now + (target - now) * moved for now, target in zip(self._inverter, wanted, strict=True)
        )
        self._inverter = (l1, l2, l3)
        inverter = self._within_battery(_three(round(power) for power in self._inverter), panels)
        if blocked and not self.orders.external:
            inverter = self._without_discharge(inverter, panels)
        needed = self._dc_of(inverter)
        panels, held_back = self._hold_back(panels, needed)
        pv_ac, limited = self._limit_feed_in(net, inverter, pv_ac)
        grid = _three(
            before + behind - pv - power
            for before, behind, pv, power in zip(on_input, on_output, pv_ac, inverter, strict=True)
        )
        return Flows(
            load_input=on_input,
            load_output=on_output,
            pv_ac=pv_ac,
            inverter=inverter,
            grid=grid,
            pv_dc=self._per_mppt(panels),
            inverter_dc=needed,
            battery=panels - needed,
            panels_held_back=held_back,
            pv_ac_held_back=limited,
            discharge_blocked=blocked,
        )

    def _wanted(
        self, net: Three, on_output: Three, panels: int, *, blocked: bool
    ) -> Sequence[float]:
        """Return the power from DC to AC that each phase should have."""
        orders = self.orders
        if orders.switch is Switch.OFF:
            return (0.0, 0.0, 0.0)
        if orders.external:
            wanted = [
                0.0 if power is None else load - power
                for load, power in zip(on_output, orders.input_powers, strict=True)
            ]
            if orders.feed_in_disabled:
                wanted = [min(power, load) for power, load in zip(wanted, on_output, strict=True)]
        else:
            total = sum(net) - self._aim()
            if orders.keep_charged or not orders.controlled:
                room = max(0.0, self._accepts - panels)
                total = -room / self.house.inverter_efficiency
            # Panels that the battery has no room for go to the house, and to the grid if allowed.
            surplus = (panels - self._accepts) * self.house.inverter_efficiency
            if orders.controlled and surplus > max(total, 0.0):
                total = surplus if orders.feed_in_panels else max(total, min(surplus, sum(net)))
            if orders.feed_in_limit is not None:
                total = min(total, sum(net) + orders.feed_in_limit)
            if blocked:
                total = min(total, panels * self.house.inverter_efficiency)
            wanted = self._spread(total, net)
        if orders.charge_disabled:
            wanted = [max(power, 0.0) for power in wanted]
        if orders.switch is Switch.CHARGER_ONLY:
            wanted = [min(power, 0.0) for power in wanted]
        return self._rated(wanted, on_output)

    def _aim(self) -> float:
        """Return the grid power to aim at, shaved where peaks are to be shaved."""
        orders, volts = self.orders, self.mains.nominal_l1
        aim = orders.grid_power
        shaves = orders.shave_always or self.battery.soc > orders.minimum_soc
        if shaves and orders.import_current is not None:
            aim = min(aim, orders.import_current * volts * self.house.phases)
        if shaves and orders.export_current is not None:
            aim = max(aim, -orders.export_current * volts * self.house.phases)
        if orders.feed_in_limit is not None:
            aim = max(aim, -orders.feed_in_limit)
        return aim

    def _spread(self, total: float, net: Three) -> list[float]:
        """Share a power among the phases: evenly, or so that each phase meets its part."""
        phases = self.house.phases
        if self.orders.per_phase and not self.orders.keep_charged:
            each = (sum(net) - total) / phases
            return [power - each if phase < phases else 0.0 for phase, power in enumerate(net)]
        return [total / phases if phase < phases else 0.0 for phase in range(3)]

    def _rated(self, wanted: Sequence[float], on_output: Three) -> Sequence[float]:
        """Keep to what the inverters can, and to the limit of the AC input."""
        orders = self.orders
        most = self.house.inverter_power
        if orders.inverter_limit is not None:
            total = sum(power for power in wanted if power > 0)
            share = min(1.0, orders.inverter_limit / total) if total else 1.0
            wanted = [power * share if power > 0 else power for power in wanted]
        wanted = [max(-most, min(most, power)) for power in wanted]
        if orders.input_current is not None:
            drawn = orders.input_current * self.mains.nominal_l1
            # The limit reduces charging; it does not make the Multi discharge.
            wanted = [
                max(power, min(0.0, load - drawn))
                for power, load in zip(wanted, on_output, strict=True)
            ]
        return wanted

    def _within_battery(self, inverter: Three, panels: int) -> Three:
        """Take back at once what the battery cannot take or give."""
        over = self._dc_of(inverter) - panels - self._gives
        if over > 0:
            return _scaled(inverter, over * self.house.inverter_efficiency, 1)
        under = panels - self._dc_of(inverter) - self._accepts
        charging = -sum(power for power in inverter if power < 0)
        if under > 0 and charging > 0:
            return _scaled(inverter, min(charging, under / self.house.inverter_efficiency), -1)
        return inverter

    def _without_discharge(self, inverter: Three, panels: int) -> Three:
        over = self._dc_of(inverter) - panels
        return _scaled(inverter, over * self.house.inverter_efficiency, 1) if over > 0 else inverter

    def _limit_feed_in(self, net: Three, inverter: Three, pv_ac: Three) -> tuple[Three, bool]:
        """Hold back the PV inverters where less may go out than would."""
        orders = self.orders
        out = sum(inverter) - sum(net)
        allowed = float(out)
        if orders.feed_in_limit is not None:
            allowed = min(allowed, orders.feed_in_limit)
        if orders.hold_back_pv_inverters:
            allowed = min(allowed, max(0, sum(inverter)) if orders.feed_in_panels else 0)
        excess = min(round(out - max(allowed, 0)), sum(pv_ac)) if out > 0 else 0
        if excess <= 0:
            return pv_ac, False
        return _scaled(pv_ac, excess, 1), True

    def _hold_back(self, panels: int, needed: int) -> tuple[int, bool]:
        """Let the MPPTs make no more than battery and inverter take."""
        room = max(0, round(self._accepts) + needed)
        return min(panels, room), panels > room + _ROUNDING

    def _per_mppt(self, panels: int) -> tuple[int, ...]:
        each, rest = divmod(panels, self.mppts) if self.mppts else (0, 0)
        return tuple(each + (rest if number == 0 else 0) for number in range(self.mppts))

    def _dc_of(self, inverter: Three) -> int:
        efficiency = self.house.inverter_efficiency
        return round(
            sum(power / efficiency if power > 0 else power * efficiency for power in inverter)
        )

    @property
    def _accepts(self) -> float:
        """The power that the battery may be charged with."""
        amps = self.battery.charge_current_limit
        if self.orders.charge_current is not None:
            amps = min(amps, self.orders.charge_current)
        return amps * self.battery.rest_voltage

    @property
    def _gives(self) -> float:
        return self.battery.discharge_current_limit * self.battery.rest_voltage


def _three(powers: Iterable[int]) -> Three:
    l1, l2, l3 = powers
    return l1, l2, l3


def _scaled(powers: Three, less: float, sign: int) -> Three:
    """Take `less` watts away from the powers of one sign, in proportion."""
    total = sum(power for power in powers if power * sign > 0)
    share = max(0.0, 1 - less / abs(total)) if total else 0.0
    return _three(int(power * share) if power * sign > 0 else power for power in powers)
