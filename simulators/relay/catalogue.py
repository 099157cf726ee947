"""All faults of a link by name: what every family has to live with."""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Final, override

from simulators.relay.fault import Admission, Fault
from simulators.relay.frames import Frame, Framing

if TYPE_CHECKING:
    from simulators.relay.link import Link, Relay

type Spoil = Callable[[Frame, Random], Frame | bytes | None]
"""Makes something else of an answer; None leaves it as it is."""

GARBAGE: Final = bytes.fromhex("deadbeef007e00ff5503")


# -- connections --


class Refused(Fault):
    """Nobody listens, and who was connected is so no more."""

    passes = False

    @override
    def begin(self, relay: Relay) -> None:
        relay.vanish()

    @override
    def end(self, relay: Relay) -> None:
        relay.appear()


class Silent(Fault):
    """Connections are accepted and bytes taken, and nothing ever comes back."""

    passes = False

    @override
    def begin(self, relay: Relay) -> None:
        for link in relay.links:
            link.fall_silent()

    @override
    def end(self, relay: Relay) -> None:
        # A gateway that was dead lets go of whom it had when it comes back.
        relay.cut_off()

    @override
    def admission(self) -> tuple[Admission, float]:
        return Admission.IGNORE, 0.0


class SilentForEver(Fault):
    """The open connection never says anything again; a new one works at once."""

    @override
    def begin(self, relay: Relay) -> None:
        for link in relay.links:
            link.fall_silent()


class HalfOpen(Fault):
    """The other side is gone without a word: packets vanish, then and for the old connection."""

    passes = False

    @override
    def begin(self, relay: Relay) -> None:
        for link in relay.links:
            link.fall_silent()

    @override
    def admission(self) -> tuple[Admission, float]:
        return Admission.VANISH, 0.0


class UnknownHost(Fault):
    """The name cannot be looked up, and the connection was lost."""

    passes = False

    @override
    def begin(self, relay: Relay) -> None:
        relay.cut_off()

    @override
    def admission(self) -> tuple[Admission, float]:
        return Admission.UNKNOWN, 0.0


class ClosedOnArrival(Fault):
    """A connection is accepted, and closed after a while: the only place is taken."""

    passes = False

    def __init__(self, name: str, *, after: float, seed: int = 0) -> None:
        super().__init__(name, seed=seed)
        self._after = after

    @override
    def begin(self, relay: Relay) -> None:
        relay.cut_off()

    @override
    def admission(self) -> tuple[Admission, float]:
        return Admission.CLOSE, self._after


