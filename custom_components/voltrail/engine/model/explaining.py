"""What an error of the Modbus library means, in words of ours."""

from collections.abc import Iterator
from contextlib import contextmanager

from modbus_connection import (
    ModbusConnectionError,
    ModbusError,
    ModbusExceptionError,
    ModbusTimeoutError,
)

from .errors import (
    DeviceRefusedError,
    DeviceSilentError,
    GarbledAnswerError,
    LinkDownError,
    VoltrailError,
)

_REASONS = {
    1: "it does not know the function (code 1)",
    2: "it does not have the register, or does not allow writing it (code 2)",
    3: "it does not accept the value (code 3)",
    4: "it failed while doing so (code 4)",
    6: "it is busy (code 6)",
    10: "the gateway has no path to it, or it is not there (code 10)",
    11: "the gateway got no answer from it (code 11)",
}


def explained(err: ModbusError) -> VoltrailError:
    """Return the error of ours that says what an error of the Modbus library means."""
    if isinstance(err, ModbusTimeoutError):
        return DeviceSilentError()
    if isinstance(err, ModbusConnectionError):
        return LinkDownError(reason=str(err) or "it was lost")
    if isinstance(err, ModbusExceptionError):
        code = err.exception_code
        known = None if code is None else _REASONS.get(int(code))
        return DeviceRefusedError(reason=known or f"code {code}")
    return GarbledAnswerError(reason=str(err) or type(err).__name__)


@contextmanager
def explaining() -> Iterator[None]:
    """Translate the Modbus library's errors once, at the edge of the device."""
    try:
        yield
    except ModbusError as err:
        raise explained(err) from err
