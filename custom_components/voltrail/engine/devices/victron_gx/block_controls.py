"""The controls that services declare, each on a register of one block."""

from collections.abc import Awaitable, Callable, Iterator
from enum import Enum, IntEnum
from typing import TypedDict

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
from .service_device import Guard, ServiceDevice, unguarded


class _Common(TypedDict):
    """What all controls have."""

    key: str
    part: Part | None
    depends_on: tuple[str, ...]
    tier: Tier
    phase: str
    number: int | None
    usable: Callable[[], bool]


class BlockControls:
    """Makes the controls of one block of a device; none if the block or the write limit is missing.

    ``guard`` is asked before each order, ``usable`` before a control is offered as available.
    """

    def __init__(
        self,
        device: ServiceDevice,
        kind: type[GxComponent],
        *,
        guard: Guard = unguarded,
        usable: Callable[[], bool] = always,
    ) -> None:
        self._device = device
        self._kind = kind
        self._guard = guard
        self._usable = usable

    def _value(self, field: str) -> float | None:
        value: float | None = getattr(self._device.the(self._kind), field)
        return value

    async def _set(self, field: str, value: float) -> None:
        await self._device.set(self._kind, field, value, self._guard)

    def _common(self, field: str, key: str | None, tier: Tier) -> _Common:
        point = self._device.the(self._kind).point(field)
        return {
            "key": key or field,
            "part": self._device.part,
            "depends_on": (self._device.short(self._kind),),
            "tier": tier,
            "phase": point.phase,
            "number": point.number,
            "usable": self._usable,
        }

    def number(
        self,
        field: str,
        *,
        key: str | None = None,
        tier: Tier = Tier.MAIN,
        quantity: Quantity | None = None,
        read: Callable[[], float | None] | None = None,
        write: Callable[[float], Awaitable[None]] | None = None,
    ) -> Iterator[Control]:
        """Yield a number; ``read`` and ``write`` where it is more than this one register."""
        bounds = self._device.settable(self._kind, field)
        if bounds is None:
            return
        quantity = quantity or self._device.the(self._kind).point(field).quantity
        assert quantity is not None, "declared as a number"

        async def write_number(value: float) -> None:
            # "No limit" is for the switch alone, and a number never means it.
            await self._set(field, bounds.accept(value))

        yield NumberControl(
            **self._common(field, key, tier),
            quantity=quantity,
            bounds=lambda: bounds,
            read=read or (lambda: self._value(field)),
            write=write or write_number,
        )

    def limit(self, field: str, *, switch: str, tier: Tier = Tier.DETAIL) -> Iterator[Control]:
        """Yield a number, and a switch of its own for "no limit"."""
        bounds = self._device.settable(self._kind, field)
        if bounds is None:
            return
        yield from self.number(field, tier=tier)
        setting = self._device.the(self._kind).setting(field)
        # The narrow registers of older servers cannot hold "no limit".
        if setting is not None and setting.off is not None:
            yield SwitchControl(
                **self._common(field, switch, tier),
                read=lambda: self._value(field) is not None,
                write=self._limit_switch(field, bounds, setting.off),
            )

    def _limit_switch(
        self, field: str, bounds: Bounds, off: float
    ) -> Callable[[bool], Awaitable[None]]:
        gateway = self._device.gateway
        key = f"{self._device.names[self._kind]}/{field}"

        async def switch_limit(limited: bool) -> None:  # noqa: FBT001 - a state, not an option
            current = self._value(field)
            if not limited:
                # First, for the GX may drop it although the order fails.
                if current is not None:
                    gateway.keep_limit(key, current)
                await self._device.set(self._kind, field, off)
            elif current is None:
                # Without a limit to go back to: the largest that the installer allows.
                last = gateway.last_limits.get(key, bounds.maximum)
                await self._set(field, min(max(last, bounds.minimum), bounds.maximum))

        return switch_limit

    def switch(
        self,
        field: str,
        *,
        key: str | None = None,
        on: int = 1,
        off: int = 0,
        tier: Tier = Tier.DETAIL,
        write: Callable[[bool], Awaitable[None]] | None = None,
    ) -> Iterator[Control]:
        """Yield a switch."""
        if self._device.settable(self._kind, field) is None:
            return

        def read() -> bool | None:
            value = self._value(field)
            # Some know more positions, such as an error: neither on nor off.
            return None if value is None else {on: True, off: False}.get(int(value))

        yield SwitchControl(
            **self._common(field, key, tier),
            read=read,
            write=write or (lambda state: self._set(field, on if state else off)),
        )

    def select[E: IntEnum](
        self, field: str, options: tuple[E, ...], *, tier: Tier = Tier.DETAIL
    ) -> Iterator[Control]:
        """Yield a choice."""
        if self._device.settable(self._kind, field) is None:
            return
        yield SelectControl(
            **self._common(field, None, tier),
            options=options,
            read=lambda: next((one for one in options if one is self._value(field)), None),
            write=lambda option: self._set(field, int(option)),
        )

    def choice[E: Enum](
        self,
        key: str,
        options: tuple[E, ...],
        read: Callable[[], E | None],
        write: Callable[[E], Awaitable[None]],
    ) -> Iterator[Control]:
        """Yield a choice that is more than one register."""
        if self._device.get(self._kind) is not None and self._device.gateway.write_limits.write:
            yield SelectControl(
                **self._common("", key, Tier.MAIN), options=options, read=read, write=write
            )

    def button(
        self,
        key: str,
        field: str,
        value: int = 1,
        *,
        restarts: bool = False,
        lasting: bool = False,
    ) -> Iterator[Control]:
        """Yield something that can be done once: for the installer, as it is no small thing.

        ``lasting`` is for what can be read back: a position rather than a command.
        """
        if self._device.settable(self._kind, field) is None:
            return
        component = self._device.the(self._kind)

        async def press() -> None:
            if lasting:
                await self._set(field, value)
            else:
                await self._device.gateway.writer.send(
                    self._device.names[self._kind], component, field, value
                )

        yield ButtonControl(**self._common(field, key, Tier.EXPERT), press=press, restarts=restarts)

    def setpoint(
        self, field: str, *, readable: bool = True, in_place_of_zero: float = 0
    ) -> Iterator[Control]:
        """Yield a number that the device forgets, and that is renewed for a while."""
        if self._device.settable(self._kind, field) is None:
            return
        component = self._device.the(self._kind)
        setpoint = self._device.gateway.keeper.setpoint(
            self._device.names[self._kind],
            component,
            field,
            self._guard,
            readable=readable,
            in_place_of_zero=in_place_of_zero,
        )
        quantity = component.point(field).quantity
        assert quantity is not None, "declared as a number"
        yield NumberControl(
            **self._common(field, None, Tier.MAIN),
            quantity=quantity,
            bounds=setpoint.bounds,
            # What the register shows outlives the set-point in some firmwares.
            read=lambda: setpoint.value,
            write=setpoint.set,
        )

    def release(self, field: str) -> Iterator[Control]:
        """Yield the button that lets go of the block's set-points; ``field`` is one of them."""
        device = self._device
        if device.settable(self._kind, field) is None:
            return

        async def press() -> None:
            for setpoint in device.gateway.keeper.of(device.names[self._kind]):
                setpoint.release()

        yield ButtonControl(**self._common("", "release_setpoint", Tier.MAIN), press=press)
