"""A Victron GX over Modbus TCP: any services, any firmware from 2.90 to 3.80, a home with ESS."""

from simulators.victron_gx.acceptance import Between
from simulators.victron_gx.controller import OverrideZero
from simulators.victron_gx.description import description
from simulators.victron_gx.gx import VictronGx
from simulators.victron_gx.home import Home, House
from simulators.victron_gx.homes import ess_home, everything
from simulators.victron_gx.service import Night, Service

__all__ = [
    "Between",
    "Home",
    "House",
    "Night",
    "OverrideZero",
    "Service",
    "VictronGx",
    "description",
    "ess_home",
    "everything",
]
