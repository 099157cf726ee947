"""What was thrown away, and why: every damaged or unreadable piece is counted and explained."""

from collections import Counter, deque
from enum import StrEnum
from typing import Any, Final, NamedTuple


class Reason(StrEnum):
    """Why something was not decoded."""

    NOISE = "noise"
    CUT = "cut"
    LENGTH = "length"
    HCS = "hcs"
    FCS = "fcs"
    MBUS_CHECKSUM = "mbus_checksum"
    P1_CRC = "p1_crc"
    P1_LINE = "p1_line"
    SEGMENT = "segment"
    APDU = "apdu"
    UNKNOWN_LIST = "unknown_list"
    IMPLAUSIBLE = "implausible"
    ENCRYPTED_WITHOUT_KEY = "encrypted_without_key"
    ENCRYPTED_WITHOUT_LIBRARY = "encrypted_without_library"
    DECRYPTION = "decryption"
    AUTHENTICATION = "authentication"
    REPLAY = "replay"
    BATCH = "batch"


class Drop(NamedTuple):
    """One thing that was thrown away."""

    reason: Reason
    text: str


class DropError(Exception):
    """Ends the decoding of one piece. It never leaves the decoder."""

    def __init__(self, reason: Reason, text: str) -> None:
        super().__init__(text)
        self.drop = Drop(reason, text)


_KEPT_DROPS: Final = 64
_KEPT_CODES: Final = 64


class Journal:
    """Counts what passed and what was dropped, for diagnostics.

    It stays small whatever comes in: the reasons are few, only the last 64 drops keep their
    text, only the first 64 unknown codes their name and only the last unknown list its bytes.
    """

    def __init__(self) -> None:
        self.bytes = 0
        """Bytes received."""
        self.frames = 0
        """Whole frames, telegrams and parts with a good check, readable or not."""
        self.messages = 0
        """Messages that came out."""
        self.skipped = 0
        """Elements of good messages that have no meaning here."""
        self.dropped: Counter[Reason] = Counter()
        self.unknown_codes: Counter[str] = Counter()
        self.unknown_list = b""
        """The last list that could not be read, so that it can be added here."""
        self._drops: deque[Drop] = deque(maxlen=_KEPT_DROPS)

    def drop(self, drop: Drop) -> None:
        """Count something that was thrown away."""
        self.dropped[drop.reason] += 1
        self._drops.append(drop)

    def skip(self, code: str) -> None:
        """Count an element without a meaning here."""
        self.skipped += 1
        if code in self.unknown_codes or len(self.unknown_codes) < _KEPT_CODES:
            self.unknown_codes[code] += 1

    def take_drops(self) -> list[Drop]:
        """Return the drops since the last call, oldest first; of very many only the last."""
        taken = list(self._drops)
        self._drops.clear()
        return taken

    def as_dict(self) -> dict[str, Any]:
        """Return the counters for diagnostics; nothing in them identifies a person."""
        return {
            "bytes": self.bytes,
            "frames": self.frames,
            "messages": self.messages,
            "skipped": self.skipped,
            "dropped": {str(reason): count for reason, count in self.dropped.items()},
            "unknown_codes": dict(self.unknown_codes),
        }
