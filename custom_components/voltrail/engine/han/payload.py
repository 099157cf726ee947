"""Decodes MQTT messages, in all the forms that adapters and bridges give them.

The form is found out from the content. What is no data of a meter is told apart, so that a
set-up can say what it sees on a topic: debug texts, the state of an adapter, frames without key.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from . import gateway, hdlc, mbus, pulse
from .cipher import GENERAL_CIPHERING
from .clock import Zone
from .decoder import BLOCK_TRANSFER, LLC, Decoder
from .drops import Drop, Journal, Reason
from .lists import NOTIFICATION
from .message import Message, Meter
from .stream import Stream
from .verdict import Unit

_LARGEST: Final = 65536
#: Seconds; a batch holds what came while the broker could not be reached.
_OLDEST: Final = 7 * 86400.0
#: Nothing that a gateway decodes is longer; reading it takes a hundred times as long as bytes.
_LONGEST_DOCUMENT: Final = 16384
#: An MQTT message is read in one piece. What begins like so many frames and is none is no message.
_MOST_FALSE_STARTS: Final = 200
_LONGEST_TEXT: Final = 200
_HEX: Final = re.compile(rb"[0-9A-Fa-f\s]+")
#: The shortest body there is has 7 bytes. Anything shorter is a number or a word.
_FEWEST_DIGITS: Final = 14
_NUMBER: Final = re.compile(r"[-+]?\d+(?:\.\d+)?")
_FRAME_START: Final = re.compile(b"\x7e[\xa0-\xaf]")
_UNFRAMED: Final = frozenset({LLC[0], NOTIFICATION, GENERAL_CIPHERING, BLOCK_TRANSFER, 0x01, 0x02})
_FLAG: Final = bytes((hdlc.FLAG,))


class PayloadKind(StrEnum):
    """What an MQTT message turned out to be."""

    FRAMES = "frames"
    """Frames, with or without their flags, whole or not."""
    NOTIFICATION = "notification"
    """The content of a frame, or only the list in it."""
    TELEGRAM = "telegram"
    BATCH = "batch"
    """A batch of a Tibber Pulse."""
    VALUES = "values"
    """Values that a gateway has decoded."""
    STATUS = "status"
    """The state of an adapter."""
    DEBUG = "debug"
    NUMBER = "number"
    TEXT = "text"
    EMPTY = "empty"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Payload:
    """One MQTT message."""

    kind: PayloadKind
    messages: tuple[Message, ...] = ()
    text: str | None = None
    """The beginning of what was text."""
    status: Mapping[str, Any] | None = None
    """What an adapter says of itself."""


class PayloadReader:
    """Reads the MQTT messages of one meter.

    Like `HanReader` it raises nothing and holds little. Each message stands for itself, but
    messages in parts may come in several, and the meter of the last ones is remembered.
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
        self._patience = _MOST_FALSE_STARTS

    @property
    def journal(self) -> Journal:
        """What passed and what was dropped so far."""
        return self._decoder.journal

    @property
    def meter(self) -> Meter | None:
        """The last meter that said who it is."""
        return self._decoder.meter

    def restart(self) -> None:
        """Forget unfinished messages: the broker was reached again, or all was silent for hours."""
        self._decoder.forget()

    def take_drops(self) -> list[Drop]:
        """Return what was dropped since the last call, each with its reason in words."""
        return self._decoder.journal.take_drops()

    def read(self, payload: bytes) -> Payload:
        """Return what a message is, and the messages of the meter in it."""
        self._patience = _MOST_FALSE_STARTS
        if len(payload) > _LARGEST:
            self._drop(Reason.LENGTH, f"a message of {len(payload)} bytes is too long")
            return Payload(kind=PayloadKind.UNKNOWN)
        if not payload.strip(b"\0\r\n\t "):
            return Payload(kind=PayloadKind.EMPTY)
        if payload.lstrip().startswith(b"{"):
            is_short = len(payload) <= _LONGEST_DOCUMENT
            return self._document(payload) if is_short else self._text(payload)
        return self._hex_text(payload) or self._binary(payload) or self._text(payload)

    def _drop(self, reason: Reason, text: str) -> None:
        self._decoder.damaged(Drop(reason, text))

    def _hex_text(self, payload: bytes) -> Payload | None:
        if _HEX.fullmatch(payload) is None:
            return None
        digits = b"".join(payload.split())
        if len(digits) < _FEWEST_DIGITS or len(digits) % 2:
            return None
        return self._binary(bytes.fromhex(digits.decode("ascii")))

    def _binary(self, data: bytes) -> Payload | None:
        """Read anything but text; ``None`` if it is none of the known forms."""
        first = data[0]
        if data.startswith(pulse.PREFIX) or (first in pulse.FIELDS and pulse.unpack(data)[0]):
            return self._batch(data)
        if data.lstrip(b"\0\r\n\t ").startswith(b"/"):
            return Payload(kind=PayloadKind.TELEGRAM, messages=self._frames(data))
        flagged = _FRAME_START.search(data) is not None
        if first in _UNFRAMED and (found := self._unframed(data, flagged=flagged)):
            return found
        if first >> 4 == 0xA or flagged:
            # Bridges may take away one flag or both; more of them do no harm.
            return Payload(kind=PayloadKind.FRAMES, messages=self._frames(_FLAG + data + _FLAG))
        if first == mbus.START and data[3:4] == data[:1]:
            return Payload(kind=PayloadKind.FRAMES, messages=self._frames(data))
        return None

    def _unframed(self, data: bytes, *, flagged: bool) -> Payload | None:
        """Read the content of a frame. A stream that begins in mid-frame may look like it."""
        result = self._decoder.unframed(data)
        if isinstance(result, Drop):
            if flagged:
                return None
            self._decoder.damaged(result)
            result = None
        messages = () if result is None else (result,)
        return Payload(kind=PayloadKind.NOTIFICATION, messages=messages)

    def _frames(self, data: bytes) -> tuple[Message, ...]:
        messages: list[Message] = []

        def take(unit: Unit) -> None:
            if (message := self._decoder.unit(unit)) is not None:
                messages.append(message)

        stream = Stream(self.journal, self._decoder.damaged, take, patience=self._patience)
        stream.feed(data)
        stream.silence()
        self._patience -= stream.refused
        return tuple(messages)

    def _batch(self, data: bytes) -> Payload:
        entries, drops = pulse.unpack(data)
        for drop in drops:
            self._decoder.damaged(drop)
        messages = tuple(
            message._replace(age=age)
            for entry, age in zip(entries, self._ages(entries), strict=True)
            for message in self._frames(entry.data)
        )
        return Payload(kind=PayloadKind.BATCH, messages=messages)

    def _ages(self, entries: list[pulse.Entry]) -> list[float]:
        """Return by how much each entry is older than the newest, in seconds.

        What would be months is no time: then nothing is known of their age.
        """
        newest = max((entry.uptime for entry in entries), default=0)
        ages = [(newest - entry.uptime) / 1000 for entry in entries]
        if max(ages, default=0.0) <= _OLDEST:
            return ages
        self._drop(Reason.BATCH, "the up-times in a batch of a Pulse are no times")
        return [0.0] * len(entries)

    def _document(self, payload: bytes) -> Payload:
        try:
            document = json.loads(payload, parse_float=Decimal)
        except ValueError, ArithmeticError, RecursionError:
            # Also numbers that no decimal can hold.
            return self._text(payload)
        data = document.get("data")
        if isinstance(data, str):
            return self._hex_text(data.encode("ascii", "replace")) or self._text(payload)
        if isinstance(document.get("status"), dict):
            return Payload(kind=PayloadKind.STATUS, status=document["status"])
        message = gateway.message_of(document)
        if message is None:
            return self._text(payload)
        self.journal.messages += 1
        return Payload(kind=PayloadKind.VALUES, messages=(message,))

    def _text(self, payload: bytes) -> Payload:
        """Tell texts from each other, and from what is not even text."""
        try:
            text = payload.decode().strip()
        except UnicodeDecodeError:
            return self._unknown(payload)
        if not "".join(text.split()).isprintable():
            return self._unknown(payload)
        kind = PayloadKind.TEXT
        if text.startswith("Debug"):
            kind = PayloadKind.DEBUG
        elif _NUMBER.fullmatch(text):
            kind = PayloadKind.NUMBER
        return Payload(kind=kind, text=text[:_LONGEST_TEXT])

    def _unknown(self, payload: bytes) -> Payload:
        self._drop(Reason.NOISE, f"a message of {len(payload)} bytes is nothing known here")
        return Payload(kind=PayloadKind.UNKNOWN)
