"""What all tests stand on, with and without Home Assistant."""

import signal


def pytest_configure() -> None:
    """Let interruptions be felt: a shell that starts the tests in the background ignores them.

    Programs inherit that, and those that the tests interrupt would then rightly go on.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
