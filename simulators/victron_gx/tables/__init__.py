"""The register tables, by service."""

from typing import Final

from simulators.victron_gx.fields import Table
from simulators.victron_gx.tables.appliances import EVCHARGER, HEATPUMP
from simulators.victron_gx.tables.battery import BATTERY
from simulators.victron_gx.tables.dc import (
    ALTERNATOR,
    CHARGER,
    DCDC,
    DCLOAD,
    DCSOURCE,
    DCSYSTEM,
    FUELCELL,
    MOTORDRIVE,
)
from simulators.victron_gx.tables.gensets import DCGENSET, GENERATOR, GENSET
from simulators.victron_gx.tables.inverter import INVERTER
from simulators.victron_gx.tables.meters import ACLOAD, GRID, PVINVERTER
from simulators.victron_gx.tables.multi import ACSYSTEM, MULTI
from simulators.victron_gx.tables.sensors import (
    DIGITALINPUT,
    GPS,
    METEO,
    PULSEMETER,
    TANK,
    TEMPERATURE,
)
from simulators.victron_gx.tables.settings import HUB4, PLATFORM, PUMP, SETTINGS
from simulators.victron_gx.tables.solarcharger import SOLARCHARGER
from simulators.victron_gx.tables.system import SYSTEM
from simulators.victron_gx.tables.vebus import VEBUS

TABLES: Final[dict[str, Table]] = {
    table.service: table
    for table in (
        SYSTEM,
        SETTINGS,
        HUB4,
        PLATFORM,
        VEBUS,
        BATTERY,
        SOLARCHARGER,
        PVINVERTER,
        GRID,
        ACLOAD,
        INVERTER,
        MULTI,
        ACSYSTEM,
        CHARGER,
        DCDC,
        ALTERNATOR,
        FUELCELL,
        DCSOURCE,
        DCLOAD,
        DCSYSTEM,
        MOTORDRIVE,
        GENSET,
        DCGENSET,
        GENERATOR,
        EVCHARGER,
        HEATPUMP,
        PUMP,
        TANK,
        TEMPERATURE,
        METEO,
        PULSEMETER,
        DIGITALINPUT,
        GPS,
    )
}
