"""Nets without a neutral (IT, 230 V): what is not measured there, though it is sent as 0."""

from typing import Final

from .message import Number

#: Models with a neutral. Where they say 0, the phase is really dead.
_FOUR_WIRE: Final = ("6534", "6550", "MA304H4", "MA304T4")
_THREE_WIRE: Final = ("6525", "6540", "MA304H3", "MA304T3")


def leave_out_unmeasured(readings: dict[str, Number], model: str | None) -> None:
    """Take out a voltage L2 of 0 that stands for "not measured", and a current L2 like it.

    The voltages of an IT net are measured between the phases, and two of them say it all: the
    Kaifa MA304H3E and the Embriq send 0 for the one of L2. A Kaifa measures the current of L2
    all the same; a current of 0 goes with the voltage.
    """
    if "voltage_l3" not in readings or readings.get("voltage_l2"):
        return
    if model is not None and model.startswith(_FOUR_WIRE):
        return
    if "voltage_l2" in readings:
        alive = readings.get("voltage_l1") and readings["voltage_l3"]
        if not alive and not (model is not None and model.startswith(_THREE_WIRE)):
            return
        del readings["voltage_l2"]
    if readings.get("current_l2") == 0:
        del readings["current_l2"]
