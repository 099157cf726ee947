"""Carrying a search out: the GX is asked for one device after the other."""

from collections.abc import Callable
from typing import Final

from modbus_connection import (
    GatewayPathUnavailableError,
    GatewayTargetError,
    IllegalDataAddressError,
    ModbusError,
    ModbusExceptionError,
    ModbusUnit,
)

from ...model.explaining import explained
from .absence import SECOND_LOOK
from .finding import DiscoveredService, Search
from .services import BY_KEY
from .services.system import System
from .writing import Pause

PROBE_PAUSE: Final = 0.05
"""Seconds between two probes: about 20 a second."""

LATER: Final = 600.0
"""Seconds between two looks at what a search left out."""

PROBES_LATER: Final = 5
"""Requests of each such look."""


class Searcher:
    """Asks for what a search says, and remembers where it was if the link is lost."""

    def __init__(self, unit: Callable[[int], ModbusUnit], pause: Pause) -> None:
        self._unit = unit
        self._pause = pause
        self._broken_off: Search | None = None
        self.probes = 0
        """Requests of all searches so far, to show what they cost."""

    async def search(self, begin: Callable[[], Search]) -> Search:
        """Carry a search out: the one that broke off, or a new one."""
        search = self._broken_off = self._broken_off or begin()
        await self.carry_out(search)
        self._broken_off = None
        return search

    async def carry_out(self, search: Search) -> None:
        """Ask for what a search says."""
        for candidate in search.candidates():
            await self._ask(search, candidate, PROBE_PAUSE if search.probes > 1 else 0)
        pause = SECOND_LOOK
        for candidate in search.to_ask_again():
            await self._ask(search, candidate, pause)
            pause = PROBE_PAUSE

    async def _ask(self, search: Search, candidate: DiscoveredService, pause: float) -> None:
        self.probes += 1
        if pause:
            await self._pause(pause)
        search.answered(candidate, present=await self._answers(candidate))

    async def _answers(self, candidate: DiscoveredService) -> bool | None:
        """Whether a device is there; None if the GX could not say."""
        unit = self._unit(candidate.unit_id)
        try:
            await unit.read_holding_registers(BY_KEY[candidate.service].probe, 1)
        except GatewayPathUnavailableError, GatewayTargetError, IllegalDataAddressError:
            return False
        except ModbusExceptionError:
            return None
        except ModbusError as err:
            raise explained(err) from err
        return True


def hints(system: System) -> frozenset[str]:
    """Return the types that must be there, by what the system adds up."""
    proofs = {
        "solarcharger": system.pv_dc_power,
        "pvinverter": any(
            getattr(system, f"pv_{side}_power_l{phase}")
            for side in ("output", "input", "genset")
            for phase in (1, 2, 3)
        ),
        "grid": system.power,
        "genset": system.genset_power,
        "battery": system.state_of_charge or system.battery_power,
        "vebus": system.inverter_charger_power or system.vebus_dc_power,
    }
    return frozenset(service for service, proof in proofs.items() if proof)
