"""Run a simulated EV charging station of Victron from the command line."""

from simulators.program import options, real_clock, run
from simulators.victron_evcs.station import ChargingStation, PhaseHardware


def main() -> None:
    """Parse the command line and serve."""
    parser = options("victron_evcs", "An EV charging station of Victron.", port=1502)
    parser.add_argument("--firmware", default="000205ff", help="[0, major, minor, beta] as hex")
    parser.add_argument("--product", default="0xc026", help="product id, 0xc023 to 0xc027")
    parser.add_argument("--phases", choices=list(PhaseHardware), default=PhaseHardware.YES)
    parser.add_argument("--car", choices=["plugged", "away"], default="away")
    chosen = parser.parse_args()
    device = ChargingStation(
        firmware=chosen.firmware,
        product=int(chosen.product, 0),
        phase_hardware=PhaseHardware(chosen.phases),
        clock=real_clock(),
        seed=chosen.seed,
    )
    if chosen.car == "plugged":
        device.plug_in()
    run(device, chosen)


if __name__ == "__main__":
    main()
