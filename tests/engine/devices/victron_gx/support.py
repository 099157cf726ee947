"""A simulated GX with the engine at the other end of the wire."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, cast

from modbus_connection import (
    ModbusExceptionError,
    ModbusTcpParams,
    ModbusUnit,
    pymodbus,
    tmodbus,
)

from custom_components.voltrail.engine.devices.victron_gx import VictronGx
from custom_components.voltrail.engine.devices.victron_gx.component import GxComponent
from custom_components.voltrail.engine.devices.victron_gx.fields import GxNumber
from custom_components.voltrail.engine.model.controls import (
    ButtonControl,
    Control,
    NumberControl,
    SelectControl,
    SwitchControl,
)
from custom_components.voltrail.engine.model.options import Options
from custom_components.voltrail.engine.model.points import Value
from custom_components.voltrail.engine.polling.polled_device import Cadence, Reading
from simulators.memory import serve_in_memory
from simulators.registers import RefusedError
from simulators.server import Server, serve
from simulators.traffic import Request
from simulators.victron_gx import VictronGx as SimulatedGx
from simulators.victron_gx.unit_ids import unit_of

RAILS: Final[Mapping[str, Any]] = {
    "write": True,
    "ac_voltage": 230,
    "ac_phases": 3,
    "ac_current": 25,
    "battery": "lifepo4_16s",
    "dc_current": 150,
}
"""A house with 3 x 25 A and a battery for 150 A."""

RAIL_POWER: Final = 230 * 25 * 3
PHASE_POWER: Final = 230 * 25

LIMITS: Final[Mapping[str, tuple[float, float]]] = {
    "settings.grid_setpoint": (-RAIL_POWER, RAIL_POWER),
    "settings.max_discharge_power": (-1, RAIL_POWER),
    "settings.max_charge_current": (-1, 150),
    "settings.max_feed_in_power": (-1, RAIL_POWER),
    "settings.max_charge_voltage": (0, 58.4),
    "settings.peak_shaving_export_limit": (-1, 25),
    "settings.peak_shaving_import_limit": (-1, 25),
    "settings.minimum_soc": (0, 100),
    "settings.dess_battery_capacity": (0, 1000),
    "settings.dess_full_charge_duration": (0, 12),
    "settings.dess_full_charge_interval": (0, 99),
    "settings.dess_schedule_soc": (0, 100),
    "settings.pump_start_value": (0, 100),
    "settings.pump_stop_value": (0, 100),
    "hub4.setpoint_override": (-RAIL_POWER, RAIL_POWER),
    "vebus.input_current_limit": (0, 25),
    "vebus.setpoint_l1": (-PHASE_POWER, PHASE_POWER),
    "vebus.setpoint_l2": (-PHASE_POWER, PHASE_POWER),
    "vebus.setpoint_l3": (-PHASE_POWER, PHASE_POWER),
    "vebus.max_feed_in_power_l1": (0, PHASE_POWER),
    "vebus.max_feed_in_power_l2": (0, PHASE_POWER),
    "vebus.max_feed_in_power_l3": (0, PHASE_POWER),
    "vebus.output_voltage_setting": (230 * 0.95, 230 * 1.05),
    "vebus.boost_factor": (1, 2.5),
    "vebus.soc": (0, 100),
    "settings.max_charge_percentage": (0, 100),
    "settings.max_discharge_percentage": (0, 100),
    "pvinverter.power_limit": (0, RAIL_POWER),
    "charger.input_current_limit": (0, 25),
    "multi.input_1_current_limit": (0, 25),
    "multi.input_2_current_limit": (0, 25),
    "multi.ess_setpoint": (-RAIL_POWER, RAIL_POWER),
    "multi.ess_minimum_soc": (0, 100),
    "acsystem.input_1_current_limit": (0, 25),
    "acsystem.input_2_current_limit": (0, 25),
    "acsystem.ess_setpoint": (-RAIL_POWER, RAIL_POWER),
    "evcharger.set_current": (6, 25),
    "evcharger.max_current": (6, 25),
}
"""What may ever arrive at the simulator, in its own words and units."""


class Witness:
    """Notes whatever arrives at a GX outside its limits."""

    def __init__(self, gx: SimulatedGx) -> None:
        self.arrived: dict[str, int] = {}
        self.outside: list[tuple[str, object]] = []
        accept = gx.accept

        def watched(service: Any, name: str, value: Any) -> None:
            full = f"{service.kind}.{name}"
            self.arrived[full] = self.arrived.get(full, 0) + 1
            if full in LIMITS and isinstance(value, int | float):
                low, high = LIMITS[full]
                if not low <= value <= high:
                    self.outside.append((full, value))
            accept(service, name, value)

        gx.accept = watched  # type: ignore[method-assign]


OWN: Final = ("system", "settings", "platform")


@dataclass(kw_only=True)
class Meeting:
    """A simulated GX, the engine's idea of it, and the wire between the two."""

    gx: SimulatedGx
    device: VictronGx
    server: Server
    connection: pymodbus.ModbusConnection | tmodbus.ModbusConnection

    async def poll(self, *cadences: Cadence) -> None:
        """Read what is read at these cadences; measurements and settings unless told."""
        for cadence in cadences or (Cadence.MEASUREMENTS, Cadence.SETTINGS):
            await self.device.poll(cadence)

    def reading(self, path: str) -> Reading:
        """Return a reading by its path."""
        return next(reading for reading in self.device.readings() if reading.path == path)

    def read(self, path: str) -> Value:
        """Return a value by its path as it is shown: not at all if it is not available."""
        reading = self.reading(path)
        return reading.read() if self.device.available(reading.components) else None

    def has(self, path: str) -> bool:
        """Whether there is a reading at this path."""
        return any(reading.path == path for reading in self.device.readings())

    def control(self, path: str) -> Control | None:
        """Return a control by its path, if there is one."""
        return next((one for one in self.device.controls() if one.path == path), None)

    def _control[C: Control](self, path: str, kind: type[C]) -> C:
        control = self.control(path)
        assert isinstance(control, kind)
        return control

    def number(self, path: str) -> NumberControl:
        """Return a number."""
        return self._control(path, NumberControl)

    def switch(self, path: str) -> SwitchControl:
        """Return a switch."""
        return self._control(path, SwitchControl)

    def select(self, path: str) -> SelectControl[Any]:
        """Return a choice."""
        return self._control(path, SelectControl)

    def button(self, path: str) -> ButtonControl:
        """Return a button."""
        return self._control(path, ButtonControl)

    def component(self, name: str) -> GxComponent:
        """Return a component by its full name."""
        component = getattr(self.device, name)
        assert isinstance(component, GxComponent)
        return component

    def components(self) -> Iterator[GxComponent]:
        """Yield every component."""
        for cadence in Cadence:
            for name in self.device.names(cadence):
                yield self.component(name)


