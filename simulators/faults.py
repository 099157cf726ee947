"""Trouble to order: what a device, a gateway or a bad line does to requests and answers."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from pymodbus.constants import ExcCodes

from simulators.traffic import Request


class FaultKind(StrEnum):
    """What goes wrong."""

    LOSE_REQUEST = "lose_request"  # never arrives, has no effect
    LOSE_ANSWER = "lose_answer"  # takes effect, is not answered
    DELAY = "delay"  # answered late; later requests may be answered first
    EXCEPTION = "exception"  # refused with `code`
    SHORT = "short"  # a sound frame with fewer registers than asked for
    EMPTY = "empty"  # a sound frame without any register
    CUT = "cut"  # the frame ends in the middle
    CORRUPT = "corrupt"  # one byte differs: a wrong check sum on RTU
    GARBAGE = "garbage"  # `data` instead of the answer
    NOISE = "noise"  # `data` in front of the answer
    REPEAT = "repeat"  # answered twice
    CLOSE = "close"  # the connection is closed instead


@dataclass(kw_only=True)
class Fault:
    """One kind of trouble, for the requests that match, `times` times (None: until cleared)."""

    kind: FaultKind
    times: int | None = 1
    probability: float = 1.0
    every: int = 1
    unit: int | None = None
    function: int | None = None
    address: int | None = None
    code: ExcCodes = ExcCodes.DEVICE_FAILURE
    #: For `delay`, in real time: it is the wire that is slow, not the model.
    seconds: float = 0.0
    data: bytes = b"\xde\xad\xbe\xef"
    seen: int = 0

    def matches(self, request: Request, random: Random) -> bool:
        """Whether this request is hit; counts it if so."""
        touched = range(request.address, request.address + request.length)
        if (
            self.times == 0
            or self.unit not in {None, request.unit}
            or self.function not in {None, request.function}
            or (self.address is not None and self.address not in touched)
        ):
            return False
        self.seen += 1
        if self.seen % self.every or random.random() >= self.probability:
            return False
        if self.times is not None:
            self.times -= 1
        return True

    def spoil(self, packet: bytes) -> bytes:
        """Return what goes out in place of a finished answer."""
        spoilt = {
            FaultKind.LOSE_ANSWER: b"",
            FaultKind.CLOSE: b"",
            FaultKind.CUT: packet[: len(packet) // 2],
            FaultKind.CORRUPT: packet[:-3] + bytes([packet[-3] ^ 0x10]) + packet[-2:],
            FaultKind.GARBAGE: self.data,
            FaultKind.NOISE: self.data + packet,
            FaultKind.REPEAT: packet + packet,
        }
        return spoilt.get(self.kind, packet)


class Faults:
    """The faults in force, tried in the order they were injected; the first that matches wins."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._faults: list[Fault] = []

    def inject(self, kind: FaultKind | str, **details: object) -> Fault:
        """Arrange for trouble; `details` are the fields of `Fault`."""
        if isinstance(code := details.get("code"), int):
            details["code"] = ExcCodes(code)
        if isinstance(data := details.get("data"), str):
            details["data"] = bytes.fromhex(data)
        fault = Fault(kind=FaultKind(kind), **details)  # type: ignore[arg-type]  # JSON fields
        self._faults.append(fault)
        return fault

    def silence(self) -> Fault:
        """Accept connections and requests, and never answer."""
        return self.inject(FaultKind.LOSE_REQUEST, times=None)

    def clear(self) -> None:
        """Be well again."""
        self._faults.clear()

    def strike(self, request: Request) -> Fault | None:
        """Return what goes wrong with this request."""
        faults: Iterable[Fault] = tuple(self._faults)
        return next((fault for fault in faults if fault.matches(request, self._random)), None)
