"""A house with one simulated charger, and what looks after it: polls, life signs, a disk."""

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine, Generator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, cast

from modbus_connection import ModbusSerialParams, ModbusTcpParams, ModbusUnit
from modbus_connection.tmodbus import ModbusConnection

from custom_components.voltrail.engine.charging.charge_point import ChargePoint
from custom_components.voltrail.engine.charging.charger_device import ChargerDevice
from custom_components.voltrail.engine.devices.family import Transport
from custom_components.voltrail.engine.model.errors import VoltrailError
from custom_components.voltrail.engine.model.options import Options
from custom_components.voltrail.engine.polling import keep_alive
from custom_components.voltrail.engine.polling.schedule import Schedule
from custom_components.voltrail.engine.transport.serial_bus import SerialBus
from simulators.charger import SimulatedCharger
from simulators.memory import MemoryServer, serve_in_memory, serve_serial_in_memory

from .cases import Case

INTERVAL: Final = 10.0
"""Seconds between two polls."""

SAVE_DELAY: Final = 20.0
"""Seconds until something that changed is on the disk, if nobody waits for it."""

SPACING: Final = 5.5
"""Seconds that the slowest charger needs between two limits, and a bit."""


class KilledError(BaseException):
    """The program was killed at this await."""


class Killed[T]:
    """A coroutine that stops for good at one of its awaits, and cleans nothing up."""

    def __init__(self, order: Coroutine[Any, Any, T], awaits: int) -> None:
        self._order = order
        self._left = awaits

    def __await__(self) -> Generator[Any, Any, T]:
        try:
            waited_for = self._order.send(None)
            while True:
                if not self._left:
                    raise KilledError
                self._left -= 1
                # A future yields itself; what it brought is taken from it by the one that waits.
                try:
                    yield waited_for
                except asyncio.CancelledError as err:
                    # A timeout of the order's own, and not its end.
                    waited_for = self._order.throw(err)
                else:
                    waited_for = self._order.send(None)
        except StopIteration as done:
            return cast("T", done.value)

    def bury(self) -> None:
        """Take it apart, once nothing that it does has any effect."""
        for _ in range(9):
            try:
                self._order.throw(asyncio.CancelledError)
            except BaseException:  # noqa: BLE001 - whatever the dead have to say
                return


class _Line:
    """The way to the charger, which ends with the program that uses it."""

    def __init__(self, connection: ModbusConnection) -> None:
        self.connection = connection
        self.cut = False

    def for_unit(self, unit_id: int) -> ModbusUnit:
        return cast("ModbusUnit", _Unit(self, self.connection.for_unit(unit_id)))


class _Unit:
    def __init__(self, line: _Line, unit: ModbusUnit) -> None:
        self._line = line
        self._unit = unit

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._unit, name)
        if not name.startswith(("read_", "write_")):
            return found

        async def request(*args: Any, **options: Any) -> Any:
            if self._line.cut:
                # A program that was killed sends nothing any more.
                await asyncio.get_running_loop().create_future()
            return await found(*args, **options)

        return request


