"""Finding out which charger it is, without asking for anything that hurts."""

from collections.abc import Iterator
from contextlib import suppress
from typing import override

import pytest
from modbus_connection import ModbusTcpParams
from modbus_connection.tmodbus import ModbusConnection
from pymodbus.constants import ExcCodes

from custom_components.voltrail.engine.devices.mennekes_tcp import MennekesTcp
from custom_components.voltrail.engine.devices.mennekes_tcp.profile_4x import Profile4X
from custom_components.voltrail.engine.devices.mennekes_tcp.profile_ecu import ProfileEcu
from custom_components.voltrail.engine.devices.mennekes_tcp.states import Relay
from custom_components.voltrail.engine.model.errors import (
    DeviceRefusedError,
    DeviceSilentError,
    ForbiddenRegisterError,
    LinkDownError,
    OtherRegistersError,
    UnknownDeviceError,
    WrongDeviceError,
)
from custom_components.voltrail.engine.polling.polled_device import Cadence
from simulators import alfen
from simulators.device import SimulatedDevice
from simulators.faults import Fault, FaultKind
from simulators.memory import serve_in_memory
from simulators.mennekes_rtu import Compact
from simulators.mennekes_tcp import Charger4X, ChargerEcu
from simulators.registers import Register, text
from simulators.traffic import Request
from simulators.victron_gx import VictronGx
from tests.fake_time import in_fake_time

from .support import met, number, paths, poll, value


def asked(device: SimulatedDevice) -> set[int]:
    """Return every register that was asked for, answered or not."""
    traffic = device.traffic
    requests = [*traffic.reads, *(refusal.request for refusal in traffic.refusals)]
    return {
        address
        for request in requests
        for address in range(request.address, request.address + request.length)
    }


@pytest.mark.parametrize(
    ("charger", "profile", "variant"),
    [
        (Charger4X(model="4You 510 11 T2S"), Profile4X, "4X"),
        (Charger4X(model="4BUSINESS 730 22"), Profile4X, "4X"),
        # Named otherwise, but with the mark that only this profile has.
        (Charger4X(model="Successor 800 11"), Profile4X, "4X"),
        (Charger4X(model=""), Profile4X, "4X"),
        (ChargerEcu(model="CC612"), ProfileEcu, "ECU"),
        (ChargerEcu(model="CC613_2S0R"), ProfileEcu, "ECU"),
        (ChargerEcu(model="ICC1622"), ProfileEcu, "ECU"),
        (ChargerEcu(model="2S0R_CC"), ProfileEcu, "ECU"),
        # No name that is known and no mark: the version tells.
        (ChargerEcu(model="Toaster"), ProfileEcu, "ECU"),
        (ChargerEcu(model=""), ProfileEcu, "ECU"),
        (ChargerEcu(firmware="5.12"), ProfileEcu, "ECU"),
    ],
    ids=lambda found: found.box.model if isinstance(found, Charger4X | ChargerEcu) else "",
)
async def test_profiles_are_told_apart(
    charger: Charger4X | ChargerEcu, profile: type, variant: str
) -> None:
    """By the model first, then by the mark; nothing is written, and nobody hangs up."""
    unit_id = 1 if profile is Profile4X else 255
    async with met(charger, unit_id=unit_id) as device:
        assert type(device.profile) is profile
        assert device.identity.variant == variant
        first = (*charger.traffic.reads, *(refusal.request for refusal in charger.traffic.refusals))
        assert (142, 10) in [(request.address, request.length) for request in first]
        assert not charger.traffic.writes
        assert charger.traffic.connections_made == 1
        assert not asked(charger) & {730, 740}


async def test_the_order_of_the_questions() -> None:
    """The model, the mark only without a name that is known, then the protocol."""
    charger = Charger4X()
    async with met(charger):
        order = [request.address for request in charger.traffic.reads]
        assert order[:2] == [142, 120]
    charger = Charger4X(model="Successor")
    async with met(charger):
        order = [request.address for request in charger.traffic.reads]
        assert order[:3] == [142, 141, 120]


