"""Counts the rows that Voltrail writes into the database of the demo's house in a day.

The house lives in faked time, in memory, with Home Assistant and its real recorder in it. What is
written is counted in the database afterwards, by device: with every change written, and as a new
installation does it. Two days are lived: one with cars that come and go, and one without any.
"""

import argparse
import asyncio
import logging
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, Final

from homeassistant import loader
from homeassistant.components import recorder
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import frame
from homeassistant.helpers import recorder as recorder_helper
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_test_home_assistant,
    mock_storage,
)

from custom_components.voltrail.const import CONF_EVERY_CHANGE, DOMAIN
from scripts.lib.demo_entries import BEHIND_THE_GX
from scripts.lib.home_assistant import ROOT
from scripts.lib.house import CARPORT, GARAGE, LEFT, LIMITS, OTHER, House, limit_of_the_other
from simulators.ams_han.__main__ import follow
from simulators.ams_han.catalogue import METERS
from simulators.ams_han.faults import Faults
from simulators.ams_han.meter import HanMeter
from simulators.memory import Cable, network_of, serve_in_memory, serve_serial_in_memory
from tests.fake_time import FakeTimeLoop, run

MIDNIGHT: Final = datetime(2026, 6, 16, tzinfo=timezone(timedelta(hours=2)))
_DRAIN_EVERY: Final = 300.0
_QUIET_STREET: Final = 0.3
"""Volts by which the mains waver: as in a recording of 40 minutes from a Kaifa MA304H3E."""

_CHARGERS: Final = {
    GARAGE: ("garage", "current_limit"),
    CARPORT: ("carport", "current_limit"),
    LEFT: ("driveway", "socket_1/current_limit"),
    OTHER: ("driveway", "socket_2/current_limit"),
}


@dataclass(frozen=True, kw_only=True)
class Day:
    """What is lived, and how it is written down."""

    cars: bool = True
    every_change: bool = False
    begin: float = 0.0
    """The hour of the day at which it begins."""
    hours: float = 24.0


class _Line:
    """The meter's adapter in memory."""

    def __init__(self) -> None:
        self._ends: list[asyncio.Transport] = []

    async def reach(self) -> None:
        """Be found at once."""

    def connect(self, protocol: asyncio.BaseProtocol) -> asyncio.Transport:
        """Take a listener."""
        cable = Cable(None)
        cable.near.extra = {"socket": SimpleNamespace(setsockopt=lambda *_: None)}
        cable.near.attach(protocol)
        self._ends.append(cable.far)
        return cable.near

    def send(self, data: bytes) -> None:
        """Send to all who listen."""
        self._ends = [end for end in self._ends if not end.is_closing()]
        for end in self._ends:
            end.write(data)


def _entries(house: House, day: Day) -> dict[str, MockConfigEntry]:
    """Return the entries of the house's devices, as the config flow makes them."""
    usual: dict[str, Any] = {"transport": "tcp", "port": 502, "unit_id": 1}
    found: dict[str, dict[str, Any]] = {
        "garage": {**usual, "family": "mennekes_tcp", "fingerprint": "4X 4Business 710 11 C2"},
        "carport": {
            **usual,
            "family": "mennekes_rtu",
            "transport": "rtu_over_tcp",
            "port": 1,
            "unit_id": 50,
            "fingerprint": "13552019",
        },
        "driveway": {**usual, "family": "alfen", "unit_id": 200, "fingerprint": "ACE0012345"},
        "gx": {
            **usual,
            "family": "victron_gx",
            "unit_id": 100,
            "fingerprint": str(house.gx.services["system_0"]["serial"]),
        },
        "meter": {"family": "ams_han", "transport": "network", "port": 3001, "fingerprint": ""},
    }
    options = {CONF_EVERY_CHANGE: day.every_change}
    more = {"gx": {"services": list(BEHIND_THE_GX)}}
    return {
        key: MockConfigEntry(
            domain=DOMAIN,
            title=key.capitalize(),
            unique_id=f"{data['family']}_{key}",
            data={**data, "host": key},
            options={**options, **more.get(key, {})},
        )
        for key, data in found.items()
    }


@asynccontextmanager
async def _served(house: House) -> AsyncIterator[None]:
    """Have all devices of the house on the network in memory."""
    metered = house.metered
    metered.unrest = _QUIET_STREET
    meter = HanMeter(METERS["aidon-tn"], start=house.clock.moment, house=metered)
    line = _Line()
    async with AsyncExitStack() as stack:
        for key, device in (
            ("garage", house.garage),
            ("driveway", house.driveway),
            ("gx", house.gx),
        ):
            await stack.enter_async_context(serve_in_memory(device, host=key))
        await stack.enter_async_context(serve_serial_in_memory(house.carport, host="carport"))
        stack.callback(follow(meter, Faults(), house.clock, line.send))
        network_of(asyncio.get_running_loop()).attach(("meter", 3001), line)
        yield


@asynccontextmanager
async def _recorded(folder: Path) -> AsyncIterator[HomeAssistant]:
    """Start a Home Assistant whose recorder writes into a folder."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, FakeTimeLoop)
    with mock_storage():
        async with async_test_home_assistant() as hass:
            hass.data.pop(loader.DATA_CUSTOM_COMPONENTS)
            frame.async_setup(hass)
            recorder_helper.async_initialize_recorder(hass)
            # Its thread works in real time.
            loop.threads += 1
            config = {"db_url": f"sqlite:///{folder / 'rows.db'}", "auto_purge": False}
            assert await async_setup_component(hass, recorder.DOMAIN, {recorder.DOMAIN: config})
            loop.threads -= 1
            await _drain(hass)
            try:
                yield hass
            finally:
                await hass.async_stop(force=True)


async def _drain(hass: HomeAssistant) -> None:
    """Let the recorder's thread catch up with the faked time."""
    await hass.async_add_executor_job(recorder.get_instance(hass).block_till_done)


