"""The charging controller through a simulated day: python examples/charging_controller.py."""

import math
from datetime import UTC, datetime, timedelta

from voltrail.charging import controller as charging

MORNING = datetime(2026, 6, 14, 4, tzinfo=UTC)
SECONDS = 16 * 3600


def sun_w(second: int) -> float:
    """Return what the panels give: a bright day, with a cloud of ten minutes in every hour."""
    cloud = 0.12 if 1200 < second % 3600 < 1800 else 1.0
    return 8500 * math.sin(math.pi * second / SECONDS) * cloud


def main(every: int = 1) -> float:
    """Drive one day, a step every so many seconds; returns what the car got, in kWh."""
    garage = charging.ChargerConfig(key="garage", switchable=True, one_verb=True)
    controller = charging.Controller(charging.ControllerConfig(chargers=(garage,)))
    solar = charging.ChargerRequest(mode=charging.Mode.SOLAR)
    amps, phases, energy_kwh, told = 0.0, 1, 0.0, ""
    for second in range(0, SECONDS, every):
        now, wall = float(second), MORNING + timedelta(seconds=second)
        draw_w = amps * phases * 230  # this car follows at once, on all phases that it gets
        energy_kwh += draw_w * every / 3.6e6
        currents = tuple(amps if phase < phases else 0.0 for phase in range(3))
        view = charging.ChargerView(received_s=now, currents_a=currents, phases=phases)
        observation = charging.Observation(
            grid=charging.GridSample(400 + draw_w - sun_w(second), now), chargers={"garage": view}
        )
        requests = charging.Requests(chargers={"garage": solar})
        orders, explanation = controller.step(now, wall, observation, requests)
        for order in orders:
            amps, phases = order.current_a, order.phases
        if (why := explanation.chargers["garage"].reason) != told:
            print(f"{wall:%H:%M:%S}  {why:18} {amps:4.0f} A x {phases}, {energy_kwh:.1f} kWh")
            told = why
    return energy_kwh


if __name__ == "__main__":
    main()
