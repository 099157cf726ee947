"""The station: meeting it, finding its sockets and its network."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar, Final, override

from modbus_connection import (
    IllegalDataAddressError,
    IllegalFunctionError,
    ModbusError,
    ModbusExceptionError,
    ModbusProtocolError,
    ModbusTimeoutError,
)
from modbus_connection.model import Component

from ...charging.charger_device import ChargerDevice
from ...model.charging import FALLBACK_CURRENT, MINIMUM_CURRENT, ChargingState
from ...model.controls import Control
from ...model.errors import UnknownDeviceError
from ...model.options import Options
from ...model.parts import Identity
from ...model.points import Kind, Tier, derived
from ...polling.keep_alive import KeepAlive
from ...polling.polled_device import Cadence, Problem, UnitSource
from . import registers
from .boot_time import BootTime, utc_now
from .charge_point import Socket
from .idle_keep_alive import LONGEST_SILENCE, IdleKeepAlive
from .network import NetworkLimits
from .renewal import SetPointRenewal

PLATFORMS: Final = ("NG", "AHP")
"""What the platform names of these chargers begin with."""


ABSENT: Final = (IllegalDataAddressError, IllegalFunctionError)
"""What says that there is no network."""

HANGING_UP: Final = 0.5
"""Seconds in which it shows that a station hangs up after a refusal."""


class _Times:
    """What is worked out of the station's uptime."""

    def __init__(self, boot: BootTime) -> None:
        self._boot = boot

    @derived(Kind.MOMENT, depends_on=("product",), tier=Tier.DETAIL)
    def boot_time(self) -> datetime | None:
        """When the station was started."""
        return self._boot.moment


