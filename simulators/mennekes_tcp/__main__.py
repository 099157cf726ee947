"""Run a simulated AMTRON from the command line."""

from simulators.mennekes_tcp.codes import PhaseMode
from simulators.mennekes_tcp.profile_4x import Charger4X
from simulators.mennekes_tcp.profile_ecu import ChargerEcu
from simulators.mennekes_tcp.profile_hcc3 import ChargerHcc3
from simulators.program import options, real_clock, run


def main() -> None:
    """Parse the command line and serve."""
    parser = options("mennekes_tcp", "A MENNEKES AMTRON over Modbus TCP.", port=1502)
    parser.add_argument("--profile", choices=["4x", "ecu", "hcc3"], default="4x")
    parser.add_argument("--model", help='as in "4Business 710 22 C2", or "CC612"')
    parser.add_argument("--protocol", help='Modbus protocol of a 4X, "1.0" to "1.5"')
    parser.add_argument("--firmware", help='of an ECU, as in "5.22"')
    parser.add_argument(
        "--phase-mode", choices=[mode.name.lower() for mode in PhaseMode], help="of a 4X"
    )
    parser.add_argument("--car", choices=["plugged", "away"], default="away")
    chosen = parser.parse_args()
    given = {"model": chosen.model, "protocol": chosen.protocol}
    texts = {name: value for name, value in given.items() if value is not None}
    device: Charger4X | ChargerEcu | ChargerHcc3
    if chosen.profile == "4x":
        mode = None if chosen.phase_mode is None else PhaseMode[chosen.phase_mode.upper()]
        device = Charger4X(**texts, phase_mode=mode, clock=real_clock(), seed=chosen.seed)
    elif chosen.profile == "hcc3":
        device = ChargerHcc3(clock=real_clock(), seed=chosen.seed)
    else:
        firmware = chosen.firmware or "5.22"
        device = ChargerEcu(**texts, firmware=firmware, clock=real_clock(), seed=chosen.seed)
    if chosen.car == "plugged":
        device.car.plug_in()
    run(device, chosen)


if __name__ == "__main__":
    main()
