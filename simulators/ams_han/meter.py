"""A meter on its schedule: which list it sends when, from what the house does."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from simulators.ams_han.ciphering import Seal
from simulators.ams_han.house import House, at_the_hour
from simulators.ams_han.quantities import Identity, Net, Quantities
from simulators.ams_han.wire import LLC, Notification, blocks, hdlc, long_frames, segments

type Content = Notification | bytes
"""A list, or the text of a telegram."""
type Frames = Callable[[Content, Seal | None], list[bytes]]
type Encoders = dict[str, Callable[[Quantities], Content]]

_HOUR: Final = 3600.0


def in_hdlc(content: Content, seal: Seal | None) -> list[bytes]:
    """One frame."""
    assert isinstance(content, Notification)
    apdu = content.apdu if seal is None else seal.seal(content.apdu)
    return [hdlc(content.address, LLC + apdu)]


def in_blocks(content: Content, seal: Seal | None) -> list[bytes]:
    """Parts of a general block transfer, each in a frame; only the first has the LLC header."""
    assert isinstance(content, Notification)
    apdu = content.apdu if seal is None else seal.seal(content.apdu)
    first, *others = blocks(apdu, 112)
    return [hdlc(content.address, part) for part in (LLC + first, *others)]


def in_segments(content: Content, seal: Seal | None) -> list[bytes]:
    """HDLC segments of 154 bytes, as Iskraemeco cuts its messages; a short one stays whole."""
    assert isinstance(content, Notification)
    apdu = content.apdu if seal is None else seal.seal(content.apdu)
    return segments(content.address, LLC + apdu, 154)


def in_long_frames(content: Content, seal: Seal | None) -> list[bytes]:
    """Wired M-Bus."""
    assert isinstance(content, Notification)
    return long_frames(content.apdu if seal is None else seal.seal(content.apdu))


def in_longest_frames(content: Content, seal: Seal | None) -> list[bytes]:
    """Wired M-Bus, the first frame with a content of 257 bytes (Sagemcom T210-D)."""
    assert isinstance(content, Notification)
    return long_frames(content.apdu if seal is None else seal.seal(content.apdu), 252)


def as_text(content: Content, seal: Seal | None) -> list[bytes]:
    """A telegram, as it is or ciphered without any frame."""
    assert isinstance(content, bytes)
    return [content if seal is None else seal.seal(content)]


@dataclass(frozen=True, kw_only=True)
class MeterType:
    """One kind of meter: what it sends, when, and in which frames."""

    summary: str
    identity: Identity
    lists: Callable[[Identity], Encoders]
    schedule: Callable[[float], str | None]
    """Which list is due so many seconds after the full hour."""
    step: float
    """Seconds between two moments at which a list may be due; an hour is a multiple of it."""
    net: Net = Net.TN
    frames: Frames = in_hdlc
    ciphered: bool = False
    """Whether it is usually encrypted; any meter can be."""
    title: bytes = b"KAM\x00\x01\x02\x03\x04"
    """How it calls itself when it encrypts."""
    hourly: str | None = None
    """The list that shows the counters of the full hour."""
    hour_on_clock: bool = False
    """Whether that list also shows the full hour as its time."""

    def seal(self, key: bytes, authentication_key: bytes | None = None) -> Seal:
        """Return what encrypts the messages of such a meter."""
        return Seal(key=key, authentication_key=authentication_key, title=self.title)


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One message on the wire."""

    moment: datetime
    name: str
    quantities: Quantities
    content: Content
    frames: list[bytes]

    @property
    def wire(self) -> bytes:
        """All of it."""
        return b"".join(self.frames)


class HanMeter:
    """A meter that lives. It knows no clock: the moment is told to it."""

    def __init__(
        self,
        kind: MeterType,
        *,
        start: datetime,
        house: House | None = None,
        seal: Seal | None = None,
        serial: str | None = None,
    ) -> None:
        self.kind = kind
        self.house = house or House(net=kind.net)
        self.seal = seal
        identity = kind.identity if serial is None else replace(kind.identity, serial=serial)
        self.identity = identity
        self._encoders = kind.lists(identity)
        self._hour = start.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        self._tick = int((start - self._hour).total_seconds() // kind.step)
        self._at_the_hour = self.house.quantities(start)

    @property
    def moment(self) -> datetime:
        """The last moment at which something could have been sent."""
        return self._hour + timedelta(seconds=self._tick * self.kind.step)

    def send(self, name: str) -> Sent:
        """Send a list now, whatever is due."""
        now = self.house.quantities(self.moment)
        if name == self.kind.hourly:
            now = at_the_hour(now, self._at_the_hour)
            if self.kind.hour_on_clock:
                now = replace(now, moment=self._hour)
        content = self._encoders[name](now)
        frames = self.kind.frames(content, self.seal)
        return Sent(moment=self.moment, name=name, quantities=now, content=content, frames=frames)

    def run_until(self, moment: datetime) -> Iterator[Sent]:
        """Yield what is sent up to a moment."""
        step = timedelta(seconds=self.kind.step)
        while self.moment + step <= moment:
            self._tick += 1
            if self._tick * self.kind.step >= _HOUR:
                self._hour += timedelta(hours=1)
                self._tick = 0
            self.house.advance(self.kind.step, self.moment)
            if self._tick == 0:
                self._at_the_hour = self.house.quantities(self.moment)
            if (name := self.kind.schedule(self._tick * self.kind.step)) is not None:
                yield self.send(name)
