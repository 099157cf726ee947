"""The frames of the document, byte by byte, as they leave."""

import asyncio
from typing import override

import pytest

from custom_components.voltrail.engine.devices.mennekes_rtu import MennekesRtu
from custom_components.voltrail.engine.devices.mennekes_rtu.errors import PhasesRefusedError
from custom_components.voltrail.engine.devices.mennekes_rtu.states import EvseState
from custom_components.voltrail.engine.model.charging import Phases
from custom_components.voltrail.engine.model.controls import ButtonControl
from custom_components.voltrail.engine.model.errors import VoltrailError
from custom_components.voltrail.engine.polling.polled_device import Cadence
from simulators.mennekes_rtu import Compact, HardwarePhases
from tests.fake_time import in_fake_time

from .support import control, serial_line, value

# Computed with the standard check sum, for unit 50; some were captured from a charger.
READ_STATE = "32 03 01 00 00 01 80 35"
READ_ENERGY_AND_SESSIONS = "32 03 10 00 00 04 45 0A"
READ_SERIAL = "32 03 00 13 00 08 B0 0A"
HEARTBEAT = "32 06 0D 00 55 AA 31 8A"
RELEASE = "32 06 0D 05 00 01 5F 64"
NO_RELEASE = "32 06 0D 05 00 00 9E A4"
SIX_AMPERE = "32 10 03 02 00 02 04 40 C0 00 00 83 3E"
SIXTEEN_AMPERE = "32 10 03 02 00 02 04 41 80 00 00 83 16"
ONE_AMPERE = "32 10 03 02 00 02 04 3F 80 00 00 9B 3E"
ONE_PHASE = "32 06 0D 04 00 01 0E A4"
LOCK = "32 06 0D 06 00 01 AF 64"
RESTART = "32 06 0D 19 00 BB 1F 11"


class Tapped(Compact):
    """A charger on a line that somebody listens to."""

    def __init__(self, **details: object) -> None:
        super().__init__(**details)  # type: ignore[arg-type]  # passed on as they are
        self.heard: list[str] = []

    @override
    def carry(self, data: bytes) -> bytes:
        self.heard.append(data.hex(" ").upper())
        return super().carry(data)

    def said(self, request: str) -> str | None:
        """Return what answered a request, if it was sent."""
        if request not in self.heard:
            return None
        return self.heard[self.heard.index(request) + 1]


async def everything(device: MennekesRtu) -> None:
    """Read it all, and ask for all that the list has frames of."""
    await device.update()
    point = device.point
    # Never done by a poll: the state is read together with what stands beside it.
    await device.read_registers(device.unit_id, 0x0100, 1)
    await device.heartbeat.beat()
    await point.set_current_limit(6)
    await asyncio.sleep(6)
    await point.set_current_limit(16)
    await point.pause()
    await point.set_phases(Phases.ONE)
    await point.set_locked(locked=True)
    await control(device, "restart", ButtonControl).press()


@in_fake_time
async def test_what_is_sent_is_what_the_document_says() -> None:
    """Reads, heartbeat and orders; and what the list has for a pause, we never send."""
    simulated = Tapped()
    async with serial_line(simulated) as line:
        device = line.device()
        await everything(device)
        device.close()
    orders = [HEARTBEAT, RELEASE, NO_RELEASE, ONE_PHASE, LOCK, RESTART]
    currents = [SIX_AMPERE, SIXTEEN_AMPERE]
    reads = [READ_STATE, READ_ENERGY_AND_SESSIONS, READ_SERIAL]
    for request in orders + currents + reads:
        assert request in simulated.heard, request
    for order in orders:
        # Function 6 is confirmed by its own echo.
        assert simulated.said(order) == order
    assert ONE_AMPERE not in simulated.heard
    written = [frame for frame in simulated.heard[::2] if frame.split()[1] in {"06", "10"}]
    assert set(written) == {*orders, *currents}, "nothing else is ever written here"


@in_fake_time
async def test_six_ampere_on_an_old_layout_is_a_little_more() -> None:
    """6.01 A stands in the list of test vectors as 40C0 51EC."""
    simulated = Tapped(layout="1.02")
    async with serial_line(simulated) as line:
        device = line.device()
        await device.update()
        await device.point.set_current_limit(6)
        device.close()
    assert any(" 04 40 C0 51 EC " in frame for frame in simulated.heard)
    assert SIX_AMPERE not in simulated.heard


@in_fake_time
async def test_what_is_answered_is_understood() -> None:
    """The answers of the list: a state, and the refusals of a read and of function 6."""
    simulated = Tapped()
    simulated.set({"grid.noise": 0.0})
    simulated.car.plug_in()
    async with serial_line(simulated) as line:
        device = line.device()
        await device.update()
        await device.heartbeat.beat()
        await device.point.set_current_limit(10)
        await asyncio.sleep(5)
        await device.poll(Cadence.MEASUREMENTS)
        assert value(device, "evse_state") is EvseState.CHARGING
        await device.read_registers(device.unit_id, 0x0100, 1)
        assert simulated.said(READ_STATE) == "32 03 02 00 05 7C 43"
        with pytest.raises(VoltrailError, match="code 2"):
            await device.read_registers(device.unit_id, 0x0104, 1)
        assert simulated.heard[-1] == "32 83 02 30 FE"
        simulated.box.hardware_phases = HardwarePhases.THREE
        with pytest.raises(PhasesRefusedError):
            await device.point.set_phases(Phases.ONE)
        assert simulated.said(ONE_PHASE) == "32 86 03 F2 6E"
        device.close()
