"""Automations that only note that they ran."""

from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import condition
from homeassistant.setup import async_setup_component


async def automate(hass: HomeAssistant, *triggers: dict[str, Any]) -> list[ServiceCall]:
    """Set up an automation; return the list in which its runs appear."""
    runs: list[ServiceCall] = []

    async def note(call: ServiceCall) -> None:
        runs.append(call)

    hass.services.async_register("test", "note", note)
    assert await async_setup_component(
        hass,
        "automation",
        {
            "automation": {
                "alias": "Note",
                "mode": "queued",
                "triggers": list(triggers),
                "actions": [
                    {
                        "action": "test.note",
                        "data": {
                            "kind": "{{ trigger.id }}",
                            "reason": "{{ trigger.reason }}",
                            "session": "{{ trigger.session }}",
                            "device_id": "{{ trigger.device_id }}",
                        },
                    }
                ],
            }
        },
    )
    await hass.async_block_till_done()
    return runs


def kinds(runs: list[ServiceCall]) -> list[str]:
    """Return what made the automation run, and forget it."""
    found = [run.data["kind"] for run in runs]
    runs.clear()
    return found


async def holds(hass: HomeAssistant, key: str, target: dict[str, Any], **options: Any) -> bool:
    """Return whether a condition of ours holds now."""
    config = {"condition": f"voltrail.{key}", "target": target, "options": options}
    validated = await condition.async_validate_condition_config(hass, config)
    checker = await condition.async_from_config(hass, validated)
    try:
        return bool(checker.async_check())
    finally:
        checker.async_unload()
