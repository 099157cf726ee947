"""Sets up the demo's Home Assistant as its owner would, in front of the simulated house."""

import asyncio
import json
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from scripts.lib.conversation import Conversation
from scripts.lib.home_assistant import HomeAssistant
from scripts.lib.house import LIMITS, OTHER, SAMPLE, Ports, limit_of_the_other

FLOWS: Final = "/api/config/config_entries/flow"

PATIENCE: Final = 30
"""Seconds to wait for a device."""

HOUR: Final = 3600
_UNIT_CLASSES: Final = {"kWh": "energy", "W": "power", "%": None}
BATTERY_POWER: Final = "gx/battery_225_power"
_SAME: Final = {
    BATTERY_POWER: ("gx/battery_power",),
    "meter/power": ("gx/power", "gx/grid_30_power"),
}
"""What the house lived through once, and several devices tell."""
_FACTORS: Final = {("Wh", "kWh"): 0.001}


BEHIND_THE_GX: Final = (
    "hub4 100",
    "vebus 227",
    "battery 225",
    "solarcharger 224",
    "solarcharger 226",
    "grid 30",
)


class SetUpError(Exception):
    """A device of the house could not be set up."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """One device of the house, and how its owner reaches it."""

    key: str
    title: str
    family: str
    path: tuple[str, ...]
    """What is chosen from the menus after the family's."""
    answers: Mapping[str, Any]
    area: str


def places(ports: Ports, carport: Path) -> list[Place]:
    """List the devices of the house."""
    host = "127.0.0.1"
    return [
        Place(
            key="garage",
            title="the 4Business in the garage, over Modbus TCP",
            family="mennekes_tcp",
            path=(),
            answers={"host": host, "port": ports.garage},
            area="Garage",
        ),
        Place(
            key="carport",
            title="the Compact in the carport, on a serial line",
            family="mennekes_rtu",
            path=("serial",),
            answers={"device": str(carport)},
            area="Carport",
        ),
        Place(
            key="driveway",
            title="the Alfen double at the driveway, over Modbus TCP",
            family="alfen",
            path=(),
            answers={"host": host, "port": ports.driveway},
            area="Driveway",
        ),
        Place(
            key="gx",
            title="the Victron GX, over Modbus TCP",
            family="victron_gx",
            path=(),
            # Named, they need no search, which takes some seconds.
            answers={"host": host, "port": ports.gx, "services": list(BEHIND_THE_GX)},
            area="Utility room",
        ),
        Place(
            key="meter",
            title="the utility's meter, over the network",
            family="ams_han",
            path=("network",),
            answers={"host": host, "port": ports.meter},
            area="Utility room",
        ),
    ]


def set_up(home_assistant: HomeAssistant, place: Place) -> str:
    """Go through the config flow as a person does; return the entry's id."""
    step = home_assistant.post(FLOWS, {"handler": "voltrail"})
    address = f"{FLOWS}/{step['flow_id']}"
    for choice in (place.family, *place.path):
        step = home_assistant.post(address, {"next_step_id": choice})
    deadline = time.monotonic() + PATIENCE
    while step["type"] in {"form", "progress"} and not step.get("errors"):
        if time.monotonic() > deadline:
            break
        if step["type"] == "form":
            step = home_assistant.post(address, _filled(step, place.answers))
        else:
            # A meter speaks when it wants to; somebody is listening to it.
            time.sleep(0.1)
            step = home_assistant.get(address)
    if step["type"] != "create_entry":
        message = f"{place.key}: {step.get('errors') or step.get('reason') or step}"
        raise SetUpError(message)
    return str(step["result"]["entry_id"])


def _filled(form: Mapping[str, Any], answers: Mapping[str, Any]) -> dict[str, Any]:
    """Fill in a form: our answers, and for the rest what it proposes."""
    filled = {}
    for question in form["data_schema"]:
        name = question["name"]
        if name in answers:
            filled[name] = answers[name]
        elif question.get("default") is not None:
            filled[name] = question["default"]
    return filled


