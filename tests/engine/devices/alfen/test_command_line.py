"""The command line, and a station behind a real socket."""

import asyncio
from typing import Any, Final

from simulators.alfen import Eve, sample
from simulators.server import serve
from tests.engine.cli.support import interrupted, voltrail

from .support import SocketLoop, living

STATION: Final[dict[str, tuple[Any, str | None]]] = {
    "device_name": ("DIE_14966", None),
    "firmware": ("6.1.0-4159", None),
    "platform": ("NG910", None),
    "serial_number": ("ACE0287582", None),
    "protocol_version": ("1", None),
    "uptime": (126_118.547, "s"),
    "utc_offset": (3600, "s"),
    "maximum_current": (25, "A"),
    "temperature": (35.8125, "°C"),
    "backoffice_state": (1, None),
    "sockets": (1, None),
    "network_name": ("", None),
    "network_sockets": (0, None),
    **{f"network_consumed_l{phase}": (0, "A") for phase in (1, 2, 3)},
    **{f"network_applied_limit_l{phase}": (0, "A") for phase in (1, 2, 3)},
    **{f"network_ems_limit_l{phase}": (6, "A") for phase in (1, 2, 3)},
    **{f"network_validity_l{phase}": (0, "s") for phase in (1, 2, 3)},
    "network_safe_current": (6, "A"),
    "network_control_enabled": (False, None),
}
SOCKET: Final[dict[str, tuple[Any, str | None]]] = {
    "meter_state": (3, None),
    "meter_age": (0.029, "s"),
    "meter_type": ("rtu", None),
    "voltage_l1": (237.82, "V"),
    "voltage_l2": (240.76, "V"),
    "voltage_l3": (238.81, "V"),
    **{f"current_l{phase}": (0, "A") for phase in (1, 2, 3)},
    "frequency": (50.02, "Hz"),
    "power": (0, "W"),
    "energy_charged": (31, "Wh"),
    "operative": (True, None),
    "mode3_state": ("a", None),
    "mode3_text": ("A", None),
    "current_offered": (6, "A"),
    "setpoint_validity": (0, "s"),
    "setpoint": (6, "A"),
    "safe_current": (6, "A"),
    "setpoint_accounted_for": (True, None),
    "phases_reported": (3, None),
    "charging_state": ("no_vehicle", None),
    "safe_current_active": (True, None),
}
MISSING: Final = (
    *("voltage_l1_l2", "voltage_l2_l3", "voltage_l3_l1", "neutral_current", "current_sum"),
    *(f"power_factor_l{phase}" for phase in (1, 2, 3)),
    *(f"power_l{phase}" for phase in (1, 2, 3)),
    *("apparent_power", *(f"apparent_power_l{phase}" for phase in (1, 2, 3))),
    *("reactive_power", *(f"reactive_power_l{phase}" for phase in (1, 2, 3))),
    *(f"energy_charged_l{phase}" for phase in (1, 2, 3)),
    *("energy_consumed", *(f"energy_consumed_l{phase}" for phase in (1, 2, 3))),
    *("apparent_energy", *(f"apparent_energy_l{phase}" for phase in (1, 2, 3))),
    *("reactive_energy", *(f"reactive_energy_l{phase}" for phase in (1, 2, 3))),
)


async def test_read_json_of_the_recorded_station() -> None:
    """Every value that was written down comes out of it, and what the meter lacks is null."""
    eve = sample()
    async with serve(eve) as server:
        place = f"{server.host}:{server.port}"
        everything = (await voltrail("read", "alfen", place, "--json", "--all")).object
        some = (await voltrail("read", "alfen", place, "--json")).object
    assert everything["family"] == "alfen"
    assert everything["identity"] == {
        "manufacturer": "Alfen NV",
        "model": "Eve NG910",
        "serial": "ACE0287582",
        "firmware": "6.1.0-4159",
    }
    assert everything["failed"] == {}
    readings = everything["readings"]
    expected = STATION | {f"socket_1/{name}": told for name, told in SOCKET.items()}
    assert {
        path: (readings[path]["value"], readings[path]["unit"]) for path in expected
    } == expected
    assert {readings[f"socket_1/{name}"]["value"] for name in MISSING} == {None}
    assert everything["controls"]["socket_1/current_limit"] == {
        "value": 6,
        "minimum": 0,
        "maximum": 32,
        "step": 0.1,
        "options": None,
    }
    # What this meter does not have is not shown to everybody.
    shown = some["readings"]
    assert "socket_1/power_l1" not in shown
    assert shown["socket_1/voltage_l2"]["value"] == 240.76
    assert shown["socket_1/energy_charged"]["value"] == 31
    assert not eve.traffic.writes


def test_a_limit_is_held_until_the_command_ends() -> None:
    """For half an hour it is renewed; a minute after the end the charger is on its own."""

    async def story() -> None:
        eve = Eve(validity=60)
        (socket,) = eve.sockets
        seen: set[float] = set()

        async def half_an_hour() -> None:
            await asyncio.sleep(10)
            eve.clock.subscribe(lambda _: seen.add(socket.applied))
            await asyncio.sleep(1800)
            assert seen == {16}

        async with serve(eve) as server, living(eve):
            place = f"{server.host}:{server.port}"
            order = ("set", "alfen", place, "socket_1/current_limit=16", "--hold")
            await interrupted(half_an_hour(), *order)
            await asyncio.sleep(70)
            assert socket.remaining == 0
            assert seen == {16, 6}

    with asyncio.Runner(loop_factory=SocketLoop) as runner:
        runner.run(story())
