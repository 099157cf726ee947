"""From a notification to a message: which list it is, and what its values say."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from . import axdr, bare_lists, it_net, kaifa, kamstrup, push_list, tagged
from .clock import SIZE as CLOCK_SIZE
from .clock import Zone, moment
from .drops import DropError, Journal, Reason
from .layout import Form, Layout, Layouts, RawList
from .makers import maker_of_address, maker_of_list
from .message import ListKind, Message, Meter, Number, Readings

NOTIFICATION: Final = 0x0F

#: A number that no meter counts: some send one more each time.
_INVOCATION: Final = (1, 5)
#: More than the fuses of any house with these meters let through.
_PLAUSIBLE_W: Final = 100_000
#: Seconds after the hour.
_SENT_WITHIN: Final = 30


class Lists:
    """Reads the lists of one stream, and remembers what its meter said of itself."""

    def __init__(self, journal: Journal, zone: Zone) -> None:
        self._journal = journal
        self._zone = zone
        self._layouts = Layouts()
        self._kamstrup = kamstrup.Scales()
        self._push = push_list.Scales()
        self._named: tuple[Form, Meter] | None = None

    @property
    def meter(self) -> Meter | None:
        """The last meter that said who it is."""
        return self._named and self._named[1]

    def read(
        self, data: bytes, *, checked: bool, maker: str | None = None, address: bytes = b""
    ) -> Message | None:
        """Return the message of a notification, or of its bare body.

        ``None`` means that the list is known and has nothing to do with electricity. Data without
        a check sum are read only if they are a known list, if every number describes itself, or
        if they are a single plausible power. ``maker`` is who ciphered it, ``address`` where
        its frame came from.
        """
        known = self._layouts.find(data)
        layout = known or self._learn(data)
        if layout is None:
            return None
        readings = layout.readings(data)
        if not checked and not _convincing(layout, readings):
            raise DropError(
                Reason.IMPLAUSIBLE, "a message without a check is no list of a known kind"
            )
        if known is None:
            self._layouts.keep(layout)
        meter = layout.meter
        if meter.manufacturer is None and (
            other := maker or maker_of_address(address) or layout.guess
        ):
            meter = replace(meter, manufacturer=other)
        self._finish(readings, layout, meter, address)
        for code in layout.unknown:
            self._journal.skip(code)
        meter, sender = self._attribute(layout.form, meter)
        return Message(
            meter=meter,
            belongs_to=sender,
            kind=_kind(layout, data),
            timestamp=self._timestamp(layout, data) if layout.clocks else None,
            readings=readings,
        )

    def _learn(self, data: bytes) -> Layout | None:
        """Return the layout of a list that is new; ``None`` if it is known to have no readings."""
        at = 0
        clocks: tuple[int, ...] = ()
        changing: list[tuple[int, int]] = []
        if data[:1] == bytes((NOTIFICATION,)):
            at, clocks = _header(data)
            changing = [_INVOCATION]
        found = RawList(data, axdr.parse(data, at), clocks, changing)
        layout = (
            kaifa.positional(found)
            or push_list.described(found)
            or bare_lists.bare(found)
            or tagged.learn(found)
        )
        if layout.names:
            return layout
        if layout.form is Form.PUSH:
            for code in layout.unknown:
                self._journal.skip(code)
            return None
        self._journal.unknown_list = data
        raise DropError(Reason.UNKNOWN_LIST, f"a list of {len(data)} bytes is not known")

    def _finish(
        self, readings: dict[str, Number], layout: Layout, meter: Meter, address: bytes
    ) -> None:
        """Apply what only the numbers of a list can tell."""
        if layout.form is Form.KAMSTRUP:
            self._kamstrup.finish(readings, meter.serial, meter.model)
        elif layout.form is Form.PUSH:
            self._push.finish(readings, meter, address)
        elif meter.list_version is not None:
            # The lists without a name are not from Norway: such nets do not occur.
            it_net.leave_out_unmeasured(readings, meter.model)
        for name in layout.factors:
            # Its scale is not the one that is known.
            if abs(readings[name]) > 1:
                del readings[name]

    def _timestamp(self, layout: Layout, data: bytes) -> datetime | None:
        """Return what the first clock shows that is set."""
        for at in layout.clocks:
            if found := moment(data, at, layout.habit, self._zone):
                return found
        return None

    def _attribute(self, form: Form, meter: Meter) -> tuple[Meter, Meter | None]:
        """Return what is known of the sender, and who it is.

        The shortest lists do not name their meter. They belong to the last meter that was named, if
        its lists are built the same way; otherwise only the maker is known, from the way they are
        built.
        """
        if meter.serial is not None:
            self._named = form, meter
            return meter, meter
        if self._named is None or self._named[0] is not form:
            return meter, None
        sender = self._named[1]
        if maker_of_list(meter.list_version) is None and meter.manufacturer != sender.manufacturer:
            meter = replace(meter, manufacturer=sender.manufacturer)
        return meter, sender


def _header(data: bytes) -> tuple[int, tuple[int, ...]]:
    """Return where the body begins, and where the clock of the header stands."""
    # Firmwares differ in how they announce the clock: with the tag of a string or of a time, or
    # with the bare length.
    for form in (b"\x00", b"\x09\x0c", b"\x0c", b"\x19"):
        if data.startswith(form, 5):
            at = 5 + len(form)
            return (at, ()) if form == b"\x00" else (at + CLOCK_SIZE, (at,))
    raise DropError(Reason.APDU, "the notification has no readable header")


def _convincing(layout: Layout, readings: Readings) -> bool:
    if layout.kind is ListKind.POWER:
        return abs(readings["power_imported"]) < _PLAUSIBLE_W
    return layout.described or maker_of_list(layout.meter.list_version) is not None


def _kind(layout: Layout, data: bytes) -> ListKind:
    """Return the kind of list; the same one is hourly in Norway and all there is in Sweden.

    A Norwegian Kaifa sends it ten seconds after the hour and gives no distance to UTC.
    """
    if layout.form is not Form.POSITIONS or layout.kind is not ListKind.HOURLY:
        return layout.kind
    _hour, minute, second, _, *deviation = data[layout.clocks[0] + 5 : layout.clocks[0] + 11]
    on_the_hour = minute == 0 and second <= _SENT_WITHIN and deviation == [0x80, 0x00]
    return ListKind.HOURLY if on_the_hour else ListKind.COMPLETE
