"""Which devices there are: those that searches found, and those that the user named."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Final

from ...model.errors import NotSupportedError
from .finding import PLACES, Choice, DiscoveredService, Search, device_of, remembered

ESS: Final = DiscoveredService.at("hub4", 0)
"""There only with the ESS assistant; what the GX itself can be asked depends on it."""


class KnownServices:
    """The devices behind the GX. What searches found outlives restarts."""

    def __init__(self, extra: Mapping[str, Any]) -> None:
        self._named: str | Iterable[str] | None = extra.get("services")
        self._request: object = extra.get("search_again")
        self._done: object = None
        """The last request for a new search that was carried out."""
        self._found: list[DiscoveredService] | None = None
        """None before the first search."""
        self._asked: set[DiscoveredService] | None = None
        """What was asked for by a search that left places out; None if it left none."""
        self._only: tuple[DiscoveredService, ...] | None = None
        """The devices that are wanted, if not all are."""
        self._found_of_these: list[DiscoveredService] | None = None

    @cached_property
    def _choice(self) -> Choice:
        try:
            return Choice.parse(self._named)
        except ValueError as err:
            raise NotSupportedError(reason=str(err)) from err

    def narrow(self, parts: Iterable[str]) -> None:
        """Have nothing to do with other devices than these parts, and ESS."""
        found = (device for part in parts if (device := device_of(part)) is not None)
        self._only = tuple(dict.fromkeys((ESS, *found)))

    @property
    def _known(self) -> tuple[DiscoveredService, ...]:
        found = (*(self._found or ()), *(self._found_of_these or ()))
        return tuple(dict.fromkeys((*found, *self._choice.wanted)))

    @property
    def search_requested(self) -> bool:
        """Whether the user asked for a search that was not carried out yet."""
        return bool(self._request) and self._request != self._done

    @property
    def search_due(self) -> bool:
        """Whether to search: once in the life of a GX, and when its user asks for it.

        There is no first search if the user has named devices before it.
        """
        if self._only is not None:
            return self._found_of_these is None and not set(self._only) <= set(self._known)
        return self.search_requested or (self._found is None and not self._choice.wanted)

    @property
    def unfinished(self) -> bool:
        """Whether a search left places out."""
        return self._asked is not None and self._only is None

    @property
    def devices(self) -> tuple[DiscoveredService, ...]:
        """The devices that are to be set up."""
        return tuple(
            device
            for device in self._known
            if device not in self._choice.unwanted and (self._only is None or device in self._only)
        )

    def search(self, services: Iterable[str], hinted: frozenset[str]) -> Search:
        """Begin a search for devices of these types that are not known yet."""
        return Search(
            services=frozenset(services),
            hinted=hinted,
            only=self._only or (),
            known=frozenset(self._known),
            unwanted=self._choice.unwanted,
            repeated=self._found is not None or self._only is not None,
        )

    def rest(self, services: Iterable[str], probes: int) -> Search:
        """Begin a look at some of the places that a search left out."""
        return Search(
            services=frozenset(services),
            known=frozenset(self._known),
            unwanted=self._choice.unwanted,
            asked=set(self._asked or ()),
            allowed=probes,
        )

    def add(self, search: Search) -> None:
        """Add what a search has found."""
        if search.only:
            self._found_of_these = search.found
            return
        # In the order of their types, whichever was found first.
        order = list(PLACES)
        found = sorted(search.found, key=lambda device: order.index(device.service))
        self._found = [*(self._found or ()), *found]
        self._asked = search.asked if search.unfinished else None
        self._done = self._request

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
        state = {"services": [list(found) for found in self._found], "search": self._done}
        if self._asked is not None:
            state["asked"] = [list(asked) for asked in sorted(self._asked)]
        return state

    def restore_state(self, memory: Mapping[str, Any]) -> None:
        """Take a stored form back."""
        if "services" in memory:
            self._found = remembered(memory["services"])
        if "asked" in memory:
            self._asked = set(remembered(memory["asked"]))
        self._done = memory.get("search")
