"""Register forms that more than one family needs."""

from typing import override

from modbus_connection.model import StringField


class PaddedString(StringField):
    """A text that is filled up with blanks or underscores, on either side."""

    @override
    def decode(self, words: list[int], scale_exponent: int | None = None) -> str:
        # Bytes of all ones are how several devices say "no text here".
        return super().decode([word for word in words if word != 0xFFFF]).strip(" _\0")


def padded(address: int, length: int) -> StringField:
    """Declare a padded text over this many registers."""
    return PaddedString(address, count=length)


class SwappedString(StringField):
    """A text whose characters are swapped in pairs, up to the first 0."""

    @override
    def decode(self, words: list[int], scale_exponent: int | None = None) -> str:
        data = b"".join(word.to_bytes(2, "little") for word in words)
        return data.split(b"\0", 1)[0].decode("utf-8", errors="replace").strip()


def swapped(address: int, length: int) -> StringField:
    """Declare a text with the low byte of each register first."""
    return SwappedString(address, count=length)
