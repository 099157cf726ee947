"""The integrations that owners of these stations used before."""

from pathlib import Path
from typing import Final

from ...predecessor import Predecessor

_HERE: Final = Path(__file__).parent

PREDECESSORS: Final = (
    Predecessor(
        domain="alfen_modbus",
        title="ThaStealth/alfen_modbus",
        table=_HERE / "thastealth.csv",
        unique_id="{name}_{key}",
    ),
    Predecessor(
        domain="alfen_wallbox",
        title="leeyuentuen/alfen_wallbox",
        table=_HERE / "leeyuentuen.csv",
        unique_id="alfen_{name}[-_]{key}",
    ),
)
