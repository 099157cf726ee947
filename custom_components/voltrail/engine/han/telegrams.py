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
from .quantities import UNITS, WORDS, Unit, Word
from .telegram_layout import FINEST, Digits, Place, TelegramLayout, scaled
from .texts import clean

_IDENTIFICATION: Final = re.compile(rb"/([A-Za-z]{3})[0-9](?:\\.)?([^\r\n]*)")
_VALUE: Final = re.compile(rb"\((-?)(\d{1,12})(?:\.(\d{1,9}))?(?:\*([A-Za-z]{1,6}))?\)")
_CLOCK: Final = re.compile(rb"\((\d{12})([A-Za-z]?)\)")
_TARIFF: Final = re.compile(r"([12])\.8\.[1-9]")
_TEXT: Final = re.compile(rb"\(([^()]*)\)")
_DEVICE_NAME: Final = "42.0.0"
_CLOCK_CODE: Final = b"1.0.0"
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
#: A text in hexadecimal digits stays a text unless it is longer than the number of any meter.
_SHORTEST_HEX: Final = 20
#: Lengths of telegrams whose layout is remembered; a meter has one, or few.
_MOST_LAYOUTS: Final = 8


class Telegrams:
    """Reads the telegrams of one stream, and remembers how those of its meter are laid out."""

    def __init__(self, journal: Journal, zone: Zone) -> None:
        self._journal = journal
        self._zone = zone
        self._has_checks: bytes | None = None
        self._layouts: dict[int, TelegramLayout] = {}

    def read(self, text: bytes, *, checked: bool) -> Message:
        """Return the message of a telegram."""
        layout = self._layouts.get(len(text))
        found = layout.read(text) if layout is not None and layout.fits(text) else None
        if layout is None or found is None:
            return self._read_lines(text, checked=checked)
        readings, local = found
        return self._message(layout, readings, local, checked=checked)

    def _read_lines(self, text: bytes, *, checked: bool) -> Message:
        """Read a telegram line by line; the next ones are then known by their layout."""
        telegram = _Telegram(text)
        layout = telegram.layout
        message = self._message(layout, telegram.readings, telegram.local, checked=checked)
        if telegram.can_be_learned:
            if len(self._layouts) >= _MOST_LAYOUTS:
                self._layouts.clear()
            self._layouts[len(text)] = layout
        return message

    def _message(
        self,
        layout: TelegramLayout,
        readings: dict[str, Number],
        local: datetime | None,
        *,
        checked: bool,
    ) -> Message:
        if checked:
            self._has_checks = layout.identification
        elif self._has_checks == layout.identification:
            raise DropError(Reason.P1_CRC, "a telegram of a meter that sends checks has none")
        it_net.leave_out_unmeasured(readings, None)
        for name in layout.factors:
            # A factor above 1 comes in a scale that is not known.
            if abs(readings[name]) > 1:
                del readings[name]
        for code in layout.skipped:
            self._journal.skip(code)
        if not readings:
            raise DropError(Reason.UNKNOWN_LIST, "a telegram has no value that is known here")
        return Message(
            meter=layout.meter,
            belongs_to=layout.meter if layout.meter.serial else None,
            kind=ListKind.COMPLETE,
            timestamp=None if local is None else text_moment(local, layout.letter, self._zone),
            readings=readings,
        )


