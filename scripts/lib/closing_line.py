"""Add up the reports of several pytest processes and print one closing line for all."""

import sys
from pathlib import Path
from xml.etree import ElementTree as ET


def closing_line(reports: list[Path]) -> str:
    """Say what pytest would have said, had it been one process."""
    tests = failed = errors = skipped = 0
    seconds = 0.0
    for report in reports:
        # Written by pytest a moment ago, so nothing hostile is parsed here.
        for suite in ET.parse(report).getroot().iter("testsuite"):  # noqa: S314
            tests += int(suite.get("tests", "0"))
            failed += int(suite.get("failures", "0"))
            errors += int(suite.get("errors", "0"))
            skipped += int(suite.get("skipped", "0"))
            seconds += float(suite.get("time", "0"))
    counts = {
        "failed": failed,
        "passed": tests - failed - errors - skipped,
        "skipped": skipped,
        "error" if errors == 1 else "errors": errors,
    }
    said = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    return f" {said or 'no tests ran'} in {seconds:.2f}s ".center(80, "=")


if __name__ == "__main__":
    print(closing_line([Path(argument) for argument in sys.argv[1:]]))