@pytest.mark.parametrize(
    ("device", "unit_id", "error"),
    [
        (alfen.sample(), 1, OtherRegistersError),
        (alfen.sample(), 200, OtherRegistersError),
        (Compact(), 50, OtherRegistersError),
        (VictronGx(), 100, DeviceRefusedError),
    ],
    ids=["socket", "station", "compact", "gateway"],
)
async def test_others_are_refused(
    device: SimulatedDevice, unit_id: int, error: type[Exception]
) -> None:
    """Something that speaks Modbus and is none of these; it is asked few things."""
    with pytest.raises(error):
        async with met(device, unit_id=unit_id):
            pass
    assert not device.traffic.writes
    assert asked(device) <= {100, 101, *range(141, 152), 0x0302}


class Undated(ChargerEcu):
    """A device with something else where the version should be."""

    told = ""

    @override
    def _identity(self) -> Iterator[Register]:
        for register in super()._identity():
            yield text(100, 2, "version", self.told) if register.address == 100 else register


@pytest.mark.parametrize("version", ["", "    ", "ALF_", "5,22", "v5.2", "5.2x"])
async def test_a_version_that_is_none(version: str) -> None:
    """Without a name that is known the version has to look like theirs."""

    class Other(Undated):
        told = version

    with pytest.raises(UnknownDeviceError, match="Heat pump"):
        async with met(Other(model="Heat pump"), unit_id=255):
            pass


async def test_a_known_name_without_a_version() -> None:
    """What cannot be dated cannot be served: a register changed its meaning with 5.22."""
    with pytest.raises(UnknownDeviceError, match="CC612"):
        async with met(Undated(model="CC612"), unit_id=255):
            pass


async def test_a_device_that_refuses_for_another_reason() -> None:
    """A charger that is busy is not taken for an old one."""
    charger = Charger4X()
    charger.faults.inject("exception", code=4, address=142, times=None)
    with pytest.raises(DeviceRefusedError):
        async with met(charger):
            pass
    assert asked(charger) == set(range(142, 152))


async def test_a_relative_that_hangs_up_over_the_newest_registers() -> None:
    """From firmware 5.32 on they are tried once, last, and never again."""

    class Touchy(ChargerEcu):
        closing_addresses = frozenset({730, 740})

    charger = Touchy(firmware="5.33")
    for address in (730, 740):
        charger.faults.inject("close", address=address, times=None)
    async with met(charger, unit_id=255) as device:
        assert "vehicle_state_of_charge" not in paths(device)
        charger.traffic.clear()
        await poll(device)
        await device.read_raw()
        assert not asked(charger) & {730, 740}
        assert value(device, "power") == 0


async def test_the_newest_registers_before_their_time() -> None:
    """Before firmware 5.32 nobody asks for them."""
    charger = ChargerEcu(firmware="5.31")
    async with met(charger, unit_id=255) as device:
        await device.update()
        await device.read_raw()
        assert not asked(charger) & {730, 740}


@pytest.mark.parametrize(("address", "count"), [(730, 1), (740, 1), (725, 10), (700, 125)])
@pytest.mark.parametrize("space", ["holding", "input"])
async def test_registers_that_make_it_hang_up_are_not_read(
    address: int, count: int, space: str
) -> None:
    """Not even somebody who wants any register there is."""
    charger = Charger4X()
    async with met(charger) as device:
        charger.traffic.clear()
        with pytest.raises(ForbiddenRegisterError):
            await device.read_registers(
                1, address, count, space="input" if space == "input" else "holding"
            )
        assert charger.traffic.requests == 0
        assert await device.read_registers(1, 706, 1) == [0]
        assert await device.read_registers(1, 141, 1) == [0x414D]


