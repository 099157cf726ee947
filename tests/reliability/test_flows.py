"""Many devices that are added at the same time."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from tests.fake_time import run
from tests.reliability.home import shared_home
from tests.reliability.subjects import Subject, subject

pytestmark = pytest.mark.usefixtures("socket_enabled")

DEVICES = 24


async def add(hass: HomeAssistant, device: Subject) -> Any:
    """Go through the forms, as a person does."""
    flows = hass.config_entries.flow
    result: Any = await flows.async_init("voltrail", context={"source": "user"})
    for choice in (device.data["family"], "tcp"):
        if result["type"] is FlowResultType.MENU:
            result = await flows.async_configure(result["flow_id"], {"next_step_id": choice})
    answers = {key: device.data[key] for key in ("host", "port", "unit_id")}
    asked = {str(key) for key in result["data_schema"].schema}
    given = {key: value for key, value in answers.items() if key in asked}
    return await flows.async_configure(result["flow_id"], given)


def test_all_of_them_are_added() -> None:
    """None waits for another, and none is taken for another."""

    async def story() -> None:
        async with AsyncExitStack() as stack:
            keys = ("mennekes_tcp 4X", "mennekes_tcp ECU")
            devices = [
                await stack.enter_async_context(subject(keys[number % 2], number=number))
                for number in range(DEVICES + 1)
            ]
            first, *others = devices
            (house,) = await stack.enter_async_context(shared_home([first]))
            await house.start()
            results = await asyncio.gather(*(add(house.hass, device) for device in others))
            assert {result["type"] for result in results} == {FlowResultType.CREATE_ENTRY}
            await house.pass_time(30)
            entries = house.hass.config_entries.async_entries("voltrail")
            assert len(entries) == DEVICES + 1
            assert {entry.state for entry in entries} == {ConfigEntryState.LOADED}

    run(story())
