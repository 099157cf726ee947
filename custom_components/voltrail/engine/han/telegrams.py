"""What a P1 telegram says."""

import re
from datetime import datetime
from typing import Final

from . import it_net
from .clock import Zone, text_moment
from .drops import DropError, Journal, Reason
from .makers import maker_of_letters
from .message import ListKind, Message, Meter, Number
from .p1 import LINE
from .quantities import WORDS, Unit, Word
from .texts import clean

_IDENTIFICATION: Final = re.compile(rb"/([A-Za-z]{3})[0-9](?:\\.)?([^\r\n]*)")
_VALUE: Final = re.compile(rb"\((-?)(\d{1,12})(?:\.(\d{1,9}))?(?:\*([A-Za-z]{1,6}))?\)")
_CLOCK: Final = re.compile(r"\((\d{12})([A-Za-z]?)\)")
_TARIFF: Final = re.compile(r"([12])\.8\.[1-9]")
_TEXT: Final = re.compile(rb"\(([^()]*)\)")
_DEVICE_NAME: Final = "42.0.0"
#: Any other number behind the code stands for the end of a month that has passed.
_NOW: Final = frozenset({None, b"255"})

#: Makers write them in any case: kVAr, kvar.
_UNITS: Final = {
    f"{prefix}{unit}".lower(): (unit, exponent)
    for unit in (Unit.W, Unit.VAR, Unit.WH, Unit.VARH, Unit.A, Unit.V)
    for prefix, exponent in (("", 0), ("k", 3))
}

_WORDS: Final = {".".join(map(str, code)): word for code, word in WORDS.items()}
_TOTALS: Final = {"1": "energy_imported", "2": "energy_exported"}
#: Decimals of a Wh: kWh come with nine at most.
_FINEST: Final = 6
#: A text in hexadecimal digits stays a text unless it is longer than the number of any meter.
_SHORTEST_HEX: Final = 20


class Telegrams:
    """Reads the telegrams of one stream."""

    def __init__(self, journal: Journal, zone: Zone) -> None:
        self._journal = journal
        self._zone = zone
        self._has_checks: bytes | None = None

    def read(self, text: bytes, *, checked: bool) -> Message:
        """Return the message of a telegram."""
        identification = _IDENTIFICATION.match(text)
        assert identification is not None
        if checked:
            self._has_checks = identification[0]
        elif self._has_checks == identification[0]:
            raise DropError(Reason.P1_CRC, "a telegram of a meter that sends checks has none")
        telegram = _Telegram(self._zone)
        for line in text[identification.end() : -1].splitlines():
            if line and not telegram.take(line):
                self._journal.skip(line.partition(b"(")[0].decode("ascii", "replace")[:24])
        telegram.finish()
        if not telegram.readings:
            raise DropError(Reason.UNKNOWN_LIST, "a telegram has no value that is known here")
        meter = Meter(
            manufacturer=maker_of_letters(identification[1].decode("ascii")),
            model=clean(identification[2]),
            serial=telegram.serial,
            list_version=telegram.version,
        )
        return Message(
            meter=meter,
            belongs_to=meter if meter.serial else None,
            kind=ListKind.COMPLETE,
            timestamp=telegram.timestamp,
            readings=telegram.readings,
        )


class _Telegram:
    """The lines of one telegram, as they are taken in."""

    def __init__(self, zone: Zone) -> None:
        self.readings: dict[str, Number] = {}
        self.timestamp: datetime | None = None
        self.serial: str | None = None
        self.version: str | None = None
        self._zone = zone
        self._tariffs: dict[str, int | float] = {}
        self._unreadable: set[str] = set()
        self._device_name: str | None = None

    def take(self, line: bytes) -> bool:
        """Take a line in; return whether it means anything here."""
        found = LINE.fullmatch(line)
        if found is None or found[4] not in _NOW:
            return False
        code = found[3].decode("ascii")
        if found[1] == b"1":
            return self._take_value(code, found[5]) or (
                code == "0.2.8" and self._take_version(found[5])
            )
        if found[1] + b"-" + found[2] != b"0-0":
            # Gas, water and heat meters answer on channels of their own.
            return False
        if code == "1.0.0":
            return self._take_clock(found[5].decode("ascii"))
        if code in {"96.1.0", "96.1.1", _DEVICE_NAME}:
            return self._take_serial(code, found[5])
        return False

    def finish(self) -> None:
        """Add up the tariffs of a meter that sends no totals, as in the Netherlands.

        The sum of some of them would be a counter that falls and rises again. In Luxembourg the
        only id is the name of the device.
        """
        self.serial = self.serial or self._device_name
        for name, total in self._tariffs.items():
            if name not in self._unreadable:
                self.readings.setdefault(name, total)
        it_net.leave_out_unmeasured(self.readings, None)

    def _take_value(self, code: str, text: bytes) -> bool:
        word = _WORDS.get(code)
        if word is not None:
            value = _number(text, word)
            # A factor above 1 comes in a scale that is not known.
            if value is not None and (word.unit is not Unit.NONE or abs(value) <= 1):
                self.readings[word.name] = value
            return True
        if tariff := _TARIFF.fullmatch(code):
            name = _TOTALS[tariff[1]]
            if (value := _number(text, Word(name, Unit.WH))) is not None:
                # Digits of a Wh are added without a hair.
                self._tariffs[name] = round(self._tariffs.get(name, 0) + value, _FINEST)
            else:
                self._unreadable.add(name)
            return True
        return False

    def _take_version(self, text: bytes) -> bool:
        found = _TEXT.match(text)
        self.version = found and clean(found[1])
        return True

    def _take_serial(self, code: str, text: bytes) -> bool:
        found = _TEXT.match(text)
        sent = found and _in_clear(clean(found[1]))
        if code == _DEVICE_NAME:
            self._device_name = sent
        elif self.serial is None:
            self.serial = sent
        return True

    def _take_clock(self, text: str) -> bool:
        found = _CLOCK.fullmatch(text)
        if found is None:
            # Some write it differently; it is no reason to lose the telegram.
            return False
        try:
            local = datetime.strptime(f"20{found[1]}", "%Y%m%d%H%M%S")  # noqa: DTZ007 - the zone follows
        except ValueError:
            return False
        self.timestamp = text_moment(local, found[2].upper(), self._zone)
        return True


def _number(text: bytes, word: Word) -> Number | None:
    """Return the number in parentheses, in the unit of the word; ``None`` if it is none."""
    found = _VALUE.fullmatch(text)
    if found is None:
        return None
    sign, whole, fraction, sent = found.groups(b"")
    unit, exponent = _UNITS.get(sent.decode("ascii").lower(), (Unit.NONE, 0))
    if unit is not word.unit:
        return None
    value = int(sign + whole + fraction)
    decimals = len(fraction) - exponent
    return value / 10**decimals if decimals > 0 else value * int(10**-decimals)


def _in_clear(text: str | None) -> str | None:
    """Return an id that Dutch meters send as the hexadecimal codes of its letters."""
    if text is None or len(text) < _SHORTEST_HEX:
        return text
    try:
        clear = bytes.fromhex(text).decode("ascii")
    except ValueError:
        return text
    return clear if clear.isalnum() else text
