"""What surrounds the GX: its description on the network, the HTTP interface, the program."""

import asyncio
import signal
import sys
from xml.etree import ElementTree as ET

import aiohttp
import pytest

from simulators.control import control
from simulators.victron_gx import description, ess_home

NAMES = {"": "urn:schemas-upnp-org:device-1-0", "ve": "urn:schemas-victronenergy-com:venusinfo-1"}


def test_the_description_identifies_the_gx() -> None:
    """With the portal id that registers 800 to 805 also hold."""
    gx = ess_home(firmware="3.70~47", portal_id="0123456789ab", system_name="Barn & house")
    root = ET.fromstring(description(gx, mqtt=True))  # noqa: S314 - our own
    device = root.find("device", NAMES)
    assert device is not None
    texts = {
        name: device.findtext(name, namespaces=NAMES)
        for name in (
            *("friendlyName", "manufacturer", "modelName", "modelNumber", "serialNumber", "UDN"),
            *("ve:X_VrmPortalId", "ve:X_VenusVersion", "ve:X_MqttOnLan"),
            *("ve:X_MqttWssOnLan", "ve:X_MqttTokenPairing"),
        )
    }
    assert texts == {
        "friendlyName": "Barn & house (0123456789ab)",
        "manufacturer": "Victron Energy",
        "modelName": "Barn & house",
        "modelNumber": "C00A",
        "serialNumber": "HQ2150ABCDE",
        "UDN": "uuid:com.victronenergy.ccgx.0123456789ab",
        "ve:X_VrmPortalId": "0123456789ab",
        "ve:X_VenusVersion": "v3.70~47",
        "ve:X_MqttOnLan": "1",
        "ve:X_MqttWssOnLan": "1",
        "ve:X_MqttTokenPairing": "1",
    }
    assert gx.register("system.serial", 100).value == "0123456789ab"


async def test_the_control_interface_knows_the_gx() -> None:
    """States, registers of a unit id, and what is not there."""
    gx = ess_home()
    async with control(gx) as address, aiohttp.ClientSession(address) as door:
        async with door.post("/set", json={"house.extra_l1": 900, "gx.read_only": True}) as answer:
            state = await answer.json()
        assert state["house.extra_l1"] == 900
        assert gx.status.read_only
        async with door.get("/registers", params={"unit": "225"}) as answer:
            table = await answer.json()
        assert table == gx.unit(225).table()
        async with door.get("/registers", params={"unit": "300"}) as answer:
            assert answer.status == 400
        async with door.get("/registers") as answer:
            assert set(await answer.json()) == {"30", "100", "224", "225", "226", "227"}


@pytest.mark.parametrize(
    ("options", "state"),
    [
        (["--home", "ess", "--firmware", "3.60", "--shunt"], "battery_288.soc"),
        (["--home", "everything", "--server", "96"], "heatpump_42.power"),
    ],
)
async def test_it_runs_as_a_program(options: list[str], state: str) -> None:
    """It says where it listens, lets time pass by itself, and ends cleanly when told."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulators.victron_gx", "--port", "0", "--speed", "600"),
        *("--set", "sky.light=0.5", *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            listening = (await process.stdout.readline()).decode().split()
            address = (await process.stdout.readline()).decode().split()[-1]
        assert listening[-2] == "tcp"
        async with aiohttp.ClientSession(address) as door, asyncio.timeout(20):
            states: dict[str, object] = {}
            while not states.get("system_0.dc_pv_power"):
                async with door.get("/state") as answer:
                    states = await answer.json()
        assert states[state]
        assert states["gx.firmware"] == ("3.60" if "3.60" in options else "3.80")
    finally:
        process.send_signal(signal.SIGTERM)
        _, complaints = await process.communicate()
    assert process.returncode == 0
    assert complaints == b""
