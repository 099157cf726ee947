"""Some of these tests talk over real sockets on 127.0.0.1."""

import pytest


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """Allow sockets, which the test package of Home Assistant otherwise forbids."""