class House:
    """One charger, its owner, and the owner's disk."""

    def __init__(
        self, case: Case, charger: SimulatedCharger, server: MemoryServer, options: Options
    ) -> None:
        self.case = case
        self.charger = charger
        self.options = options
        self.server = server
        self.disk: dict[str, Any] = {}
        """What was stored last."""
        self.device: ChargerDevice
        self._schedule: Schedule
        self.troubles: list[VoltrailError] = []
        self.most: list[float] = []
        """The most that each socket offered since this was last cleared."""
        self._line: _Line
        self._alive = False
        self._save: asyncio.TimerHandle | None = None
        self._tasks: list[asyncio.Task[None]] = []

    # -- what the charger does --

    @property
    def offered(self) -> tuple[float, ...]:
        """What the sockets offer at this moment."""
        self.server.catch_up()
        return self.charger.offered

    def note_most(self, _seconds: float = 0.0) -> None:
        """Take note of the most that was offered."""
        now = self.charger.offered
        self.most = [max(pair) for pair in zip(self.most or now, now, strict=True)]

    def forget_most(self) -> None:
        """Begin to look for the most that is offered."""
        self.server.catch_up()
        self.most = []
        self.note_most()

    @asynccontextmanager
    async def never_more_than(self, *amps: float) -> AsyncIterator[None]:
        """Watch that no socket ever offers more; the last value is for all that are left."""
        self.forget_most()
        yield
        self.server.catch_up()
        for place, most in enumerate(self.most):
            bound = amps[min(place, len(amps) - 1)]
            assert most <= bound + 0.05, f"{self.case}: offered {most} A instead of {bound}"

    # -- the owner --

    @property
    def points(self) -> tuple[ChargePoint, ...]:
        """The charge points, one a socket."""
        return tuple(self.device.charge_points())

    async def begin(self) -> None:
        """Meet the charger with what is on the disk, and look after it."""
        family, server = self.case.family, self.server
        serial = family.transports[0] is Transport.SERIAL
        self._line = line = _Line(
            ModbusConnection(
                ModbusSerialParams(device=server.url, baudrate=57600, stopbits=2)
                if serial
                else ModbusTcpParams(host=server.host, port=server.port)
            )
        )
        units = SerialBus().over(line.for_unit) if serial else line.for_unit
        device = family.create(units, family.unit_id, self.options)
        assert isinstance(device, ChargerDevice), f"{family.key}: not built on ChargerDevice"
        self.device = device
        self._schedule = Schedule(device)
        if self.disk:
            device.restore_state(self.disk)
        device.memory_changed = self._save_later
        device.memory_store = self._store
        self._alive = True
        await device.identify()
        self._tasks = [asyncio.create_task(keep_alive.run(alive)) for alive in device.keep_alives()]

    async def _store(self) -> None:
        await asyncio.sleep(0)
        self._save_now()
        await asyncio.sleep(0)

    def _save_later(self) -> None:
        if self._alive and self._save is None:
            loop = asyncio.get_running_loop()
            self._save = loop.call_later(SAVE_DELAY, self._save_now)

    def _save_now(self) -> None:
        if not self._alive:
            return
        self._save = None
        self.disk = json.loads(json.dumps(self.device.dump_state()))

    async def poll(self) -> bool:
        """Poll once, as the integration does; return whether the charger answered."""
        try:
            await self._schedule.poll()
        except VoltrailError as err:
            self.troubles.append(err)
            return False
        try:
            await self.device.reconcile()
        except VoltrailError as err:
            self.troubles.append(err)
        return True

    async def polls(self, number: int) -> None:
        """Poll at the usual pace until so many polls were answered."""
        tries = 0
        while number:
            await asyncio.sleep(INTERVAL)
            number -= await self.poll()
            tries += 1
            assert tries < 60, f"{self.case}: does not come back, {self.troubles[-1]}"

    async def order(self, amps: float) -> None:
        """Limit all sockets; 0 pauses."""
        for point in self.points:
            await (point.set_current_limit(amps) if amps else point.pause())

    async def settle(self, amps: float) -> None:
        """Limit all sockets, and wait until that is in force and the next one is allowed."""
        await self.order(amps)
        await asyncio.sleep(SPACING)
        assert set(self.offered) == {amps}, f"{self.case}: {self.offered} instead of {amps}"

    async def power_cycle(self) -> None:
        """Switch the charger off and on, and wait until it answers."""
        self.server.catch_up()
        self.charger.power_cycle()
        for _ in range(120):
            await asyncio.sleep(1)
            self.server.catch_up()
            if self.charger.answering:
                return
        message = f"{self.case}: does not start"
        raise AssertionError(message)

    async def end(self) -> None:
        """Let go of the charger in good order, as a restart does."""
        await self._cancel_tasks()
        self.device.close()
        self._save_now()
        await self._line.connection.close()
        await self._part()

    async def kill(self) -> None:
        """End the program at once: nothing is closed, stored or sent."""
        await self._part()
        await self._cancel_tasks()

    async def _part(self) -> None:
        self._alive = False
        self._line.cut = True
        if self._save is not None:
            self._save.cancel()
            self._save = None
        # The operating system closes its socket.
        self.server.drop_clients()
        await asyncio.sleep(1)

    async def _cancel_tasks(self) -> None:
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def living_in(case: Case, options: Options | None = None) -> AsyncIterator[House]:
    """Build the charger with a car at every socket, meet it, and poll it once."""
    charger = case.build()
    serial = case.family.transports[0] is Transport.SERIAL
    charger.plug_in()
    async with serve_serial_in_memory(charger) if serial else serve_in_memory(charger) as server:
        house = House(case, charger, server, options or Options())
        stop = charger.clock.subscribe(house.note_most)
        await house.begin()
        await house.polls(1)
        try:
            yield house
        finally:
            stop()
            await house.kill()
