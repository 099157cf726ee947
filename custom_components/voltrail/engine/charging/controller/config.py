"""What does not change while the controller runs: the connection and the chargers."""

from dataclasses import dataclass
from datetime import UTC, tzinfo


@dataclass(frozen=True, slots=True)
class MeanLimit:
    """A limit on the mean power of a window that follows the local clock."""

    power_w: float
    window_s: int = 900
    zone: tzinfo = UTC


@dataclass(frozen=True, slots=True)
class Distribution:
    """A sub-distribution: a fuse of its own for the chargers behind it."""

    key: str
    fuse_a: float
    margin_a: float = 2.0


@dataclass(frozen=True, slots=True)
class Battery:
    """The house battery; ``most_w`` is the most it can take."""

    most_w: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargerConfig:
    """What a charge point says of itself, and what the owner says of it.

    ``rotation`` names, for each phase of the charger, the phase of the house (0 is L1).
    ``one_verb`` takes a current and phases in one order and pauses by itself in between.
    ``by_power`` chooses its phases by the watts it is told. ``lowering_waits`` takes no
    order at all within its spacing but a pause. ``pause_spacing_s`` holds back what resumes or
    changes phases, never a pause. ``measured`` is off for a charger outside the measured point.
    ``full_minimum`` leaves the minimum on offer after a target, for a car that is pre-heated.
    """

    key: str
    minimum_a: float = 6.0
    maximum_a: float = 16.0
    step_a: float = 1.0
    phases: int = 3
    switchable: bool = False
    one_verb: bool = False
    by_power: bool = False
    lowering_waits: bool = False
    rotation: tuple[int, ...] = (0, 1, 2)
    spacing_s: float = 5.0
    pause_spacing_s: float = 0.0
    switch_pause_s: float = 60.0
    switches_a_day: int | None = None
    fallback_a: float = 6.0
    watchdog_s: float = 60.0
    priority: int = 0
    measured: bool = True
    full_minimum: bool = False
    distribution: str | None = None
    latest_slots: bool = True
    """Of equal prices the later slots, and without prices as late as possible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerConfig:
    """The grid connection and the chargers behind it. ``fuse_a`` 0 guards no fuse.

    ``repeats`` says that the source of the grid power reports equal values too.
    """

    chargers: tuple[ChargerConfig, ...]
    phases: int = 3
    voltage_v: float = 230.0
    fuse_a: float = 0.0
    margin_a: float = 2.0
    limit: MeanLimit | None = None
    distributions: tuple[Distribution, ...] = ()
    battery: Battery | None = None
    panels_w: float | None = None
    repeats: bool = True
