"""The simulated devices that stand behind the relays, one per way in which a family is reached."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from simulators.alfen import Eve
from simulators.ams_han.catalogue import METERS
from simulators.ams_han.house import House
from simulators.ams_han.meter import HanMeter
from simulators.memory import Cable, network_of, serve_in_memory, serve_serial_in_memory
from simulators.mennekes_rtu import Compact
from simulators.mennekes_tcp import Charger4X, ChargerEcu, ChargerHcc3
from simulators.relay import MemoryRelay
from simulators.relay.frames import Framing
from simulators.victron_evcs import ChargingStation
from simulators.victron_gx import ess_home

KEY: Final = bytes(range(16))
START: Final = datetime(2026, 1, 5, 9, 57, 30, tzinfo=UTC)
LIMIT: Final = 10.0
"""The current that is asked of every charger before anything breaks."""
INSTALLER: Final = 16.0
"""The most that the installer allows."""


@dataclass(kw_only=True)
class Subject:
    """One device behind a relay, and the entry that leads to it."""

    key: str
    device: Any
    relay: MemoryRelay
    data: dict[str, Any]
    options: dict[str, Any] = field(default_factory=dict)
    order: str | None = None
    """The number with which a limit is asked for."""
    in_force: Callable[[], float] | None = None
    """The limit that the charger goes by at this moment."""
    longest_gap: Callable[[], float] | None = None
    """Seconds without a life sign, from now back."""
    reboots_for: float = 35.0
    """Seconds after which it is back, when it was switched off and on."""
    period: float = 0.0
    """Seconds between two messages of what speaks by itself; or by which a family waits longer
    for an answer than the others do, when the last one before the end of a fault got lost."""
    swap: Callable[[], None] | None = None
    """Put another device of the same kind in its place."""

    def forget(self) -> None:
        """Drop what the simulated device remembers of requests, so that its memory stays flat."""
        if (traffic := getattr(self.device, "traffic", None)) is not None:
            traffic.clear()
        for name in ("writes_seen", "amps_seen"):
            getattr(self.device, name, []).clear()


def _charging(device: Any) -> None:
    """Let a car charge on all phases, from mains that stand still."""
    device.grid.noise = 0.0
    for socket in getattr(device, "sockets", (device,)):
        socket.car.max_current, socket.car.phases, socket.car.battery_wh = 32.0, 3, 90_000.0
        socket.car.plug_in()


@asynccontextmanager
async def _amtron_4x(stack: AsyncExitStack, suffix: str) -> AsyncIterator[Subject]:
    charger = Charger4X(model="4Business 710 22 C2")
    _charging(charger)
    await stack.enter_async_context(serve_in_memory(charger, host=f"4x{suffix}.device"))
    relay = MemoryRelay(f"4x{suffix}.device", 502, Framing.MBAP, name=f"4x{suffix}")
    yield Subject(
        key="mennekes_tcp 4X",
        device=charger,
        relay=relay,
        data={
            "family": "mennekes_tcp",
            "transport": "tcp",
            "host": f"4x{suffix}",
            "port": 502,
            "unit_id": 1,
            "fingerprint": "4X 4Business 710 22 C2",
        },
        order="current_limit",
        in_force=lambda: (
            float(charger.hems.safe_current)
            if charger.hems.timed_out
            else charger.hems.current_tenths / 10
        ),
    )


def _ecu(key: str, name: str, firmware: str | None) -> Any:
    @asynccontextmanager
    async def build(stack: AsyncExitStack, suffix: str) -> AsyncIterator[Subject]:
        charger = ChargerEcu() if firmware is None else ChargerEcu(firmware=firmware)
        _charging(charger)
        await stack.enter_async_context(serve_in_memory(charger, host=f"{name}{suffix}.device"))
        relay = MemoryRelay(f"{name}{suffix}.device", 502, Framing.MBAP, name=f"{name}{suffix}")
        yield Subject(
            key=key,
            device=charger,
            relay=relay,
            data={
                "family": "mennekes_tcp",
                "transport": "tcp",
                "host": f"{name}{suffix}",
                "port": 502,
                "unit_id": 1,
                "fingerprint": "ECU CC612" if firmware is None else "ECU",
            },
            order="current_limit",
            in_force=lambda: (
                float(charger.hems.safe_current)
                if charger.hems.timed_out
                else charger.hems.current_tenths / 10
            ),
        )

    return build


@asynccontextmanager
async def _amtron_hcc3(stack: AsyncExitStack, suffix: str) -> AsyncIterator[Subject]:
    charger = ChargerHcc3()
    charger.hcc3.installation_current = 32
    _charging(charger)
    await stack.enter_async_context(serve_in_memory(charger, host=f"hcc3{suffix}.device"))
    relay = MemoryRelay(f"hcc3{suffix}.device", 502, Framing.MBAP, name=f"hcc3{suffix}")
    yield Subject(
        key="mennekes_tcp HCC3",
        device=charger,
        relay=relay,
        data={
            "family": "mennekes_tcp",
            "transport": "tcp",
            "host": f"hcc3{suffix}",
            "port": 502,
            "unit_id": 255,
            "fingerprint": f"HCC3 {charger.hcc3.serial}",
        },
        order="current_limit",
        in_force=lambda: charger.offered[0],
        # It chokes on more than five requests in a second, and is met by many.
        period=4.0,
        reboots_for=55.0,
    )


@asynccontextmanager
async def _station(stack: AsyncExitStack, suffix: str) -> AsyncIterator[Subject]:
    station = ChargingStation()
    _charging(station)
    station.plug_in()
    await stack.enter_async_context(serve_in_memory(station, host=f"evcs{suffix}.device"))
    relay = MemoryRelay(f"evcs{suffix}.device", 502, Framing.MBAP, name=f"evcs{suffix}")
    yield Subject(
        key="victron_evcs",
        device=station,
        relay=relay,
        data={
            "family": "victron_evcs",
            "transport": "tcp",
            "host": f"evcs{suffix}",
            "port": 502,
            "unit_id": 1,
            "fingerprint": station.evcs.serial,
        },
        order="current_limit",
        in_force=lambda: station.offered[0],
    )


def _compact() -> Compact:
    charger = Compact(model="Compact 2.0s 22", fallback=6)
    _charging(charger)
    return charger


def _compact_subject(key: str, charger: Compact, relay: MemoryRelay, transport: str) -> Subject:
    host, port = relay.place
    return Subject(
        key=key,
        device=charger,
        relay=relay,
        data={
            "family": "mennekes_rtu",
            "transport": transport,
            "host": host,
            "port": port,
            "unit_id": 50,
            "fingerprint": "13552019",
        },
        order="current_limit",
        in_force=charger.ems.allowed,
        longest_gap=lambda: charger.ems.silence,
    )


@asynccontextmanager
async def _compact_serial(stack: AsyncExitStack, suffix: str) -> AsyncIterator[Subject]:
    charger = _compact()
    await stack.enter_async_context(
        serve_serial_in_memory(charger, host=f"bus{suffix}.device", port=1)
    )
    relay = MemoryRelay(f"bus{suffix}.device", 1, Framing.RTU, name=f"bus{suffix}")
    yield _compact_subject("mennekes_rtu serial", charger, relay, "rtu_over_tcp")


@asynccontextmanager
async def _compact_gateway(stack: AsyncExitStack, suffix: str) -> AsyncIterator[Subject]:
    charger = _compact()
    await stack.enter_async_context(serve_in_memory(charger, host=f"gateway{suffix}.device"))
    relay = MemoryRelay(f"gateway{suffix}.device", 502, Framing.MBAP, name=f"gateway{suffix}")
    yield _compact_subject("mennekes_rtu gateway", charger, relay, "tcp")


@asynccontextmanager
async def _alfen(stack: AsyncExitStack, suffix: str) -> AsyncIterator[Subject]:
    eve = Eve(max_clients=1)
    _charging(eve)
    await stack.enter_async_context(serve_in_memory(eve, host=f"eve{suffix}.device"))
    relay = MemoryRelay(f"eve{suffix}.device", 502, Framing.MBAP, name=f"eve{suffix}")
    (socket,) = eve.sockets
    yield Subject(
        key="alfen",
        device=eve,
        relay=relay,
        data={
            "family": "alfen",
            "transport": "tcp",
            "host": f"eve{suffix}",
            "port": 502,
            "unit_id": 200,
            "fingerprint": "ACE0012345",
        },
        order="socket_1/current_limit",
        in_force=lambda: socket.applied,
        period=6.0,
    )


BEHIND_THE_GX: Final = ("vebus 227", "battery 225", "grid 30", "hub4 100")


@asynccontextmanager
async def _victron(stack: AsyncExitStack, suffix: str) -> AsyncIterator[Subject]:
    gx = ess_home()
    home = gx.home
    home.mains.noise = home.house.restlessness = 0.0
    home.battery.capacity = 1e7
    # At night the weather changes nothing.
    home.sky.sunrise, home.sky.sunset = 23.0, 23.5
    await stack.enter_async_context(serve_in_memory(gx, host=f"gx{suffix}.device"))
    relay = MemoryRelay(f"gx{suffix}.device", 502, Framing.MBAP, name=f"gx{suffix}")
    yield Subject(
        key="victron_gx",
        device=gx,
        relay=relay,
        data={
            "family": "victron_gx",
            "transport": "tcp",
            "host": f"gx{suffix}",
            "port": 502,
            "unit_id": 100,
            "fingerprint": str(gx.services["system_0"]["serial"]),
        },
        options={"services": list(BEHIND_THE_GX)},
    )


class Speaker:
    """A meter that sends to whoever is connected, as the loop's time goes on."""

    def __init__(self, meter: HanMeter) -> None:
        self.meter = meter
        self._loop = asyncio.get_running_loop()
        self._ends: list[asyncio.Transport] = []
        self._task = self._loop.create_task(self._speak())

    async def reach(self) -> None:
        """Be found at once."""

    def connect(self, protocol: asyncio.BaseProtocol) -> asyncio.Transport:
        """Take a listener."""
        cable = Cable(None)
        cable.near.attach(protocol)
        self._ends.append(cable.far)
        return cable.near

    async def _speak(self) -> None:
        begun = self._loop.time()
        while True:
            await asyncio.sleep(0.5)
            moment = START + timedelta(seconds=self._loop.time() - begun)
            for sent in self.meter.run_until(moment):
                self._ends = [end for end in self._ends if not end.is_closing()]
                for end in self._ends:
                    end.write(sent.wire)

    async def close(self) -> None:
        """Fall silent."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task


def _meter(kind: str, name: str, *, encrypted: bool) -> Any:
    @asynccontextmanager
    async def build(stack: AsyncExitStack, suffix: str) -> AsyncIterator[Subject]:
        meter_type = METERS[kind]
        seal = meter_type.seal(KEY) if encrypted else None
        house = House(net=meter_type.net)
        house.hold((3000.0, 2500.0, 2000.0), (200.0, 150.0, 100.0))
        meter = HanMeter(meter_type, start=START, house=house, seal=seal)
        speaker = Speaker(meter)
        stack.push_async_callback(speaker.close)
        network_of(asyncio.get_running_loop()).attach((f"{name}{suffix}.device", 3001), speaker)
        relay = MemoryRelay(f"{name}{suffix}.device", 3001, Framing.NONE, name=f"{name}{suffix}")
        yield Subject(
            key=f"ams_han {'encrypted' if encrypted else 'plain'}",
            device=meter,
            relay=relay,
            data={
                "family": "ams_han",
                "transport": "network",
                "host": f"{name}{suffix}",
                "port": 3001,
                "fingerprint": "",
            },
            options={"key": KEY.hex()} if encrypted else {},
            period=10.0,
        )

    return build


SUBJECTS: Final = {
    "mennekes_tcp 4X": _amtron_4x,
    "mennekes_tcp ECU": _ecu("mennekes_tcp ECU", "ecu", None),
    "mennekes_tcp old ECU": _ecu("mennekes_tcp old ECU", "old-ecu", "4.50"),
    "mennekes_tcp HCC3": _amtron_hcc3,
    "mennekes_rtu serial": _compact_serial,
    "mennekes_rtu gateway": _compact_gateway,
    "alfen": _alfen,
    "victron_gx": _victron,
    "victron_evcs": _station,
    "ams_han plain": _meter("aidon-tn", "han", encrypted=False),
    "ams_han encrypted": _meter("kamstrup-push", "secret", encrypted=True),
}


@asynccontextmanager
async def subject(key: str, *, number: int | None = None) -> AsyncIterator[Subject]:
    """Have a device behind a relay, in faked time; with a number there may be many of a kind."""
    suffix = "" if number is None else f"-{number}"
    async with AsyncExitStack() as stack:
        found: Subject = await stack.enter_async_context(SUBJECTS[key](stack, suffix))
        stack.push_async_callback(found.relay.close)
        yield found
