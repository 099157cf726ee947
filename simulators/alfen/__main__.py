"""Run a simulated Alfen Eve from the command line."""

from simulators.alfen.codes import DataSource, MeterKind, Platform, ScnBlock
from simulators.alfen.sample import sample
from simulators.alfen.station import Eve
from simulators.program import options, real_clock, run


def main() -> None:
    """Parse the command line and serve."""
    parser = options("alfen", "An Alfen Eve over Modbus TCP.", port=1502)
    parser.add_argument(
        "--sample", action="store_true", help="the recorded station; the options below are ignored"
    )
    parser.add_argument("--sockets", type=int, choices=[1, 2], default=1)
    parser.add_argument("--platform", choices=list(Platform), default=Platform.NG9XX)
    parser.add_argument("--firmware", default="7.3.0-4331")
    parser.add_argument("--max-current", type=float, default=32.0, help="of the station, in A")
    parser.add_argument("--validity", type=float, default=60.0, help="of set-points, in s")
    parser.add_argument("--safe-current", type=float, default=6.0, help="when they expire, in A")
    parser.add_argument("--source", choices=list(DataSource), default=DataSource.SOCKET)
    parser.add_argument("--scn-block", choices=list(ScnBlock), default=ScnBlock.EMPTY)
    parser.add_argument("--meter", choices=list(MeterKind), default=MeterKind.FULL)
    parser.add_argument("--no-phases", action="store_true", help="phases may not be switched")
    parser.add_argument("--single-phase", action="store_true", help="hardware of one phase")
    parser.add_argument("--clients", type=int, default=2, help="served at the same time")
    parser.add_argument("--car", choices=["plugged", "away"], default="away")
    chosen = parser.parse_args()
    if chosen.sample:
        device = sample()
    else:
        device = Eve(
            sockets=chosen.sockets,
            platform=Platform(chosen.platform),
            firmware=chosen.firmware,
            max_current=chosen.max_current,
            validity=chosen.validity,
            safe_current=chosen.safe_current,
            source=DataSource(chosen.source),
            scn_block=ScnBlock(chosen.scn_block),
            meter_kind=MeterKind(chosen.meter),
            allow_phases=not chosen.no_phases,
            single_phase=chosen.single_phase,
            max_clients=chosen.clients,
            clock=real_clock(),
            seed=chosen.seed,
        )
    if chosen.car == "plugged":
        for socket in device.sockets:
            socket.car.plug_in()
    run(device, chosen)


if __name__ == "__main__":
    main()
