"""Energy of the devices behind the GX: counted by the hardware, or worked out from power.

Some batteries and meters count, some do not and read 0 for ever, and nothing but the
values tells which. So power is added up from the first day. A counter takes over as soon as it
shows anything, at the value that the sum has reached: what is published never jumps.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from ...model.points import Quantity, Tier, derived
from .component import GxComponent
from .integrator import LONGEST_GAP, Integrator
from .writing import Clock

SAVE_EVERY: Final = 300.0
"""Seconds between two saves while energy is added up; more would wear an SD card."""

LARGEST_POWER: Final = 1_000_000.0
"""W. No house has more, so whatever says so is nonsense."""

SAMPLES_PER_GAP: Final = 3
"""Polls that may be missing; beyond that, the time in between adds nothing."""

type Source = Callable[[], float | None]


class EnergyCounter:
    """One counter: the hardware's, or the sum of power until there is one."""

    def __init__(
        self,
        hardware: Source,
        *,
        summed: Callable[[], float] | None = None,
        span: float | None = None,
    ) -> None:
        self._hardware = hardware
        self._summed = summed
        self._span = span
        self._offset: float | None = None
        self._last: float | None = None
        # Whether the sum was shown, be it 0, before the hardware had anything.
        self._sum_shown = False
        self.value: float | None = None
        """The energy in Wh; None while the hardware has lost it."""

    def settle(self) -> bool:
        """Update the value from what was just read; return whether the hardware took over."""
        reading = self._hardware()
        if not reading:
            # A counter never returns to 0: that means "no value", if it ever had one.
            self.value = None if self._offset is not None else self._sum()
            self._sum_shown |= self.value is not None
            return False
        took_over = self._offset is None
        if self._offset is None:
            summed = self._sum()
            # Hardware that has just started shows 0 before it shows what it has counted.
            self._offset = summed - reading if self._sum_shown and summed is not None else 0.0
        elif self._wrapped(reading):
            assert self._span is not None
            self._offset += self._span
        self._last = reading
        self.value = round(reading + self._offset)
        return took_over

    def _sum(self) -> float | None:
        return None if self._summed is None else int(self._summed())

    def _wrapped(self, reading: float) -> bool:
        """Whether a narrow counter went over its end; a person who resets it starts lower."""
        span, last = self._span, self._last
        return span is not None and last is not None and last > 0.9 * span and reading < 0.1 * span

    def dump_state(self) -> dict[str, float | None]:
        """Return a form that can be stored."""
        return {"offset": self._offset, "last": self._last}

    def restore_state(self, memory: Mapping[str, Any]) -> None:
        """Take a stored form back."""
        self._offset, self._last = _known(memory.get("offset")), _known(memory.get("last"))
        self._sum_shown = "offset" in memory and self._offset is None


def _known(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


class EnergyTotal:
    """The energy of one device, or of one thing that the system measures."""

    def __init__(self, integrator: Integrator, counters: Mapping[str, EnergyCounter]) -> None:
        self.integrator = integrator
        self.counters = counters

    def value(self, name: str) -> float | None:
        """Return a counter in Wh."""
        return self.counters[name].value

    def dump_state(self) -> dict[str, Any]:
        """Return a form that can be stored."""
        counters = {name: counter.dump_state() for name, counter in self.counters.items()}
        return {"sum": self.integrator.dump_state(), "counters": counters}

    def restore_state(self, memory: Mapping[str, Any]) -> None:
        """Take a stored form back."""
        self.integrator.restore_state(_mapping(memory.get("sum")))
        for name, stored in _mapping(memory.get("counters")).items():
            if name in self.counters:
                self.counters[name].restore_state(_mapping(stored))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _nothing() -> float | None:
    return None


class EnergyStore:
    """All energy totals of a GX; what they hold outlives restarts."""

    def __init__(self, clock: Clock, scan_interval: float, save: Callable[[], None]) -> None:
        self._clock = clock
        self._longest_gap = min(SAMPLES_PER_GAP * scan_interval, LONGEST_GAP)
        self._save = save
        self._saved: float | None = None
        self._totals: dict[str, EnergyTotal] = {}
        self._memory: Mapping[str, Any] = {}

    def open(
        self,
        key: str,
        *components: GxComponent,
        power: Source | None = None,
        positive: str | None = None,
        negative: str | None = None,
        hardware: Mapping[str, Source] | None = None,
        span: float | None = None,
    ) -> EnergyTotal:
        """Open a total that is updated whenever one of the components was read.

        ``positive`` and ``negative`` name the counters of the two directions of power,
        ``hardware`` the counters that the device may have.
        """
        integrator = Integrator(longest_gap=self._longest_gap, limit=LARGEST_POWER)
        hardware = hardware or {}
        sums: dict[str, Callable[[], float]] = {}
        if positive is not None:
            sums[positive] = lambda: integrator.positive
        if negative is not None:
            sums[negative] = lambda: integrator.negative
        counters = {
            name: EnergyCounter(hardware.get(name, _nothing), summed=sums.get(name), span=span)
            for name in {**sums, **hardware}
        }
        total = self._totals[key] = EnergyTotal(integrator, counters)
        total.restore_state(_mapping(self._memory.get(key)))
        for component in components:
            component.add_update_listener(lambda: self._update(total, power))
        return total

    def _update(self, total: EnergyTotal, power: Source | None) -> None:
        now = self._clock()
        if power is not None:
            total.integrator.add(power(), now)
        took_over = [counter.settle() for counter in total.counters.values()]
        # The first time as well: what was added up before that would be lost with an early end.
        due = self._saved is None or now - self._saved >= SAVE_EVERY
        if any(took_over) or (power is not None and due):
            self._saved = now
            self._save()

    @property
    def gaps(self) -> int:
        """How often samples were too far apart to add anything, since the start."""
        return sum(total.integrator.gaps for total in self._totals.values())

    def dump_state(self) -> dict[str, Any]:
        """Return all totals in a form that can be stored."""
        # What belongs to hardware that is not set up now is kept as well.
        return {**self._memory, **{key: one.dump_state() for key, one in self._totals.items()}}

    def restore_state(self, memory: Mapping[str, Any]) -> None:
        """Take stored totals back, for those that are opened from now on."""
        self._memory = dict(memory)


def energy_view(
    total: EnergyTotal, prefix: str, tiers: Mapping[str, Tier], depends_on: tuple[str, ...]
) -> object:
    """Return the view that shows the counters of a total, each under its name and a prefix."""

    def shown(counter: str) -> object:
        tier = tiers.get(counter, Tier.MAIN)
        value = derived(Quantity.ENERGY, depends_on=depends_on, tier=tier)
        return value(lambda _view: total.value(counter))

    values = {f"{prefix}{counter}": shown(counter) for counter in total.counters}
    view: object = type("EnergyView", (), values)()
    return view