class Alfen(ChargerDevice):
    """An Eve station of the NG9xx or AHP platform, with one socket or two.

    Two clients at most are let in, some say one, and a connection without a request for
    60 s is closed. It is not left silent for that long; if it is closed all the same, the
    next request opens it again, and no entity shows a failure.
    """

    # Newer firmware takes up to ten seconds to let a client in again, and the link knows
    # one time-out for both.
    request_timeout: ClassVar[float] = 10.0
    identity_interval: ClassVar[float] = 3600.0

    def __init__(
        self,
        units: UnitSource,
        unit_id: int,
        options: Options | None = None,
        *,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        super().__init__(units, unit_id, options)
        self.clock = clock
        unit = self.modbus_unit
        self.product = registers.Product(unit)
        self.station = registers.Station(unit)
        self._network_block = registers.Network(unit)
        self.sockets: tuple[Socket, ...] = ()
        self.network_limits: NetworkLimits | None = None
        self._boot = BootTime(clock, self.keep_memory)
        self._highest_current: float | None = None
        self.product.add_update_listener(lambda: self._boot.note(self.product.uptime))
        self.station.add_update_listener(self._note_station)

    # -- meeting it --

    @override
    async def _async_setup(self) -> None:
        await self._ask(self.product)
        manufacturer, platform = self.product.manufacturer, self.product.platform
        if "alfen" not in (manufacturer or "").lower() and not (platform or "").startswith(
            PLATFORMS
        ):
            raise UnknownDeviceError(found=manufacturer or platform or "a device without a name")
        answered = {"product"}
        try:
            await self._ask(self.station)
        except ModbusExceptionError:
            # One failing block takes down its own values only.
            pass
        else:
            answered.add("station")
        network = await self._ask_network()
        # Nothing is kept of a meeting that failed half-way.
        self.sockets = tuple(Socket(self, number) for number in range(1, self._socket_count + 1))
        for socket in self.sockets:
            socket.join(self)
            self.take_up(socket)
        self.add("station", self.station, Cadence.MEASUREMENTS)
        self.add("product", self.product, Cadence.IDENTITY)
        # Where one was known before, a request that got lost says nothing about it.
        if network or (network is None and "network" in self._kept):
            self.add("network", self._network_block, Cadence.SETTINGS)
            self.network_limits = NetworkLimits(self, self._network_block)
            self.network_limits.restore_state(self._kept.get("network", {}))
            self.add_view(self.network_limits)
        if network:
            answered.add("network")
        self.add_view(_Times(self._boot))
        self.answered.update(answered)

    async def _ask(self, component: Component) -> None:
        """Read a block; once more if the answer was lost, or short as firmware 6.5.0 has it."""
        try:
            await component.async_update()
        except ModbusProtocolError, ModbusTimeoutError:
            await component.async_update()

    async def _ask_network(self) -> bool | None:
        """Whether the station tells of a network; None if it tells nothing.

        Without one some stations refuse, some are silent and some hang up. It is the last
        thing to be asked for, so whatever goes wrong harms nothing else.
        """
        try:
            try:
                await self._network_block.async_update()
            except ModbusProtocolError:
                await self._network_block.async_update()
        except ModbusTimeoutError, ModbusProtocolError:
            return None
        except ModbusError as err:
            # A request sent into a connection that is just being closed is lost.
            await asyncio.sleep(HANGING_UP)
            momentary = isinstance(err, ModbusExceptionError) and not isinstance(err, ABSENT)
            # One that is busy, or failed for a moment, says nothing about a network.
            return None if momentary else False
        return True

    @property
    def _socket_count(self) -> int:
        told = self.station.sockets
        if told is None:
            # Until it tells, there are as many as there were.
            return len(self.sockets) or (2 if "socket_2" in self._kept else 1)
        return 2 if told >= 2 else 1

    def _note_station(self) -> None:
        told = self.station.maximum_current
        # Firmware before 6.4.0-4210 reports 0 A while no car is connected: that is no bound.
        if told is not None and told >= MINIMUM_CURRENT:
            self._highest_current = told

    @property
    def highest_current(self) -> float:
        """The most the station gives, as last told; what every cable carries if it never was."""
        return FALLBACK_CURRENT if self._highest_current is None else self._highest_current

    @property
    def firmware(self) -> str | None:
        """The firmware's version."""
        return self.product.firmware

    @property
    def network_in_force(self) -> NetworkLimits | None:
        """The limits of the network, where they hold instead of those of the sockets."""
        limits = self.network_limits
        return limits if limits is not None and limits.enabled else None

    @property
    def network_rules(self) -> bool:
        """Whether the network's limits hold instead of those of the sockets."""
        return self.network_in_force is not None

    @property
    def network_paused(self) -> bool | None:
        """Whether the network's limits pause; None without a network, or if it does not tell."""
        limits = self.network_in_force
        return None if limits is None else limits.paused

    @property
    def network_safe_current(self) -> bool | None:
        """Whether the network is on its own."""
        limits = self.network_in_force
        return None if limits is None else limits.network_safe_current_active

    @property
    def network_asked(self) -> bool:
        """Whether the network that rules was asked for a limit."""
        limits = self.network_in_force
        return limits is not None and limits.asked

    @property
    @override
    def identity(self) -> Identity:
        product = self.product
        return Identity(
            manufacturer=product.manufacturer or "Alfen",
            # The platform is all that it tells; the name on the housing is not in there.
            model=f"Eve {product.platform or ''}".strip(),
            serial=product.serial_number or None,
            firmware=product.firmware,
            name=product.device_name or None,
        )

    # -- asking --

    @override
    async def read_now(self, *names: str) -> None:
        self._require_open()
        await super().read_now(*names)

    async def meet(self) -> None:
        """Make sure, after the link was lost, that it is still the same device."""
        self._require_open()
        await self.poll(Cadence.IDENTITY, ())

    @override
    def close(self) -> None:
        if self.network_limits is not None:
            self.network_limits.lock.close()
        super().close()

    def _require_open(self) -> None:
        # An order may take a minute. Meanwhile the owner may have let go of this one and met
        # the station again, and two that give orders would undo each other's.
        for socket in self.sockets:
            socket.lock.require_open()

    # -- what it offers --

    @override
    def controls(self) -> Iterator[Control]:
        for socket in self.sockets:
            yield from socket.controls()
        if self.network_in_force is not None:
            yield from self.network_in_force.controls()

    @override
    def keep_alives(self) -> Iterator[KeepAlive]:
        for socket in self.sockets:
            yield SetPointRenewal(socket)
        if self.network_limits is not None:
            yield SetPointRenewal(self.network_limits)
        if self.options.scan_interval > LONGEST_SILENCE:
            yield IdleKeepAlive(self)

    @override
    def problems(self) -> Iterator[Problem]:
        yield from super().problems()
        for socket in self.sockets:
            yield from socket.problems()
        if self.network_limits is not None:
            yield from self.network_limits.problems()

    @property
    @override
    def essential(self) -> frozenset[str]:
        # Needed to keep set-points in force, to bound them, to count sessions, and to notice that a
        # network was switched on.
        names = {"station", "network"}
        for socket in self.sockets:
            names |= {socket.name("status"), socket.name("meter"), socket.name("energy")}
        return frozenset(names)

    @override
    def names(self, cadence: Cadence) -> tuple[str, ...]:
        names = super().names(cadence)
        if cadence is Cadence.MEASUREMENTS:
            # While a car charges its counter is read with its power, or the energy would stand
            # still for a minute while power flows.
            names += tuple(
                socket.name("energy")
                for socket in self.sockets
                if socket.charging_state is ChargingState.CHARGING
            )
        return names

    @property
    @override
    def attention(self) -> object:
        # The counters that a session begins and ends with.
        return tuple(socket.status.plugged for socket in self.sockets)

    @property
    @override
    def layout(self) -> object:
        return (
            self._socket_count,
            self.network_in_force is not None,
            # Offered until the meter was read for the first time, and then if it has the phases.
            tuple(
                socket.switch.supplied or socket.name("meter") not in self.answered
                for socket in self.sockets
            ),
        )

    # -- holding what was asked for --

    @override
    def mark(self) -> None:
        super().mark()
        if self.network_limits is not None:
            self.network_limits.mark()

    @override
    async def reconcile(self) -> None:
        try:
            await super().reconcile()
        finally:
            if self.network_limits is not None:
                await self.network_limits.reconcile()

    @override
    def dump_state(self) -> dict[str, Any]:
        state = super().dump_state()
        if not self.sockets:
            return state
        state["boot"] = self._boot.dump_state()
        state.pop("network", None)
        if self.network_limits is not None:
            state["network"] = self.network_limits.dump_state()
        return state

    @override
    def restore_state(self, memory: Mapping[str, Any]) -> None:
        super().restore_state(memory)
        self._boot.restore_state(memory.get("boot", {}))