async def _set_limits(
    hass: HomeAssistant, entries: Mapping[str, MockConfigEntry], hour: float
) -> None:
    """Set the chargers to what the people of the house set them to."""
    for place, amps in {**LIMITS, OTHER: limit_of_the_other(hour)}.items():
        key, path = _CHARGERS[place]
        unique_id = f"{entries[key].runtime_data.coordinator.identity_key}_{path}"
        entity_id = er.async_get(hass).async_get_entity_id(
            "number", DOMAIN, unique_id.replace("/", "_")
        )
        await hass.services.async_call(
            "number", "set_value", {"entity_id": entity_id, "value": amps}, blocking=True
        )


async def _live(day: Day, folder: Path) -> dict[str, Counter[str]]:
    house = House(MIDNIGHT)
    if not day.cars:
        house.stay_away()
    house.live_until(MIDNIGHT + timedelta(hours=day.begin) if day.begin else MIDNIGHT)
    async with _served(house), _recorded(folder) as hass:
        entries = _entries(house, day)
        for entry in entries.values():
            entry.add_to_hass(hass)
        await asyncio.gather(
            *(hass.config_entries.async_setup(entry.entry_id) for entry in entries.values())
        )
        # The meter says its counters once an hour; and all have found their feet.
        await asyncio.sleep(120)
        await _set_limits(hass, entries, day.begin)
        await asyncio.sleep(60)
        await _drain(hass)
        before = _counted(hass, folder, entries)
        loop = asyncio.get_running_loop()
        end, limit = loop.time() + day.hours * 3600, None
        while loop.time() < end:
            await asyncio.sleep(min(_DRAIN_EVERY, end - loop.time()))
            if limit != (limit := limit_of_the_other(house.hour)):
                await _set_limits(hass, entries, house.hour)
            await _drain(hass)
        after = _counted(hass, folder, entries)
        return {key: after[key] - before[key] for key in entries}


def _counted(
    hass: HomeAssistant, folder: Path, entries: Mapping[str, MockConfigEntry]
) -> dict[str, Counter[str]]:
    """Count the rows in the database, by device and entity."""
    registry = er.async_get(hass)
    with sqlite3.connect(folder / "rows.db") as database:
        rows = database.execute(
            "SELECT states_meta.entity_id, COUNT(*) FROM states JOIN states_meta"
            " ON states.metadata_id = states_meta.metadata_id GROUP BY 1"
        ).fetchall()
    found = {key: Counter[str]() for key in entries}
    names = {entry.entry_id: key for key, entry in entries.items()}
    for entity_id, count in rows:
        entity = registry.async_get(entity_id)
        if entity is not None and entity.config_entry_id in names:
            found[names[entity.config_entry_id]][entity_id] = count
    return found


def count(day: Day) -> dict[str, Counter[str]]:
    """Live a day, or a part of it; return the rows that were written, by device and entity."""
    for name in ("homeassistant", "tmodbus", "asyncio", "sqlalchemy.engine"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with TemporaryDirectory() as folder:
        return run(_live(day, Path(folder)))


PAGE: Final = ROOT / "docs" / "performance.md"
BEGIN: Final = "<!-- rows: written by scripts/rows -->"
END: Final = "<!-- end of the rows -->"

_DEVICES: Final = {
    "gx": ("Victron GX, ESS with battery, two solar chargers and a grid meter", 150_000, 150_000),
    "meter": ("Smart meter, Aidon, a message every 2.5 s", 40_000, 40_000),
    "garage": ("MENNEKES 4Business", 15_000, 3_000),
    "carport": ("MENNEKES Compact", 15_000, 3_000),
    "driveway": ("Alfen Eve with two sockets", 15_000, 3_000),
}
"""What the devices are, and the rows that are to be reached with cars and without."""


def write() -> int:
    """Live all four days, and write down what came of them; return how many rows are too many."""
    days = [Day(cars=cars, every_change=every) for cars in (True, False) for every in (True, False)]
    with ProcessPoolExecutor(2) as pool:
        told = dict(zip(days, pool.map(count, days), strict=True))
    lines = [
        "| Device | Day | Every change written | As installed | To reach |",
        "| --- | --- | --- | --- | --- |",
    ]
    missed = 0
    for key, (name, with_cars, without) in _DEVICES.items():
        for cars, goal in ((True, with_cars), (False, without)):
            before = told[Day(cars=cars, every_change=True)][key].total()
            after = told[Day(cars=cars)][key].total()
            missed += after > goal
            day = "with cars" if cars else "no car"
            lines.append(f"| {name} | {day} | {before:,} | {after:,} | {goal:,} |")
    text = PAGE.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    table = "\n".join(lines)
    PAGE.write_text(f"{head}{BEGIN}\n\n{table}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    print(table)
    return missed


def main() -> int:
    """Parse the command line and count."""
    parser = argparse.ArgumentParser(prog="scripts/rows", description=__doc__)
    parser.add_argument("--hours", type=float, help="of a part of a day, to look at")
    parser.add_argument("--begin", type=float, default=0.0, help="the hour at which it begins")
    parser.add_argument("--no-cars", action="store_true")
    parser.add_argument("--every-change", action="store_true")
    chosen = parser.parse_args()
    if chosen.hours is None:
        return int(bool(write()))
    day = Day(
        cars=not chosen.no_cars,
        every_change=chosen.every_change,
        begin=chosen.begin,
        hours=chosen.hours,
    )
    for key, rows in count(day).items():
        print(f"{key}: {rows.total()} rows")
        for entity_id, written in rows.most_common():
            print(f"  {written:7} {entity_id}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
