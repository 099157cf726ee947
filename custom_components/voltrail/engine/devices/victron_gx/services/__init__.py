"""The services of the GX, one module each.

``platform`` (5800 to 5819) is left out on purpose: it restores the configuration of the
inverters.
"""

from typing import Final

from ..service import Service
from .acload import ACLOAD
from .acsystem import ACSYSTEM
from .alternator import ALTERNATOR
from .battery import BATTERY
from .charger import CHARGER
from .dcdc import DCDC
from .dcgenset import DCGENSET
from .dcload import DCLOAD
from .dcsource import DCSOURCE
from .dcsystem import DCSYSTEM
from .digitalinput import DIGITALINPUT
from .evcharger import EVCHARGER
from .fuelcell import FUELCELL
from .generator import GENERATOR
from .genset import GENSET
from .gps import GPS
from .grid import GRID
from .heatpump import HEATPUMP
from .hub4 import HUB4
from .inverter import INVERTER
from .meteo import METEO
from .motordrive import MOTORDRIVE
from .multi import MULTI
from .pulsemeter import PULSEMETER
from .pump import PUMP
from .pvinverter import PVINVERTER
from .settings import SETTINGS
from .solarcharger import SOLARCHARGER
from .system import SYSTEM
from .tank import TANK
from .temperature import TEMPERATURE
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
