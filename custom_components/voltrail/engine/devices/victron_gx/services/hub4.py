"""ESS at work: there only if the ESS assistant is."""

from collections.abc import Iterator
from typing import Final

from ....model.controls import Control
from ....model.points import Aspect, Quantity, Tier, flag, measure
from ..block_controls import BlockControls
from ..component import GxComponent
from ..fields import NO_VALUE, int32, yes
from ..service import Service, settings
from ..service_device import ServiceDevice
from ..write_limits import Limit, Setting
from .settings import LARGEST_POWER

OVERRIDE: Final = Setting(-LARGEST_POWER, LARGEST_POWER, Limit.AC_POWER)


class Hub4(GxComponent, tier=Tier.DETAIL):
    """The loop that regulates the grid.

    2710 to 2715 and 2718 to 2723 between its registers belong to the settings: a read
    across them fails as a whole where one of the two is missing.
    """

    feed_in_limiting = flag(yes(2709), Aspect.RUNNING)
    # In memory only, so it wears nothing; it overrides the stored set-point until it is
    # forgotten. Not to be used together with Dynamic ESS. A 0 is no set-point of 0 W: it hands
    # control back to the stored one (two owners with Venus 3.73, 2026).
    volatile_grid_setpoint = measure(
        int32(2716, since=74, zero=NO_VALUE, setting=OVERRIDE), Quantity.POWER
    )
    # Listed as writable elsewhere; the server refuses.
    pv_disabled = flag(yes(2724, since=101), tier=Tier.EXPERT)


def _controls(device: ServiceDevice) -> Iterator[Control]:
    hub4 = BlockControls(device, Hub4)
    # The least that is a set-point; a grid meter does not resolve it.
    yield from hub4.setpoint("volatile_grid_setpoint", in_place_of_zero=1)
    yield from hub4.release("volatile_grid_setpoint")


HUB4 = Service(
    "hub4", "ESS", 2709, blocks=(settings("hub4", Hub4),), setpoints=Hub4, controls=_controls
)
