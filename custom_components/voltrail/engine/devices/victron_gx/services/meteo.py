"""Sensors of sun and weather."""

from ....model.points import Quantity, Tier, measure, text
from ....polling.polled_device import Cadence
from ..component import GxComponent
from ..fields import Zero, int16, string, uint16
from ..service import Block, Filler, Service


class Meteo(GxComponent):
    """What reaches the panels."""

    irradiance = measure(uint16(3600, 10), Quantity.IRRADIANCE)
    wind_speed = measure(uint16(3601, 10, zero=Zero.UNTIL_SEEN), Quantity.SPEED)
    cell_temperature = measure(int16(3602, 10, zero=Zero.UNTIL_SEEN), Quantity.TEMPERATURE)
    outdoor_temperature_1 = measure(
        int16(3603, 10, zero=Zero.UNTIL_SEEN), Quantity.TEMPERATURE, number=1
    )
    outdoor_temperature_2 = measure(
        int16(3604, 10, since=53, zero=Zero.UNTIL_SEEN),
        Quantity.TEMPERATURE,
        number=2,
        tier=Tier.DETAIL,
    )


class MeteoIdentity(GxComponent):
    """The name that its owner gave it."""

    custom_name = text(string(3610, 8, since=97, writable=True), tier=Tier.EXPERT, private=True)


METEO = Service(
    key="meteo",
    title="Weather sensor",
    probe=3600,
    blocks=(
        Block(name="identity", component=MeteoIdentity, cadence=Cadence.IDENTITY),
        Block(name="main", component=Meteo, cadence=Cadence.MEASUREMENTS),
    ),
    fillers=(Filler(address=3605, count=5),),
)
