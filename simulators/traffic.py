"""What arrived at a simulated device, counted and remembered for tests to look at."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from pymodbus.constants import ExcCodes

#: A day of polling is remembered; older entries go.
_REMEMBERED: Final = 50_000


class Request(NamedTuple):
    """One request as it stood on the wire; `length` in registers, `values` None for a read."""

    unit: int
    function: int
    address: int
    length: int
    values: tuple[int, ...] | None = None


class Write(NamedTuple):
    """A write that the device carried out."""

    unit: int
    function: int
    address: int
    values: tuple[int, ...]


class Refusal(NamedTuple):
    """A request that was answered with an exception."""

    request: Request
    code: ExcCodes


def _log[T]() -> deque[T]:
    return deque(maxlen=_REMEMBERED)


@dataclass(kw_only=True)
class Traffic:
    """Counters since the start or the last `clear`."""

    requests: int = 0
    registers_read: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    connections_made: int = 0
    connections_refused: int = 0
    connections_open: int = 0
    connections_most: int = 0
    #: Requests to unit ids that nobody answers.
    foreign: int = 0
    reads: deque[Request] = field(default_factory=_log)
    writes: deque[Write] = field(default_factory=_log)
    refusals: deque[Refusal] = field(default_factory=_log)

    def clear(self) -> None:
        """Count from zero again; connections that are open stay counted."""
        fresh = Traffic(
            connections_open=self.connections_open, connections_most=self.connections_open
        )
        self.__dict__.update(fresh.__dict__)
