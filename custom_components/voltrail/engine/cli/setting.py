"""``voltrail set``: giving orders, and seeing to it that they stay in force."""

import argparse
import asyncio
import difflib
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, Never

from ..devices.family import Family
from ..library import kept_alive
from ..model.controls import ButtonControl, Control, NumberControl, SelectControl, SwitchControl
from ..model.errors import NotNowError, ReadOnlyError, VoltrailError
from ..polling.keep_alive import KeepAlive
from ..polling.polled_device import PolledDevice
from .approach import Approach, number, yes_or_no
from .console import Console
from .errors import CommandError, Status, UsageError
from .reading import Outage
from .report import control_object, identity_object, value_of
from .rounds import Rounds
from .table import control_words

_PRESS: Final = "press"

_WATCHDOG: Final = "communication_timeout"
"""What every brand calls the time after which a charger believes itself alone."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """A control, and what it is to be set to."""

    control: Control
    asked: str
    carry_out: Callable[[], Awaitable[None]]


async def change(arguments: argparse.Namespace, console: Console) -> int:
    """Carry orders out, one after the other."""
    wanted = tuple(path for path, _ in arguments.assignments)
    approach = replace(Approach.of(arguments), wanted=wanted)
    async with approach.meet(console) as device:
        if arguments.hold:
            # Life signs go ahead of everything else: a device may be counting already.
            async with kept_alive(device, on_change=partial(_tell, console)) as lifelines:
                await _carry_out(approach.family, device, arguments, console)
                await _hold(device, lifelines, console)
        else:
            orders = await _carry_out(approach.family, device, arguments, console)
            _warn(device, orders, console)
    return Status.DONE


async def _carry_out(
    family: Family, device: PolledDevice, arguments: argparse.Namespace, console: Console
) -> list[Order]:
    with console.progress(f"reading {device.identity.model}"):
        await device.update()
    # All of them are looked at before the first one is carried out.
    orders = [_order(family, device, *assignment) for assignment in arguments.assignments]
    for order in orders:
        with _naming(order.control.path):
            await order.carry_out()
    await _read_back(device, orders)
    _report(family, device, orders, console, as_json=arguments.json)
    return orders


def _warn(device: PolledDevice, orders: list[Order], console: Console) -> None:
    """Say if the device will go its own way once no program speaks to it."""
    if all(isinstance(order.control, ButtonControl) for order in orders):
        # A button is pressed once; nothing of it has to be kept in force.
        return
    if any(True for _ in device.keep_alives()):
        console.note("without --hold this device drops set-points after a while; settings stay")
        return
    for reading in device.readings():
        if reading.name == _WATCHDOG and (seconds := value_of(device, reading)):
            console.note(
                f"after {seconds:g} s without a request, this device falls back "
                "to its safe current: --hold keeps the order in force"
            )
            return


# -- understanding orders ------------------------------------------------------


def _order(family: Family, device: PolledDevice, path: str, text: str) -> Order:
    control = _find(family, device, path)
    with _naming(path):
        _check_usable(device, control)
        return Order(control=control, asked=text, carry_out=_verb(control, text))


@contextmanager
def _naming(path: str) -> Iterator[None]:
    """Say with which of several orders something went wrong."""
    try:
        yield
    except VoltrailError as err:
        msg = f"{path}: {err}"
        raise CommandError(msg) from err


def _find(family: Family, device: PolledDevice, path: str) -> Control:
    try:
        return device.control(path)
    except KeyError:
        known = [control.path for control in device.controls()]
        near = difflib.get_close_matches(path, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there is {_listed(known)}"
        msg = f"this device has no control {path}: {hint}"
        if family.option_fields:
            # Some controls are only there once their owner has allowed them.
            options = _listed(field.key for field in family.option_fields)
            msg = f"{msg}; what there is depends on --option, with {options}"
        raise UsageError(msg) from None


def _check_usable(device: PolledDevice, control: Control) -> None:
    """Refuse what the device would not take now, with the reason if it is known."""
    for name in sorted(device.serving(control.depends_on, control.part)):
        if name in device.failures:
            raise device.failures[name]
    if control.usable():
        return
    if any(problem.key == ReadOnlyError.key for problem in device.problems()):
        raise ReadOnlyError
    raise NotNowError(reason=f"{control.path} cannot be used in the device's present state")


def _verb(control: Control, text: str) -> Callable[[], Awaitable[None]]:
    """Return the order for a value; out of bounds it is refused here and now."""
    match control:
        case NumberControl():
            value = number(control.path, text)
            control.bounds().accept(value)
            return partial(control.write, value)
        case SwitchControl():
            return partial(control.write, yes_or_no(control.path, text))
        case SelectControl():
            return partial(control.write, _choice(control, text))
        case ButtonControl():
            if text.lower() != _PRESS:
                msg = f"{control.path} is a button: {control.path}={_PRESS}"
                raise UsageError(msg)
            return control.press


def _choice(control: SelectControl[Any], text: str) -> Any:
    choices = {choice.name.lower(): choice for choice in control.options}
    if (choice := choices.get(text.lower())) is None:
        msg = f"{control.path} is one of {_listed(choices)}, not {text}"
        raise UsageError(msg)
    return choice


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


# -- what came of them ---------------------------------------------------------


async def _read_back(device: PolledDevice, orders: list[Order]) -> None:
    # A button holds nothing, and the device may be restarting because of it.
    held = [order.control for order in orders if not isinstance(order.control, ButtonControl)]
    if held:
        depends_on = {name for one in held for name in device.serving(one.depends_on, one.part)}
        await device.refresh(sorted(depends_on))


def _report(
    family: Family,
    device: PolledDevice,
    orders: list[Order],
    console: Console,
    *,
    as_json: bool,
) -> None:
    if as_json:
        console.json(
            {
                "family": family.key,
                "identity": identity_object(device.identity),
                "controls": {
                    order.control.path: control_object(device, order.control) for order in orders
                },
            },
            indent=2,
        )
        return
    for order in orders:
        if isinstance(order.control, ButtonControl):
            console.line(f"{order.control.path}  pressed")
        else:
            now = control_words(device, order.control).partition("  ")[0]
            console.line(f"{order.control.path}  {now}  (asked for {order.asked})")


# -- keeping them in force -----------------------------------------------------


def _tell(console: Console, alive: KeepAlive) -> None:
    state = "does not get through" if alive.failures else "gets through again"
    console.note(f"the {alive.name} {state}")


async def _hold(
    device: PolledDevice, lifelines: Iterable[asyncio.Task[None]], console: Console
) -> Never:
    """Poll, and bring the device back to what it was told, until interrupted."""
    console.note("holding until interrupted: Ctrl-C ends")
    rounds = Rounds(device, everything=False)
    outage = Outage(console)
    while True:
        await asyncio.sleep(device.options.scan_interval)
        for lifeline in lifelines:
            if lifeline.done():
                # They end with us and never before.
                lifeline.result()
        try:
            await rounds.poll()
            await device.reconcile()
        except VoltrailError as err:
            outage.tell(err)
        else:
            outage.over()
