"""What can be said about a place in the stream where a frame may begin."""

from typing import Final, NamedTuple

from .drops import Drop, Reason


class Information(NamedTuple):
    """The information field of one HDLC frame."""

    content: bytes
    more: bool
    """Whether the message goes on in the next frame."""
    address: bytes
    """Destination and source, as they stand in the header."""


class LongFrame(NamedTuple):
    """The content of one wired M-Bus long frame."""

    content: bytes
    number: int
    last: bool


class Telegram(NamedTuple):
    """A P1 telegram, from its slash to its exclamation mark."""

    text: bytes
    checked: bool
    """Whether it carried a check sum. Without one every line of it was looked at."""


class Ciphered(NamedTuple):
    """A ciphered message that came without any frame."""

    content: bytes
    behind_damage: bool = False
    """Whether it may be the rest of a damaged frame. No check sum covers that."""


type Unit = Information | LongFrame | Telegram | Ciphered


class Whole(NamedTuple):
    """A frame, undamaged."""

    end: int
    """Where to go on. The flag that closes an HDLC frame may open the next: it is left over."""
    unit: Unit | None
    """``None`` for a frame without content."""


class Short(NamedTuple):
    """Undecided until there are this many bytes, counted from the possible beginning."""

    length: int
    in_text: bool = False
    """Whether it is decided earlier by a mark that ends a telegram or begins the next."""


class Refused(NamedTuple):
    """No frame begins here."""

    drop: Drop | None
    """``None`` if nothing looked like one."""


type Verdict = Whole | Short | Refused

NO_START: Final = Refused(None)


def refuse(reason: Reason, text: str) -> Refused:
    """Refuse something that began like a frame."""
    return Refused(Drop(reason, text))
