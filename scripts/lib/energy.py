"""The Energy dashboard of the demo: what Voltrail offers to add to it, and prices."""

from typing import Any, Final

from scripts.lib.conversation import Conversation
from scripts.lib.home_assistant import HomeAssistant

FLOWS: Final = "/api/repairs/issues/fix"
PRICES: Final = {"number_energy_price": 1.49, "number_energy_price_export": 0.61}


class EnergyError(Exception):
    """Home Assistant finds fault with what its Energy dashboard was given."""


def accept(home_assistant: HomeAssistant) -> None:
    """Press *Fix* at Voltrail's offer, and add all that it proposes."""
    form = home_assistant.post(FLOWS, {"handler": "voltrail", "issue_id": "energy_dashboard"})
    answers = {question["name"]: question["default"] for question in form["data_schema"]}
    done = home_assistant.post(f"{FLOWS}/{form['flow_id']}", answers)
    if done["type"] != "create_entry":
        raise EnergyError(str(done))


async def set_prices(talk: Conversation) -> None:
    """Say what energy costs, which no device knows."""
    preferences: dict[str, Any] = await talk.ask("energy/get_prefs")
    sources = [
        source | (PRICES if source["type"] == "grid" else {})
        for source in preferences["energy_sources"]
    ]
    await talk.ask("energy/save_prefs", energy_sources=sources)


async def check(talk: Conversation) -> None:
    """Have Home Assistant look at what was chosen."""
    answer = await talk.ask("energy/validate")
    found = [issue for issues in answer.values() for one in issues for issue in one]
    if found:
        raise EnergyError("; ".join(f"{issue['type']}: {issue}" for issue in found))
