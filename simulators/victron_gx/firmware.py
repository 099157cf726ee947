"""Which Modbus TCP server a Venus OS firmware carries.

Everything the server does is tied to its own version, and only some pairs are known (marked).
The others are guesses from dates, the older server where there is doubt, and can be overruled
with the `server` option of the simulator.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Final, override

#: The newest register list known: v1.0.101.
NEWEST_SERVER: Final = 101
OLDEST_SERVER: Final = 41

_SERVERS: Final[dict[tuple[int, int], int]] = {
    (2, 90): 41,
    (3, 0): 46,
    (3, 10): 48,  # known
    (3, 20): 55,
    (3, 30): 56,
    (3, 40): 61,
    (3, 42): 69,
    (3, 50): 74,  # known
    (3, 60): 80,  # v1.0.81 is known to be early 3.70 beta
    (3, 70): 93,  # its 47th beta is known to carry v1.0.89
    (3, 80): 101,
}


@dataclass(frozen=True)
class Firmware:
    """A version such as 3.70, or 3.70~47 for a beta."""

    major: int
    minor: int
    beta: int = 0

    @classmethod
    def parse(cls, version: str) -> Firmware:
        """Read a version as the GX shows it."""
        found = re.fullmatch(r"v?(\d)\.(\d\d)(?:~(\d+))?", version)
        if found is None:
            message = f"{version!r} is no version such as 3.70 or 3.70~47"
            raise ValueError(message)
        return cls(int(found[1]), int(found[2]), int(found[3] or 0))

    @override
    def __str__(self) -> str:
        beta = f"~{self.beta}" if self.beta else ""
        return f"{self.major}.{self.minor:02d}{beta}"

    @property
    def server(self) -> int:
        """The server release, as in 89 for v1.0.89."""
        releases = sorted(_SERVERS)
        place = bisect_right(releases, (self.major, self.minor)) - 1
        if place < 0:
            message = f"{self} is older than what is simulated"
            raise ValueError(message)
        return _SERVERS[releases[place]]

    @property
    def register(self) -> int:
        """Registers 834 and 835: the digits in hexadecimal, then the beta."""
        return int(f"{self.major}{self.minor:02d}", 16) << 16 | self.beta
