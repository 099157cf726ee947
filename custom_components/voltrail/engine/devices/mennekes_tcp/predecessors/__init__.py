"""The integrations that owners of these chargers used before."""

from pathlib import Path
from typing import Final

from ...predecessor import Predecessor

_HERE: Final = Path(__file__).parent

PREDECESSORS: Final = (
    Predecessor(
        domain="mennekes_modbus",
        title="willeja/ha-mennekes-amtron-hacs",
        table=_HERE / "willeja.csv",
        unique_id="{entry_id}_{key}",
    ),
    Predecessor(
        domain="mennekes_amtron",
        title="nobelp/mennekes-amtron-ha",
        table=_HERE / "nobelp.csv",
        unique_id="{entry_id}_{key}",
        # The integration of the same domain for the Compact knows a serial line instead.
        told_by="host",
    ),
)
