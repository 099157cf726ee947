"""The decoder of a stream: bytes in, messages out."""

from .clock import Zone
from .decoder import Decoder
from .drops import Drop, Journal
from .message import Message, Meter
from .stream import Stream
from .verdict import Unit


class HanReader:
    """Reads the stream of one meter, of any make and in any frames.

    It does no input or output and has no clock. Its owner feeds what came, in pieces of any size,
    says when the line fell silent, and gets every message the moment it is complete. No input
    raises an error, and it never holds more than 128 kB.
    """

    def __init__(
        self,
        *,
        encryption_key: bytes | None = None,
        authentication_key: bytes | None = None,
        zone: Zone = Zone.AUTOMATIC,
    ) -> None:
        self._decoder = Decoder(
            encryption_key=encryption_key, authentication_key=authentication_key, zone=zone
        )
        self._stream = Stream(self._decoder.journal, self._decoder.damaged, self._take)
        self._messages: list[Message] = []

    @property
    def journal(self) -> Journal:
        """What passed and what was dropped so far."""
        return self._decoder.journal

    @property
    def meter(self) -> Meter | None:
        """The last meter that said who it is."""
        return self._decoder.meter

    def feed(self, data: bytes) -> list[Message]:
        """Take bytes in; return the messages they complete."""
        self._stream.feed(data)
        return self._taken() if self._messages else []

    def silence(self) -> list[Message]:
        """Take note that no byte came for about a second, or that the stream has ended.

        What began like a frame was none, and a whole frame may have been waiting behind it.
        """
        self._stream.silence()
        return self._taken()

    def restart(self) -> None:
        """Forget unfinished messages: the link was opened again, or silent for hours."""
        self._stream.clear()
        self._decoder.forget()

    def take_drops(self) -> list[Drop]:
        """Return what was dropped since the last call, each with its reason in words."""
        return self._decoder.journal.take_drops()

    def _take(self, unit: Unit) -> None:
        if (message := self._decoder.unit(unit)) is not None:
            self._messages.append(message)

    def _taken(self) -> list[Message]:
        messages, self._messages = self._messages, []
        return messages