class BrokenOff(Fault):
    """Some answers end in the middle, and the connection with them."""

    def __init__(self, name: str, *, reset: bool, seed: int = 0) -> None:
        super().__init__(name, seed=seed)
        self._reset = reset

    @override
    def answer(self, link: Link, frame: Frame) -> None:
        data = frame.wire
        if self.random.random() < 0.3:
            link.to_client(data[: len(data) // 2])
            link.close(reset=self._reset)
        else:
            link.to_client(data)


# -- when answers come --


class SingleBytes(Fault):
    """Answers come byte by byte."""

    @override
    def answer(self, link: Link, frame: Frame) -> None:
        for place, byte in enumerate(frame.wire):
            # A line of 57600 baud is as fast as this.
            link.to_client(bytes((byte,)), after=0.0002 * (place + 1))


class Late(Fault):
    """Some answers come late; how late, in seconds."""

    def __init__(self, name: str, *, seconds: float, share: float, seed: int = 0) -> None:
        super().__init__(name, seed=seed)
        self._seconds = seconds
        self._share = share

    @override
    def answer(self, link: Link, frame: Frame) -> None:
        late = self.random.random() < self._share
        link.to_client(frame.wire, after=self._seconds if late else 0.0)


class Doubled(Fault):
    """Every answer comes twice."""

    @override
    def answer(self, link: Link, frame: Frame) -> None:
        link.to_client(frame.wire)
        link.to_client(frame.wire, after=0.002)


class OutOfOrder(Fault):
    """Some answers are overtaken by the next one."""

    @override
    def answer(self, link: Link, frame: Frame) -> None:
        held, link.held = link.held, None
        if held is None and self.random.random() < 0.2:
            link.held = frame
            return
        link.to_client(frame.wire)
        if held is not None:
            link.to_client(held.wire)


class Lost(Fault):
    """Some requests never arrive, and some answers neither."""

    @override
    def request(self, link: Link, frame: Frame) -> None:
        if self.random.random() < 0.15:
            link.lose_request()
        else:
            super().request(link, frame)

    @override
    def answer(self, link: Link, frame: Frame) -> None:
        if self.random.random() >= 0.15:
            super().answer(link, frame)


# -- what is in them --


class Spoilt(Fault):
    """Some answers are changed under way, or all of one block."""

    def __init__(
        self,
        name: str,
        spoil: Spoil,
        *,
        share: float = 0.3,
        one_block: bool = False,
        framings: frozenset[Framing] = frozenset(Framing),
        seed: int = 0,
    ) -> None:
        super().__init__(name, seed=seed)
        self.framings = framings
        self._spoil = spoil
        self._share = share
        self._one_block = one_block
        self._block: tuple[int, int] | None = None

    @override
    def answer(self, link: Link, frame: Frame) -> None:
        spoilt = self._spoil(frame, self.random) if self._hit(frame) else None
        if spoilt is None:
            link.to_client(frame.wire)
        else:
            link.to_client(spoilt.wire if isinstance(spoilt, Frame) else spoilt)

    def _hit(self, frame: Frame) -> bool:
        if not self._one_block:
            return self.random.random() < self._share
        if frame.asked is None or frame.words is None:
            return False
        block = frame.asked.unit, frame.asked.address
        if self._block is None and self.random.random() < 0.5:
            self._block = block
        return block == self._block


def _cut(frame: Frame, random: Random) -> bytes:
    data = frame.wire
    return data[: random.randrange(1, len(data))]


def _other_transaction(frame: Frame, random: Random) -> Frame:
    return replace(frame, transaction=(frame.transaction + random.randrange(1, 99)) & 0xFFFF)


def _other_unit(frame: Frame, _: Random) -> Frame:
    return replace(frame, unit=frame.unit ^ 0x2A)


def _other_function(frame: Frame, _: Random) -> Frame:
    return replace(frame, pdu=bytes((frame.pdu[0] ^ 0x07,)) + frame.pdu[1:])


def _other_count(frame: Frame, _: Random) -> Frame | None:
    if frame.words is None:
        return None
    return replace(frame, pdu=bytes((frame.pdu[0], (len(frame.words) + 2) & 0xFF)) + frame.words)


def _fewer(frame: Frame, _: Random) -> Frame | None:
    words = frame.words
    return None if words is None or len(words) < 4 else frame.with_words(words[:-2])


def _more(frame: Frame, _: Random) -> Frame | None:
    words = frame.words
    return None if words is None or len(words) > 240 else frame.with_words(words + b"\x00\x01")


def _refusal(code: int) -> Spoil:
    def refuse(frame: Frame, _: Random) -> Frame | None:
        return None if frame.framing is Framing.NONE else frame.refused(code)

    return refuse


def _garbage_before(frame: Frame, _: Random) -> bytes:
    return GARBAGE + frame.wire


def _garbage_instead(frame: Frame, random: Random) -> bytes:
    return random.randbytes(len(frame.wire))


def _flipped(frame: Frame, random: Random) -> bytes:
    data = bytearray(frame.wire)
    # TCP has check sums of its own; what a gateway may spoil by itself is what it writes.
    place = random.randrange(7 if frame.framing is Framing.MBAP else len(data))
    data[place] ^= 1 << random.randrange(8)
    return bytes(data)


def _filled(word: bytes) -> Spoil:
    def fill(frame: Frame, _: Random) -> Frame | None:
        words = frame.words
        return None if words is None else frame.with_words(word * (len(words) // len(word)))

    return fill


def _not_numbers(frame: Frame, random: Random) -> Frame | None:
    words = frame.words
    if words is None:
        return None
    pattern = b"\x7f\xff\xff\xff" if random.random() < 0.5 else b"\xff\xff\xff\xff"
    return frame.with_words((pattern * (len(words) // 4 + 1))[: len(words)])


_MODBUS: Final = frozenset({Framing.MBAP, Framing.RTU})
_TCP: Final = frozenset({Framing.MBAP})


def _spoilt(
    spoil: Spoil,
    *,
    share: float = 0.3,
    one_block: bool = False,
    framings: frozenset[Framing] = _MODBUS,
) -> Callable[[str, int], Fault]:
    return lambda name, seed: Spoilt(
        name, spoil, share=share, one_block=one_block, framings=framings, seed=seed
    )


_ALL: Final = frozenset(Framing)

_MAKERS: Final[dict[str, Callable[[str, int], Fault]]] = {
    "refused": lambda name, seed: Refused(name, seed=seed),
    "accepted and silent": lambda name, seed: Silent(name, seed=seed),
    "silent for ever on the open connection": lambda name, seed: SilentForEver(name, seed=seed),
    "half open": lambda name, seed: HalfOpen(name, seed=seed),
    "host name unknown": lambda name, seed: UnknownHost(name, seed=seed),
    "accepted and closed at once": lambda name, seed: ClosedOnArrival(name, after=0, seed=seed),
    "accepted and closed within a second": lambda name, seed: ClosedOnArrival(
        name, after=0.6, seed=seed
    ),
    "closed in mid-answer": lambda name, seed: BrokenOff(name, reset=False, seed=seed),
    "reset in mid-answer": lambda name, seed: BrokenOff(name, reset=True, seed=seed),
    "single bytes": lambda name, seed: SingleBytes(name, seed=seed),
    "late": lambda name, seed: Late(name, seconds=0.7, share=0.5, seed=seed),
    "too late": lambda name, seed: Late(name, seconds=6.0, share=0.3, seed=seed),
    "doubled": lambda name, seed: Doubled(name, seed=seed),
    "out of order": lambda name, seed: OutOfOrder(name, seed=seed),
    "lost": lambda name, seed: Lost(name, seed=seed),
    "answers cut": _spoilt(_cut, framings=_ALL),
    "wrong transaction": _spoilt(_other_transaction, framings=_TCP),
    "wrong unit": _spoilt(_other_unit),
    "wrong function": _spoilt(_other_function),
    "wrong byte count": _spoilt(_other_count),
    "fewer registers": _spoilt(_fewer),
    "more registers": _spoilt(_more),
    "garbage before": _spoilt(_garbage_before, framings=_ALL),
    "garbage instead": _spoilt(_garbage_instead, framings=_ALL),
    "a flipped bit": _spoilt(_flipped, framings=_ALL),
    "registers 0": _spoilt(_filled(b"\x00\x00"), share=1.0),
    "registers all ones": _spoilt(_filled(b"\xff\xff"), share=1.0),
    "registers NaN": _spoilt(_not_numbers, share=1.0),
    "some registers NaN": _spoilt(_not_numbers),
    **{
        f"exception {code} now and then": _spoilt(_refusal(code))
        for code in (1, 2, 3, 4, 5, 6, 10, 11)
    },
    **{
        f"exception {code} for one block": _spoilt(_refusal(code), one_block=True)
        for code in (1, 2, 3, 4, 5, 6, 10, 11)
    },
    "adapter unplugged": lambda name, seed: Refused(name, seed=seed),
}

NAMES: Final = tuple(_MAKERS)


def make(name: str, *, seed: int = 0) -> Fault:
    """Return a fault by its name."""
    return _MAKERS[name](name, seed)


def fits(fault: Fault, framing: Framing) -> bool:
    """Whether a fault can happen on a link of this kind."""
    return not isinstance(fault, Spoilt) or framing in fault.framings
