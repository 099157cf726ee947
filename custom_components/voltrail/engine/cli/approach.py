"""From the arguments to a device that has said who it is."""

import argparse
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from ..devices import family as family_of
from ..devices.family import Family, LineSettings, OptionField
from ..library import connect
from ..model.errors import DeviceSilentError, LinkDownError
from ..model.options import Options
from ..polling.polled_device import PolledDevice
from ..transport.endpoint import Endpoint, EndpointError, endpoint
from . import obstacles
from .console import Console
from .errors import NotReachedError, UsageError
from .findings import Findings

_DEFAULT_SPEED: Final = 9600
_YES: Final = frozenset({"on", "yes", "true", "1"})
_NO: Final = frozenset({"off", "no", "false", "0"})


@dataclass(frozen=True, kw_only=True)
class Approach:
    """Which device is meant, how it is reached, and what its installer decided."""

    family: Family
    endpoint: Endpoint
    unit_id: int
    options: Options
    fresh: bool = False
    """Whether to ignore what earlier commands found out."""
    wanted: tuple[str, ...] | None = None
    """The values and controls that are wanted, if not all are."""

    @classmethod
    def of(cls, arguments: argparse.Namespace, *, interval: float | None = None) -> Self:
        """Return what the arguments say; refuse what this family does not know."""
        family = family_of(arguments.family)
        if family.pushed:
            msg = (
                f"a meter of {family.key} sends by itself and cannot be asked: "
                f"voltrail listen {arguments.endpoint}"
            )
            raise UsageError(msg)
        try:
            place = endpoint(
                family,
                arguments.endpoint,
                transport=arguments.transport,
                port=arguments.port,
                line=_line(family, given_line(arguments)),
            )
        except EndpointError as err:
            raise UsageError(str(err)) from err
        return cls(
            family=family,
            endpoint=place,
            unit_id=family.unit_id if arguments.unit is None else arguments.unit,
            options=Options(
                max_current=_max_current(family, arguments.max_current),
                scan_interval=_interval(family, interval),
                extra=_extra(family, arguments.option),
            ),
            fresh=arguments.fresh,
        )

    @asynccontextmanager
    async def meet(self, console: Console) -> AsyncIterator[PolledDevice]:
        """Connect, and find out which device answers; explain it if none does."""
        known = None if self.fresh else Findings.load(self._key)
        async with AsyncExitStack() as stack:
            device = await self._connect(stack, console, known)
            if known is not None and device.fingerprint != known.fingerprint:
                # Another device has this address now, and other things belong to it.
                await stack.aclose()
                known = None
                device = await self._connect(stack, console, known)
            if known is not None:
                console.note("what was found there before is used again: --fresh looks once more")
            yield device
            self._keep(device, console, known)

    async def _connect(
        self, stack: AsyncExitStack, console: Console, known: Findings | None
    ) -> PolledDevice:
        def prepare(device: PolledDevice) -> None:
            if known is not None:
                device.restore_findings(known.found)
            if self.wanted is not None:
                device.narrow(self.wanted)

        meeting = connect(
            self.family,
            self.endpoint,
            unit_id=self.unit_id,
            options=self.options,
            prepare=prepare,
        )
        with console.progress(f"asking {self.endpoint}"):
            try:
                return await stack.enter_async_context(meeting)
            except (DeviceSilentError, LinkDownError) as err:
                reason = await obstacles.find(self.family, self.endpoint, self.unit_id, err)
                raise NotReachedError(reason) from err

    @property
    def _key(self) -> str:
        return f"{self.family.key} {self.endpoint} {self.unit_id}"

    def _keep(self, device: PolledDevice, console: Console, known: Findings | None) -> None:
        """Keep what was found out, and say so the first time."""
        found = device.dump_findings()
        if found:
            kept = Findings(fingerprint=device.fingerprint, found=found).save(self._key)
            if known is None and kept is not None:
                console.note(f"what was found there is kept for the next command in {kept}")


def given_line(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the settings of a serial line that were given."""
    return {
        name: value
        for name in ("baudrate", "bytesize", "parity", "stopbits")
        if (value := getattr(arguments, name)) is not None
    }


def _line(family: Family, given: dict[str, Any]) -> LineSettings | None:
    usual = family.line or LineSettings(baudrate=_DEFAULT_SPEED)
    return replace(usual, **given) if given else None


def _max_current(family: Family, given: float | None) -> float | None:
    if given is None:
        return None
    if not family.is_charger:
        msg = f"--max-current is for chargers, and {family.key} is none"
        raise UsageError(msg)
    if given > family.installer_maximum:
        msg = f"--max-current is at most {family.installer_maximum:g} A for {family.key}"
        raise UsageError(msg)
    return given


def _interval(family: Family, given: float | None) -> float:
    if given is None:
        return family.scan_interval
    if given < family.shortest_interval:
        msg = (
            f"--interval is at least {family.shortest_interval:g} s for {family.key}: "
            "the device or its line suffers below"
        )
        raise UsageError(msg)
    return given


def _extra(family: Family, given: list[tuple[str, str]]) -> dict[str, Any]:
    fields = {field.key: field for field in family.option_fields}
    extra: dict[str, Any] = {key: field.default for key, field in fields.items()}
    for key, text in given:
        if key not in fields:
            known = ", ".join(fields) or "none"
            msg = f"{key} is no option of {family.key}: there is {known}"
            raise UsageError(msg)
        extra[key] = _option(fields[key], text)
    return extra


def _option(field: OptionField, text: str) -> bool | float | str:
    if field.choices:
        if text not in field.choices:
            msg = f"{field.key} is one of {', '.join(field.choices)}, not {text}"
            raise UsageError(msg)
        return text
    if isinstance(field.default, bool):
        return yes_or_no(field.key, text)
    if field.check is not None:
        try:
            field.check(text)
        except ValueError as err:
            msg = f"{field.key}: {err}"
            raise UsageError(msg) from err
    if field.suggestions or field.secret:
        return text
    value = number(field.key, text)
    assert field.minimum is not None, "a number has bounds"
    assert field.maximum is not None, "a number has bounds"
    if not field.minimum <= value <= field.maximum:
        msg = f"{field.key} is from {field.minimum:g} to {field.maximum:g}, not {text}"
        raise UsageError(msg)
    return value


def yes_or_no(key: str, text: str) -> bool:
    """Return what on, off and their likes mean."""
    word = text.lower()
    if word not in _YES | _NO:
        msg = f"{key} is on or off, not {text}"
        raise UsageError(msg)
    return word in _YES


def number(key: str, text: str) -> float:
    """Return a number, in the form that people write and not only Python."""
    try:
        if text.isascii() and "_" not in text:
            return float(text)
    except ValueError:
        pass
    msg = f"{key} is a number, not {text}"
    raise UsageError(msg)
