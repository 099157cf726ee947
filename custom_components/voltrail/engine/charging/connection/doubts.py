"""What a person should look at: a sign that cannot be right, and another program at a charger."""

from collections import deque
from typing import Final

LEAST_CHANGE_W: Final = 1000.0
"""A car that starts with less is lost in the noise of a house."""
WITHIN_S: Final = 90.0
"""A start that takes longer proves nothing: the house has moved on."""
SURE: Final = 2
"""So many starts have to agree."""
CHANGES: Final = 3
LATELY_S: Final = 600.0


class SignDoubt:
    """Compares what the meter does when a car starts with what the car draws.

    Grid power must rise by about as much. Where it falls, the sign is wrong; what the sun or the
    house did meanwhile may look like it once, and not twice without a start that fits.
    """

    def __init__(self) -> None:
        self._grid_w = 0.0
        self._began_s: float | None = None
        self._wrong = 0
        self.settled = False
        """Whether a start has shown that the sign is right."""

    @property
    def wrong(self) -> bool:
        """Whether the sign of the grid power cannot be right."""
        return not self.settled and self._wrong >= SURE

    def note(self, now: float, grid_w: float | None, draw_w: float) -> None:
        """Take note of the meter, and of what all cars draw together."""
        if grid_w is None or self.settled:
            return
        if draw_w < LEAST_CHANGE_W / 10:
            self._grid_w, self._began_s = grid_w, now
        elif draw_w >= LEAST_CHANGE_W and self._began_s is not None:
            self._judge(now, grid_w - self._grid_w, draw_w)

    def _judge(self, now: float, change_w: float, draw_w: float) -> None:
        assert self._began_s is not None
        if now - self._began_s > WITHIN_S:
            self._began_s = None
        elif change_w >= draw_w / 2:
            self.settled, self._began_s = True, None
        elif change_w <= -draw_w / 2:
            self._wrong, self._began_s = self._wrong + 1, None


class MasterDoubt:
    """Notices limits that another client sets at a charger again and again."""

    def __init__(self) -> None:
        self._changes: deque[float] = deque()
        self._seen: int | None = None

    def note(self, now: float, adopted: int) -> None:
        """Take note of how many limits that were set at the charger were adopted so far."""
        if self._seen is not None:
            self._changes.extend([now] * max(0, adopted - self._seen))
        self._seen = adopted
        while self._changes and now - self._changes[0] > LATELY_S:
            self._changes.popleft()

    @property
    def found(self) -> bool:
        """Whether another program drives the charger."""
        return len(self._changes) >= CHANGES
