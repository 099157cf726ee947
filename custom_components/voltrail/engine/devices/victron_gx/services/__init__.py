"""The services of the GX: one module each, but for those that are alike.

``platform`` (5800 to 5819) is left out on purpose: it restores the configuration of the
inverters.
"""

from typing import Final

from ..service import Service
from .acload import ACLOAD
from .alternator import ALTERNATOR
from .battery import BATTERY
from .chargers import CHARGER, DCDC
from .dc_meters import DCLOAD, DCSOURCE, DCSYSTEM, FUELCELL
from .evcharger import EVCHARGER
from .generator import GENERATOR
from .gensets import DCGENSET, GENSET
from .gps import GPS
from .grid import GRID
from .heatpump import HEATPUMP
from .hub4 import HUB4
from .inputs import DIGITALINPUT, PULSEMETER
from .inverter import INVERTER
from .motordrive import MOTORDRIVE
from .pump import PUMP
from .pvinverter import PVINVERTER
from .rs import ACSYSTEM, MULTI
from .sensors import METEO, TANK, TEMPERATURE
from .settings import SETTINGS
from .solarcharger import SOLARCHARGER
from .system import SYSTEM
from .vebus import VEBUS

SERVICES: Final[tuple[Service, ...]] = (
    SYSTEM,
    SETTINGS,
    HUB4,
    VEBUS,
    BATTERY,
    SOLARCHARGER,
    GRID,
    PVINVERTER,
    MULTI,
    ACSYSTEM,
    INVERTER,
    CHARGER,
    EVCHARGER,
    GENERATOR,
    GENSET,
    DCGENSET,
    ACLOAD,
    ALTERNATOR,
    DCDC,
    DCSOURCE,
    DCLOAD,
    DCSYSTEM,
    FUELCELL,
    HEATPUMP,
    TANK,
    TEMPERATURE,
    DIGITALINPUT,
    PULSEMETER,
    METEO,
    GPS,
    MOTORDRIVE,
    PUMP,
)

BY_KEY: Final = {service.key: service for service in SERVICES}
