"""Moving in with a real recorder: the history goes on under the old id, and stays there."""

from datetime import timedelta

import pytest
from homeassistant.components.recorder import Recorder, history
from homeassistant.components.recorder.statistics import (
    async_import_statistics,
    get_metadata,
    statistics_during_period,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.voltrail.const import DOMAIN
from custom_components.voltrail.moving_in.pairs import Old, Pair
from custom_components.voltrail.moving_in.takeover import take_over, undo
from custom_components.voltrail.moving_in.values import last_known

OLD = "sensor.old_energy"
OURS = "sensor.ours_energy"


# The recorder has to stand before whatever makes the `hass` of this test.
@pytest.fixture(autouse=True)
def _custom_integrations(recorder_mock: Recorder, enable_custom_integrations: None) -> None:
    """Let Home Assistant load what is in custom_components, after the recorder."""


@pytest.fixture
async def entry(hass: HomeAssistant) -> MockConfigEntry:
    """An old counter that was recorded, with statistics, and ours beside it, just set up."""
    assert await async_setup_component(hass, "sensor", {})
    old = MockConfigEntry(domain="mennekes_modbus", title="old")
    ours = MockConfigEntry(domain=DOMAIN, title="ours")
    for one, platform, name in ((old, "mennekes_modbus", OLD), (ours, DOMAIN, OURS)):
        one.add_to_hass(hass)
        er.async_get(hass).async_get_or_create(
            "sensor",
            platform,
            "energy",
            config_entry=one,
            suggested_object_id=name.removeprefix("sensor."),
        )
    attributes = {"unit_of_measurement": "kWh", "device_class": "energy"}
    hass.states.async_set(OLD, "1000.0", attributes)
    await hass.async_block_till_done()
    hass.states.async_set(OLD, "unavailable", attributes)
    hass.states.async_set(OURS, "1000.5", attributes)
    return ours


def pair() -> Pair:
    """Return the two, as they are found."""
    return Pair(
        old=Old(entity_id=OLD, unique_id="energy", entry_id=None),
        platform="mennekes_modbus",
        our_id=OURS,
        our_unique_id="energy",
        doubt=None,
    )


async def become(hass: HomeAssistant, old_id: str, new_id: str) -> None:
    """Do what an entity does whose id has changed: its state moves along."""
    hass.states.async_remove(old_id)
    hass.states.async_set(new_id, "1001.0", {"unit_of_measurement": "kWh"})
    await hass.async_block_till_done()


async def statistics(hass: HomeAssistant, recorder: Recorder, statistic_id: str) -> list[float]:
    """Return the sums of the hours that there are."""
    await recorder.async_block_till_done()
    found = await recorder.async_add_executor_job(
        lambda: statistics_during_period(
            hass,
            dt_util.utcnow() - timedelta(days=2),
            None,
            {statistic_id},
            "hour",
            None,
            {"sum"},
        )
    )
    return [float(row["sum"] or 0) for row in found.get(statistic_id, ())]


async def give_statistics(hass: HomeAssistant, recorder: Recorder) -> None:
    """Give the old counter the statistics of an hour of yesterday."""
    start = (dt_util.utcnow() - timedelta(days=1)).replace(minute=0, second=0, microsecond=0)
    async_import_statistics(
        hass,
        {
            "statistic_id": OLD,
            "source": "recorder",
            "name": None,
            "unit_of_measurement": "kWh",
            "unit_class": "energy",
            "mean_type": 0,  # type: ignore[typeddict-item]  # an enumeration of integers
            "has_sum": True,
        },
        [{"start": start, "state": 990.0, "sum": 12.5}],
    )
    await recorder.async_block_till_done()


async def test_the_last_recorded_value_is_shown(
    hass: HomeAssistant, recorder_mock: Recorder, entry: MockConfigEntry
) -> None:
    """Of an old entity that is away now, the last value that meant something, and when it was."""
    await recorder_mock.async_block_till_done()
    found = await last_known(hass, [OLD, OURS, "sensor.nobody"])
    assert set(found) == {OLD, OURS}
    assert found[OLD].text == "1000.0"
    assert not found[OLD].live
    assert str(found[OURS]) == "1000.5 kWh"


async def test_history_goes_on_and_comes_back(
    hass: HomeAssistant, recorder_mock: Recorder, entry: MockConfigEntry
) -> None:
    """States and statistics stay with the old id when ours takes it, and when it gives it back."""
    await give_statistics(hass, recorder_mock)
    await take_over(hass, entry, [pair()])
    await become(hass, OURS, OLD)
    taken = er.async_get(hass).async_get(OLD)
    assert taken is not None
    assert taken.platform == DOMAIN
    assert await statistics(hass, recorder_mock, OLD) == [12.5]
    past = await recorder_mock.async_add_executor_job(
        lambda: history.state_changes_during_period(
            hass, dt_util.utcnow() - timedelta(hours=1), entity_id=OLD
        )
    )
    told = [one.state for one in past[OLD] if one.state]
    assert told == ["1000.0", "unavailable", "1001.0"]
    # We had no statistics of our own yet: without care they would follow us now.
    await undo(hass, entry)
    await hass.async_block_till_done()
    assert er.async_get(hass).async_get(OURS) is not None
    assert await statistics(hass, recorder_mock, OLD) == [12.5]
    assert await statistics(hass, recorder_mock, OURS) == []


async def test_without_statistics_there_is_nothing_to_hold(
    hass: HomeAssistant, recorder_mock: Recorder, entry: MockConfigEntry
) -> None:
    """An entity that has no statistics gets none by being renamed."""
    await take_over(hass, entry, [pair()])
    await become(hass, OURS, OLD)
    await undo(hass, entry)
    await recorder_mock.async_block_till_done()
    known = await recorder_mock.async_add_executor_job(
        lambda: get_metadata(hass, statistic_ids={OLD, OURS})
    )
    assert known == {}
