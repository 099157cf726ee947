"""What an installer set up in the station, and what its maker built in."""

from dataclasses import dataclass
from math import isfinite

from simulators.alfen.codes import DataSource, OverLimit, Platform, ScnBlock
from simulators.registers import RefusedError


@dataclass(kw_only=True)
class StationSettings:
    """States named `station.*`."""

    platform: Platform
    platform_type: str
    firmware: str
    serial: str
    name: str
    #: Register 1100.
    max_current: float
    temperature: float = 35.8125
    ocpp_state: int = 1
    utc_offset: int = 60
    #: Part of the reads that firmware 6.5.0 answers with too few registers or none.
    short_answers: float = 0.0
    #: Old firmware grants nothing to a socket without a car.
    budget_needs_car: bool = False
    #: Some units rest in E instead of A.
    idle_state: str = "A"
    #: Hardware that can only ever use one phase.
    single_phase: bool = False
    #: Seconds the relays stay open when the phases change.
    relay_pause: float = 5.0

    @property
    def phases_always_read_three(self) -> bool:
        """Register 1215 does not tell the truth on this firmware."""
        return self.firmware == "6.4.0-4210"


@dataclass(kw_only=True)
class EmsSettings:
    """States named `ems.*`: the menus "Active balancing" and "TCP/IP EMS"."""

    #: Without the licence nobody listens on the port.
    licensed: bool = True
    source: DataSource = DataSource.SOCKET
    allow_reading: bool = True
    allow_writing: bool = True
    #: "Allow 1- and 3-phased charging".
    allow_phases: bool = True
    over_limit: OverLimit = OverLimit.REFUSE

    def fit(self, amps: float, highest: float) -> float:
        """Return the limit to store."""
        return min(amps, highest)

    def check(self, amps: float, highest: float) -> None:
        """Refuse what is no limit."""
        too_high = amps > highest and self.over_limit is OverLimit.REFUSE
        if not isfinite(amps) or amps < 0 or too_high:
            raise RefusedError


@dataclass(kw_only=True)
class ScnSettings:
    """Fixed part of the states named `scn.*`."""

    block: ScnBlock = ScnBlock.EMPTY
    name: str = ""
    sockets: int = 0
    #: Whether one request may write the limits of several phases. UNCONFIRMED.
    takes_spans: bool = False
    #: What the other stations of the network draw.
    others_l1: float = 0.0
    others_l2: float = 0.0
    others_l3: float = 0.0
