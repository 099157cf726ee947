"""How often values are shown: a meter that speaks every two seconds must not fill a database."""

import math
from collections.abc import Iterator

from ...model.points import Value
from .words import TOTAL_POWER


class Showing:
    """Shows the newest of each value, but not more often than the options allow."""

    def __init__(self, *, power_interval: float, interval: float) -> None:
        self._power_interval = power_interval
        self._interval = interval
        self._shown: dict[str, Value] = {}
        self._waiting: dict[str, Value] = {}
        self._free_at: dict[str, float] = {}

    def __getitem__(self, name: str) -> Value:
        return self._shown.get(name)

    def offer(self, name: str, value: Value, now: float) -> None:
        """Show a value now, or as soon as it is allowed; then the newest is shown."""
        self._waiting.pop(name, None)
        if value == self._shown.get(name):
            return
        if now < self._free_at.get(name, -math.inf):
            self._waiting[name] = value
        else:
            self._show(name, value, now)

    def restore(self, name: str, value: Value) -> None:
        """Show a value from before a restart; the first one that comes takes its place."""
        self._shown[name] = value

    def pass_time(self, now: float) -> None:
        """Show what has waited long enough."""
        for name in [name for name in self._waiting if self._free_at[name] <= now]:
            self._show(name, self._waiting.pop(name), now)

    def moments(self) -> Iterator[float]:
        """Yield when something that waits will be shown."""
        return (self._free_at[name] for name in self._waiting)

    def _show(self, name: str, value: Value, now: float) -> None:
        self._shown[name] = value
        interval = self._power_interval if name in TOTAL_POWER else self._interval
        self._free_at[name] = now + interval
