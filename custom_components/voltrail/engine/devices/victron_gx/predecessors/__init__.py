"""The integrations that owners of a GX used before.

Their tables leave out what differs by fork: remcom/hass-victron is an older state of this one.
"""

from pathlib import Path
from typing import Final

from ...predecessor import Predecessor

PREDECESSORS: Final = (
    Predecessor(
        domain="victron",
        title="sfstar/hass-victron",
        table=Path(__file__).parent / "sfstar.csv",
        unique_id=r"(?P<unit>\d+)_{key}",
    ),
)
