"""The last bytes that came, as they came, without what identifies a meter."""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, Final

_BURSTS: Final = 8
_LONGEST: Final = 2048
_SHORTEST_SERIAL: Final = 5
#: An id that was not decoded is still an id: no value has so many digits. Digits of a frame
#: that came as text have letters among them.
_DIGITS: Final = re.compile(rb"(?<![0-9A-Fa-f])[0-9]{14,}(?![0-9A-Fa-f])")
#: Senders of encrypted messages call themselves by three letters and a number.
_TITLE: Final = re.compile(rb"(\xdb\x08[A-Za-z]{3}).{5}", re.DOTALL)
#: A batch with compressed entries: the meter that it names cannot be hidden without unpacking it.
_COMPRESSED: Final = re.compile(rb"[\x08\x12\x18].{,60}\x38[\x11\x4f\x8d\xcb]", re.DOTALL)


class Tape:
    """Keeps the last bursts of a stream, or the last messages of topics, bounded."""

    def __init__(self) -> None:
        self._bursts: deque[tuple[float, str, bytearray, int]] = deque(maxlen=_BURSTS)
        self._fresh = True

    def add(self, data: bytes, now: float, channel: str = "") -> None:
        """Take what came; pieces of one burst belong together."""
        if self._fresh or not self._bursts:
            self._bursts.append((now, channel, bytearray(), 0))
        at, name, kept, size = self._bursts.pop()
        kept += data[: _LONGEST - len(kept)]
        self._bursts.append((at, name, kept, size + len(data)))
        self._fresh = False

    def pause(self) -> None:
        """Begin a new burst."""
        self._fresh = True

    def dump(self, now: float, serials: Iterable[str]) -> list[dict[str, Any]]:
        """Return what is kept as hexadecimal digits, the oldest first."""
        hidden = [
            pattern
            for serial in serials
            if len(serial) >= _SHORTEST_SERIAL
            for pattern in _forms(serial)
        ]
        return [
            {
                "age": round(now - at, 1),
                "bytes": size,
                **({"channel": channel} if channel else {}),
                "data": without_ids(bytes(kept), hidden).hex(),
            }
            for at, channel, kept, size in self._bursts
        ]


def _forms(serial: str) -> Iterator[bytes]:
    """Yield how the id of a meter may stand in a message: as text, or as the digits of one."""
    text = serial.encode()
    yield text
    for digits in (text.hex(), text.hex().upper()):
        yield digits.encode("ascii")
        yield digits.encode("ascii").hex().encode("ascii")
    if serial.isdecimal() and int(serial) < 1 << 32:
        yield int(serial).to_bytes(4)


def without_ids(data: bytes, hidden: Iterable[bytes] = ()) -> bytes:
    """Return bytes of the same length with the letter X where a meter was named."""
    if _COMPRESSED.match(data):
        return b"X" * len(data)
    for pattern in hidden:
        data = data.replace(pattern, b"X" * len(pattern))
    data = _DIGITS.sub(lambda found: b"X" * len(found[0]), data)
    return _TITLE.sub(rb"\1XXXXX", data)
