"""All registers of one server release in one address space, and how a range runs through them."""

from bisect import bisect_right
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from simulators.victron_gx.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulators.victron_gx.fields import Field


class UnknownAddressError(Exception):
    """An address that this release does not know."""

    def __init__(self, address: int, *, past_the_end: bool = False) -> None:
        super().__init__(f"address {address} is not registered")
        #: The range ran out of the last register of all, which some releases do not survive.
        self.past_the_end = past_the_end


class Entry(NamedTuple):
    """A row and whose it is."""

    service: str
    field: Field


class Part(NamedTuple):
    """What a range takes of one row."""

    service: str
    field: Field
    offset: int
    length: int


class AddressMap:
    """The rows of a release in the order of their addresses.

    Some releases list rows that overlap. A range goes from row to row, and the next one must begin
    where the last one ends: a row that begins inside another breaks every range that crosses it.
    """

    def __init__(self, server: int) -> None:
        self.entries = sorted(
            (
                Entry(table.service, field)
                for table in TABLES.values()
                for field in table.rows(server)
            ),
            key=lambda entry: entry.field.address,
        )
        self._addresses = [entry.field.address for entry in self.entries]

    def parts(self, address: int, count: int) -> Iterator[Part]:
        """Yield what a range is made of; raises where it leaves the map."""
        place = bisect_right(self._addresses, address) - 1
        if place < 0 or address >= self.entries[place].field.end:
            raise UnknownAddressError(address)
        if place == len(self.entries) - 1 and address > self.entries[place].field.address:
            # The server does not find what begins inside its very last row.
            raise UnknownAddressError(address)
        end = address + count
        while True:
            service, field = self.entries[place]
            taken = min(field.end, end) - address
            yield Part(service, field, address - field.address, taken)
            address += taken
            if address >= end:
                return
            place += 1
            if place == len(self.entries):
                raise UnknownAddressError(address, past_the_end=True)
            if self._addresses[place] != address:
                raise UnknownAddressError(address)


@cache
def address_map(server: int) -> AddressMap:
    """Return the map of a release, built once."""
    return AddressMap(server)
