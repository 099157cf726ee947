"""Run a simulated AMTRON on a serial line, or two of them."""

from simulators.device import SimulatedDevice
from simulators.mennekes_rtu.bus import Bus
from simulators.mennekes_rtu.charger import UNIT, Compact
from simulators.mennekes_rtu.codes import LAYOUTS, Satellite
from simulators.program import options, real_clock, run
from simulators.server import LineSettings


def main() -> None:
    """Parse the command line and serve."""
    parser = options(
        "mennekes_rtu",
        "A MENNEKES AMTRON over Modbus RTU; its TCP port is that of a gateway.",
        port=1502,
        line=LineSettings(stopbits=2),
    )
    parser.add_argument("--unit", type=int, default=UNIT)
    parser.add_argument("--second-unit", type=int, help="another charger on the same bus")
    parser.add_argument(
        "--model", default="Compact 2.0s 11", help='as in "4You 310 22 C2": 7.4, 11 or 22 kW'
    )
    parser.add_argument("--layout", choices=list(LAYOUTS), default="1.03")
    parser.add_argument("--fallback", type=int, default=0, help="0 keep, 1 pause, 6 to 32 A")
    parser.add_argument("--switch-pause", type=int, default=0, help="between phase switches, in s")
    parser.add_argument("--solar-modes", action="store_true", help="DIP switch S1-7 on")
    parser.add_argument("--satellite", choices=list(Satellite), default=Satellite.ON)
    parser.add_argument("--car", choices=["plugged", "away"], default="away")
    chosen = parser.parse_args()
    clock = real_clock()

    def charger(unit_id: int, serial: str) -> Compact:
        return Compact(
            unit_id=unit_id,
            model=chosen.model,
            layout=chosen.layout,
            serial=serial,
            fallback=chosen.fallback,
            switch_pause=chosen.switch_pause,
            solar_modes=chosen.solar_modes,
            satellite=Satellite(chosen.satellite),
            clock=clock,
            seed=chosen.seed,
        )

    first = charger(chosen.unit, "13552019")
    device: SimulatedDevice = first
    if chosen.second_unit is not None:
        device = Bus(first, charger(chosen.second_unit, "13552020"))
    if chosen.car == "plugged":
        first.car.plug_in()
    run(device, chosen)


if __name__ == "__main__":
    main()
