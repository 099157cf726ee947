"""The dashboard of the demo: what flows, what charges and why not, and how the day was."""

from collections.abc import Iterator
from typing import Any, Final

from scripts.lib.conversation import Conversation
from scripts.lib.demo_entries import Entities
from scripts.lib.energy import CHARGERS

type Card = dict[str, Any]

_ICONS: Final = {
    "garage/": "mdi:garage",
    "carport/": "mdi:car-electric",
    "driveway/socket_1_": "mdi:ev-station",
    "driveway/socket_2_": "mdi:ev-station",
}

_FULL: Final = {"columns": "full"}
_HALF: Final = {"columns": 12}


PATH: Final = "voltrail-house"


async def save(talk: Conversation, entities: Entities, note: str) -> None:
    """Make it what is seen first."""
    await talk.ask(
        "lovelace/dashboards/create",
        url_path=PATH,
        title="House",
        icon="mdi:home-lightning-bolt",
        show_in_sidebar=True,
    )
    await talk.ask("lovelace/config/save", url_path=PATH, config=build(entities, note))
    await talk.ask("frontend/set_system_data", key="core", value={"default_panel": PATH})


def build(entities: Entities, note: str) -> Card:
    """Return the dashboard; `note` says what is simulated in it."""
    return {
        "views": [
            {
                "type": "sections",
                "title": "House",
                "icon": "mdi:home-lightning-bolt",
                "max_columns": 3,
                "sections": [
                    _section(_flow(entities), span=2),
                    _section(_today(note)),
                    *(
                        _section(_charger(entities, place, title))
                        for place, title in CHARGERS.items()
                    ),
                    _section(_plots(entities), span=2),
                ],
            }
        ]
    }


def _section(cards: Iterator[Card], span: int = 1) -> Card:
    return {"type": "grid", "column_span": span, "cards": list(cards)}


def _heading(text: str, icon: str, **more: Any) -> Card:
    return {"type": "heading", "heading": text, "icon": icon, **more}


def _tile(entity_id: str, name: str, **more: Any) -> Card:
    return {"type": "tile", "entity": entity_id, "name": name, **more}


def _flow(entities: Entities) -> Iterator[Card]:
    name = entities.named
    yield _heading("Now", "mdi:transmission-tower")
    for value, title, icon, colour in (
        ("gx/pv_power", "Sun", "mdi:solar-power-variant", "amber"),
        ("meter/power", "Grid", "mdi:transmission-tower", "blue"),
        ("gx/consumption_power", "House", "mdi:home-lightning-bolt", "deep-purple"),
        ("gx/battery_225_power", "Battery", "mdi:home-battery", "teal"),
    ):
        yield _tile(
            name(value),
            title,
            icon=icon,
            color=colour,
            vertical=False,
            features=[{"type": "trend-graph", "hours_to_show": 24}],
            grid_options={"columns": 6},
        )
    yield {
        "type": "power-sankey",
        "title": "",
        "group_by_area": False,
        "grid_options": {**_FULL, "rows": 6},
    }


def _today(note: str) -> Iterator[Card]:
    yield _heading("Today", "mdi:calendar-today")
    yield {"type": "energy-distribution", "grid_options": {"columns": 12}}
    yield {"type": "markdown", "content": note, "text_only": True, "grid_options": _FULL}


def _charger(entities: Entities, place: str, title: str) -> Iterator[Card]:
    name = entities.named
    power = name(f"{place}power")
    yield _heading(title, _ICONS[place], badges=[{"type": "entity", "entity": power}])
    yield _tile(name(f"{place}charging_state"), "State", icon="mdi:ev-plug-type2")
    yield _tile(name(f"{place}blocked_by"), "Blocked by", icon="mdi:help-circle-outline")
    yield _tile(name(f"{place}charging", "switch"), "Charging", features=[{"type": "toggle"}])
    yield _tile(
        name(f"{place}current_limit", "number"),
        "Limit",
        features=[{"type": "numeric-input", "style": "buttons"}],
    )
    yield _tile(power, "Power", features=[{"type": "trend-graph", "hours_to_show": 12}])
    yield {
        "type": "statistic",
        "entity": name(f"{place}energy_charged"),
        "name": "Today",
        "period": {"calendar": {"period": "day"}},
        "stat_type": "change",
    }


def _plots(entities: Entities) -> Iterator[Card]:
    yield _heading("The last day", "mdi:chart-line")
    yield {"type": "power-sources-graph", "title": "House", "grid_options": _HALF}
    yield {
        "type": "statistics-graph",
        "title": "Charging",
        "entities": [
            {"entity": entities.named(f"{place}power"), "name": title}
            for place, title in CHARGERS.items()
        ],
        "days_to_show": 1,
        "period": "5minute",
        "stat_types": ["mean"],
        "chart_type": "line",
        "grid_options": _HALF,
    }
