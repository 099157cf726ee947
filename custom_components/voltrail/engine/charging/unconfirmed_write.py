"""Orders that failed and may have got through all the same."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..model.errors import (
    CallerError,
    DeviceRefusedError,
    NotAppliedError,
    VoltrailError,
    WrongDeviceError,
)

NOT_TAKEN: tuple[type[VoltrailError], ...] = (
    CallerError,
    DeviceRefusedError,
    NotAppliedError,
    WrongDeviceError,
)
"""Failures of orders that the device cannot have taken, or was right not to take."""


@contextmanager
def unconfirmed_write(
    note: Callable[[], None], *, unless: tuple[type[VoltrailError], ...] = NOT_TAKEN
) -> Iterator[None]:
    """Take note of an order that failed and may have got through all the same."""
    try:
        yield
    except unless:
        raise
    except VoltrailError, asyncio.CancelledError:
        note()
        raise
