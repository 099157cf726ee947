"""The dashboard of the demo: the one that comes with Voltrail, and nothing else."""

from typing import Final

from scripts.lib.conversation import Conversation

PATH: Final = "voltrail-house"
STRATEGY: Final = {"strategy": {"type": "custom:voltrail"}}


async def save(talk: Conversation) -> None:
    """Add it as a person does, and make it what is seen first."""
    await talk.ask(
        "lovelace/dashboards/create",
        url_path=PATH,
        title="Simulated house",
        icon="mdi:home-lightning-bolt",
        show_in_sidebar=True,
    )
    await talk.ask("lovelace/config/save", url_path=PATH, config=STRATEGY)
    await talk.ask("frontend/set_system_data", key="core", value={"default_panel": PATH})
