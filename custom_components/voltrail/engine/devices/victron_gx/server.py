"""Which version of the Modbus server a GX runs: it decides which registers there are.

The registers tell the version of Venus OS at best (834, from server 1.0.82 on), and only a
few pairs of the two are known. So the known pairs only set a lower bound, and what is left
open is asked of the map itself: one register of unit 100 that came with each version worth
telling apart, by halves. That is at most two or three requests, of which few are refused;
the outcome is kept for as long as the firmware stays the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from modbus_connection import (
    GatewayPathUnavailableError,
    GatewayTargetError,
    IllegalDataAddressError,
    ModbusUnit,
)

OLDEST: Final = 35
"""Every firmware since early 2022 has at least the register map of server 1.0.35."""

NEWEST: Final = 101

FIRMWARE_REGISTER: Final = 834
FIRST_WITH_BLOCK: Final = 53
"""From here on 800 to 846 can be read in one go; before, 834 is refused."""
FIRST_WITH_FIRMWARE: Final = 82
"""Before, 834 is a reserved register and reads as all ones."""

_RESERVED: Final = 0xFFFF
NOT_TOLD: Final = 0xFFFF_FFFF
"""What 834 and 835 read as long as they are reserved."""

LADDER: Final[Mapping[int, int]] = {
    # Venus 2.93 to 3.1x.
    45: 2711,
    FIRST_WITH_BLOCK: 830,
    59: 872,
    71: 5400,
    # Venus 3.50. 2714 and 2717 are no marks of later ones: they had other meanings before.
    74: 2716,
    FIRST_WITH_FIRMWARE: FIRMWARE_REGISTER,
    85: 884,
    # The 47th beta of Venus 3.70.
    89: 2718,
    # 1.0.95 to 1.0.97 came within ten days.
    97: 2720,
    NEWEST: 2724,
}
"""The versions worth telling apart, and a register of unit 100 that came with each."""

_KNOWN_PAIRS: Final = (((0x0370, 47), 89),)
"""From this Venus OS and beta on, at least this server. The official pairs; the rest is asked."""

_RELEASE: Final = 0x10000
"""Comes after every beta, although its number is 0."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """The firmware of a GX, as far as it can be told, and its register map."""

    version: int
    """1.0.x, the highest step of the ladder that the map has."""
    firmware: int | None = None
    """Registers 834 and 835 as one number: 0x03700000 is 3.70."""

    def dump_state(self) -> dict[str, Any]:
        """Return a form that can be stored."""
        return {"version": self.version, "firmware": self.firmware}

    @classmethod
    def remembered(cls, memory: Mapping[str, Any]) -> Self | None:
        """Take a stored form back."""
        if not isinstance(memory.get("version"), int):
            return None
        return cls(version=memory["version"], firmware=memory.get("firmware"))


def firmware_text(firmware: int | None) -> str | None:
    """Return the firmware as the GX shows it: the version in hexadecimal, then the beta."""
    if firmware is None or firmware >> 16 in (0, _RESERVED):
        return None
    version, beta = firmware >> 16, firmware & 0xFFFF
    return f"{version >> 8:x}.{version & 0xFF:02x}" + (f"~{beta}" if beta else "")


async def find_out(unit: ModbusUnit) -> Server:
    """Ask the map of unit 100 which version it is of."""
    try:
        major, beta = await unit.read_holding_registers(FIRMWARE_REGISTER, 2)
    except IllegalDataAddressError:
        return Server(version=await _climb(unit, OLDEST, FIRST_WITH_BLOCK))
    if major == _RESERVED:
        return Server(version=await _climb(unit, FIRST_WITH_BLOCK, FIRST_WITH_FIRMWARE))
    told = major, beta or _RELEASE
    least = max(
        (server for venus, server in _KNOWN_PAIRS if told >= venus), default=FIRST_WITH_FIRMWARE
    )
    version = await _climb(unit, least, NEWEST + 1)
    return Server(version=version, firmware=major << 16 | beta)


async def _climb(unit: ModbusUnit, least: int, below: int) -> int:
    """Return the highest step that the map has, from one it has to one it has not."""
    steps = [least, *(step for step in LADDER if least < step < below)]
    known, unknown = 0, len(steps)
    while unknown - known > 1:
        middle = (known + unknown) // 2
        if await _has(unit, LADDER[steps[middle]]):
            known = middle
        else:
            unknown = middle
    return steps[known]


async def _has(unit: ModbusUnit, address: int) -> bool:
    try:
        await unit.read_holding_registers(address, 1)
    except IllegalDataAddressError:
        return False
    except GatewayPathUnavailableError, GatewayTargetError:
        # The address is looked at before the service: the map has it, the house has not.
        return True
    return True
