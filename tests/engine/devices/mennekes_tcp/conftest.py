"""What the tests of these chargers share."""

import pytest

from custom_components.voltrail.engine.devices.mennekes_tcp import charge_point


@pytest.fixture
def offers_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take an offer for one that followed the limit: simulated time goes by at once."""
    monkeypatch.setattr(charge_point, "OFFER_FOLLOWS", 0.0)