async def turn(switch: SwitchControl, *, on: bool) -> None:
    """Move a switch."""
    await switch.write(on)


async def at_once(_seconds: float) -> None:
    """Wait for nothing."""


def all_services(gx: SimulatedGx) -> str:
    """Name everything that a simulated GX has, as its user would."""
    return ", ".join(
        f"{service.kind} {unit_of(service.instance, gx.server)}"
        for service in gx.services.values()
        if service.kind not in OWN
    )


@asynccontextmanager
async def meet(
    gx: SimulatedGx, *, memory: Mapping[str, Any] | None = None, poll: bool = True, **extra: Any
) -> AsyncIterator[Meeting]:
    """Meet a GX over a real socket and poll it once; the engine does not wait for anything."""
    async with serve(gx) as server:
        connection = pymodbus.ModbusConnection(ModbusTcpParams(host=server.host, port=server.port))
        async with _met(gx, server, connection, Options(extra=extra), memory) as meeting:
            meeting.device.pause = at_once
            if poll:
                await meeting.poll()
            yield meeting


@asynccontextmanager
async def meet_in_memory(
    gx: SimulatedGx,
    *,
    memory: Mapping[str, Any] | None = None,
    poll: bool = True,
    scan_interval: float = 10.0,
    **extra: Any,
) -> AsyncIterator[Meeting]:
    """Meet a GX in fake time, in which waiting costs nothing, and poll it once."""
    async with serve_in_memory(gx, host="gx.test") as server:
        connection = tmodbus.ModbusConnection(ModbusTcpParams(host="gx.test"))
        options = Options(scan_interval=scan_interval, extra=extra)
        async with _met(gx, server, connection, options, memory) as meeting:
            if poll:
                await meeting.poll()
            yield meeting


@asynccontextmanager
async def _met(
    gx: SimulatedGx,
    server: Server,
    connection: pymodbus.ModbusConnection | tmodbus.ModbusConnection,
    options: Options,
    memory: Mapping[str, Any] | None,
) -> AsyncIterator[Meeting]:
    device = VictronGx(connection.for_unit, 100, options)
    if memory is not None:
        device.restore_state(memory)
    try:
        yield Meeting(gx=gx, device=device, server=server, connection=connection)
    finally:
        device.close()
        await connection.close()


class Direct:
    """The units of a simulated GX without a wire: as fast as a test of a whole day needs."""

    def __init__(self, gx: SimulatedGx) -> None:
        self._gx = gx

    def for_unit(self, unit_id: int) -> ModbusUnit:
        """Return a unit."""
        return cast("ModbusUnit", _DirectUnit(self._gx, unit_id))


class _DirectUnit:
    def __init__(self, gx: SimulatedGx, unit_id: int) -> None:
        self._gx = gx
        self._unit_id = unit_id
        self._unit = gx.unit(unit_id)

    def require_timeout(self, seconds: float | None) -> None:
        """Do nothing: nothing takes time here."""

    def on_connection_lost(self, _callback: Callable[[], None]) -> Callable[[], None]:
        """Do nothing: nothing is ever lost here."""
        return lambda: None

    async def read_holding_registers(self, address: int, count: int) -> list[int]:
        """Read as a client does."""
        # So that the log of the GX tells what was asked.
        self._gx.request = Request(self._unit_id, 3, address, count)
        try:
            return self._unit.read(address, count)
        except RefusedError as refused:
            raise ModbusExceptionError.from_code(refused.code) from refused


def now() -> float:
    """The present moment on the event loop's clock."""
    return asyncio.get_running_loop().time()


def factor(field: GxNumber[Any]) -> float:
    """How many of the engine's units make one of the document's."""
    return field.scale * field.document_scale