class _Telegram:
    """The lines of one telegram, as they are taken in."""

    def __init__(self, text: bytes) -> None:
        identification = _IDENTIFICATION.match(text)
        assert identification is not None
        self.readings: dict[str, Number] = {}
        self.local: datetime | None = None
        self.can_be_learned = True
        """Whether its layout tells all of it."""
        self._letter = ""
        self._clock: Digits | None = None
        self._serial: str | None = None
        self._version: str | None = None
        self._device_name: str | None = None
        self._places: list[Place] = []
        self._changing: list[Digits] = []
        self._skipped: list[str] = []
        self._tariffs: dict[str, list[tuple[Place, Number]]] = {}
        self._unreadable: set[str] = set()
        at = identification.end()
        for line in text[at:-1].splitlines(keepends=True):
            content = line.rstrip(b"\r\n")
            if content and not self._take(content, at):
                self._skip(content, at)
            at += len(line)
        self._add_tariffs()
        self.layout = TelegramLayout(
            text,
            self._places,
            clock=self._clock,
            changing=self._changing,
            letter=self._letter,
            identification=identification[0],
            meter=Meter(
                manufacturer=maker_of_letters(identification[1].decode("ascii")),
                model=clean(identification[2]),
                # In Luxembourg the only id is the name of the device.
                serial=self._serial or self._device_name,
                list_version=self._version,
            ),
            skipped=tuple(self._skipped),
            factors=tuple(name for name in self.readings if UNITS[name] is Unit.NONE),
        )

    def _take(self, line: bytes, at: int) -> bool:
        """Take the line at a place of the text in; return whether it means anything here."""
        found = LINE.fullmatch(line)
        if found is None or found[4] not in _NOW:
            return False
        code = found[3].decode("ascii")
        if found[1] == b"1":
            return self._take_value(code, found[5], at + found.start(5)) or (
                code == "0.2.8" and self._take_version(found[5])
            )
        if found[1] + b"-" + found[2] != b"0-0":
            # Gas, water and heat meters answer on channels of their own.
            return False
        if found[3] == _CLOCK_CODE:
            return self._take_clock(found[5], at + found.start(5))
        if code in {"96.1.0", "96.1.1", _DEVICE_NAME}:
            return self._take_serial(code, found[5])
        return False

    def _skip(self, line: bytes, at: int) -> None:
        """Note a line that means nothing here; only if its code says so may its content change."""
        self._skipped.append(line.partition(b"(")[0].decode("ascii", "replace")[:24])
        found = LINE.fullmatch(line)
        if found is not None and found[3] != _CLOCK_CODE:
            self._changing.append(Digits(at + found.start(5), at + found.end(5)))

    def _add_tariffs(self) -> None:
        """Add up the tariffs of a meter that sends no totals, as in the Netherlands.

        The sum of some of them would be a counter that falls and rises again.
        """
        for name, tariffs in self._tariffs.items():
            if name in self.readings or name in self._unreadable:
                self._changing += [place.digits for place, _ in tariffs]
                continue
            self._places += [place for place, _ in tariffs]
            self.readings[name] = tariffs[0][1]
            for _, value in tariffs[1:]:
                self.readings[name] = round(self.readings[name] + value, FINEST)

    def _take_value(self, code: str, text: bytes, at: int) -> bool:
        word = _WORDS.get(code)
        if word is not None:
            if word.name in self.readings:
                # A line that comes twice: the last one counts, and no layout says so.
                self.can_be_learned = False
            if (found := self._number(text, word, at)) is not None:
                place, value = found
                self._places.append(place)
                self.readings[word.name] = value
            return True
        if tariff := _TARIFF.fullmatch(code):
            name = _TOTALS[tariff[1]]
            if (found := self._number(text, Word(name, Unit.WH), at)) is not None:
                self._tariffs.setdefault(name, []).append(found)
            else:
                self._unreadable.add(name)
            return True
        return False

    def _number(self, text: bytes, word: Word, at: int) -> tuple[Place, Number] | None:
        """Return the number in parentheses, in the unit of the word; ``None`` if it is none."""
        found = _VALUE.fullmatch(text)
        if found is None:
            return None
        sign, whole, fraction, sent = found.groups(b"")
        unit, exponent = _UNITS.get(sent.decode("ascii").lower(), (Unit.NONE, 0))
        if unit is not word.unit:
            return None
        if sign:
            self.can_be_learned = False
        exponent -= len(fraction)
        place = Place(
            Digits(at + found.start(2), at + found.end(3 if fraction else 2)), word.name, exponent
        )
        number = int(sign + whole + fraction)
        return place, scaled(number, 10 ** max(exponent, 0), 10 ** max(-exponent, 0))

    def _take_version(self, text: bytes) -> bool:
        found = _TEXT.match(text)
        self._version = found and clean(found[1])
        return True

    def _take_serial(self, code: str, text: bytes) -> bool:
        found = _TEXT.match(text)
        sent = found and _in_clear(clean(found[1]))
        if code == _DEVICE_NAME:
            self._device_name = sent
        elif self._serial is None:
            self._serial = sent
        return True

    def _take_clock(self, text: bytes, at: int) -> bool:
        found = _CLOCK.fullmatch(text)
        if found is None:
            # Some write it differently; it is no reason to lose the telegram.
            return False
        try:
            self.local = datetime.strptime(f"20{found[1].decode()}", "%Y%m%d%H%M%S")  # noqa: DTZ007 - the zone follows
        except ValueError:
            return False
        self._letter = found[2].decode().upper()
        self._clock = Digits(at + found.start(1), at + found.end(1))
        return True


def _in_clear(text: str | None) -> str | None:
    """Return an id that Dutch meters send as the hexadecimal codes of its letters."""
    if text is None or len(text) < _SHORTEST_HEX:
        return text
    try:
        clear = bytes.fromhex(text).decode("ascii")
    except ValueError:
        return text
    return clear if clear.isalnum() else text
