"""The charging controller through one simulated day, with the library alone.

python examples/charging_controller.py
"""

import math
from datetime import UTC, datetime, timedelta

from voltrail.charging.controller import (
    ChargerConfig,
    ChargerRequest,
    ChargerView,
    Controller,
    ControllerConfig,
    GridSample,
    GridShare,
    Mode,
    Observation,
    Requests,
)

DAY = datetime(2026, 6, 14, 4, tzinfo=UTC)
SECONDS = 16 * 3600


def sun_w(second: int) -> float:
    """Return what the panels give: a bright day, and a cloud of ten minutes in every hour."""
    height = math.sin(math.pi * second / SECONDS)
    cloud = 0.12 if 1200 < second % 3600 < 1800 else 1.0
    return 8500 * height * cloud


def main(every: int = 1) -> float:
    """Drive one day, a step every so many seconds; returns the kWh of the car."""
    controller = Controller(
        ControllerConfig(chargers=(ChargerConfig(key="garage", switchable=True, one_verb=True),))
    )
    wanted = Requests(
        chargers={"garage": ChargerRequest(mode=Mode.SOLAR, grid_share=GridShare.NORMAL)}
    )
    amps, phases, told = 0.0, 1, None
    energy_wh = bought_wh = 0.0
    for second in range(0, SECONDS, every):
        # The car of this house follows at once, and uses all the phases that it gets.
        draw_w = amps * phases * 230
        grid_w = 400 + draw_w - sun_w(second)
        energy_wh += draw_w * every / 3600
        bought_wh += min(draw_w, max(0.0, grid_w)) * every / 3600
        view = ChargerView(
            received_s=float(second),
            currents_a=tuple(amps if phase < phases else 0.0 for phase in range(3)),
            offered_a=amps,
            phases=phases,
        )
        orders, explanation = controller.step(
            now=float(second),
            wall=DAY + timedelta(seconds=second),
            observation=Observation(
                grid=GridSample(grid_w, float(second)), chargers={"garage": view}
            ),
            requests=wanted,
        )
        for order in orders:
            amps, phases = order.current_a, order.phases
        why = explanation.chargers["garage"].reason
        if why != told:
            print(f"{DAY + timedelta(seconds=second):%H:%M:%S}  {why:18} {amps:4.0f} A x {phases}")
            told = why
    print(f"{energy_wh / 1000:.1f} kWh, of it {bought_wh / 1000:.2f} kWh from the grid")
    return energy_wh / 1000


if __name__ == "__main__":
    main()