class Choosy(Charger4X):
    """A charger that reads no run of registers that nobody has seen answered whole."""

    seen = ((104, 9), (122, 3), (131, 2), (140, 1), (142, 10), (200, 28), (716, 4), (2000, 3))
    rows = ((120, 2), (134, 1), (141, 1), (152, 1), (153, 5), (600, 1), (610, 3), (613, 3))
    more = ((620, 1), (621, 1), (630, 3), (633, 3), (706, 1), (707, 2), (710, 2), (712, 1))
    last = ((715, 1), (2010, 1), (2011, 1), (2012, 1), (2013, 1), (2020, 4), (2030, 1))
    other = ((2158, 16), (2622, 1), (2623, 1), (2636, 3))
    missing: frozenset[int] = frozenset()

    @override
    def quirk(self, request: Request) -> Fault | None:
        """Refuse everything else."""
        known = {*self.seen, *self.rows, *self.more, *self.last, *self.other}
        whole = (request.address, request.length) in known
        if request.values is not None or (whole and request.address not in self.missing):
            return None
        return Fault(kind=FaultKind.EXCEPTION, code=ExcCodes.ILLEGAL_ADDRESS)


async def test_runs_that_are_refused_are_cut_up() -> None:
    """A charger that refuses runs is asked row by row, and shows as much as any other."""
    charger, choosy = Charger4X(), Choosy()
    for one in (charger, choosy):
        one.set({"network.mode": 1})
    async with met(charger) as device:
        expected = {path: value(device, path) for path in paths(device)}
    async with met(choosy) as device:
        assert {path: value(device, path) for path in paths(device)} == expected
        assert device.fingerprint == "4X 4Business 710 22 C2"
        assert not device.failures
        choosy.traffic.clear()
        await device.update()
        assert not choosy.traffic.refusals
        await device.profile.set_current_limit(10)
        assert choosy.unit(1).read(2000, 1) == [10]
        await number(device, "network_ems_limit").write(20)
        assert choosy.unit(1).read(613, 3) == [20, 20, 20]


async def test_a_row_that_is_missing_takes_down_only_itself() -> None:
    """A charger without a register shows the others."""
    choosy = Choosy()
    choosy.missing = frozenset({152, 710, 712, 2158})
    async with met(choosy) as device:
        assert "plug_lock" not in paths(device)
        assert value(device, "firmware") == "1.5.21-1234"
        assert device.identity.name is None
        # Of these nothing is served at all.
        assert set(device.failures) == {"ending", "device_name"}
        device._link_lost()
        await poll(device)
        assert value(device, "power") == 0


@pytest.mark.parametrize("address", [120, 140, 706, 2010, 600, 610])
@in_fake_time
async def test_a_meeting_that_was_cut_short(address: int) -> None:
    """It is begun anew, and nothing of the first try is taken for read."""
    charger = Charger4X()
    charger.set({"network.mode": 1})
    async with serve_in_memory(charger) as server:
        connection = ModbusConnection(ModbusTcpParams(host=server.host, port=server.port))
        device = MennekesTcp(connection.for_unit, 1)
        device.expected = "4X 4Business 710 22 C2"
        charger.faults.inject("lose_request", address=address, times=1)
        with pytest.raises(DeviceSilentError):
            await device.identify()
        await poll(device)
        assert device.identity.firmware == "1.5.21-1234"
        assert value(device, "network_limit_l1") == 32
        assert value(device, "power_limit_maximum") == 22080
        device.close()
        await connection.close()


async def test_a_firmware_that_is_not_told() -> None:
    """Then there is none to show, and no half of one."""
    choosy = Choosy()
    choosy.missing = frozenset({153})
    async with met(choosy) as device:
        assert device.identity.firmware is None
        assert value(device, "firmware") is None
        assert value(device, "relay") is Relay.OFF


async def test_another_charger_at_the_address_is_noticed() -> None:
    """After the link was lost the model is read again, before anything else counts."""
    charger = Charger4X()
    async with met(charger) as device:
        charger.box.model = "4You 510 11 T2S"
        charger.drop_clients()
        with suppress(LinkDownError, WrongDeviceError):
            # The first request may find the connection gone.
            await poll(device)
        for _ in range(2):
            with pytest.raises(WrongDeviceError, match="4You 510 11 T2S"):
                await device.poll(Cadence.MEASUREMENTS)
        charger.box.model = "4Business 710 22 C2"
        await poll(device)
