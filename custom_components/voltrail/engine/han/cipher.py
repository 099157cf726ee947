"""Ciphered messages: AES-128-GCM as "general-glo-ciphering" uses it.

The package ``cryptography`` is part of Home Assistant; elsewhere it is asked for when the first
ciphered message comes, and only then.
"""

from typing import Final, NamedTuple

from .axdr import length_at
from .drops import DropError, Reason
from .texts import clean

GENERAL_CIPHERING: Final = 0xDB

_KEY_SIZE: Final = 16
_TAG_SIZE: Final = 12
_ENCRYPTED: Final = 0x20
_AUTHENTICATED: Final = 0x10
#: Compression, keys for broadcast, and suites with other ciphers.
_UNSUPPORTED: Final = 0xCE
#: Refusals in a row, about ten minutes of messages; then the meter has restarted its counter.
_PATIENCE: Final = 60


class Opened(NamedTuple):
    """A message in clear."""

    plain: bytes
    authenticated: bool
    """Whether its tag was there and verified."""
    title: bytes
    counter: int

    @property
    def letters(self) -> str | None:
        """The three letters of the maker, with which the title of the sender begins."""
        letters = clean(self.title[:3])
        return letters if letters is not None and letters.isalpha() else None


class _Envelope(NamedTuple):
    title: bytes
    security: int
    counter: bytes
    content: bytes


def parse_key(text: str) -> bytes:
    """Return a key from its 32 hexadecimal digits, however they are grouped.

    Raises ``ValueError`` for anything else.
    """
    key = bytes.fromhex("".join(text.replace(":", " ").replace("-", " ").split()))
    if len(key) != _KEY_SIZE:
        msg = "a key has 32 hexadecimal digits"
        raise ValueError(msg)
    return key


class Cipher:
    """Opens the messages of one meter."""

    def __init__(self, encryption_key: bytes | None, authentication_key: bytes | None) -> None:
        for key in (encryption_key, authentication_key):
            if key is not None and len(key) != _KEY_SIZE:
                msg = f"a key has {_KEY_SIZE} bytes"
                raise ValueError(msg)
        self._key = encryption_key
        self._authentication_key = authentication_key
        self._title = b""
        self._counter = -1
        self._refused = 0

    def open(self, apdu: bytes) -> Opened:
        """Return the content of a ciphered message."""
        envelope = _envelope(apdu)
        if self._key is None:
            raise DropError(
                Reason.ENCRYPTED_WITHOUT_KEY, "a message is encrypted, and there is no key for it"
            )
        counter = int.from_bytes(envelope.counter)
        self._refuse_replay(envelope.title, counter)
        try:
            plain, authenticated = _decrypt(envelope, self._key, self._authentication_key)
        except ImportError:
            raise DropError(
                Reason.ENCRYPTED_WITHOUT_LIBRARY,
                "a message is encrypted, and the package 'cryptography' is not installed",
            ) from None
        return Opened(plain, authenticated, envelope.title, counter)

    def accept(self, opened: Opened) -> None:
        """Remember the counter of a message that turned out to be one."""
        self._title = opened.title
        self._counter = opened.counter
        self._refused = 0

    def forget(self) -> None:
        """Accept any counter next: the link was closed, or silent for a long time."""
        self._title = b""
        self._counter = -1
        self._refused = 0

    def _refuse_replay(self, title: bytes, counter: int) -> None:
        """Refuse a message that was heard before. Another meter counts for itself."""
        if title != self._title or counter > self._counter:
            return
        self._refused += 1
        if self._refused > _PATIENCE:
            return
        raise DropError(
            Reason.REPLAY, f"the counter of an encrypted message went back to {counter}"
        )


def _envelope(apdu: bytes) -> _Envelope:
    """Take apart ``DB 08 title(8) length security counter(4) content``."""
    if apdu[1:2] != b"\x08":
        raise DropError(Reason.APDU, "an encrypted message has no title of 8 bytes")
    try:
        length, start = length_at(apdu, 10)
    except IndexError:
        raise DropError(Reason.APDU, "an encrypted message ends inside its header") from None
    if start + length != len(apdu) or length < 5:
        raise DropError(Reason.APDU, "an encrypted message has not the length it says")
    security = apdu[start]
    if not security & _ENCRYPTED or security & _UNSUPPORTED:
        raise DropError(Reason.APDU, f"a message is encrypted in an unknown way ({security:02X})")
    envelope = _Envelope(apdu[2:10], security, apdu[start + 1 : start + 5], apdu[start + 5 :])
    if security & _AUTHENTICATED and len(envelope.content) < _TAG_SIZE:
        raise DropError(Reason.APDU, "an encrypted message is too short for its tag")
    return envelope


def _decrypt(
    envelope: _Envelope, key: bytes, authentication_key: bytes | None
) -> tuple[bytes, bool]:
    """Return the content in clear, and whether its tag was verified.

    Without the authentication key the same key stream comes from counter mode, starting at 2.
    """
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - most meters need none of it
    from cryptography.hazmat.primitives.ciphers import Cipher as Aes  # noqa: PLC0415
    from cryptography.hazmat.primitives.ciphers.algorithms import AES  # noqa: PLC0415
    from cryptography.hazmat.primitives.ciphers.modes import CTR, GCM  # noqa: PLC0415

    nonce = envelope.title + envelope.counter
    content, tag = envelope.content, b""
    if envelope.security & _AUTHENTICATED:
        content, tag = content[:-_TAG_SIZE], content[-_TAG_SIZE:]
    if not tag or authentication_key is None:
        counting = Aes(AES(key), CTR(nonce + b"\x00\x00\x00\x02")).decryptor()
        return counting.update(content) + counting.finalize(), False
    decryptor = Aes(AES(key), GCM(nonce, tag, min_tag_length=_TAG_SIZE)).decryptor()
    decryptor.authenticate_additional_data(bytes((envelope.security,)) + authentication_key)
    plain = decryptor.update(content)
    try:
        decryptor.finalize()
    except InvalidTag:
        raise DropError(
            Reason.AUTHENTICATION,
            "the tag of an encrypted message is wrong: it was changed, or a key is wrong",
        ) from None
    return plain, True
