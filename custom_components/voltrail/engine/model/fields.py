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
