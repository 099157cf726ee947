"""What a bad line does to frames."""

from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(kw_only=True)
class Faults:
    """How often what goes wrong, as probabilities per message; `parity` of all of them.

    `spoil` says whether a message was touched, so that a test can count those that were not.
    """

    random: Random = field(default_factory=lambda: Random(0))  # noqa: S311 - noise
    noise: float = 0
    """Bytes from nowhere in front of it, some of which look like the start of a frame."""
    lost: float = 0
    """One byte is missing."""
    flipped: float = 0
    """One bit is wrong."""
    cut: float = 0
    """It ends in the middle."""
    check: float = 0
    """Its check sum is wrong."""
    parity: bool = False
    """The port has the wrong parity: a third of all bytes is missing."""
    burst: int = 1
    """So many messages are held back and come at once."""
    _held: list[bytes] = field(default_factory=list, repr=False)

    def spoil(self, message: bytes) -> tuple[bytes, bool]:
        """Return what arrives of a message, and whether it was left whole."""
        random = self.random
        spoilt = message
        harms: tuple[tuple[float, Callable[[bytes], bytes]], ...] = (
            (self.lost, self._lose),
            (self.flipped, self._flip),
            (self.cut, lambda data: data[: random.randrange(len(data))]),
            (self.check, _falsify),
            (1.0 if self.parity else 0, self._misread),
        )
        for probability, harm in harms:
            if spoilt and random.random() < probability:
                spoilt = harm(spoilt)
        whole = spoilt == message
        if random.random() < self.noise:
            spoilt = self._noise() + spoilt
        return spoilt, whole

    def deliver(self, message: bytes) -> bytes:
        """Return what arrives now: nothing until a burst is complete."""
        self._held.append(self.spoil(message)[0])
        if len(self._held) < self.burst:
            return b""
        arrived = b"".join(self._held)
        self._held.clear()
        return arrived

    def _lose(self, data: bytes) -> bytes:
        at = self.random.randrange(len(data))
        return data[:at] + data[at + 1 :]

    def _flip(self, data: bytes) -> bytes:
        at = self.random.randrange(len(data))
        return data[:at] + bytes((data[at] ^ 1 << self.random.randrange(8),)) + data[at + 1 :]

    def _misread(self, data: bytes) -> bytes:
        return bytes(byte for byte in data if self.random.random() > 1 / 3)

    def _noise(self) -> bytes:
        random = self.random
        start = random.choice((b"", b"\x7e\xa0", b"\x7e\xa7\xff", b"/", b"\x68\x10\x10\x68"))
        return start + random.randbytes(random.randrange(1, 20))


def _falsify(data: bytes) -> bytes:
    """Change the last byte of the check, which stands before the closing flag or line end."""
    at = len(data) - 2 if data.endswith(b"~") else max(len(data) - 4, 0)
    return data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]


def through_brick(data: bytes) -> bytes:
    """What the OSS brick makes of it: 0D before each 0A."""
    return data.replace(b"\n", b"\r\n")
