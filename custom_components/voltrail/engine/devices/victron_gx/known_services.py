"""Which devices there are: those that searches found, and those that the user named."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from ...model.errors import NotSupportedError
from .finding import Choice, DiscoveredService, Search, remembered


class KnownServices:
    """The devices behind the GX. What searches found outlives restarts."""

    def __init__(self, extra: Mapping[str, Any]) -> None:
        self._named: str | Iterable[str] | None = extra.get("services")
        self._asked: object = extra.get("search_again")
        self._done: object = None
        """The last request for a new search that was carried out."""
        self._found: list[DiscoveredService] | None = None
        """None before the first search."""

    @cached_property
    def _choice(self) -> Choice:
        try:
            return Choice.parse(self._named)
        except ValueError as err:
            raise NotSupportedError(reason=str(err)) from err

    @property
    def search_requested(self) -> bool:
        """Whether the user asked for a search that was not carried out yet."""
        return bool(self._asked) and self._asked != self._done

    @property
    def search_due(self) -> bool:
        """Whether to search: once in the life of a GX, and when its user asks for it.

        There is no first search if the user has named devices before it.
        """
        return self.search_requested or (self._found is None and not self._choice.wanted)

    @property
    def devices(self) -> tuple[DiscoveredService, ...]:
        """The devices that are to be set up."""
        known = dict.fromkeys((*(self._found or ()), *self._choice.wanted))
        return tuple(device for device in known if device not in self._choice.unwanted)

    def search(self, services: Iterable[str], hinted: frozenset[str]) -> Search:
        """Begin a search for devices of these types that are not known yet."""
        return Search(
            services=frozenset(services),
            hinted=hinted,
            known=frozenset((*(self._found or ()), *self._choice.wanted)),
            unwanted=self._choice.unwanted,
        )

    def add(self, found: Iterable[DiscoveredService]) -> None:
        """Add what a search has found."""
        self._found = [*(self._found or ()), *found]
        self._done = self._asked

    def forget(self, key: str) -> bool:
        """Remove a device that was found; one that the user named would only come back."""
        known = self._found or []
        left = [device for device in known if device.key != key]
        if left == known or any(device.key == key for device in self._choice.wanted):
            return False
        self._found = left
        return True

    def dump_state(self) -> dict[str, Any]:
        """Return a form that can be stored."""
        if self._found is None:
            return {}
        return {"services": [list(found) for found in self._found], "search": self._done}

    def restore_state(self, memory: Mapping[str, Any]) -> None:
        """Take a stored form back."""
        if "services" in memory:
            self._found = remembered(memory["services"])
        self._done = memory.get("search")
