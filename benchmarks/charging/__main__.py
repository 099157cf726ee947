"""The figures of the charging controller, by one command.

python -m benchmarks.charging             everything: takes a quarter of an hour on two cores
python -m benchmarks.charging --subset    every house and kind of day once, against the baseline
python -m benchmarks.charging --accept    the same, and writes the baseline anew
python -m benchmarks.charging --pictures FOLDER   one clear and one broken day as SVG
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Final

from custom_components.voltrail.engine.charging.controller import BatteryPriority

from . import cost, evenings, faults, means, nights, picture, sunny

BASELINE: Final = Path(__file__).parent / "baseline.json"
SLACK: Final = 0.15
"""Points that a figure may fall by without a reason: another machine rounds as this one does."""
_MAIN: Final = "controller, λ = 2"
_SUBSET_SEED: Final = "subset"


def main() -> int:
    """Run what was asked for; 1 if a figure fell below the baseline."""
    parser = argparse.ArgumentParser(prog="benchmarks.charging", description=__doc__)
    parser.add_argument("--subset", action="store_true")
    parser.add_argument("--accept", action="store_true")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER")
    parser.add_argument("--set", choices=["tuned", *sunny.HELD_OUT], action="append")
    arguments = parser.parse_args()
    if arguments.pictures:
        for path in picture.draw_days(arguments.pictures):
            print(path)
        return 0
    if arguments.subset or arguments.accept:
        return subset(accept=arguments.accept)
    everything(arguments.set or ["tuned", *sunny.HELD_OUT])
    return 0


def subset(*, accept: bool) -> int:
    """Run what fits into a minute and a half, and compare."""
    done = sunny.run_all(sunny.jobs([_SUBSET_SEED], [_MAIN]))
    found = sunny.figures(done, _MAIN)
    evening = evenings.drive("subset", "10 s")
    measured = {
        "J(1), λ = 2": round(found.j1, 2),
        "J(3), λ = 2": round(found.j3, 2),
        "evening, 10 s, % of hindsight": round(share(evening), 2),
        "starts a day": -round(found.starts, 2),
        "switches a day": -round(found.switches, 2),
        "cars lost": -found.lost,
        "orders too soon": -found.too_soon,
    }
    print("\n".join(sunny.table(done)))
    if accept:
        BASELINE.write_text(json.dumps(measured, indent=2, ensure_ascii=False) + "\n", "utf-8")
    kept: dict[str, float] = json.loads(BASELINE.read_text("utf-8"))
    fell = {name: value for name, value in measured.items() if value < kept[name] - SLACK}
    for name, value in measured.items():
        print(f"{name:32} {abs(value):8} (baseline {abs(kept[name])})")
    for name in fell:
        print(f"fell below the baseline: {name}", file=sys.stderr)
    return 1 if fell else 0


def share(evening: evenings.Evening) -> float:
    """Return what the first car got, in % of hindsight."""
    return 100 * evening.outcome.charged_wh["first"] / evening.best_wh


def everything(sets: list[str]) -> None:
    """Print all figures."""
    seeds = {"tuned": sunny.TUNED, **sunny.HELD_OUT}
    for name in sets:
        print(f"\n## Days with sun, roof of 10 kW, seeds: {name}\n")
        done = sunny.run_all(sunny.jobs(seeds[name], tuple(sunny.LAWS)))
        print("\n".join(sunny.table(done)))
        print(f"\n{_MAIN}:")
        print("\n".join(sunny.by_kind_and_house(done, _MAIN)))
    print("\n## Roof of 5.5 kW, three phases only\n")
    names = ("thresholds, 10 s", _MAIN, "controller, λ = 3")
    small = sunny.jobs(("h1", "h2"), names, houses=("three",), panels_w=sunny.SMALL_W)
    print("\n".join(sunny.table(sunny.run_all(small))))
    print_evenings(("h1", "h2", "h3", "h4"))
    print_nights(("h1", "h2", "h3"))
    print_means(("h1", "h2"))
    print_faults()
    print(f"\none step costs {cost.step_ratio():.0f} turns of an empty loop")


def print_evenings(seeds: tuple[str, ...]) -> None:
    """Print the evenings behind a fuse."""
    print("\n## Fast, behind 25 A: % of hindsight, warmth, seconds above 25 A, starts\n")
    for label, meter, silent in (
        ("1 s", "1 s", False),
        ("10 s", "10 s", False),
        ("whole amperes", "whole", False),
        ("silent for 20 min", "1 s", True),
    ):
        _evening(label, [evenings.drive(seed, meter, silent=silent) for seed in seeds])
    _evening("our blueprint", [evenings.drive_blueprint(seed) for seed in seeds])
    _evening("two cars", [evenings.drive(seed, second=True) for seed in seeds])


def _evening(label: str, found: list[evenings.Evening]) -> None:
    count = len(found)
    outcomes = [one.outcome for one in found]
    warm = max(one.warmth for one in outcomes if one.warmth_alone <= 0.9)
    added = max(one.warmth - max(one.warmth_alone, 0.98) for one in outcomes)
    second = sum(one.starts.get("second", 0) for one in outcomes) / count
    print(
        f"{label:20} {sum(map(share, found)) / count:5.1f} %  warmth {warm:.2f} "
        f"(beside a hot house {added:+.2f})  "
        f"above {sum(one.above_s for one in outcomes) / count:4.0f} s  "
        f"starts {sum(one.starts['first'] for one in outcomes) / count:.1f} / {second:.1f}"
    )


def print_nights(seeds: tuple[str, ...]) -> None:
    """Print the nights of the plan."""
    print("\n## Plan: 30 kWh by 07:00\n")
    for seed in seeds:
        night = nights.drive(seed)
        print(
            f"{seed:6} {night.in_time_wh / 1000:6.2f} kWh  {night.above_percent:+5.2f} % above the "
            f"cheapest  starts {night.outcome.starts['car']}"
        )


def print_means(seeds: tuple[str, ...]) -> None:
    """Print the limits on a mean."""
    print("\n## Limit on a quarter of an hour, seven evening hours\n")
    for limit, three in ((4, 0), (5, 0), (6, 0), (7, 0), (10, 0), (6, 1), (8, 1)):
        found = [means.drive(seed, limit * 1000.0, three=bool(three)) for seed in seeds]
        count = len(found)
        print(
            f"{limit:3} kW{', three phases' if three else '':15} "
            f"{sum(one.outcome.charged_wh['car'] for one in found) / count / 1000:5.1f} kWh  "
            f"highest {max(one.highest_w for one in found):6.0f} W  "
            f"exceeded {sum(one.exceeded for one in found)}  "
            f"starts {sum(one.outcome.starts['car'] for one in found) / count:.1f}  "
            f"switches {sum(one.outcome.switches['car'] for one in found) / count:.1f}"
        )


def print_faults() -> None:
    """Print what a blind meter costs, and the days with a battery."""
    print("\n## Ten minutes without a meter, as a cloud comes: kWh bought\n")
    for fault, period in (("silent", 1.0), ("silent", 10.0), ("frozen", 1.0), ("frozen", 10.0)):
        print(f"{fault}, {period:g} s: {faults.blind_wh(fault, period) / 1000:.3f}")
    print("\n## House battery, two days\n")
    for priority in BatteryPriority:
        found = [faults.with_battery(kind, "h1", priority) for kind in ("clear", "broken")]
        print(
            f"{priority:8} first: not sun {sum(one.bought_wh for one in found) / 2000:.2f} kWh, "
            f"battery in the evening {sum(one.battery_percent for one in found) / 2:.0f} %"
        )


if __name__ == "__main__":
    sys.exit(main())
