"""What the controller may order of the home."""

from dataclasses import dataclass
from enum import IntEnum


class Switch(IntEnum):
    """The switch of a Multi, as VE.Bus counts it."""

    CHARGER_ONLY = 1
    INVERTER_ONLY = 2
    ON = 3
    OFF = 4


@dataclass(frozen=True, kw_only=True)
class Orders:
    """What the controller wants; None where nothing is limited."""

    switch: Switch = Switch.ON
    #: Whether there is an ESS controller at all; without one the Multi charges and passes through.
    controlled: bool = True
    keep_charged: bool = False
    per_phase: bool = False
    #: Power from the grid that is aimed at.
    grid_power: float = 0.0
    #: Mode 3: the power of the Multi's AC input per phase, instead of all of the above.
    external: bool = False
    input_powers: tuple[float | None, float | None, float | None] = (None, None, None)
    #: What the PV inverters may make.
    pv_inverter_power: float | None = None
    charge_disabled: bool = False
    feed_in_disabled: bool = False
    minimum_soc: float = 0.0
    inverter_limit: float | None = None
    charge_current: float | None = None
    feed_in_limit: float | None = None
    feed_in_panels: bool = True
    hold_back_pv_inverters: bool = False
    input_current: float | None = None
    import_current: float | None = None
    export_current: float | None = None
    shave_always: bool = False
