"""ESS at work: there only if the ESS assistant is."""

from collections.abc import Iterable, Iterator

from ....model.controls import Control
from ....model.points import Aspect, Quantity, Tier, flag, measure
from ....polling.polled_device import Cadence
from ..component import GxComponent
from ..fields import int32, yes
from ..service import Block, Service
from ..service_device import Node
from ..write_limits import Rail, Setting
from .settings import LARGEST_POWER


class Hub4(GxComponent):
    """The loop that regulates the grid.

    2710 to 2715 and 2718 to 2723 between its registers belong to the settings: a read
    across them fails as a whole where one of the two is missing.
    """

    feed_in_limiting = flag(yes(2709), Aspect.RUNNING, tier=Tier.DETAIL)
    # In memory only, so it wears nothing; it overrides the stored set-point until it is
    # forgotten. Not to be used together with Dynamic ESS.
    volatile_grid_setpoint = measure(
        int32(
            2716,
            since=74,
            setting=Setting(minimum=-LARGEST_POWER, maximum=LARGEST_POWER, rail=Rail.AC_POWER),
        ),
        Quantity.POWER,
        tier=Tier.DETAIL,
    )
    # Listed as writable elsewhere; the server refuses.
    pv_disabled = flag(yes(2724, since=101), tier=Tier.EXPERT)


def _controls(node: Node) -> Iterator[Control]:
    yield from node.setpoint(Hub4, "volatile_grid_setpoint")
    if node.get(Hub4) is not None and node.the(Hub4).bounds("volatile_grid_setpoint"):
        yield from node.release(Hub4)


def _views(node: Node) -> Iterable[object]:
    return node.setpoint_view(Hub4)


HUB4 = Service(
    key="hub4",
    title="ESS",
    probe=2709,
    blocks=(Block(name="hub4", component=Hub4, cadence=Cadence.SETTINGS),),
    controls=_controls,
    views=_views,
)
