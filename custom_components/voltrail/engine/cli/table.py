"""What people read: values in columns, no wider than the console."""

import textwrap
from collections.abc import Iterable, Iterator
from typing import Final

from ..model.controls import ButtonControl, Control, NumberControl, SelectControl, SwitchControl
from ..model.controls import shown as plain_number
from ..model.parts import Identity, Part
from ..model.points import Quantity
from ..polling.base_device import Reading
from ..polling.polled_device import PolledDevice
from .console import Console, Style
from .report import Plain, held_by, plain, value_of, wanted_controls, wanted_readings

INDENT: Final = "  "
_NOTHING: Final = "-"
_THOUSANDS: Final = {"Wh": "kWh", "varh": "kvarh", "VAh": "kVAh"}
_DECIMALS: Final = 3


def words(value: Plain, quantity: Quantity | None) -> str:
    """Return a value as people write it: energy in kWh, nothing as a dash."""
    if value is None:
        return _NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    unit = "" if quantity is None else quantity.unit
    if isinstance(value, str):
        return f"{value} {unit}".rstrip() if value else _NOTHING
    if unit in _THOUSANDS:
        value, unit = value / 1000, _THOUSANDS[unit]
    return f"{plain_number(round(value, _DECIMALS))} {unit}".rstrip()


def device_table(device: PolledDevice, console: Console, *, everything: bool) -> Iterator[str]:
    """Yield what is known of a device now."""
    yield from _title(device.identity, console)
    readings = list(wanted_readings(device, everything=everything))
    controls = list(wanted_controls(device, everything=everything))
    names = [reading.name for reading in readings] + [control.path for control in controls]
    width = max(map(len, names), default=0)
    for part in _parts(readings):
        yield ""
        if part is not None:
            yield console.styled(part.key, Style.STRONG)
            yield from _identity(part.identity, console)
        for reading in readings:
            if reading.part is part:
                yield from _row(reading.name, _shown(device, reading), width, console)
    if controls:
        yield ""
        yield console.styled("controls", Style.STRONG)
        for control in controls:
            yield from _row(control.path, control_words(device, control), width, console)
    if device.failures:
        yield ""
        yield console.styled("failed", Style.BAD)
        for name, err in device.failures.items():
            yield from _wrapped(f"{name}: {err}", console)


def _title(identity: Identity, console: Console) -> Iterator[str]:
    yield from heading(f"{identity.manufacturer} {identity.model}", console)
    yield from _identity(identity, console)


def _identity(identity: Identity | None, console: Console) -> Iterator[str]:
    if identity is None:
        return
    facts = {
        "named": identity.name,
        "serial number": identity.serial,
        "firmware": identity.firmware,
        "hardware": identity.hardware,
    }
    known = ", ".join(f"{word} {fact}" for word, fact in facts.items() if fact)
    if known:
        yield from _wrapped(known, console)


def _shown(device: PolledDevice, reading: Reading) -> str:
    return words(value_of(device, reading), reading.point.quantity)


def control_words(device: PolledDevice, control: Control) -> str:
    """Return what a control holds and may be set to."""
    value = held_by(device, control)
    match control:
        case ButtonControl():
            return "press"
        case SwitchControl():
            now = _NOTHING if value is None else "on" if value else "off"
            return f"{now:14}  on, off"
        case SelectControl():
            choices = ", ".join(str(plain(choice)) for choice in control.options)
            return f"{words(value, None):14}  {choices}"
        case NumberControl():
            bounds = control.bounds()
            unit = control.quantity.unit
            limits = f"{plain_number(bounds.minimum)} to {plain_number(bounds.maximum)} {unit}"
            now = _NOTHING if value is None else f"{plain_number(float(value))} {unit}"
            return f"{now:14}  {limits.rstrip()}, step {plain_number(bounds.step)}"


def _parts(readings: Iterable[Reading]) -> list[Part | None]:
    """Return the parts that have values; the device itself comes first."""
    found = dict.fromkeys(reading.part for reading in readings)
    return sorted(found, key=lambda part: part is not None)


def _row(name: str, value: str, width: int, console: Console) -> Iterator[str]:
    first, *more = textwrap.wrap(value, max(console.width - width - 4, 16)) or [""]
    yield f"{INDENT}{name:{width}}  {first}"
    for line in more:
        yield f"{INDENT}{'':{width}}  {line}"


def heading(text: str, console: Console) -> Iterator[str]:
    """Yield a heading, over as many lines as it needs."""
    for line in textwrap.wrap(text, console.width, subsequent_indent=INDENT):
        yield console.styled(line, Style.STRONG)


def _wrapped(text: str, console: Console) -> Iterable[str]:
    return textwrap.wrap(
        text,
        console.width,
        initial_indent=INDENT,
        subsequent_indent=INDENT,
        break_on_hyphens=False,
    )
