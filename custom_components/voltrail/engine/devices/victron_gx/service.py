"""A service: one type of device in the register space of the GX."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, override

from modbus_connection.model import Range

from ...model.controls import Control
from ...polling.polled_device import Cadence
from .absence import FIRST_PAUSE
from .component import GxComponent
from .fields import variants

if TYPE_CHECKING:
    from .service_device import Node


@dataclass(frozen=True, kw_only=True)
class Filler:
    """Reserved registers that read as all ones, so that a read may run across them."""

    address: int
    count: int
    since: int = 97
    """Not known for most of them before the newest lists: then the read is cut there."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """Registers that are read, and fail, together."""

    name: str
    component: type[GxComponent]
    cadence: Cadence
    owner: str = ""
    """The service whose registers these are, where it is another one at the same unit."""


def _no_views(_node: Node) -> Iterable[object]:
    return ()


def _no_controls(_node: Node) -> Iterable[Control]:
    return ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Service:
    """One type of device."""

    key: str
    title: str
    """What it is called as a product, as long as it does not say so itself."""
    probe: int
    """A register that every firmware which knows this service has."""
    since: int = 0
    blocks: tuple[Block, ...]
    fillers: tuple[Filler, ...] = ()
    breaks: Mapping[int, int] = field(default_factory=dict)
    """Addresses that no read runs on to, by the last server that has this flaw."""
    blink: float = FIRST_PAUSE
    """Seconds after which one that is away is asked for again, the first time."""
    views: Callable[[Node], Iterable[object]] = _no_views
    """Builds the objects that work values out of several blocks."""
    controls: Callable[[Node], Iterable[Control]] = _no_controls

    @override
    def __hash__(self) -> int:
        return hash(self.key)


@cache
def readable(service: Service, server: int, owner: str = "") -> tuple[Range, ...]:
    """Return the runs of addresses of a service that a server of this version answers.

    A read never leaves such a run. So it crosses neither a hole of the firmware, which
    would refuse it as a whole, nor the border to another service.
    """
    addresses: set[int] = set()
    for block in service.blocks:
        if block.owner != owner:
            continue
        for declared in block.component.declared_fields.values():
            for variant in variants(declared):
                if variant.at(server) is variant:
                    addresses.update(range(variant.address, variant.address + variant.count))
    for filler in service.fillers:
        if not owner and filler.since <= server:
            addresses.update(range(filler.address, filler.address + filler.count))
    runs: list[Range] = []
    for address in sorted(addresses):
        broken = server <= service.breaks.get(address, 0)
        if runs and runs[-1][1] == address - 1 and not broken:
            runs[-1] = (runs[-1][0], address)
        else:
            runs.append((address, address))
    return tuple(runs)
