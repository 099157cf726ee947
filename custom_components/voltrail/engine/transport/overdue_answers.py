"""Which answers a unit still owes, and how to know when none of them can come any more."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal

LATEST: Final = 60.0
"""Seconds after which an answer that is missing is lost, not late."""

type Space = Literal["holding", "input"]


@dataclass(frozen=True, kw_only=True)
class Read:
    """A read of registers."""

    space: Space
    address: int
    count: int


ORDER: Final = Read(space="holding", address=-1, count=1)
"""Stands for every order: what confirms one may pass for the answer to a read of one register."""


class Overdue:
    """The answers that one unit owes, by their length.

    An answer on a serial line says how many registers it holds, and nothing else of what it
    is an answer to. But a device answers in the order in which it was asked. So an answer
    of a length that is not overdue belongs to the request it follows, and everything that
    was overdue has come before it or will never come.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._missing: defaultdict[int, dict[Read, float]] = defaultdict(dict)
        self._served: dict[int, Read] = {}
        self._refused: set[Read] = set()

    def miss(self, request: Read) -> None:
        """Take note that a request was not answered in time."""
        self._missing[request.count][request] = self._now()

    def answer(self, request: Read) -> None:
        """Take note that a request was answered: by its own answer or by an older one."""
        self._forget()
        if request is not ORDER and request.count not in self._missing:
            self._missing.clear()
            self._served[request.count] = request
        elif self._missing:
            self.miss(request)

    def refuse(self, request: Read) -> None:
        """Take note that a request was refused; or that an older one was."""
        self._forget()
        self._refused.add(request)
        if self._served.get(request.count) == request:
            del self._served[request.count]
        if self._missing:
            self.miss(request)

    def doubts(self, request: Read) -> bool:
        """Whether what comes next could be the answer to something else."""
        self._forget()
        return bool(self._missing.get(request.count, {}).keys() - {request})

    def landmark(self) -> Read | None:
        """Return what can be read with no doubt, to find out that nothing is overdue any more."""
        lengths = sorted(self._served.keys() - self._missing.keys())
        if lengths:
            return self._served[lengths[0]]
        # Answers of every length are overdue. The beginning of what was served whole is served
        # as well, and has another length; even ones first, as most values take two registers.
        for read in sorted(self._served.values(), key=lambda served: -served.count):
            for count in (*range(read.count - 2, 0, -2), *range(read.count - 1, 1, -2)):
                beginning = replace(read, count=count)
                if not (count in self._missing or beginning in self._refused):
                    return beginning
        return None

    @property
    def any(self) -> bool:
        """Whether an answer is overdue at all."""
        self._forget()
        return bool(self._missing)

    def _forget(self) -> None:
        latest = self._now() - LATEST
        for length, requests in list(self._missing.items()):
            for request, missed in list(requests.items()):
                if missed < latest:
                    del requests[request]
            if not requests:
                del self._missing[length]
