"""Register forms of this family, and the guard of the one register that is dangerous."""

import math
from typing import Any, Final, override

from modbus_connection.decode import decode_float32
from modbus_connection.model import FloatField

from ...model.controls import shown
from ...model.errors import NotANumberError, OutOfBoundsError

LEAST_CURRENT: Final = 6.0
GREATEST_CURRENT: Final = 32.0


class Real(FloatField):
    """A single-precision number, high word first.

    The documents' prose has the words the other way round, every charger has them this way.
    """

    @override
    def decode(self, words: list[int], scale_exponent: int | None = None) -> Any:
        value = decode_float32(words)
        if not math.isfinite(value):
            return None
        # Three decimals are more than any of these values is worth, and take away what
        # single precision adds: 7.2 comes as 7.19999980926…
        return round(value * self.scale, 3)


def real(address: int, *, scale: float = 1.0) -> Real:
    """Declare a number over two registers."""
    return Real(address, count=2, scale=scale)


class CurrentSetpoint(Real):
    """The current limit, 0x0302, where exactly 0 means full power.

    This is the last place a value passes before it becomes words, whatever asked for it: only
    a current that a car can be offered ever leaves. Pausing is another register's business.
    """

    @override
    def encode(self, value: Any, scale_exponent: int | None = None) -> list[int]:
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
        ):
            raise NotANumberError(value=value)
        _check(value)
        words = super().encode(value, scale_exponent)
        # And once more what really goes out.
        _check(decode_float32(words))
        return words


def _check(amps: float) -> None:
    if not LEAST_CURRENT <= amps <= GREATEST_CURRENT:
        raise OutOfBoundsError(
            value=shown(amps), minimum=shown(LEAST_CURRENT), maximum=shown(GREATEST_CURRENT)
        )


def current_setpoint(address: int) -> CurrentSetpoint:
    """Declare the register of the current limit."""
    return CurrentSetpoint(address, count=2, writable=True)
