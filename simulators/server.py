"""Puts a simulated device on the wire: Modbus TCP, RTU over TCP, a serial port, a pseudo-terminal.

pymodbus frames, decodes and answers; this module adds what real devices do to their clients, and
what tests want to do to them: count, drop, delay and spoil.
"""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self, override

from pymodbus.constants import ExcCodes
from pymodbus.exceptions import ModbusIOException
from pymodbus.framer import FramerType
from pymodbus.pdu import ExceptionResponse, ModbusPDU
from pymodbus.pdu.register_message import WriteMultipleRegistersResponse
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.server.requesthandler import ServerRequestHandler

from simulators.device import SimulatedDevice
from simulators.faults import Fault, FaultKind
from simulators.pty_cable import PtyCable
from simulators.registers import RefusedError
from simulators.traffic import Refusal, Request, Write

#: A pause on a serial line ends a frame. Real lines need 3.5 characters; a busy machine needs more.
_SILENCE: Final = 0.1
_READS: Final = frozenset({3, 4})
_WRITES: Final = frozenset({5, 6, 15, 16})
_STOPPED_WITHIN: Final = 5.0


class CannotServeError(Exception):
    """The port is taken, or there is no such line."""


@dataclass(frozen=True, kw_only=True)
class LineSettings:
    """How a serial port is opened."""

    baudrate: int = 57600
    bytesize: int = 8
    parity: str = "N"
    stopbits: int = 1

    @property
    def character(self) -> float:
        """Seconds that a byte takes."""
        bits = 1 + self.bytesize + (self.parity != "N") + self.stopbits
        return bits / self.baudrate


def _long_write(device: SimulatedDevice, request: Request) -> ModbusPDU:
    """Write more registers than the standard allows, as some devices take them."""
    try:
        device.unit(request.unit).write(request.address, list(request.values or ()))
    except RefusedError as refused:
        return ExceptionResponse(request.function, refused.code)
    return WriteMultipleRegistersResponse(address=request.address, count=request.length)


