"""The scales of Kamstrup's lists, which are not sent."""

from math import hypot
from typing import Final

from .message import Number
from .quantities import Unit

PREFIX: Final = "Kamstrup_V"

#: Swedish types count single Wh, all others 10 Wh (unconfirmed for Danish and Swiss ones).
_COUNTS_SINGLE_WH: Final = ("090", "092")
_CURRENT_TRANSFORMER: Final = "685"
_VOLTAGES: Final = tuple(f"voltage_l{phase}" for phase in (1, 2, 3))
_CURRENTS: Final = tuple(f"current_l{phase}" for phase in (1, 2, 3))
#: Below this, rounding and standby currents make the comparison with the power worthless.
_ENOUGH_VA: Final = 5000


def exponent(unit: Unit, model: str | None) -> int:
    """Return the power of ten of a number, for the model that sends it."""
    if unit in {Unit.WH, Unit.VARH}:
        return 0 if model is not None and model.endswith(_COUNTS_SINGLE_WH) else 1
    if unit is Unit.A:
        # Without a model it is left as it was sent, and `Scales` decides.
        return 0 if model is None else -3 if model.startswith(_CURRENT_TRANSFORMER) else -2
    return -2 if unit is Unit.NONE else 0


class Scales:
    """Finishes what the numbers alone can tell, and remembers what they told."""

    def __init__(self) -> None:
        self._serial: str | None = None
        self._milliamperes = False

    def finish(self, readings: dict[str, Number], serial: str | None, model: str | None) -> None:
        """Bring voltages and, for lists that name no model, currents to V and A."""
        for name in _VOLTAGES:
            # One Danish firmware has two decimals: 22199 is 221.99 V.
            if (voltage := readings.get(name, 0)) > 1000:
                readings[name] = voltage / 100
        if model is None:
            divisor = 1000 if self._in_milliamperes(readings, serial) else 100
            for name in _CURRENTS:
                if name in readings:
                    readings[name] = readings[name] / divisor

    def _in_milliamperes(self, readings: dict[str, Number], serial: str | None) -> bool:
        """Whether the currents are those of a meter with current transformers.

        At 10 mA they would then carry ten times the power that the meter says. That shows only
        under load, so it is remembered for the meter; it does not change.
        """
        if serial != self._serial:
            self._serial = serial
            self._milliamperes = False
        carried = sum(
            readings.get(current, 0) / 100 * readings.get(voltage, 0)
            for current, voltage in zip(_CURRENTS, _VOLTAGES, strict=True)
        )
        if carried > _ENOUGH_VA:
            apparent = hypot(
                readings.get("power_imported", 0) - readings.get("power_exported", 0),
                readings.get("reactive_power_imported", 0)
                - readings.get("reactive_power_exported", 0),
            )
            if carried > 5 * apparent:
                self._milliamperes = True
            elif carried < 2 * apparent:
                self._milliamperes = False
        return self._milliamperes
