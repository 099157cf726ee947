"""From bytes to messages; and what arrived instead where no message came."""

from collections import deque
from collections.abc import Iterable
from typing import Any, Final

from ...han import Drop, HanReader, Message, PayloadKind, PayloadReader, Reason, Zone
from .tape import Tape

_MOST_TOPICS: Final = 32
_KEPT_DROPS: Final = 16

_TEXTS: Final = frozenset(
    {PayloadKind.DEBUG, PayloadKind.STATUS, PayloadKind.TEXT, PayloadKind.NUMBER}
)


class Receiver:
    """Listens to a stream, and to topics, with the keys of a meter."""

    def __init__(
        self, *, encryption_key: bytes | None, authentication_key: bytes | None, zone: Zone
    ) -> None:
        self._keys: dict[str, Any] = {
            "encryption_key": encryption_key,
            "authentication_key": authentication_key,
            "zone": zone,
        }
        self._stream = HanReader(**self._keys)
        self._topics: dict[str, PayloadReader] = {}
        self._tape = Tape()
        self._drops: deque[tuple[float, Drop]] = deque(maxlen=_KEPT_DROPS)
        self._dropped_at: dict[Reason, float] = {}
        self.bytes = 0
        self.quote = ""
        """The beginning of the last text that did not come from a meter."""

    def receive(self, data: bytes, now: float) -> list[Message]:
        """Take bytes of a stream; return the messages that they complete."""
        self.bytes += len(data)
        self._tape.add(data, now)
        messages = self._stream.feed(data)
        self._note_drops(self._stream.take_drops(), now)
        return messages

    def idle(self, now: float) -> list[Message]:
        """Note that no byte came for a while; return the messages that are complete by that."""
        self._tape.pause()
        messages = self._stream.silence()
        self._note_drops(self._stream.take_drops(), now)
        return messages

    def reset(self) -> None:
        """Forget what began before the stream was opened again."""
        self._stream.restart()
        self._tape.pause()

    def receive_message(self, payload: bytes, now: float, topic: str) -> Iterable[Message]:
        """Take what came under a topic; return the messages in it."""
        self.bytes += len(payload)
        self._tape.pause()
        self._tape.add(payload, now, topic)
        reader = self._reader(topic)
        received = reader.read(payload)
        if received.kind in _TEXTS:
            self.quote = received.text or "{" + ", ".join(received.status or ()) + "}"
        self._note_drops(reader.take_drops(), now)
        return received.messages

    def _reader(self, topic: str) -> PayloadReader:
        """Return the decoder of a topic: each keeps its own parts and scales apart."""
        if topic not in self._topics and len(self._topics) >= _MOST_TOPICS:
            del self._topics[next(iter(self._topics))]
        return self._topics.setdefault(topic, PayloadReader(**self._keys))

    def _note_drops(self, drops: Iterable[Drop], now: float) -> None:
        for drop in drops:
            self._drops.append((now, drop))
            self._dropped_at[drop.reason] = now

    @property
    def frames(self) -> int:
        """Count everything whole that came over the stream."""
        return self._stream.journal.frames

    def dropped_since(self, moment: float) -> set[Reason]:
        """Return why anything was dropped since then."""
        return {reason for reason, at in self._dropped_at.items() if at >= moment}

    def diagnose(self, now: float, serials: Iterable[str]) -> dict[str, Any]:
        """Return what came and what became of it, without the ids of these meters."""
        return {
            "stream": self._stream.journal.as_dict(),
            "topics": {topic: reader.journal.as_dict() for topic, reader in self._topics.items()},
            "drops": [
                {"age": round(now - at, 1), "reason": str(drop.reason), "text": drop.text}
                for at, drop in self._drops
            ],
            "received": self._tape.dump(now, serials),
        }
