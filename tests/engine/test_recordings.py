"""Recorded devices: what their registers say is what their owners saw.

A recording is what ``voltrail dump --redact`` wrote, with what its owner saw at the device (its
display, its app, its web page) added under ``seen``, by path. It lies in the folder of its family,
and its name says model and firmware.
"""

import json
from pathlib import Path
from typing import Any, Final

import pytest
from modbus_connection.mock import MockModbusConnection

from custom_components.voltrail.engine.devices import family
from custom_components.voltrail.engine.model.options import Options
from custom_components.voltrail.engine.model.points import Quantity

RECORDINGS: Final = sorted((Path(__file__).parent / "recordings").glob("*/*.json"))

BELIEVABLE: Final = {
    Quantity.VOLTAGE: (0, 1000),
    Quantity.CURRENT: (-1000, 1000),
    Quantity.POWER: (-200_000, 200_000),
    Quantity.ENERGY: (0, 1e9),
    Quantity.FREQUENCY: (45, 65),
    Quantity.TEMPERATURE: (-50, 120),
    Quantity.POWER_FACTOR: (-1, 1),
}


def load(path: Path) -> dict[str, Any]:
    """Return what a recording holds."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: f"{path.parent.name}-{path.stem}")
async def test_a_recorded_device(path: Path) -> None:
    """It decodes to what was seen, and to nothing that cannot be."""
    recorded = load(path)
    assert path.parent.name == recorded["family"]
    kind = family(recorded["family"])
    connection = MockModbusConnection()
    units = {int(unit_id): spaces for unit_id, spaces in recorded["units"].items()}
    for unit_id, spaces in units.items():
        connection.for_unit(unit_id).load_raw(spaces)
    # Not every device answers where most of its family do.
    unit_id = kind.unit_id if kind.unit_id in units else min(units)
    device = kind.create(connection.for_unit, unit_id, Options())
    await device.update()

    assert recorded["seen"], "somebody has to say what is right"
    for name, value in recorded["seen"].items():
        assert device.reading(name).read() == pytest.approx(value, rel=1e-3), name
    for reading in device.readings():
        value = reading.read()
        bounds = BELIEVABLE.get(reading.point.quantity) if reading.point.quantity else None
        if bounds is not None and isinstance(value, int | float):
            assert bounds[0] <= value <= bounds[1], reading.path


def test_there_are_recordings() -> None:
    """The test above has something to look at."""
    assert RECORDINGS
