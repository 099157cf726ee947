"""Where the values stand in a P1 telegram.

A meter sends the same lines again and again, and only digits differ. So a telegram is read line by
line once; for the next ones of its length one comparison and one unpacking are enough, as for a
list (`layout`). A telegram that differs in anything but those digits is read line by line again.
(Reading line by line took three quarters of the time; benchmarks/han.py, P1 telegram.)
"""

from collections.abc import Iterable
from dataclasses import KW_ONLY, InitVar, dataclass
from datetime import datetime
from struct import Struct
from typing import Final, NamedTuple

from .message import Meter, Number

_DOT: Final = b"."
#: Decimals of a Wh: kWh come with nine at most.
FINEST: Final = 6


class Digits(NamedTuple):
    """Where digits stand, with a dot among them or not."""

    start: int
    end: int


class Place(NamedTuple):
    """Where a value stands, and the power of ten that turns its digits into its unit."""

    digits: Digits
    name: str
    exponent: int


@dataclass(eq=False)
class TelegramLayout:
    """The places of the values in the telegrams of one meter."""

    text: InitVar[bytes]
    places: InitVar[list[Place]]
    """Two of one name are added: some meters send tariffs instead of a total."""
    _: KW_ONLY
    clock: InitVar[Digits | None]
    changing: InitVar[Iterable[Digits]]
    """What else may differ from one telegram to the next."""
    letter: str
    identification: bytes
    meter: Meter
    skipped: tuple[str, ...]
    factors: tuple[str, ...]
    """The power factors among the values."""

    def __post_init__(
        self,
        text: bytes,
        places: list[Place],
        clock: Digits | None,
        changing: Iterable[Digits],
    ) -> None:
        places = sorted(places)
        clocks = () if clock is None else (clock,)
        mask = bytearray(b"\xff" * len(text))
        for start, end in (*(place.digits for place in places), *clocks, *changing):
            mask[start:end] = bytes(end - start)
        for at in range(len(text)):
            if text[at : at + 1] == _DOT:
                # One that moves changes a value.
                mask[at] = 0xFF
        self._mask = int.from_bytes(mask)
        self._constant = int.from_bytes(text) & self._mask
        self._unpack = _struct(text, [place.digits for place in places]).unpack_from
        pairs = [Digits(at, at + 2) for start, end in clocks for at in range(start, end, 2)]
        self._unpack_clock = _struct(text, pairs).unpack_from
        self._scales = [
            (name, 10 ** max(exponent, 0), 10 ** max(-exponent, 0)) for _, name, exponent in places
        ]
        self._names = [place.name for place in places]
        self._scaled = [scale for scale in self._scales if scale[1:] != (1, 1)]
        self._adds = len(set(self._names)) < len(self._names)

    def fits(self, text: bytes) -> bool:
        """Whether a telegram of the same length differs from the learned one in digits only."""
        return int.from_bytes(text) & self._mask == self._constant

    def read(self, text: bytes) -> tuple[dict[str, Number], datetime | None] | None:
        """Return the values and the local time; ``None`` if there are no digits where they were."""
        dotless = text.translate(None, _DOT)
        fields, pairs = self._unpack(dotless), self._unpack_clock(dotless)
        if not b"".join(fields + pairs).isdigit():
            return None
        local = None
        if pairs:
            year, month, day, hour, minute, second = map(int, pairs)
            try:
                local = datetime(2000 + year, month, day, hour, minute, second)  # noqa: DTZ001 - the zone follows
            except ValueError:
                return None
        return self._readings(list(map(int, fields))), local

    def _readings(self, numbers: list[int]) -> dict[str, Number]:
        if self._adds:
            return self._sums(numbers)
        readings: dict[str, Number] = dict(zip(self._names, numbers, strict=True))
        for name, factor, divisor in self._scaled:
            readings[name] = scaled(readings[name], factor, divisor)
        return readings

    def _sums(self, numbers: list[int]) -> dict[str, Number]:
        readings: dict[str, Number] = {}
        for (name, factor, divisor), number in zip(self._scales, numbers, strict=True):
            value = scaled(number, factor, divisor)
            readings[name] = round(readings[name] + value, FINEST) if name in readings else value
        return readings


def scaled(number: Number, factor: int, divisor: int) -> Number:
    """Return a number in its unit. Dividing, once, gives the decimal that was meant."""
    return number / divisor if divisor > 1 else number * factor


def _struct(text: bytes, places: Iterable[Digits]) -> Struct:
    """Return what cuts digits out of a text whose dots were taken away."""
    code = ""
    at = 0
    for start, end in places:
        before, digits = text[at:start], text[start:end]
        code += f"{len(before) - before.count(_DOT)}x{len(digits) - digits.count(_DOT)}s"
        at = end
    return Struct(code)
