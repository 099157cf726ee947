"""The integrations that owners of these chargers used before."""

from pathlib import Path
from typing import Final

from ...predecessor import Predecessor

PREDECESSORS: Final = (
    Predecessor(
        domain="mennekes_amtron",
        title="memphi2/ha-mennekes-amtron",
        table=Path(__file__).parent / "memphi2.csv",
        # A serial number, or the id of the entry where the charger told none.
        unique_id=".+?_{key}",
        # The integration of the same domain for chargers over TCP knows a host instead.
        told_by="device_id",
    ),
)
