"""Add up the tallies of several pytest processes and print one closing line for all."""

import json
import sys
from collections import Counter
from pathlib import Path


def closing_line(tallies: list[Path]) -> str:
    """Say what pytest would have said, had it been one process."""
    counts: Counter[str] = Counter()
    seconds = 0.0
    for path in tallies:
        tally = json.loads(path.read_text(encoding="utf-8"))
        counts.update(tally["counts"])
        seconds += tally["seconds"]
    if counts["error"] > 1:
        counts["errors"] = counts.pop("error")
    said = ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count)
    return f" {said or 'no tests ran'} in {seconds:.2f}s ".center(80, "=")


if __name__ == "__main__":
    print(closing_line([Path(argument) for argument in sys.argv[1:]]))