MODES: Final = {"garage": "solar_minimum", "driveway_socket_2": "fast"}
"""What the people of the house choose for their chargers; the others follow the sun alone."""


def control_charging(home_assistant: HomeAssistant) -> None:
    """Have the chargers driven by the controller: next, next, done, and a mode for each."""
    step = home_assistant.post(FLOWS, {"handler": "voltrail"})
    address = f"{FLOWS}/{step['flow_id']}"
    step = home_assistant.post(address, {"next_step_id": "charging"})
    step = home_assistant.post(address, {**_proposed(step["data_schema"]), "observer": False})
    if step["type"] == "form" and not step.get("errors"):
        step = home_assistant.post(address, _proposed(step["data_schema"]))
    if step["type"] != "create_entry":
        message = f"charging: {step.get('errors') or step.get('reason') or step}"
        raise SetUpError(message)
    for state in home_assistant.get("/api/states"):
        entity_id = state["entity_id"]
        if "solar_minimum" not in state["attributes"].get("options", ()):
            continue
        name = entity_id.removeprefix("select.").removesuffix("_mode")
        if mode := MODES.get(name):
            home_assistant.post(
                "/api/services/select/select_option", {"entity_id": entity_id, "option": mode}
            )


def _proposed(questions: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what a form proposes, with its sections, as who presses Next sends it."""
    found: dict[str, Any] = {}
    for question in questions:
        name = question["name"]
        description = question.get("description") or {}
        if question.get("type") == "expandable":
            found[name] = _proposed(question["schema"])
        elif (value := description.get("suggested_value")) is not None:
            found[name] = value
        elif question.get("default") is not None:
            found[name] = question["default"]
    return found


class Entities:
    """Finds entities by device and by the name that Voltrail gives a value."""

    def __init__(self, entries: Mapping[str, str]) -> None:
        self._entries = entries
        self._ids: dict[tuple[str, str], str] = {}
        self.devices: dict[str, set[str]] = {}

    async def look(self, talk: Conversation, wanted: Collection[str]) -> None:
        """Read the registries until everything that is wanted is there.

        A meter that is heard for the first time brings its values one list after the other.
        """
        async with asyncio.timeout(PATIENCE):
            while True:
                await self._read(talk)
                known = {name for _, name in self._ids}
                if known.issuperset(wanted):
                    return
                await asyncio.sleep(0.2)

    async def _read(self, talk: Conversation) -> None:
        devices = await talk.ask("config/device_registry/list")
        registry = await talk.ask("config/entity_registry/list")
        for key, entry_id in self._entries.items():
            # Unique ids begin with what identifies the device, and go on with the value.
            names = [
                identifier
                for device in devices
                if entry_id in device.get("config_entries", ())
                for domain, identifier in device["identifiers"]
                if domain == "voltrail"
            ]
            mine = [entity for entity in registry if entity["config_entry_id"] == entry_id]
            self.devices[key] = {entity["device_id"] for entity in mine}
            start = len(min(names, key=len, default="")) + 1
            for entity in mine:
                if entity["disabled_by"] is None:
                    domain = entity["entity_id"].partition(".")[0]
                    self._ids[domain, f"{key}/{entity['unique_id'][start:]}"] = entity["entity_id"]

    def find(self, name: str, domain: str = "sensor") -> str | None:
        """Return the entity of a value such as `garage/power`, if there is one."""
        return self._ids.get((domain, name))

    def named(self, name: str, domain: str = "sensor") -> str:
        """Return the entity of a value that has to be there."""
        if (entity_id := self.find(name, domain)) is None:
            message = f"there is no {domain} for {name}"
            raise SetUpError(message)
        return entity_id


async def arrange(talk: Conversation, places: Iterable[Place], entities: Entities) -> None:
    """Put every device where it stands."""
    areas: dict[str, str] = {}
    for place in places:
        if place.area not in areas:
            area = await talk.ask("config/area_registry/create", name=place.area)
            areas[place.area] = area["area_id"]
        for device_id in entities.devices[place.key]:
            await talk.ask(
                "config/device_registry/update", device_id=device_id, area_id=areas[place.area]
            )


def set_limits(home_assistant: HomeAssistant, entities: Entities, hour: float) -> None:
    """Set the chargers to what they were set to before."""
    for place, amps in {**LIMITS, OTHER: limit_of_the_other(hour)}.items():
        entity_id = entities.named(f"{place}current_limit", "number")
        home_assistant.post(
            "/api/services/number/set_value", {"entity_id": entity_id, "value": amps}
        )


async def fill_history(talk: Conversation, entities: Entities, folder: Path) -> None:
    """Give Home Assistant the history of what the house lived through before the start."""
    history = json.loads((folder / "history.json").read_text(encoding="utf-8"))
    present = {state["entity_id"]: state for state in await talk.ask("get_states")}
    inverted = await _battery_power(talk)
    statistics: list[dict[str, Any]] = []
    states: dict[str, list[tuple[float, str]]] = {}
    numbers = history["numbers"]
    numbers |= {same: numbers[name] for name, others in _SAME.items() for same in others}
    for name, series in numbers.items():
        entity_id = entities.named(name)
        unit = present[entity_id]["attributes"]["unit_of_measurement"]
        factor = _FACTORS.get((series["unit"], unit), 1.0)
        if series["total"]:
            periods = _sums(series["rows"], factor, float(present[entity_id]["state"]))
        else:
            periods = _means(series["rows"], factor)
            states[entity_id] = [
                (period["start"] + SAMPLE, f"{period['mean']:.0f}") for period in periods
            ]
        statistics.append(_statistic(entity_id, unit, periods, total=series["total"]))
        if name == BATTERY_POWER:
            statistics.append(
                _statistic(inverted, unit, _means(series["rows"], -factor), total=False)
            )
    for name, changes in history["words"].items():
        states[entities.named(name)] = changes
    path = folder / "filled.json"
    filled = {"statistics": statistics, "states": states}
    path.write_text(json.dumps(filled), encoding="utf-8")
    await talk.ask("simulated_history/fill", path=str(path))


async def _battery_power(talk: Conversation) -> str:
    """Return the sensor that the Energy dashboard made for power the other way round."""
    preferences = await talk.ask("energy/get_prefs")
    sources = preferences["energy_sources"]
    return next(str(one["stat_rate"]) for one in sources if one["type"] == "battery")


def _statistic(
    entity_id: str, unit: str, periods: list[dict[str, float]], *, total: bool
) -> dict[str, Any]:
    return {
        "statistic_id": entity_id,
        "unit": unit,
        "unit_class": _UNIT_CLASSES[unit],
        "total": total,
        "periods": periods,
        "hours": _hours(periods),
    }


def _means(rows: list[list[float]], factor: float) -> list[dict[str, float]]:
    found = []
    for start, mean, *extremes in rows:
        low, high = sorted(value * factor for value in extremes)
        found.append({"start": start, "mean": mean * factor, "min": low, "max": high})
    return found


def _sums(rows: list[list[float]], factor: float, now: float) -> list[dict[str, float]]:
    """Count back from the present state.

    Home Assistant begins to sum up at 0, now. So whatever it has compiled already, nothing
    jumps where the past and the present meet.
    """
    last = rows[-1][1]
    return [
        {"start": start, "state": now - (last - value) * factor, "sum": (value - last) * factor}
        for start, value in rows
    ]


def _hours(periods: list[dict[str, float]]) -> list[dict[str, float]]:
    """Sum up whole hours."""
    found = []
    per_hour = HOUR // SAMPLE
    for begin in range(0, len(periods) - per_hour + 1, per_hour):
        hour = periods[begin : begin + per_hour]
        if "sum" in hour[0]:
            found.append({**hour[-1], "start": hour[0]["start"]})
        else:
            found.append(
                {
                    "start": hour[0]["start"],
                    "mean": sum(period["mean"] for period in hour) / per_hour,
                    "min": min(period["min"] for period in hour),
                    "max": max(period["max"] for period in hour),
                }
            )
    return found
