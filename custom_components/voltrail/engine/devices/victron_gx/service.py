"""A service: one type of device in the register space of the GX."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from functools import cache
from typing import override

from modbus_connection.model import Range

from ...charging.charge_point import ChargePoint
from ...model.controls import Control
from ...model.points import Tier
from ...polling.polled_device import Cadence
from .component import GxComponent
from .energy import energy_view
from .fields import variants
from .service_device import ServiceDevice

type Source = Callable[[ServiceDevice], float | None]


@dataclass(frozen=True)
class Filler:
    """Reserved registers that read as all ones, so that a read may run across them."""

    address: int
    count: int
    since: int = 97
    """Not known for most of them before the newest lists: then the read is cut there."""


def reserved(*places: tuple[int, int], since: int = 97) -> tuple[Filler, ...]:
    """Return fillers, each an address and a number of registers."""
    return tuple(Filler(address, count, since) for address, count in places)


@dataclass(frozen=True, kw_only=True)
class Block:
    """Registers that are read, and fail, together."""

    name: str
    component: type[GxComponent]
    cadence: Cadence
    owner: str = ""
    """The service whose registers these are, where it is another one at the same unit."""


def main(component: type[GxComponent]) -> Block:
    """Return the block that holds what the device measures."""
    return Block(name="main", component=component, cadence=Cadence.MEASUREMENTS)


def settings(name: str, component: type[GxComponent], *, owner: str = "") -> Block:
    """Return a block that changes rarely."""
    return Block(name=name, component=component, cadence=Cadence.SETTINGS, owner=owner)


@dataclass(frozen=True)
class Energy:
    """What a device counts, or what is worked out of its power because it counts nothing."""

    component: type[GxComponent]
    """The block that it is worked out from."""
    _: KW_ONLY
    also: type[GxComponent] | None = None
    """Another block that it is worked out from, where there is one."""
    key: str = ""
    """What it is stored under; if empty, the name of the block."""
    power: Source | None = None
    positive: str | None = None
    """The counter of the energy while power is positive; ``negative`` likewise."""
    negative: str | None = None
    counters: Mapping[str, Source] = field(default_factory=dict)
    """The counters that the device may have itself."""
    span: float | None = None
    """Wh. Where those start again at 0."""
    prefix: str = ""
    """What the names of the counters begin with where they are shown."""
    tiers: Mapping[str, Tier] = field(default_factory=dict)
    unless: str = ""
    """The type of device that tells this better, if there is one."""

    def view(self, device: ServiceDevice) -> object:
        """Open the total of a device; return the view that shows it."""
        kinds = (self.component,) if self.also is None else (self.component, self.also)
        blocks = [block for kind in kinds if (block := device.get(kind)) is not None]
        power = self.power
        total = device.gateway.energy.open(
            self.key or device.names[self.component],
            *blocks,
            power=None if power is None else lambda: power(device),
            positive=self.positive,
            negative=self.negative,
            hardware={name: _bound(read, device) for name, read in self.counters.items()},
            span=self.span,
        )
        depends_on = tuple(device.short(type(block)) for block in blocks)
        return energy_view(total, self.prefix, self.tiers, depends_on)


def _bound(read: Source, device: ServiceDevice) -> Callable[[], float | None]:
    return lambda: read(device)


def _nothing(_device: ServiceDevice) -> Iterable[Control]:
    return ()


@dataclass(frozen=True, eq=False)
class Service:
    """One type of device."""

    key: str
    title: str
    """What it is called as a product, as long as it does not say so itself."""
    probe: int
    """A register that every firmware which knows this service has."""
    blocks: tuple[Block, ...]
    since: int = 0
    fillers: tuple[Filler, ...] = ()
    breaks: Mapping[int, int] = field(default_factory=dict)
    """Addresses that no read runs on to, by the last server that has this flaw."""
    energies: tuple[Energy, ...] = ()
    setpoints: type[GxComponent] | None = None
    """The block whose set-points the device forgets unless they are renewed."""
    view: Callable[[ServiceDevice], object] | None = None
    """Builds an object that works out what else takes several blocks."""
    controls: Callable[[ServiceDevice], Iterable[Control]] = _nothing
    point: Callable[[ServiceDevice], ChargePoint] | None = None
    """Makes the charge point of a device that charges cars."""

    def views(self, device: ServiceDevice) -> Iterable[object]:
        """Yield the objects that work values out of several blocks."""
        for energy in self.energies:
            if not (energy.unless and device.gateway.has(energy.unless)):
                yield energy.view(device)
        if self.setpoints is not None:
            yield from device.setpoint_view(self.setpoints)
        if self.view is not None:
            yield self.view(device)

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
