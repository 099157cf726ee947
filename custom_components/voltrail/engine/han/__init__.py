"""Reads what smart meters push: HDLC frames (AMS HAN), P1 telegrams, wired M-Bus, in MQTT too.

Pure: bytes in, messages out. :class:`HanReader` is for a stream (serial port, TCP),
:class:`PayloadReader` for the messages of an MQTT topic, :func:`decode_dump` for a recording.

A byte passes through ``stream`` (finds frames: ``hdlc``, ``p1``, ``mbus``), ``decoder`` (joins
parts, deciphers), ``lists`` (``kaifa``, ``tagged``, ``kamstrup``; what was learned about a list
is its ``layout``) or ``telegrams``, and leaves as a reading of a :class:`Message`.
"""

from .cipher import parse_key
from .clock import Zone
from .drops import Drop, Journal, Reason
from .dump import decode_dump
from .message import ListKind, Message, Meter, Number, Readings, is_same_serial
from .payload import Payload, PayloadKind, PayloadReader
from .quantities import UNITS, Unit, shown
from .reader import HanReader

__all__ = [
    "UNITS",
    "Drop",
    "HanReader",
    "Journal",
    "ListKind",
    "Message",
    "Meter",
    "Number",
    "Payload",
    "PayloadKind",
    "PayloadReader",
    "Readings",
    "Reason",
    "Unit",
    "Zone",
    "decode_dump",
    "is_same_serial",
    "parse_key",
    "shown",
]
