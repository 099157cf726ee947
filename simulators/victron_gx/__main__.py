"""Run a simulated GX from the command line."""

from simulators.program import options, real_clock, run
from simulators.victron_gx.controller import OverrideZero
from simulators.victron_gx.homes import ess_home, everything


def main() -> None:
    """Parse the command line and serve."""
    parser = options("victron_gx", "A Victron GX over Modbus TCP.", port=1503)
    parser.add_argument("--home", choices=["ess", "everything"], default="ess")
    parser.add_argument("--firmware", default="3.80", help='from "2.90"; "3.70~47" is a beta')
    parser.add_argument("--server", type=int, help="another server release, 101 for v1.0.101")
    parser.add_argument("--phases", type=int, choices=[1, 3], default=3)
    parser.add_argument("--read-only", action="store_true", help="refuse every write")
    parser.add_argument("--no-ess", action="store_true", help="a home without the ESS assistant")
    parser.add_argument("--shunt", action="store_true", help="a SmartShunt in place of a BMS")
    parser.add_argument("--pv-inverter", action="store_true", help="add one, which sleeps at night")
    parser.add_argument("--portal-id", default="c0619ab4e2d7")
    parser.add_argument("--override-expires", type=float, default=60.0, help="seconds for 2716")
    parser.add_argument(
        "--override-zero",
        choices=[meaning.value for meaning in OverrideZero],
        default=OverrideZero.RELEASES.value,
        help="what 0 in 2716 does",
    )
    chosen = parser.parse_args()
    shared = {
        "firmware": chosen.firmware,
        "server": chosen.server,
        "phases": chosen.phases,
        "read_only": chosen.read_only,
        "portal_id": chosen.portal_id,
        "override_expires": chosen.override_expires,
        "override_zero": OverrideZero(chosen.override_zero),
        "seed": chosen.seed,
        "clock": real_clock(),
    }
    if chosen.home == "everything":
        gx = everything(**shared)
    else:
        gx = ess_home(
            ess=not chosen.no_ess, shunt=chosen.shunt, pv_inverter=chosen.pv_inverter, **shared
        )
    run(gx, chosen)


if __name__ == "__main__":
    main()
