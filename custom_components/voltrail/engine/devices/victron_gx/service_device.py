"""One device behind the GX: a service at a unit id, and the registers that it has."""

from collections.abc import Awaitable, Callable, Collection, Iterator

from ...charging.charge_point import ChargePoint
from ...charging.command_lock import CommandLock
from ...model.controls import Bounds
from ...model.parts import Part
from .component import GxComponent
from .finding import DiscoveredService
from .gateway import Gateway
from .setpoints import SetpointView

type Guard = Callable[[], Awaitable[None]]


async def unguarded() -> None:
    """Allow everything."""


class ServiceDevice:
    """One device behind the GX, or a service of the GX itself."""

    def __init__(self, gateway: Gateway, found: DiscoveredService, part: Part | None) -> None:
        self.gateway = gateway
        self.found = found
        self.part = part
        self.names: dict[type[GxComponent], str] = {}
        """The full names of the blocks that this firmware has."""
        self._short: dict[type[GxComponent], str] = {}
        self._blocks: dict[type[GxComponent], GxComponent] = {}
        self.point: ChargePoint | None = None
        """The place where a car is plugged in, if it is one."""
        self.lock = CommandLock()
        """Held by an order that is made of several writes."""

    def own(self, short: str, name: str, component: GxComponent) -> None:
        """Take a block into this device, under its name here and its full name."""
        kind = type(component)
        self._short[kind], self.names[kind], self._blocks[kind] = short, name, component

    def get[C: GxComponent](self, kind: type[C]) -> C | None:
        """Return a block; None if this firmware does not have it."""
        component = self._blocks.get(kind)
        return component if isinstance(component, kind) else None

    def the[C: GxComponent](self, kind: type[C]) -> C:
        """Return a block that every firmware has."""
        component = self._blocks[kind]
        assert isinstance(component, kind)
        return component

    def short(self, kind: type[GxComponent]) -> str:
        """Return the name of a block within its part."""
        return self._short[kind]

    async def refresh(self, kind: type[GxComponent]) -> None:
        """Read a block for an order; raise if that fails."""
        await self.gateway.look(self.names[kind])

    async def set(
        self,
        kind: type[GxComponent],
        field: str,
        value: float,
        guard: Guard = unguarded,
        *,
        through: Callable[[], str] | None = None,
        becomes: Collection[float] = (),
        along: Collection[str] = (),
    ) -> None:
        """Write a register of this device and make sure that it is held."""
        await guard()
        await self.gateway.writer.set(
            self.names[kind],
            self.the(kind),
            field,
            value,
            through=through,
            becomes=becomes,
            along=along,
        )

    def settable(self, kind: type[GxComponent], field: str) -> Bounds | None:
        """Return the bounds of a register that may be set here; None if it may not."""
        component = self.get(kind)
        if component is None or not self.gateway.write_limits.write:
            return None
        if component.missing(field, component.point(field).phase):
            return None
        return component.bounds(field)

    def setpoint_view(self, kind: type[GxComponent]) -> Iterator[object]:
        """Yield the view on the set-points of a block."""
        if self.get(kind) is not None and self.gateway.write_limits.write:
            yield SetpointView(lambda: self.gateway.keeper.of(self.names[kind]))
