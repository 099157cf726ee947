"""Finds out which meter sent a message, where several may send on one channel."""

from collections.abc import Iterator
from typing import Final

# The lists that carry a name come every ten seconds; a meter silent for longer is gone.
_PRESENT: Final = 300.0
_MOST_CHANNELS: Final = 64
_MOST_METERS: Final = 16


class Senders:
    """The meters that named themselves lately, by channel: a stream, or a topic.

    The shortest lists do not name their meter. They count as those of our meter only where it is
    the only one that named itself: a value of the neighbour is worse than none for ten seconds.
    """

    def __init__(self) -> None:
        self._named: dict[str, dict[str, float]] = {}

    def named(self, serial: str, channel: str, now: float) -> None:
        """Take note of a meter that said who it is."""
        meters = self._named.setdefault(channel, {})
        meters[serial] = now
        _trim(meters, _MOST_METERS)
        _trim(self._named, _MOST_CHANNELS)

    def forget(self) -> None:
        """Forget all meters: the stream was opened again, and may lead elsewhere."""
        self._named.clear()

    def heard(self, channel: str, now: float) -> set[str]:
        """Return who may have sent a message without a name.

        Adapters may publish the short list under a topic of its own, where no meter is ever
        named; then it comes from one of those on the other topics.
        """
        return set(self._present(self._named.get(channel, {}), now)) or self.all_named(now)

    def all_named(self, now: float) -> set[str]:
        """Return all who named themselves lately."""
        return {serial for meters in self._named.values() for serial in self._present(meters, now)}

    @staticmethod
    def _present(meters: dict[str, float], now: float) -> Iterator[str]:
        return (serial for serial, at in meters.items() if now - at <= _PRESENT)


def _trim[T](crowd: dict[str, T], most: int) -> None:
    """Forget the ones that came first."""
    while len(crowd) > most:
        del crowd[next(iter(crowd))]
