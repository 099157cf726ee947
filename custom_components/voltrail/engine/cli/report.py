"""The shapes that programs read: what ``--json`` prints."""

import math
from collections.abc import Iterable
from datetime import datetime
from enum import Enum
from typing import Any

from ..devices.family import Family
from ..model.controls import ButtonControl, Control, NumberControl, SelectControl
from ..model.parts import Identity
from ..model.points import Kind, Point, Tier, UnknownCode, Value
from ..polling.base_device import Reading
from ..polling.polled_device import PolledDevice

type Plain = str | int | float | bool | None
type Object = dict[str, Any]


def plain(value: Value, point: Point | None = None) -> Plain:
    """Return a value in JSON's own types; what is not known is null."""
    if isinstance(value, UnknownCode):
        return str(value)
    if isinstance(value, Enum):
        return value.name.lower()
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is not None and point is not None and point.kind is Kind.FLAG:
        # A bit of a register reads as 0 or 1.
        return bool(value)
    return value


def value_of(device: PolledDevice, reading: Reading) -> Plain:
    """Return a reading as it is now; null if a component behind it did not answer."""
    if not device.available(reading.components):
        return None
    return plain(reading.read(), reading.point)


def held_by(device: PolledDevice, control: Control) -> Plain:
    """Return what the device holds for a control; null for a button."""
    if isinstance(control, ButtonControl):
        return None
    if not device.available(device.serving(control.depends_on, control.part)):
        return None
    return plain(control.read())


def wanted_readings(device: PolledDevice, *, everything: bool) -> Iterable[Reading]:
    """Yield what is shown: everything, or what is not for the installer alone.

    To be asked after the first poll: it leaves out what this unit seems not to have.
    """
    for reading in device.readings():
        if everything or not (reading.point.tier is Tier.EXPERT or device.unseen(reading)):
            yield reading


def components_of(device: PolledDevice) -> frozenset[str]:
    """Return the components behind what is not for the installer alone."""
    needed: set[str] = set()
    for reading in device.readings():
        if reading.point.tier is not Tier.EXPERT:
            needed |= reading.components
    for control in wanted_controls(device, everything=False):
        needed |= device.serving(control.depends_on, control.part)
    return frozenset(needed)


def wanted_controls(device: PolledDevice, *, everything: bool) -> Iterable[Control]:
    """Yield the controls that are shown."""
    for control in device.controls():
        if everything or control.tier is not Tier.EXPERT:
            yield control


def identity_object(identity: Identity) -> Object:
    """Return who a device says it is."""
    return {
        "manufacturer": identity.manufacturer,
        "model": identity.model,
        "serial": identity.serial,
        "firmware": identity.firmware,
    }


def reading_object(device: PolledDevice, reading: Reading) -> Object:
    """Return a value with its meaning, and the components it comes from."""
    quantity = reading.point.quantity
    return {
        "value": value_of(device, reading),
        "unit": None if quantity is None else quantity.unit or None,
        "quantity": None if quantity is None else str(quantity),
        "component": ", ".join(sorted(reading.components)),
    }


def control_object(device: PolledDevice, control: Control) -> Object:
    """Return what a control holds, and what it may be set to."""
    found: Object = {
        "value": held_by(device, control),
        "minimum": None,
        "maximum": None,
        "step": None,
        "options": None,
    }
    if isinstance(control, NumberControl):
        bounds = control.bounds()
        found |= {"minimum": bounds.minimum, "maximum": bounds.maximum, "step": bounds.step}
    elif isinstance(control, SelectControl):
        found["options"] = [choice.name.lower() for choice in control.options]
    return found


def device_object(family: Family, device: PolledDevice, *, everything: bool) -> Object:
    """Return all that is known of a device now."""
    return {
        "family": family.key,
        "identity": identity_object(device.identity),
        "readings": {
            reading.path: reading_object(device, reading)
            for reading in wanted_readings(device, everything=everything)
        },
        "controls": {
            control.path: control_object(device, control)
            for control in wanted_controls(device, everything=everything)
        },
        "failed": {name: str(err) for name, err in device.failures.items()},
    }
