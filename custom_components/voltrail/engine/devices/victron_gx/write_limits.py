"""The write limits: what may be written at this house.

Every register that can be set names its official range and the limit of the installer that
applies. Both together are the bounds of its control. They are checked again at the last step
before the wire, so that no caller gets past them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Self

from ...model.controls import Bounds
from ...model.errors import NotSupportedError
from .option_fields import AC_VOLTAGE, BATTERIES


class Limit(StrEnum):
    """The limit of the installer that holds for a register."""

    NONE = "none"
    """Percentages, hours and the like: the official range is enough."""
    AC_POWER = "ac_power"
    """All phases together."""
    AC_POWER_PHASE = "ac_power_phase"
    AC_CURRENT = "ac_current"
    """Per phase."""
    AC_VOLTAGE = "ac_voltage"
    """Around the nominal one."""
    DC_VOLTAGE = "dc_voltage"
    DC_CURRENT = "dc_current"


@dataclass(frozen=True)
class Setting:
    """The official range of a register that can be set."""

    minimum: float
    maximum: float
    limit: Limit = Limit.NONE
    step: float | None = None
    """Coarser than the register's own, where finer steps make no sense."""
    off: float | None = None
    """A value outside the range that means "no limit"; it reads as None."""
    saved: bool = False
    """Whether a change is saved to flash, which wears out: write rarely, and only changes."""


SWITCH: Final = Setting(0, 1)
SAVED_SWITCH: Final = Setting(0, 1, saved=True)
PERCENT: Final = Setting(0, 100, step=1, saved=True)
COMMAND: Final = Setting(1, 1)
"""For a register whose only purpose is to be written."""


@dataclass(frozen=True, kw_only=True)
class WriteLimits:
    """What the installer allows."""

    write: bool = False
    ac_power: float | None = None
    ac_power_phase: float | None = None
    ac_current: float | None = None
    ac_voltage: tuple[float, float] | None = None
    dc_current: float | None = None
    dc_voltage: tuple[float, float] | None = None

    @classmethod
    def chosen(cls, extra: Mapping[str, Any]) -> Self:
        """Take the limits from the options of the family."""
        amps = extra.get("ac_current")
        volts = float(extra.get("ac_voltage") or AC_VOLTAGE)
        phases = int(extra.get("ac_phases") or 1)
        per_phase = None if amps is None else float(amps) * volts
        return cls(
            write=bool(extra.get("write")),
            ac_power=None if per_phase is None else per_phase * phases,
            ac_power_phase=per_phase,
            ac_current=None if amps is None else float(amps),
            ac_voltage=None if amps is None else (volts * LOWEST_AC, volts * HIGHEST_AC),
            dc_current=_number(extra.get("dc_current")),
            dc_voltage=_voltages(extra),
        )

    def bounds(self, setting: Setting, step: float) -> Bounds | None:
        """Return what may be set; None if the limit for it is not given, or leaves nothing."""
        low, high = setting.minimum, setting.maximum
        match setting.limit:
            case Limit.NONE:
                pass
            case Limit.DC_VOLTAGE | Limit.AC_VOLTAGE:
                allowed: tuple[float, float] | None = getattr(self, setting.limit)
                if allowed is None:
                    return None
                low, high = max(low, allowed[0]), min(high, allowed[1])
            case limit:
                most: float | None = getattr(self, limit)
                if most is None:
                    return None
                low, high = max(low, -most), min(high, most)
        if low > high:
            return None
        return Bounds(minimum=low, maximum=high, step=max(step, setting.step or 0))

    def check(self, name: str, setting: Setting | None, step: float, value: float) -> float:
        """Return the value on the register's steps; refuse what is outside the limits."""
        if not self.write:
            raise NotSupportedError(reason="writing is switched off in the options")
        if setting is None:
            raise NotSupportedError(reason=f"{name} is not meant to be set from here")
        if setting.off is not None and value == setting.off:
            return value
        bounds = self.bounds(setting, step)
        if bounds is None:
            raise NotSupportedError(
                reason=f"the limit for {name} ({setting.limit.replace('_', ' ')}) is not given"
                " in the options"
            )
        return bounds.accept(value)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _voltages(extra: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return the range of the battery's voltage: given directly, or from its kind."""
    low, high = extra.get("dc_voltage_minimum"), extra.get("dc_voltage_maximum")
    known = BATTERIES.get(str(extra.get("battery")))
    if low is None and known is not None:
        low = known[0]
    if high is None and known is not None:
        high = known[1]
    return None if low is None or high is None else (float(low), float(high))


LOWEST_AC, HIGHEST_AC = 0.95, 1.05
"""What an output voltage may be set to, of the nominal one: all appliances are made for that."""
