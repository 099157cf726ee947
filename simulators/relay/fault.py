"""What can go wrong between a client and its device; the base changes nothing."""

from enum import StrEnum
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulators.relay.frames import Frame
    from simulators.relay.link import Link, Relay


class Admission(StrEnum):
    """What becomes of a client that wants to connect."""

    CARRY = "carry"
    """It is connected to the device."""
    CLOSE = "close"
    """It is accepted, and closed after a while."""
    IGNORE = "ignore"
    """It is accepted, and that was all."""
    VANISH = "vanish"
    """Its first packet is lost, and so are all others."""
    UNKNOWN = "unknown"
    """The name of the host leads nowhere."""


class Fault:
    """Changes what is carried while it is in force; this one changes nothing."""

    #: Whether requests still reach the device, and most answers the client.
    passes = True
    #: Whether what the device measures or is really changes.
    real = False

    def __init__(self, name: str, *, seed: int = 0) -> None:
        self.name = name
        self.random = Random(f"{name} {seed}")  # noqa: S311 - repeatable trouble

    def begin(self, relay: Relay) -> None:
        """Come into force."""

    def end(self, relay: Relay) -> None:
        """Be over."""

    def admission(self) -> tuple[Admission, float]:
        """Say what becomes of a new client, and after how many seconds."""
        return Admission.CARRY, 0.0

    def request(self, link: Link, frame: Frame) -> None:
        """Do something with a request."""
        link.to_device(frame.wire)

    def answer(self, link: Link, frame: Frame) -> None:
        """Do something with an answer, or with what a device says by itself."""
        link.to_client(frame.wire)


class Sound(Fault):
    """Nothing is wrong."""

    def __init__(self) -> None:
        super().__init__("none")
