"""GPS receivers."""

from ....model.points import Aspect, Quantity, Tier, flag, measure
from ..component import GxComponent
from ..fields import int32, uint16, yes
from ..service import Service, main


class Gps(GxComponent):
    """Where the system is."""

    latitude = measure(int32(2800, 10_000_000), Quantity.COORDINATE, private=True)
    longitude = measure(int32(2802, 10_000_000), Quantity.COORDINATE, private=True)
    course = measure(uint16(2804, 100), Quantity.ANGLE)
    speed = measure(uint16(2805, 100), Quantity.SPEED)
    gps_fix = flag(yes(2806), Aspect.CONNECTED, tier=Tier.DETAIL)
    satellites = measure(uint16(2807), Quantity.COUNT, tier=Tier.DETAIL)
    altitude = measure(int32(2808, 10), Quantity.DISTANCE, private=True)


GPS = Service("gps", "GPS receiver", 2800, blocks=(main(Gps),))
