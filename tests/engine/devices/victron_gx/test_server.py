"""Finding out which register map a GX has."""

import pytest
from modbus_connection import IllegalDataAddressError
from modbus_connection.exceptions import GatewayPathUnavailableError
from modbus_connection.mock import MockModbusConnection

from custom_components.voltrail.engine.devices.victron_gx.identities import device_firmware
from custom_components.voltrail.engine.devices.victron_gx.server import (
    LADDER,
    NEWEST,
    OLDEST,
    Server,
    find_out,
    firmware_text,
)
from simulators.victron_gx import ess_home

from .support import meet


def step_of(server: int) -> int:
    """Return the highest step of the ladder that a server has."""
    return max(step for step in (OLDEST, *LADDER) if step <= server)


@pytest.mark.parametrize("server", range(41, 102, 3))
async def test_the_map_is_found_by_halves(server: int) -> None:
    """With at most three refusals, and with none on the newest firmware."""
    gx = ess_home(firmware="3.60" if server < 89 else "3.80", server=server)
    async with meet(gx, poll=False) as meeting:
        await meeting.device.identify()
        assert meeting.device.server.version == step_of(server)
        assert gx.status.errors <= 3
        if server == NEWEST:
            assert gx.status.errors == 0


@pytest.mark.parametrize(("firmware", "server"), [("3.70~20", 85), ("3.70~47", 89), ("3.70", 93)])
async def test_a_beta_has_the_map_of_its_time(firmware: str, server: int) -> None:
    """Early betas of 3.70 have not what its release has."""
    gx = ess_home(firmware=firmware, server=server)
    async with meet(gx) as meeting:
        assert meeting.device.server.version == step_of(server)
        assert not meeting.device.failures


async def test_a_home_without_ess_still_has_the_newest_map() -> None:
    """The address is looked at before the service: code 10 means that the map has it."""
    gx = ess_home(ess=False)
    async with meet(gx, poll=False) as meeting:
        await meeting.device.identify()
        assert meeting.device.server.version == NEWEST


async def test_older_servers_answer_code_11() -> None:
    """1.0.88 to 1.0.91 say "no response" where others say "no path"."""
    unit = MockModbusConnection().for_unit(100)
    unit.holding.update({834: 0x0370, 835: 47, 2720: 0})
    unit.fail_read(2724, GatewayPathUnavailableError())
    assert await find_out(unit) == Server(version=NEWEST, firmware=0x0370002F)
    unit.fail_read(2720, IllegalDataAddressError())
    unit.fail_read(2724, IllegalDataAddressError())
    assert (await find_out(unit)).version == 89


@pytest.mark.parametrize(
    ("firmware", "text"),
    [
        (0x03800000, "3.80"),
        (0x0370002F, "3.70~47"),
        (0x02900000, "2.90"),
        (0xFFFFFFFF, None),
        (0, None),
        (None, None),
    ],
)
def test_firmware_is_shown_as_the_gx_shows_it(firmware: int | None, text: str | None) -> None:
    """The version in hexadecimal, then the beta."""
    assert firmware_text(firmware) == text


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (0x0123, "1.23"),
        (0x011732FF, "117.32"),
        (0x000117FF, "1.17"),
        (0x00011705, "1.17~5"),
        (0, None),
    ],
)
def test_firmware_of_a_product(code: int, text: str | None) -> None:
    """Short codes, and long ones whose last byte tells a release."""
    assert device_firmware(code) == text


@pytest.mark.parametrize("stored", [{}, {"version": "new"}, {"firmware": 5}])
def test_a_stored_server_that_makes_no_sense_is_asked_again(stored: dict[str, object]) -> None:
    """A damaged file costs a few requests."""
    assert Server.remembered(stored) is None


async def test_the_same_firmware_is_not_asked_again() -> None:
    """A restart reads who the GX is, and nothing else."""
    gx = ess_home()
    async with meet(gx) as meeting:
        memory = meeting.device.dump_state()
    gx.traffic.clear()
    async with meet(gx, memory=memory, poll=False) as meeting:
        await meeting.device.identify()
        asked = [(request.unit, request.address) for request in gx.traffic.reads]
    # The GX, its name, and the names of its devices.
    assert asked == [
        (100, 800),
        (100, 5700),
        (227, 140),
        (225, 1336),
        (226, 3740),
        (224, 3740),
        (30, 2609),
    ]


async def test_another_firmware_is_examined_again() -> None:
    """An update brings registers, a downgrade takes them away."""
    gx = ess_home(firmware="3.50")
    async with meet(gx) as meeting:
        assert meeting.device.server.version == 74
        memory = meeting.device.dump_state()
    for firmware, version in (("3.80", 101), ("3.20", 53), ("2.90", 35)):
        gx.install(firmware)
        async with meet(gx, memory=memory) as meeting:
            memory = meeting.device.dump_state()
            assert meeting.device.failures == {}
            assert meeting.device.server.version == version
    # The oldest firmware cannot tell that it is gone: a new search finds out.
    gx.install("3.80")
    async with meet(gx, memory=memory) as meeting:
        assert meeting.device.server.version == 35
        layout = meeting.device.layout
        await meeting.button("search_devices").press()
        assert meeting.device.layout != layout
        memory = meeting.device.dump_state()
    async with meet(gx, memory=memory, poll=False) as meeting:
        await meeting.device.identify()
        assert meeting.device.server.version == 101
