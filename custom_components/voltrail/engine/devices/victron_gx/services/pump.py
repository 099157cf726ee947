"""The pump that the GX switches by the level of a tank."""

from ....model.points import Aspect, flag
from ....polling.polled_device import Cadence
from ..component import GxComponent
from ..fields import yes
from ..service import Block, Service
from .settings import PumpSettings, pump_controls


class Pump(GxComponent):
    """Whether it runs."""

    pump_running = flag(yes(4700, since=43), Aspect.RUNNING)


PUMP = Service(
    key="pump",
    title="Tank pump",
    probe=4700,
    since=43,
    blocks=(
        Block(name="main", component=Pump, cadence=Cadence.MEASUREMENTS),
        Block(name="settings", component=PumpSettings, cadence=Cadence.SETTINGS, owner="settings"),
    ),
    controls=pump_controls,
)
