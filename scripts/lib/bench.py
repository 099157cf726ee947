"""Measures two commits by turns in one run, and writes the tables of docs/performance.md.

What is measured is in `benchmarks/probe.py`. The older commit lives in a worktree of its own for as
long as this runs; both use the same environment. The least of the rounds counts: what else the
machine does only ever adds.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks import han
from scripts.lib.home_assistant import ROOT

PAGE: Final = ROOT / "docs" / "performance.md"
BEGIN: Final = "<!-- bench: written by scripts/bench -->"
END: Final = "<!-- end of the bench -->"
BASE: Final = "3f4d958"
ROUNDS: Final = 3
_SECONDS: Final = 1.0


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table."""

    probe: str
    what: str
    unit: str = "ms"
    goal: float | None = None
    """What is to be reached, in milliseconds of the machine that the goals were set on."""
    goal_from: float | None = None
    """What it was there: on another machine the goal is the same ratio."""


ROWS: Final = (
    Row(
        probe="imports",
        what="Import into Home Assistant, with one family",
        goal=40,
        goal_from=75,
    ),
    Row(probe="families", what="`voltrail families` from cold", goal=90, goal_from=190),
    Row(probe="read", what="`voltrail read` of a charger from cold", goal=150, goal_from=270),
    Row(
        probe="read_known",
        what="`voltrail read victron_gx` of a known house, wall clock",
        goal=1000,
        goal_from=5300,
    ),
    Row(probe="poll_engine", what="Poll of a full GX, our own code"),
    Row(probe="poll_client", what="Poll of a full GX, with the Modbus client"),
    Row(probe="list_2", what="100 lists of an Aidon"),
    Row(probe="telegram", what="100 P1 telegrams"),
    Row(probe="step", what="A step of the charging controller", unit="turns of an empty loop"),
)
PROFILED: Final = ("imports", "poll_client", "poll_engine", "telegram", "step")


def say(text: str) -> None:
    """Tell how far it is."""
    print(f"voltrail: {text}", flush=True)


@contextmanager
def older(commit: str) -> Iterator[Path]:
    """Have another commit in a folder of its own."""
    with TemporaryDirectory() as folder:
        place = Path(folder) / "older"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "-q", "--detach", str(place), commit], check=True)  # noqa: S603 - our own commands
        try:
            yield place
        finally:
            subprocess.run([*git, "remove", "--force", str(place)], check=True)  # noqa: S603


def probe(checkout: Path, name: str, *more: str) -> str | None:
    """Return what a probe prints; None if that commit does not have it."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, str(ROOT / "benchmarks" / "probe.py"), str(checkout), name, *more],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    return done.stdout.splitlines()[-1] if done.returncode == 0 else None


def measured(before: Path) -> dict[str, tuple[list[float], list[float]]]:
    """Measure everything in both commits, by turns."""
    found: dict[str, tuple[list[float], list[float]]] = {}
    for row in (Row(probe="loop", what=""), *ROWS):
        both: tuple[list[float], list[float]] = ([], [])
        # The first time compiles.
        for round_ in range(ROUNDS + 1):
            for numbers, checkout in zip(both, (before, ROOT), strict=True):
                if (told := probe(checkout, row.probe)) is not None and round_:
                    numbers.append(float(told))
        found[row.probe] = both
        say(f"{row.probe}: {_span(both[0])} before, {_span(both[1])} now")
    return found


def _span(numbers: list[float]) -> str:
    return f"{min(numbers):.2f} to {max(numbers):.2f}" if numbers else "nothing"


def table(found: dict[str, tuple[list[float], list[float]]]) -> Iterator[str]:
    """Yield the lines that compare the two commits."""
    yield f"| What | {BASE} | Now | Now ÷ before | To reach | Noise |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for row in ROWS:
        before, now = found[row.probe]
        ratio = f"{min(now) / min(before):.2f}" if before and now else "·"
        goal = "·"
        if row.goal is not None and row.goal_from is not None:
            goal = f"{row.goal / row.goal_from:.2f}"
        noise = max((max(each) / min(each) - 1 for each in (before, now) if each), default=0.0)
        yield (
            f"| {row.what} | {_best(before, row)} | {_best(now, row)} | {ratio} | {goal} "
            f"| {noise:.0%} |"
        )


def _best(numbers: list[float], row: Row) -> str:
    if not numbers:
        return "·"
    best = min(numbers)
    return f"{best:,.0f} {row.unit}" if best >= 20 else f"{best:.2f} {row.unit}"


def peer() -> Iterator[str]:
    """Yield the lines that compare the decoder with that of the existing integration."""
    python = han.peer_python()
    if python is None:
        yield f"{han.PEER} could not be installed: there is no comparison."
        return
    yield f"| Meter | Frames a second | {han.PEER.replace('==', ' ')} | Ratio | To reach |"
    yield "| --- | --- | --- | --- | --- |"
    for name, stream in han.streams().items():
        if name not in han.CASES:
            continue
        ours = theirs = 0.0
        for _ in range(ROUNDS):
            ours = max(ours, han.measure(stream, _SECONDS / ROUNDS))
            theirs = max(theirs, han.peer_rates(python, {name: stream}, _SECONDS / ROUNDS)[name])
        yield f"| {name} | {ours:,.0f} | {theirs:,.0f} | {ours / theirs:.1f} | {han.WANTED} |"


def profiles() -> Iterator[str]:
    """Yield where the time of the dearest goes to."""
    yield "| What | The five functions that most of the time goes to |"
    yield "| --- | --- |"
    names = {row.probe: row.what for row in ROWS}
    for name in PROFILED:
        told = json.loads(probe(ROOT, name, "--profile") or "[]")
        dearest = ", ".join(f"`{function}` {share:.0%}" for function, share in told)
        yield f"| {names[name]} | {dearest} |"


def machine(found: dict[str, tuple[list[float], list[float]]]) -> str:
    """Describe the machine."""
    loop = min(min(numbers) for numbers in found["loop"])
    return (
        f"{platform.python_implementation()} {platform.python_version()}, {platform.system()} "
        f"{platform.machine()}, {os.cpu_count()} cores; a million turns of an empty loop cost "
        f"{loop:.1f} ms."
    )


def main() -> int:
    """Parse the command line, measure, and write."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--against", default=BASE, metavar="COMMIT")
    parser.add_argument("--no-peer", action="store_true")
    chosen = parser.parse_args()
    with older(chosen.against) as before:
        found = measured(before)
    parts = [machine(found), "\n".join(table(found))]
    if not chosen.no_peer:
        parts.append("\n".join(peer()))
    parts.append("\n".join(profiles()))
    written = "\n\n".join(parts)
    text = PAGE.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    PAGE.write_text(f"{head}{BEGIN}\n\n{written}\n\n{END}{rest.partition(END)[2]}", "utf-8")
    print(written)
    return 0


if __name__ == "__main__":
    sys.exit(main())
