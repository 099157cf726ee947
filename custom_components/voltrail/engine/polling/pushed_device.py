"""The base of devices that speak by themselves and cannot be asked."""

from abc import abstractmethod
from enum import StrEnum
from typing import Any

from .base_device import BaseDevice


class Impression(StrEnum):
    """What can be said about a source after listening to it for a while."""

    NOTHING = "nothing"
    BYTES = "bytes"
    """Something came, but nothing whole."""
    TEXT = "text"
    """Words meant for people, or the state of an adapter."""
    STRANGE = "strange"
    """Whole messages in a form that is not known here."""
    ENCRYPTED = "encrypted"
    """Messages that need a key."""
    WRONG_KEY = "wrong_key"
    UNNAMED = "unnamed"
    """Values, but not whose."""
    NAMED = "named"


class PushedDevice(BaseDevice):
    """A device that is listened to.

    It does no input or output and has no clock: its owner hands over what arrived, with
    the time of the event loop, and calls :meth:`pass_time` when :attr:`next_moment` has come.
    """

    @abstractmethod
    def begin(self, now: float) -> None:
        """Start to live: values from before a restart count from now on."""

    @abstractmethod
    def hear(self, data: bytes, now: float) -> None:
        """Take bytes of a stream, in pieces of any size."""

    @abstractmethod
    def stream_idle(self, now: float) -> None:
        """Take note that no byte came for about a second."""

    @abstractmethod
    def stream_opened(self, now: float) -> None:
        """Take note that the stream was opened again: what comes now is not the rest of before."""

    @abstractmethod
    def hear_message(self, payload: bytes, now: float, *, topic: str) -> None:
        """Take a whole message that came under a topic."""

    @abstractmethod
    def pass_time(self, now: float) -> None:
        """Let time pass: values grow old, and what was held back is shown."""

    @property
    @abstractmethod
    def next_moment(self) -> float | None:
        """When something changes although nothing comes."""

    @property
    @abstractmethod
    def alive(self) -> bool:
        """Whether it has spoken lately, measured by how often it speaks."""

    @property
    @abstractmethod
    def patience(self) -> float:
        """Seconds of silence after which something is wrong."""

    @property
    @abstractmethod
    def messages(self) -> int:
        """Count the messages that it took: whenever this grew, values may have changed."""

    @property
    @abstractmethod
    def frames(self) -> int:
        """Count everything whole that came over the stream, from any sender, readable or not."""

    @property
    @abstractmethod
    def impression(self) -> Impression:
        """What it looks like so far."""

    @property
    @abstractmethod
    def introduced(self) -> bool:
        """Whether it has said all that it will ever say about itself."""

    @property
    @abstractmethod
    def quote(self) -> str:
        """The beginning of the last text that was not one of its values."""

    @abstractmethod
    def diagnose(self) -> dict[str, Any]:
        """Return what a contributor needs to understand it; nothing that identifies a person."""
