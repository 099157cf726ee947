"""From whole frames to messages, of one stream."""

from typing import Final

from . import p1
from .cipher import GENERAL_CIPHERING, Cipher, Opened
from .clock import Zone
from .drops import Drop, DropError, Journal, Reason
from .joining import Joiner, block
from .lists import NOTIFICATION, Lists
from .makers import maker_of_letters
from .message import Message, Meter
from .telegrams import Telegrams
from .verdict import Ciphered, Information, LongFrame, Telegram, Unit, Whole

LLC: Final = b"\xe6\xe7\x00"
BLOCK_TRANSFER: Final = 0xE0

_NOTIFICATION: Final = bytes((NOTIFICATION,))
_GENERAL_CIPHERING: Final = bytes((GENERAL_CIPHERING,))
_BLOCK_TRANSFER: Final = bytes((BLOCK_TRANSFER,))

#: What was damaged may have been the next part of a message.
_BREAKS_ANY: Final = frozenset({Reason.CUT, Reason.NOISE})
_BREAKS_HDLC: Final = _BREAKS_ANY | {Reason.HCS, Reason.FCS, Reason.LENGTH}
_BREAKS_MBUS: Final = _BREAKS_ANY | {Reason.MBUS_CHECKSUM}


class Decoder:
    """Decodes frames and what they carry. What cannot be decoded is counted, never raised."""

    def __init__(
        self,
        *,
        encryption_key: bytes | None = None,
        authentication_key: bytes | None = None,
        zone: Zone = Zone.AUTOMATIC,
    ) -> None:
        self.journal = Journal()
        self._lists = Lists(self.journal, zone)
        self._telegrams = Telegrams(self.journal, zone)
        self._cipher = Cipher(encryption_key, authentication_key)
        self._segments = Joiner(0, self.journal.drop)
        self._goes_on = False
        self._long_frames = Joiner(0, self.journal.drop)
        self._blocks = Joiner(1, self.journal.drop)

    @property
    def meter(self) -> Meter | None:
        """The last meter that said who it is."""
        return self._lists.meter

    def damaged(self, drop: Drop) -> None:
        """Count a damaged frame.

        If it was part of a message, what came before is lost with it: the end of one message must
        never be joined to the beginning of another.
        """
        self.journal.drop(drop)
        if drop.reason in _BREAKS_HDLC:
            self._segments.break_off()
            self._blocks.break_off()
        if drop.reason in _BREAKS_MBUS:
            self._long_frames.break_off()

    def forget(self) -> None:
        """Forget unfinished messages: the link was closed. The meter is still the same."""
        for joiner in (self._segments, self._long_frames, self._blocks):
            joiner.clear()
        self._goes_on = False
        self._cipher.forget()

    def unit(self, unit: Unit) -> Message | None:
        """Return the message that a frame completes, if it does."""
        try:
            match unit:
                case Information():
                    content = self._joined_segments(unit)
                    message = content and self._apdu(
                        content.removeprefix(LLC), checked=True, address=unit.address
                    )
                case LongFrame():
                    content = self._long_frames.add(unit.content, unit.number, last=unit.last)
                    message = content and self._apdu(content, checked=True)
                case Telegram():
                    message = self._telegrams.read(unit.text, checked=unit.checked)
                case Ciphered():
                    opened = self._cipher.open(unit.content)
                    message = self._opened(opened, checked=False, telegram_only=unit.behind_damage)
        except DropError as error:
            self.journal.drop(error.drop)
            return None
        return self._counted(message or None)

    def unframed(self, data: bytes) -> Message | Drop | None:
        """Return the message of a notification, or of its body, that came without a check.

        The caller decides whether a failure counts: it may have something else to try.
        """
        data = data.removeprefix(LLC)
        try:
            if data[:1] in {b"\x01", b"\x02"}:
                return self._counted(self._lists.read(data, checked=False))
            return self._counted(self._apdu(data, checked=False))
        except DropError as error:
            return error.drop

    def _counted(self, message: Message | None) -> Message | None:
        self.journal.messages += message is not None
        return message

    def _joined_segments(self, unit: Information) -> bytes | None:
        """Return the message that a frame is, or completes. Only its first segment has an LLC."""
        goes_on, self._goes_on = self._goes_on, unit.more
        if not unit.more and not goes_on:
            return unit.content
        segments, last = self._segments, not unit.more
        if unit.content.startswith(LLC):
            return segments.add(unit.content, 0, last=last)
        if segments.pending:
            return segments.add_next(unit.content, last=last)
        # Any part but the first: its message has lost that one.
        return segments.add(unit.content, 1, last=last)

    def _apdu(self, apdu: bytes, *, checked: bool, address: bytes = b"") -> Message | None:
        kind = apdu[:1]
        if kind == _NOTIFICATION:
            return self._lists.read(apdu, checked=checked, address=address)
        if kind == _BLOCK_TRANSFER:
            part, number, last = block(apdu)
            joined = self._blocks.add(part, number, last=last)
            if joined is None:
                return None
            return self._joined(joined, checked=checked, address=address)
        return self._joined(apdu, checked=checked, address=address)

    def _joined(self, apdu: bytes, *, checked: bool, address: bytes) -> Message | None:
        """Read what does not come in blocks, or does not any more."""
        if apdu[:1] == _GENERAL_CIPHERING:
            return self._opened(self._cipher.open(apdu), checked=checked, address=address)
        if apdu[:1] == _NOTIFICATION:
            return self._lists.read(apdu, checked=checked, address=address)
        raise DropError(
            Reason.APDU, f"a message is no notification: it begins with {apdu[:1].hex()}"
        )

    def _opened(
        self,
        opened: Opened,
        *,
        checked: bool,
        address: bytes = b"",
        telegram_only: bool = False,
    ) -> Message | None:
        """Read what was ciphered. With a wrong key it begins with anything.

        A telegram has a check of its own.
        """
        maker = opened.letters and maker_of_letters(opened.letters)
        plain = opened.plain
        try:
            if plain[:1] == _NOTIFICATION and not telegram_only:
                message = self._lists.read(
                    plain,
                    checked=checked or opened.authenticated,
                    maker=maker,
                    address=address,
                )
            else:
                message = self._ciphered_telegram(plain)
        except DropError as error:
            if opened.authenticated or error.drop.reason is Reason.UNKNOWN_LIST:
                raise
            raise DropError(
                Reason.DECRYPTION, f"decrypting gave no message, is the key right? {error}"
            ) from error
        self._cipher.accept(opened)
        return message

    def _ciphered_telegram(self, plain: bytes) -> Message:
        """Read a telegram that came ciphered, as in Luxembourg."""
        if plain[:1] != b"/":
            raise DropError(Reason.APDU, f"it begins with {plain[:1].hex()}")
        verdict = p1.Finder().examine(bytearray(plain), 0, ended=True)
        if isinstance(verdict, Whole) and isinstance(verdict.unit, Telegram):
            return self._telegrams.read(verdict.unit.text, checked=verdict.unit.checked)
        raise DropError(Reason.P1_CRC, "it is no whole telegram")
