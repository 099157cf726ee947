"""Takes what was observed: chargers first, then the grid, with what the chargers draw known."""

from typing import Final

from . import car, draw, meter, sequence
from . import limit as limiting
from .bay import Bay
from .budget import battery_w, draws_w, measure_fuse
from .codec import NEVER
from .config import ChargerConfig, ControllerConfig
from .fuse import Fuse
from .requests import ChargerRequest, GridShare
from .samples import ChargerView, CurrentsSample, GridSample
from .scene import Scene
from .state import ChargerState

_LEAST_ROOF: Final = 0.6
"""A minimum above this part of the panels' rating is rarely met: then less grid is bought."""
_ABSENT: Final = ChargerView(received_s=NEVER, available=False, connected=False)
_WISHLESS: Final = ChargerRequest()


def enter(scene: Scene, config: ChargerConfig) -> Bay:
    """Take what a charger shows."""
    states = scene.state.chargers
    state = states.get(config.key)
    if state is None:
        state = states[config.key] = ChargerState()
    request = scene.requests.chargers.get(config.key, _WISHLESS)
    bay = Bay(
        config=config,
        state=state,
        view=scene.observation.chargers.get(config.key, _ABSENT),
        request=request,
        voltage_v=scene.observation.voltage_v or scene.config.voltage_v,
        mode=request.mode,
    )
    if bay.view.available:
        _read(bay, scene)
    else:
        _miss(bay, scene.now)
    bay.minimum_a = max(config.minimum_a, request.minimum_a or 0.0, state.car.least_a)
    most = config.maximum_a if request.maximum_a is None else request.maximum_a
    bay.maximum_a = max(bay.minimum_a, min(config.maximum_a, most))
    bay.levels = car.levels(bay)
    bay.weight = (request.grid_share or _usual_share(bay, scene.config)).weight
    return bay


def _usual_share(bay: Bay, config: ControllerConfig) -> GridShare:
    least_w = (bay.levels[1] if len(bay.levels) > 1 else 1) * bay.unit_w
    small = config.panels_w is not None and least_w > _LEAST_ROOF * config.panels_w
    return GridShare.LITTLE if small else GridShare.NORMAL


def _read(bay: Bay, scene: Scene) -> None:
    state, view, now = bay.state, bay.view, scene.now
    bay.measured_a = car.measured_a(bay)
    car.meet(bay, now)
    fresh = view.received_s > state.draw.seen_s
    if not state.adopted or (fresh and scene.requests.observing):
        sequence.adopt(bay, now)
    state.away_s = NEVER
    draw.read(state.draw, bay.measured_a, view.received_s, bay.most_a, now)
    if fresh:
        car.learn(bay, now)
        if view.session_wh is not None:
            state.car.energy_wh = max(0.0, view.session_wh - state.car.offset_wh)
    car.wake(bay, now)
    sequence.verify(bay, now)


def _miss(bay: Bay, now: float) -> None:
    """Keep what a charger may draw in the balance; it is adopted as found when it is back."""
    state = bay.state
    if state.away_s == NEVER:
        state.away_s = now
    state.adopted, state.stage, state.starting = False, "", False
    gone = now - state.away_s > bay.config.watchdog_s
    if state.car.connected:
        draw.lost(state.draw, bay.config.fallback_a if gone else 0.0)


def measure(scene: Scene) -> None:
    """Take the grid, the phases and the battery."""
    state, observation, now = scene.state, scene.observation, scene.now
    drawn_a = sum(bay.measured_a for bay in scene.bays)
    currents = observation.currents
    grid = observation.grid or _grid_of(currents, scene)
    if grid is not None:
        told = currents.currents_a if currents is not None else ()
        if meter.note(state.meter, grid, told, drawn_a, now):
            _take_grid(scene, grid)
    scene.ready, scene.silent = state.meter.ready(now), state.meter.silent(now)
    if scene.config.fuse_a and currents is not None:
        _take_currents(scene, currents, drawn_a)
    scene.guarded = bool(scene.config.fuse_a) and state.phases.ready(now) and not state.meter.frozen
    for distribution in scene.config.distributions:
        sample = observation.distributions.get(distribution.key)
        fuse = state.distributions.setdefault(distribution.key, Fuse())
        if sample is not None and sample.received_s > fuse.seen_s:
            measure_fuse(
                fuse,
                [bay for bay in scene.bays if bay.config.distribution == distribution.key],
                sample.currents_a,
                sample.received_s,
                rating_a=distribution.fuse_a,
                margin_a=distribution.margin_a,
                hold_s=state.meter.usual_gap_s,
            )


def _grid_of(currents: CurrentsSample | None, scene: Scene) -> GridSample | None:
    """A connection of which only the currents are measured can still guard its fuse."""
    if currents is None:
        return None
    voltage = scene.observation.voltage_v or scene.config.voltage_v
    return GridSample(sum(currents.currents_a) * voltage, currents.received_s)


def _take_grid(scene: Scene, grid: GridSample) -> None:
    state = scene.state
    since = grid.received_s - state.sampled_s
    scene.dt_s = min(since, state.meter.oldest_s) if state.known and since > 0 else 0.0
    state.sampled_s, state.known = grid.received_s, True
    low, high = draws_w(scene.bays)
    battery = battery_w(scene.config, state, scene.observation.battery, scene.requests, scene.now)
    state.surplus_low_w = low - grid.power_w + battery
    state.surplus_high_w = high - grid.power_w + battery
    state.import_w = max(0.0, grid.power_w)
    _split_energy(scene, grid, (low + high) / 2)
    if scene.window is not None:
        limiting.measure(
            state.limit,
            scene.window,
            grid.power_w,
            (low, high),
            scene.limit_w,
            now=scene.now,
            wall_s=scene.wall_s,
        )


def _split_energy(scene: Scene, grid: GridSample, drawn_w: float) -> None:
    """Count for each car what came from the sun and what did not."""
    if not scene.dt_s or drawn_w <= 0:
        return
    battery = scene.observation.battery
    discharging = max(0.0, -battery.power_w) if battery is not None else 0.0
    bought = min(drawn_w, max(0.0, grid.power_w) + discharging)
    sunny = 1 - bought / drawn_w
    for bay in scene.bays:
        energy = sum(bay.draw_w()) / 2 * scene.dt_s / 3600
        bay.state.car.sun_wh += energy * sunny
        if bay.view.session_wh is None:
            bay.state.car.energy_wh += energy


def _take_currents(scene: Scene, currents: CurrentsSample, drawn_a: float) -> None:
    state, config = scene.state, scene.config
    known = GridSample(sum(currents.currents_a), currents.received_s)
    if meter.note(state.phases, known, currents.currents_a, drawn_a, scene.now):
        if state.phases.fresh < meter.WANTED_SAMPLES:
            state.fuse.recent.clear()
        measure_fuse(
            state.fuse,
            [bay for bay in scene.bays if bay.config.measured],
            currents.currents_a,
            currents.received_s,
            rating_a=config.fuse_a,
            margin_a=config.margin_a,
            hold_s=state.phases.usual_gap_s,
        )
