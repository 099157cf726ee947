"""Fills the history of the demo with what its house lived through before the start.

Home Assistant itself imports statistics of whole hours only. The plots of a day are drawn
from periods of five minutes and from states, and the recorder can take those as well.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, override

import voluptuous as vol
from homeassistant.components import websocket_api
from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.components.recorder.db_schema import (
    States,
    StatesMeta,
    Statistics,
    StatisticsShortTerm,
)
from homeassistant.components.recorder.models import StatisticData, StatisticMetaData
from homeassistant.components.recorder.models.statistics import StatisticMeanType
from homeassistant.components.recorder.tasks import RecorderTask
from homeassistant.components.recorder.util import session_scope
from homeassistant.core import HomeAssistant
from homeassistant.helpers.typing import ConfigType

DOMAIN = "simulated_history"


async def async_setup(hass: HomeAssistant, _config: ConfigType) -> bool:
    """Offer the websocket command that takes the path of a file."""
    websocket_api.async_register_command(hass, fill)
    return True


@websocket_api.websocket_command(
    {vol.Required("type"): f"{DOMAIN}/fill", vol.Required("path"): str}
)
@websocket_api.async_response
async def fill(
    hass: HomeAssistant, connection: websocket_api.ActiveConnection, message: dict[str, Any]
) -> None:
    """Write into the recorder what the file tells."""
    text = await hass.async_add_executor_job(Path(message["path"]).read_text)
    recorder = get_instance(hass)
    history = json.loads(text)
    for one in history["statistics"]:
        metadata = _metadata(one)
        recorder.async_import_statistics(metadata, _rows(one["hours"]), Statistics)
        recorder.async_import_statistics(metadata, _rows(one["periods"]), StatisticsShortTerm)
    recorder.queue_task(FillStates(history["states"]))
    await recorder.async_block_till_done()
    connection.send_result(message["id"])


def _metadata(one: dict[str, Any]) -> StatisticMetaData:
    mean = StatisticMeanType.NONE if one["total"] else StatisticMeanType.ARITHMETIC
    return {
        "statistic_id": one["statistic_id"],
        "source": "recorder",
        "name": None,
        "unit_of_measurement": one["unit"],
        "unit_class": one["unit_class"],
        "mean_type": mean,
        "has_sum": one["total"],
    }


def _rows(rows: list[dict[str, float]]) -> list[StatisticData]:
    return [
        StatisticData(
            start=datetime.fromtimestamp(row.pop("start"), UTC),
            **row,  # type: ignore[typeddict-item]  # of a file that the demo wrote
        )
        for row in rows
    ]


@dataclass
class FillStates(RecorderTask):
    """Writes states with their moments, in front of those that the entities had by themselves."""

    history: dict[str, list[tuple[float, str]]]

    @override
    def run(self, instance: Recorder) -> None:
        """Do it, in the recorder's own thread."""
        with session_scope(session=instance.get_session()) as session:
            for entity_id, states in self.history.items():
                known = (
                    session.query(States.metadata_id, States.attributes_id)
                    .join(StatesMeta, StatesMeta.metadata_id == States.metadata_id)
                    .filter(StatesMeta.entity_id == entity_id)
                    .order_by(States.last_updated_ts.desc())
                    .first()
                )
                if known is None:
                    continue
                session.add_all(
                    States(
                        metadata_id=known.metadata_id,
                        attributes_id=known.attributes_id,
                        state=state,
                        last_updated_ts=moment,
                        origin_idx=0,
                    )
                    for moment, state in states
                )
