"""One device behind the GX: a service at a unit id, its registers, and what it can be asked."""

from collections.abc import Awaitable, Callable, Collection, Iterator
from enum import Enum, IntEnum
from typing import TYPE_CHECKING

from ...charging.command_lock import CommandLock
from ...model.controls import (
    Bounds,
    ButtonControl,
    Control,
    NumberControl,
    SelectControl,
    SwitchControl,
    always,
)
from ...model.parts import Part
from ...model.points import Quantity, Tier
from .component import GxComponent
from .finding import Found
from .service import Service
from .setpoints import SetpointKeeper, SetpointView, TimedSetpoint
from .write_limits import WriteLimits
from .writing import Writer

if TYPE_CHECKING:
    from .device import VictronGx

type Guard = Callable[[], Awaitable[None]]


async def _unguarded() -> None:
    """Allow everything."""


class Node:
    """One device behind the GX, or a service of the GX itself."""

    def __init__(
        self, device: VictronGx, service: Service, found: Found, part: Part | None
    ) -> None:
        self.device = device
        self.service = service
        self.found = found
        self.part = part
        self.names: dict[type[GxComponent], str] = {}
        """The full names of the blocks that this firmware has."""
        self._blocks: dict[type[GxComponent], GxComponent] = {}
        self.lock = CommandLock()
        """Held by an order that is made of several writes."""

    @property
    def rails(self) -> WriteLimits:
        """What the installer allows."""
        return self.device.rails

    @property
    def writer(self) -> Writer:
        """Writes registers."""
        return self.device.writer

    @property
    def keeper(self) -> SetpointKeeper:
        """Renews set-points."""
        return self.device.keeper

    def own(self, name: str, component: GxComponent) -> None:
        """Take a block into this device, under its full name."""
        self.names[type(component)] = name
        self._blocks[type(component)] = component

    def get[C: GxComponent](self, kind: type[C]) -> C | None:
        """Return a block; None if this firmware does not have it."""
        component = self._blocks.get(kind)
        return component if isinstance(component, kind) else None

    def the[C: GxComponent](self, kind: type[C]) -> C:
        """Return a block that every firmware has."""
        component = self._blocks[kind]
        assert isinstance(component, kind)
        return component

    def _short(self, kind: type[GxComponent]) -> str:
        """Return the name of a block within its part."""
        return next(block.name for block in self.service.blocks if block.component is kind)

    async def set(
        self,
        kind: type[GxComponent],
        field: str,
        value: float,
        guard: Guard = _unguarded,
        *,
        through: Callable[[], str] | None = None,
        becomes: Collection[float] = (),
    ) -> None:
        """Write a register of this device and make sure that it is held."""
        await guard()
        await self.writer.set(
            self.names[kind], self.the(kind), field, value, through=through, becomes=becomes
        )

    def _settable(self, kind: type[GxComponent], field: str) -> Bounds | None:
        """Return the bounds of a register that may be set here."""
        component = self.get(kind)
        if component is None or not self.rails.write:
            return None
        if component.missing(field, component.point(field).phase):
            return None
        return component.bounds(field)

    # -- controls, as the services declare them ---------------------------------

    def number(
        self,
        kind: type[GxComponent],
        field: str,
        *,
        key: str | None = None,
        tier: Tier = Tier.MAIN,
        guard: Guard = _unguarded,
        usable: Callable[[], bool] = always,
    ) -> Iterator[Control]:
        """Yield a number, if the rails allow it."""
        bounds = self._settable(kind, field)
        if bounds is None:
            return
        component = self.the(kind)
        point = component.point(field)
        assert point.quantity is not None

        def read() -> float | None:
            value: float | None = getattr(component, field)
            return value

        async def write(value: float) -> None:
            # "No limit" is for the switch alone, and a number never means it.
            await self.set(kind, field, bounds.accept(value), guard)

        yield NumberControl(
            key=key or field,
            part=self.part,
            depends_on=(self._short(kind),),
            tier=tier,
            phase=point.phase,
            number=point.number,
            quantity=point.quantity,
            bounds=lambda: bounds,
            read=read,
            write=write,
            usable=usable,
        )

    def limit(
        self,
        kind: type[GxComponent],
        field: str,
        *,
        switch: str,
        tier: Tier = Tier.DETAIL,
        guard: Guard = _unguarded,
    ) -> Iterator[Control]:
        """Yield a number, and a switch of its own for "no limit"."""
        bounds = self._settable(kind, field)
        if bounds is None:
            return
        yield from self.number(kind, field, tier=tier, guard=guard)
        component = self.the(kind)
        setting = component.setting(field)
        if setting is None or setting.off is None:
            # The narrow registers of older servers cannot hold "no limit".
            return
        off = setting.off
        key = f"{self.names[kind]}/{field}"

        def limited() -> bool:
            return getattr(component, field) is not None

        async def switch_limit(limited: bool) -> None:  # noqa: FBT001 - a state, not an option
            current: float | None = getattr(component, field)
            if not limited:
                # First, for the GX may drop it although the order fails.
                if current is not None:
                    self.device.keep_limit(key, current)
                await self.set(kind, field, off)
            elif current is None:
                # Without a limit to go back to: the rail itself, which the installer gave.
                last = self.device.limits.get(key, bounds.maximum)
                await self.set(kind, field, min(max(last, bounds.minimum), bounds.maximum), guard)

        yield SwitchControl(
            key=switch,
            part=self.part,
            depends_on=(self._short(kind),),
            tier=tier,
            read=limited,
            write=switch_limit,
        )

    def switch(
        self,
        kind: type[GxComponent],
        field: str,
        *,
        key: str | None = None,
        on: int = 1,
        off: int = 0,
        tier: Tier = Tier.DETAIL,
        guard: Guard = _unguarded,
        usable: Callable[[], bool] = always,
    ) -> Iterator[Control]:
        """Yield a switch."""
        if self._settable(kind, field) is None:
            return
        component = self.the(kind)
        point = component.point(field)

        def read() -> bool | None:
            value: int | None = getattr(component, field)
            # Some know more positions, such as an error: neither on nor off.
            return None if value is None else {on: True, off: False}.get(int(value))

        yield SwitchControl(
            key=key or field,
            part=self.part,
            depends_on=(self._short(kind),),
            tier=tier,
            phase=point.phase,
            number=point.number,
            read=read,
            write=lambda state: self.set(kind, field, on if state else off, guard),
            usable=usable,
        )

    def select[E: IntEnum](
        self,
        kind: type[GxComponent],
        field: str,
        options: tuple[E, ...],
        *,
        key: str | None = None,
        tier: Tier = Tier.DETAIL,
    ) -> Iterator[Control]:
        """Yield a choice."""
        if self._settable(kind, field) is None:
            return
        component = self.the(kind)
        point = component.point(field)

        def read() -> E | None:
            value: object = getattr(component, field)
            return next((option for option in options if option is value), None)

        yield SelectControl(
            key=key or field,
            part=self.part,
            depends_on=(self._short(kind),),
            tier=tier,
            number=point.number,
            options=options,
            read=read,
            write=lambda option: self.set(kind, field, int(option)),
        )

    def computed(
        self,
        key: str,
        kind: type[GxComponent],
        field: str,
        *,
        quantity: Quantity,
        read: Callable[[], float | None],
        write: Callable[[float], Awaitable[None]],
    ) -> Iterator[Control]:
        """Yield a number that is more than one register, bounded like one of them."""
        bounds = self._settable(kind, field)
        if bounds is not None:
            yield NumberControl(
                key=key,
                part=self.part,
                depends_on=(self._short(kind),),
                quantity=quantity,
                bounds=lambda: bounds,
                read=read,
                write=write,
            )

    def choice[E: Enum](
        self,
        key: str,
        kind: type[GxComponent],
        options: tuple[E, ...],
        read: Callable[[], E | None],
        write: Callable[[E], Awaitable[None]],
    ) -> Iterator[Control]:
        """Yield a choice that is more than one register."""
        if self.get(kind) is None or not self.rails.write:
            return
        yield SelectControl(
            key=key,
            part=self.part,
            depends_on=(self._short(kind),),
            options=options,
            read=read,
            write=write,
        )

    def button(
        self,
        kind: type[GxComponent],
        field: str,
        *,
        key: str,
        value: int = 1,
        restarts: bool = False,
        lasting: bool = False,
    ) -> Iterator[Control]:
        """Yield something that can be done once: for the installer, as it is no small thing.

        ``lasting`` is for what can be read back: a position rather than a command.
        """
        component = self.get(kind)
        if component is None or self._settable(kind, field) is None:
            return

        async def press() -> None:
            if lasting:
                await self.set(kind, field, value)
            else:
                await self.writer.send(component, field, value)

        yield ButtonControl(
            key=key,
            part=self.part,
            depends_on=(self._short(kind),),
            tier=Tier.EXPERT,
            press=press,
            restarts=restarts,
        )

    # -- set-points with a validity ---------------------------------------------

    def setpoint(
        self,
        kind: type[GxComponent],
        field: str,
        *,
        key: str | None = None,
        guard: Guard = _unguarded,
        usable: Callable[[], bool] = always,
        readable: bool = True,
    ) -> Iterator[Control]:
        """Yield a number that the device forgets, and that is renewed for a while."""
        if self._settable(kind, field) is None:
            return
        component = self.the(kind)
        point = component.point(field)
        setpoint = self._setpoint(kind, component, field, guard, readable=readable)
        assert point.quantity is not None
        yield NumberControl(
            key=key or field,
            part=self.part,
            depends_on=(self._short(kind),),
            phase=point.phase,
            quantity=point.quantity,
            bounds=setpoint.bounds,
            # What the register shows outlives the set-point in some firmwares.
            read=lambda: setpoint.value,
            write=setpoint.set,
            usable=usable,
        )

    def _setpoint(
        self,
        kind: type[GxComponent],
        component: GxComponent,
        field: str,
        guard: Guard,
        *,
        readable: bool,
    ) -> TimedSetpoint:
        return self.keeper.setpoint(
            name=self.names[kind],
            component=component,
            field=field,
            guard=guard,
            readable=readable,
        )

    def release(self, kind: type[GxComponent]) -> Iterator[Control]:
        """Yield the button that lets go of the set-points of a block."""
        if self.get(kind) is None or not self.rails.write or self.rails.ac_power is None:
            return

        async def press() -> None:
            for setpoint in self.keeper.of(self.names[kind]):
                setpoint.release()

        yield ButtonControl(
            key="release_setpoint", part=self.part, depends_on=(self._short(kind),), press=press
        )

    def setpoint_view(self, kind: type[GxComponent]) -> Iterator[object]:
        """Yield the view on the set-points of a block."""
        if self.get(kind) is not None and self.rails.write:
            yield SetpointView(lambda: self.keeper.of(self.names[kind]))
