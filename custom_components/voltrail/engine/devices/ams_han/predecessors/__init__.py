"""The integrations that owners of these meters used before."""

from pathlib import Path
from typing import Final

from ...predecessor import Predecessor

_HERE: Final = Path(__file__).parent

PREDECESSORS: Final = (
    Predecessor(
        domain="amshan",
        title="toreamun/amshan-homeassistant",
        table=_HERE / "toreamun.csv",
        # Without the meter's id there are braces and quotes in it: a set was printed.
        unique_id=".+-{key}",
    ),
    Predecessor(
        domain="ams",
        title="turbokongen/hass-AMS",
        table=_HERE / "turbokongen.csv",
        unique_id="{key}_.+",
    ),
)
