"""What the house of the demo writes into the database in an hour of the evening."""

import pytest

from scripts.lib.rows import Day, count

pytestmark = pytest.mark.usefixtures("socket_enabled")

MOST = {"gx": 5_000, "meter": 700, "garage": 1_050, "carport": 1_100, "driveway": 300}
"""A day of such hours is within what docs/performance.md promises; two chargers are charging. Home
Assistant polls at a moment of chance within a second, so that a few rows differ."""


def test_an_hour_of_the_evening() -> None:
    """Rows in the database of the real recorder, as a new installation writes them."""
    written = {key: rows.total() for key, rows in count(Day(begin=17, hours=1)).items()}
    assert all(written.values()), written
    assert {key: number for key, number in written.items() if number > MOST[key]} == {}
