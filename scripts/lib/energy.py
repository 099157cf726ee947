"""The Energy dashboard of the demo."""

from typing import Any, Final

from scripts.lib.conversation import Conversation
from scripts.lib.demo_entries import Entities

CHARGERS: Final = {
    "garage/": "Garage",
    "carport/": "Carport",
    "driveway/socket_1_": "Driveway, left",
    "driveway/socket_2_": "Driveway, right",
}
"""The places to charge: what their values begin with, and their names."""


class EnergyError(Exception):
    """Home Assistant finds fault with what its Energy dashboard was given."""


async def save(talk: Conversation, entities: Entities) -> None:
    """Choose the statistics of the house for the Energy dashboard."""
    await talk.ask("energy/save_prefs", **preferences(entities))


async def check(talk: Conversation) -> None:
    """Have Home Assistant look at what was chosen."""
    answer = await talk.ask("energy/validate")
    found = [issue for issues in answer.values() for one in issues for issue in one]
    if found:
        raise EnergyError("; ".join(f"{issue['type']}: {issue}" for issue in found))


def preferences(entities: Entities) -> dict[str, Any]:
    """Return what a person would choose in the settings of the Energy dashboard."""
    name = entities.named
    return {
        "energy_sources": [
            {
                "type": "grid",
                "stat_energy_from": name("gx/grid_30_energy_imported"),
                "stat_energy_to": name("gx/grid_30_energy_exported"),
                "stat_cost": None,
                "entity_energy_price": None,
                "number_energy_price": 1.49,
                "stat_compensation": None,
                "entity_energy_price_export": None,
                "number_energy_price_export": 0.61,
                "cost_adjustment_day": 0.0,
                # The meter at the grid tells its power every few seconds.
                "power_config": {"stat_rate": name("meter/power")},
            },
            {
                "type": "solar",
                "stat_energy_from": name("gx/pv_energy_produced"),
                "stat_rate": name("gx/pv_power"),
                "config_entry_solar_forecast": None,
            },
            {
                "type": "battery",
                "stat_energy_from": name("gx/battery_225_energy_discharged"),
                "stat_energy_to": name("gx/battery_225_energy_charged"),
                "power_config": {"stat_rate_inverted": name("gx/battery_225_power")},
                "stat_soc": name("gx/battery_225_state_of_charge"),
                "capacity": 20.48,
            },
        ],
        "device_consumption": [
            {
                "stat_consumption": name(f"{place}energy_charged"),
                "stat_rate": name(f"{place}power"),
                "name": title,
            }
            for place, title in CHARGERS.items()
        ],
    }
