"""A bad serial line: bytes that get lost, doubled or changed, and answers that come late."""

import asyncio
from dataclasses import dataclass
from math import log1p
from random import Random

from simulators.faults import Fault, FaultKind


@dataclass(kw_only=True)
class Line:
    """States named `line.*`; the first three are probabilities per byte, `late` per answer."""

    random: Random
    dropped: float = 0.0
    repeated: float = 0.0
    corrupted: float = 0.0
    late: float = 0.0
    #: Seconds that a late answer takes, between these.
    late_least: float = 0.3
    late_most: float = 2.5
    #: Bytes that were spoilt, answers that were late.
    spoilt: int = 0
    delayed: int = 0
    _rate: float = 0.0
    _sound: int = 0
    _busy_until: float = 0.0

    def carry(self, data: bytes) -> bytes:
        """Return what arrives of some bytes."""
        rate = self.dropped + self.repeated + self.corrupted
        if rate != self._rate:
            self._rate = rate
            self._sound = self._draw()
        if rate == 0:
            return data
        arrived = bytearray()
        while self._sound < len(data):
            arrived += data[: self._sound] + self._spoil(data[self._sound])
            data = data[self._sound + 1 :]
            self._sound = self._draw()
        self._sound -= len(data)
        return bytes(arrived + data)

    def _draw(self) -> int:
        """Return how many bytes pass until the next one suffers.

        Drawn once per spoilt byte instead of once per byte: a simulated day has millions of them.
        """
        if not 0 < self._rate < 1:
            return 0
        return int(log1p(-self.random.random()) / log1p(-self._rate))

    def _spoil(self, byte: int) -> bytes:
        self.spoilt += 1
        fate = self.random.random() * self._rate
        if fate < self.dropped:
            return b""
        if fate < self.dropped + self.repeated:
            return bytes([byte, byte])
        return bytes([byte ^ 1 << self.random.randrange(8)])

    def lateness(self) -> Fault | None:
        """Return the delay of the next answer.

        The charger does one thing after the other: what is asked while an answer is late waits
        behind it, so the answers stay in order.
        """
        if self.late == 0 and self._busy_until == 0:
            return None
        now = asyncio.get_running_loop().time()
        wait = max(0.0, self._busy_until - now)
        if self.random.random() < self.late:
            self.delayed += 1
            wait += self.random.uniform(self.late_least, self.late_most)
        if wait == 0:
            return None
        self._busy_until = now + wait
        return Fault(kind=FaultKind.DELAY, seconds=wait)
