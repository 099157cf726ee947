"""Encrypts messages as meters do: general-glo-ciphering with AES-128-GCM."""

from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import GCM

ENCRYPTED: Final = 0x20
AUTHENTICATED: Final = 0x10


@dataclass(kw_only=True)
class Seal:
    """Seals the messages of one meter, each with the next number."""

    key: bytes = field(repr=False)
    authentication_key: bytes | None = field(default=None, repr=False)
    title: bytes = b"KAM\x00\x01\x02\x03\x04"
    counter: int = 0
    suite: int = 0

    def seal(self, apdu: bytes) -> bytes:
        """Return an APDU, ciphered; with a tag if there is a key for it."""
        self.counter += 1
        authenticated = self.authentication_key is not None
        security = ENCRYPTED | (AUTHENTICATED if authenticated else 0) | self.suite
        counter = self.counter.to_bytes(4)
        encryptor = Cipher(AES(self.key), GCM(self.title + counter)).encryptor()
        if self.authentication_key is not None:
            encryptor.authenticate_additional_data(bytes((security,)) + self.authentication_key)
        content = encryptor.update(apdu) + encryptor.finalize()
        if authenticated:
            content += encryptor.tag[:12]
        inner = bytes((security,)) + counter + content
        return b"\xdb\x08" + self.title + _length(len(inner)) + inner


def _length(count: int) -> bytes:
    if count < 0x80:
        return bytes((count,))
    return bytes((0x81, count)) if count < 0x100 else b"\x82" + count.to_bytes(2)