class Connection(ServerRequestHandler):
    """One client, or the one serial line."""

    def __init__(self, owner: TcpServer | _SerialServer, server: Server) -> None:
        super().__init__(owner, None, None, None)  # type: ignore[no-untyped-call]  # pymodbus
        self._link = server
        self._device = server.device
        self._rtu = server.framer is FramerType.RTU
        self._tasks: set[asyncio.Task[None]] = set()
        self._timers: set[asyncio.TimerHandle] = set()
        self._heard = 0.0
        self.last_request = self._device.clock.now
        self.dropped = False

    @override
    def callback_connected(self) -> None:
        if not self._link.admit(self):
            self.drop()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.dropped = True
        self._link.forget(self)
        for task in self._tasks:
            task.cancel()
        for timer in self._timers:
            timer.cancel()

    def drop(self) -> None:
        """Close the connection from this side."""
        self.dropped = True
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.close()

    @override
    def data_received(self, data: bytes) -> None:
        if self.dropped:
            return
        if self._rtu:
            data = self._device.carry(data)
        self._device.traffic.bytes_in += len(data)
        now = self.loop.time()
        if self._rtu and now - self._heard > _SILENCE:
            self.recv_buffer = b""
        self._heard = now
        self.recv_buffer += data
        requests = self._requests()
        if requests:
            task = self.loop.create_task(self._answer_all(requests))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _requests(self) -> list[ModbusPDU]:
        """Take all complete requests out of the buffer."""
        found: list[ModbusPDU] = []
        while self.recv_buffer:
            try:
                used, pdu = self.framer.handleFrame(self.recv_buffer, 0, 0)
            except (ModbusIOException, struct.error) as err:
                # Framed, but no request that pymodbus knows.
                used, unit, transaction, body = self.framer.decode(self.recv_buffer)
                malformed = isinstance(err, struct.error)
                code = ExcCodes.ILLEGAL_VALUE if malformed else ExcCodes.ILLEGAL_FUNCTION
                if self._device.find_unit(unit) is not None:
                    answer = ExceptionResponse(body[0] & 0x7F, code)
                    answer.dev_id, answer.transaction_id = unit, transaction
                    self._send(self.framer.buildFrame(answer))
                pdu = None
            self.recv_buffer = self.recv_buffer[used:]
            if pdu is not None:
                found.append(pdu)
            if not used:
                break
        return found

    async def _answer_all(self, pdus: list[ModbusPDU]) -> None:
        for pdu in pdus:
            if self.dropped:
                return
            await self._answer(pdu)

    async def _answer(self, pdu: ModbusPDU) -> None:
        device, traffic = self._device, self._device.traffic
        values = tuple(int(word) for word in pdu.registers)
        writes = pdu.function_code in _WRITES
        count = len(values) if writes else pdu.count
        request = Request(
            pdu.dev_id, pdu.function_code, pdu.address, count, values if writes else None
        )
        self.last_request = device.clock.now
        known = device.find_unit(pdu.dev_id) is not None
        if not known and device.unknown_unit is None:
            traffic.foreign += 1
            return
        fault = device.faults.strike(request) or device.quirk(request)
        if fault is not None and fault.kind is FaultKind.LOSE_REQUEST:
            return
        traffic.requests += 1
        if known:
            device.on_request(request)
        response = await self._response(pdu, request, fault)
        response.dev_id, response.transaction_id = pdu.dev_id, pdu.transaction_id
        if isinstance(response, ExceptionResponse):
            traffic.refusals.append(Refusal(request, ExcCodes(response.exception_code)))
        elif writes:
            traffic.writes.append(Write(request.unit, request.function, request.address, values))
        else:
            traffic.registers_read += count
            traffic.reads.append(request)
        self._deliver(response, fault)
        touched = range(request.address, request.address + request.length)
        if any(address in device.closing_addresses for address in touched):
            self.drop()

    async def _response(self, pdu: ModbusPDU, request: Request, fault: Fault | None) -> ModbusPDU:
        device = self._device
        if fault is not None and fault.kind is FaultKind.EXCEPTION:
            return ExceptionResponse(request.function, fault.code)
        if device.find_unit(request.unit) is None:
            return ExceptionResponse(
                request.function, device.unknown_unit or ExcCodes.GATEWAY_NO_RESPONSE
            )
        if request.function not in device.functions:
            return ExceptionResponse(request.function, ExcCodes.ILLEGAL_FUNCTION)
        if request.values is None and not 1 <= request.length <= device.longest_read:
            return ExceptionResponse(request.function, ExcCodes.ILLEGAL_VALUE)
        device.request = request
        try:
            if 123 < request.length <= device.longest_write and request.function == 16:
                return _long_write(device, request)
            return await pdu.datastore_update(self.server.context, request.unit)
        finally:
            device.request = None

    def _deliver(self, response: ModbusPDU, fault: Fault | None) -> None:
        kind = None if fault is None else fault.kind
        if kind is FaultKind.SHORT and len(response.registers) > 1:
            response.registers = response.registers[: len(response.registers) // 2]
        if kind is FaultKind.EMPTY and response.function_code in _READS:
            response.registers = []
        packet: bytes = self.framer.buildFrame(response)
        if fault is None:
            self._send(packet)
            return
        if kind is FaultKind.DELAY:
            self._send_later(packet, fault.seconds)
            return
        self._send(fault.spoil(packet))
        if kind is FaultKind.CLOSE:
            self.drop()

    def _send_later(self, packet: bytes, seconds: float) -> None:
        def send() -> None:
            self._timers.discard(timer)
            self._send(packet)

        timer = self.loop.call_later(seconds, send)
        self._timers.add(timer)

    def _send(self, packet: bytes) -> None:
        if isinstance(self.transport, asyncio.WriteTransport) and not self.dropped:
            if self._rtu:
                packet = self._device.carry(packet)
            self._device.traffic.bytes_out += len(packet)
            self.transport.write(packet)


class TcpServer(ModbusTcpServer):
    """Modbus TCP, or RTU frames over TCP."""

    link: Server

    @classmethod
    def create(cls, link: Server) -> Self:
        """Make one that does not listen yet."""
        devices = link.device.sim_devices()
        server = cls(devices, framer=link.framer, address=(link.host, link.port))
        server.link = link
        return server

    @override
    def callback_new_connection(self) -> Connection:
        return Connection(self, self.link)


class _SerialServer(ModbusSerialServer):
    """Modbus RTU on a serial port."""

    link: Server

    @override
    def callback_new_connection(self) -> Connection:
        return Connection(self, self.link)


class Server:
    """One face of a device: a listening port, or a serial line."""

    def __init__(
        self,
        device: SimulatedDevice,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        framer: FramerType = FramerType.SOCKET,
        path: str | None = None,
        line: LineSettings | None = None,
    ) -> None:
        self.device = device
        self.host = host
        self.port = port
        self.framer = framer
        self.path = path
        self.line = line or LineSettings()
        self._server: TcpServer | _SerialServer | None = None
        self._connections: list[Connection] = []
        self._unsubscribe = device.clock.subscribe(self._drop_the_idle)
        device.servers.append(self)

    @override
    def __str__(self) -> str:
        if self.path is not None:
            return f"rtu {self.path} {self.line.baudrate} baud"
        kind = "tcp" if self.framer is FramerType.SOCKET else "rtu-over-tcp"
        return f"{kind} {self.host}:{self.port}"

    async def plug(self) -> None:
        """Start to listen, on the same port as before."""
        if self._server is not None:
            return
        devices = self.device.sim_devices()
        server: TcpServer | _SerialServer
        if self.path is None:
            tcp = TcpServer(devices, framer=self.framer, address=(self.host, self.port))
            tcp.link = self
            server = tcp
        else:
            serial = _SerialServer(
                self.device.sim_devices(),
                port=self.path,
                baudrate=self.line.baudrate,
                bytesize=self.line.bytesize,
                parity=self.line.parity,
                stopbits=self.line.stopbits,
            )
            serial.link = self
            server = serial
        try:
            await server.serve_forever(background=True)
        except RuntimeError as err:
            message = f"cannot serve at {self}"
            raise CannotServeError(message) from err
        self._server = server
        if isinstance(server.transport, asyncio.Server):
            self.port = server.transport.sockets[0].getsockname()[1]

    async def unplug(self) -> None:
        """Drop everybody and stop listening, as if the cable was pulled or the power cut."""
        if self._server is None:
            return
        server, self._server = self._server, None
        listener = server.transport
        connections = tuple(self._connections)
        await server.shutdown()  # type: ignore[no-untyped-call]  # pymodbus
        for connection in connections:
            connection.connection_lost(None)
        if isinstance(listener, asyncio.Server):
            async with asyncio.timeout(_STOPPED_WITHIN):
                await listener.wait_closed()

    async def close(self) -> None:
        """Leave the device for good."""
        await self.unplug()
        self._unsubscribe()
        self.device.servers.remove(self)

    def drop_clients(self) -> None:
        """Close every connection and go on listening."""
        if self.path is None:
            for connection in tuple(self._connections):
                connection.drop()

    def admit(self, connection: Connection) -> bool:
        """Decide on a new client."""
        traffic = self.device.traffic
        full = (
            self.path is None
            and self.device.max_clients is not None
            and len(self._connections) >= self.device.max_clients
        )
        if full or not self.device.admits():
            traffic.connections_refused += 1
            return False
        self._connections.append(connection)
        traffic.connections_made += 1
        traffic.connections_open += 1
        traffic.connections_most = max(traffic.connections_most, traffic.connections_open)
        return True

    def forget(self, connection: Connection) -> None:
        """Notice that a client is gone."""
        if connection in self._connections:
            self._connections.remove(connection)
            self.device.traffic.connections_open -= 1

    def _drop_the_idle(self, _seconds: float) -> None:
        limit = self.device.idle_seconds
        if limit is None or self.path is not None:
            return
        for connection in tuple(self._connections):
            if self.device.clock.now - connection.last_request >= limit:
                connection.drop()


class _Adapter(Server):
    """A serial line at the client's end of which an adapter is pulled, not at the device's."""

    def __init__(self, device: SimulatedDevice, cable: PtyCable) -> None:
        super().__init__(device, framer=FramerType.RTU, path=cable.far_path)
        self._cable = cable

    @override
    async def plug(self) -> None:
        self._cable.plug()
        await super().plug()

    @override
    async def unplug(self) -> None:
        self._cable.unplug()

    @override
    async def close(self) -> None:
        await super().unplug()
        self.device.servers.remove(self)


@asynccontextmanager
async def serve(
    device: SimulatedDevice,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    rtu: bool = False,
) -> AsyncIterator[Server]:
    """Serve over TCP; `rtu` sends serial frames through the socket, as transparent gateways do."""
    framer = FramerType.RTU if rtu else FramerType.SOCKET
    server = Server(device, host=host, port=port, framer=framer)
    try:
        await server.plug()
        yield server
    finally:
        await server.close()


@asynccontextmanager
async def serve_serial(
    device: SimulatedDevice, path: str, line: LineSettings | None = None
) -> AsyncIterator[Server]:
    """Serve on a serial port that exists."""
    server = Server(device, framer=FramerType.RTU, path=path, line=line)
    try:
        await server.plug()
        yield server
    finally:
        await server.close()


@asynccontextmanager
async def serve_pty(
    device: SimulatedDevice, link: Path | None = None, *, pace: LineSettings | None = None
) -> AsyncIterator[PtyCable]:
    """Serve at one end of a cable of pseudo-terminals; the client opens `cable.path`.

    With `pace`, bytes take the time that they take on a line with these settings.
    """
    with PtyCable(link=link, character=0.0 if pace is None else pace.character) as cable:
        server = _Adapter(device, cable)
        await server.plug()
        try:
            yield cable
        finally:
            await server.close()
