"""Writes down how a run ended, so that ``scripts/test`` can add several runs up.

Load it with ``-p tests.plugins.tally`` and name the file with ``--tally``.
"""

import json
import time
from pathlib import Path

import pytest

OUTCOMES = ("failed", "passed", "skipped", "deselected", "xfailed", "xpassed", "error")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names the file."""
    parser.addoption("--tally", type=Path, help="write the number of each outcome here")


class Tally:
    """Counts what the terminal counts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.began = time.perf_counter()

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Write the numbers of this run."""
        counts = {outcome: len(terminalreporter.stats.get(outcome, ())) for outcome in OUTCOMES}
        seconds = time.perf_counter() - self.began
        self.path.write_text(json.dumps({"counts": counts, "seconds": seconds}), encoding="utf-8")


def pytest_configure(config: pytest.Config) -> None:
    """Count if asked to."""
    if path := config.getoption("--tally"):
        config.pluginmanager.register(Tally(path))
