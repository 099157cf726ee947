"""The base that every polled device builds on."""

import asyncio
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Literal, override

from modbus_connection import ModbusConnectionError, ModbusError, ModbusTimeoutError, ModbusUnit
from modbus_connection.model import Component, Device, read_optional

from ..model.controls import Control
from ..model.errors import (
    DeviceSilentError,
    ForbiddenRegisterError,
    LinkDownError,
    VoltrailError,
    WrongDeviceError,
)
from ..model.explaining import explained, explaining
from ..model.options import Options
from ..model.parts import Identity, Part
from ..model.points import Declared, Value, points_of
from ..model.registers import Register, described
from ..model.texts import legible
from ..transport.careful_unit import SCREEN, CarefulUnit
from .base_device import BaseDevice, Problem, Reading, named
from .plausibility import DoubtfulAnswerError, Plausibility
from .trouble import Level, Trouble

type UnitSource = Callable[[int], ModbusUnit]
"""Gives the Modbus unit with an id, on the link that leads to the device."""

type RegisterSpace = Literal["holding", "input"]

type RawRegisters = dict[int, dict[str, dict[int, int | bool]]]
"""Raw registers by unit id, address space and address: what a dump holds."""


class Cadence(StrEnum):
    """How often a component is read."""

    MEASUREMENTS = "measurements"
    """Every few seconds."""
    SETTINGS = "settings"
    """Every minute, and as soon as the measurements hint at a change."""
    IDENTITY = "identity"
    """When the device is first met, and again after the link was lost."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Slot:
    """A component, and what the device knows about it."""

    component: Component
    cadence: Cadence
    part: Part | None
    unit_id: int


class PolledDevice(BaseDevice, Device):
    """A device that is polled over Modbus.

    A family adds its components (what is read) and views (objects that work values out
    of several components), and yields controls. It never talks to a user interface.
    """

    request_timeout: ClassVar[float] = 5.0
    """Seconds to wait for one answer; asked of the link."""

    heard_by_life_signs: ClassVar[bool] = False
    """Whether a life sign tells at once that the device is back, so that polls can wait."""

    identity_interval: ClassVar[float] = math.inf
    """Seconds after which the identity is read again, along with the settings."""

    never_read: ClassVar[frozenset[int]] = frozenset()
    """Registers that must never be read, not even for a dump of all of them."""

    def __init__(self, units: UnitSource, unit_id: int, options: Options | None = None) -> None:
        self.prepare(options)
        self.unit_id = unit_id
        self._units = units
        self._slots: dict[str, _Slot] = {}
        self._views: list[tuple[object, Part | None]] = []
        self._held: dict[int, CarefulUnit] = {}
        self._turns = asyncio.Lock()
        self._removers: list[Callable[[], None]] = []
        # Counted, and not only noted: a link can be lost again while the device is being met.
        self._losses = 0
        self._met_after = 0
        self._identity_due = math.inf
        self._silent = False
        self.trouble = Trouble(lambda: self.title)
        """What the log is told of failures."""
        self.stranger = False
        """Whether another device than the expected one was met last."""
        self.answered: set[str] = set()
        """Components that have been read at least once."""
        self._received: dict[str, float] = {}
        self._plausibility = Plausibility(_now, lambda: self.largest_power)
        self._doubted: set[str] = set()
        super().__init__(self.unit(unit_id))

    # -- what a family tells ---------------------------------------------------

    @property
    def essential(self) -> frozenset[str]:
        """The components that are polled even if no entity shows them."""
        return frozenset()

    @property
    def busy(self) -> bool:
        """Whether an order is under way, which must be seen through before it is let go of."""
        return False

    @property
    def largest_power(self) -> float:
        """More than the device can ever carry, in W: no counter of it grows faster."""
        return 1_000_000.0

    @property
    def attention(self) -> object:
        """A value whose change means that the settings should be read again at once."""
        return None

    @property
    def closes_links(self) -> bool:
        """Whether the device closes each link after a while by its own rule.

        That is no failure: a poll that it cuts begins again.
        """
        return False

    @property
    def shortest_interval(self) -> float:
        """Seconds between two polls at the least, whatever the options say."""
        return 0.0

    @property
    def identifying(self) -> tuple[str, ...]:
        """The components that show whether it is still the same device."""
        # Hardware behind a gateway may be away, and says nothing about who the gateway is.
        return tuple(
            name for name in self.names(Cadence.IDENTITY) if self._slots[name].part is None
        )

    def narrow(self, paths: Collection[str]) -> None:
        """Say that these values and controls are wanted and no others; before it is identified.

        A device that has to search for what belongs to it then searches for no more than that.
        """

    def dump_findings(self) -> dict[str, Any]:
        """Return what took long to find out and rarely changes; a short-lived program keeps it."""
        return {}

    def restore_findings(self, findings: Mapping[str, Any]) -> None:
        """Take back what :meth:`dump_findings` returned; before the device is identified."""

    async def reconcile(self) -> None:
        """Bring the device back to what its user asked for, if it was away meanwhile.

        Called after a poll; a program that only reads never calls it.
        """

    @override
    def controls(self) -> Iterable[Control]:
        return ()

    @override
    def control(self, path: str) -> Control:
        return named(self.controls(), path)

    # -- building --------------------------------------------------------------

    def unit(self, unit_id: int) -> ModbusUnit:
        """Return a unit on this device's link, and watch the link from now on."""
        known = self._held.get(unit_id)
        if known is not None:
            return known.as_unit()
        careful = self._held[unit_id] = CarefulUnit(
            self._units(unit_id), turns=self._turns, dropped=self._link_lost
        )
        unit = careful.as_unit()
        unit.require_timeout(self.request_timeout)
        self._removers.append(unit.on_connection_lost(self._link_lost))
        return unit

    def space_requests(self, unit_id: int, gap: float) -> None:
        """Leave so many seconds between two requests to a unit."""
        self._held[unit_id].gap = gap

    def add[C: Component](
        self, name: str, component: C, cadence: Cadence, *, part: Part | None = None
    ) -> C:
        """Add a component under a name that is unique in the device."""
        if part is not None:
            name = f"{part.key}_{name}"
        # The base class polls by attribute name.
        setattr(self, name, component)
        self._slots[name] = _Slot(
            component=component,
            cadence=cadence,
            part=part,
            unit_id=getattr(component, "unit_id", self.unit_id),
        )
        return component

    async def add_optional[C: Component](
        self, name: str, component: C, cadence: Cadence, *, part: Part | None = None
    ) -> C | None:
        """Add a component if the device serves it.

        A single refusal may be a passing one; what is refused twice is not there.
        """
        if await read_optional(component) is None and await read_optional(component) is None:
            return None
        added = self.add(name, component, cadence, part=part)
        self.answered.add(name if part is None else f"{part.key}_{name}")
        return added

    def add_view(self, view: object, *, part: Part | None = None) -> None:
        """Add an object whose derived values belong to the device."""
        self._views.append((view, part))

    @override
    def close(self) -> None:
        """Stop watching the link."""
        while self._removers:
            self._removers.pop()()

    def _link_lost(self) -> None:
        # What answers after this may be another device: addresses get reused.
        self._losses += 1

    # -- asking ----------------------------------------------------------------

    async def identify(self) -> Identity:
        """Ask the device who it is, and find out what it serves."""
        if self._setup_done:
            return self.identity
        with explaining():
            await self.async_ensure_setup()
        self._identity_due = _now() + self.identity_interval
        self._check_fingerprint()
        return self.identity

    def _check_fingerprint(self) -> None:
        found = self.fingerprint
        if self.expected is None:
            self.expected = found
        self.stranger = self.expected != found
        if self.stranger:
            # Asked again at the next poll: the right one may come back.
            self._losses += 1
            raise WrongDeviceError(expected=self.expected, found=found)

    def names(self, cadence: Cadence) -> tuple[str, ...]:
        """Return the names of the components of one cadence, in reading order."""
        return tuple(name for name, slot in self._slots.items() if slot.cadence is cadence)

    async def poll(self, cadence: Cadence, wanted: Collection[str] | None = None) -> None:
        """Read the components of one cadence; of these, only the wanted ones.

        One failing component is noted in :attr:`failures` and does not stop the others.
        Raises a :class:`VoltrailError` if the link is down or the device does not answer.
        """
        try:
            await self._poll_over_links(cadence, wanted)
        except (LinkDownError, DeviceSilentError) as err:
            self._silent = isinstance(err, DeviceSilentError)
            self.trouble.note(Level.GONE, err)
            await self._let_go()
            raise
        except VoltrailError as err:
            self.trouble.note(Level.GONE, err)
            raise
        self._silent = False
        # A mere doubt comes last: a person has nothing to do about it.
        failed = min(self.failures, key=lambda name: name in self._doubted, default=None)
        if failed is None:
            self.trouble.note(Level.WELL)
        else:
            level = Level.DOUBTFUL if failed in self._doubted else Level.PARTLY
            self.trouble.note(level, f"{failed} failed: {self.failures[failed]}")

    async def _poll_over_links(self, cadence: Cadence, wanted: Collection[str] | None) -> None:
        try:
            await self._poll(cadence, wanted)
        except LinkDownError:
            if not self.closes_links:
                raise
            await self._poll(cadence, wanted)

    async def _let_go(self) -> None:
        """Drop a link on which nothing came back, so that the next poll opens a new one.

        Some devices go away without closing the connection, and never know it again. And some
        libraries hand out a link for open that was closed while they opened it.
        """
        for unit in self._held.values():
            await unit.let_go()

    async def _poll(self, cadence: Cadence, wanted: Collection[str] | None) -> None:
        await self.identify()
        if self._losses != self._met_after:
            await self._meet_again()
        names = self.names(cadence)
        due = cadence is Cadence.SETTINGS and _now() >= self._identity_due
        if due:
            names += self.names(Cadence.IDENTITY)
        if wanted is not None:
            # Who it is counts even if no entity shows it.
            keep = self.essential.union(wanted, self.identifying if due else ())
            names = tuple(name for name in names if name in keep)
        await self.refresh(names)
        if due:
            self._identity_due = _now() + self.identity_interval
            if not self.failures.keys() & set(self.identifying):
                # Behind a gateway a device can be exchanged without any link being lost.
                self._check_fingerprint()

    async def update(self) -> None:
        """Read everything now; what could not be read is in :attr:`failures`."""
        for cadence in Cadence:
            await self.poll(cadence)

    @override
    async def refresh(self, names: Iterable[str]) -> None:
        """Read the named components now.

        A component that fails for the first time gets a second chance at once; one that
        has been failing does not, so that it cannot slow every poll down.
        """
        names = tuple(names)
        again: list[tuple[str, ModbusError]] = []
        heard = False
        for name in names:
            err = await self._read(name)
            if err is not None:
                again.append((name, err))
            if not isinstance(err, ModbusTimeoutError):
                heard = True
            elif not heard and len(again) == (1 if self._silent else 2):
                # Two that time out with nothing heard before: the device is gone, and
                # asking for the rest would only add up time-outs. One is enough to see that
                # it still is.
                raise DeviceSilentError from err
        for name, err in again:
            await self._try_again(name, err, heard=heard)
        for name in names:
            if name not in self.failures:
                self._slots[name].component.notify()

    async def read_now(self, *names: str) -> None:
        """Read the named components now, or raise why one of them cannot be read."""
        await self.refresh(names)
        for name in names:
            if (failure := self.failures.get(name)) is not None:
                raise failure

    async def _try_again(self, name: str, first: ModbusError, *, heard: bool) -> None:
        # A doubtful answer has been read again already.
        known = name in self.failures or isinstance(first, DoubtfulAnswerError)
        err = first if known else await self._read(name)
        if err is None:
            return
        if isinstance(err, ModbusTimeoutError) and not heard:
            # It was the only one that was asked.
            raise DeviceSilentError from err
        self.failures[name] = explained(err)
        if isinstance(err, DoubtfulAnswerError):
            self._doubted.add(name)

    async def _read(self, name: str) -> ModbusError | None:
        """Read a component; what cannot be true is read again at once."""
        err = await self._read_once(name)
        if isinstance(err, DoubtfulAnswerError):
            err = await self._read_once(name)
        if (
            isinstance(err, DoubtfulAnswerError)
            and not err.proven
            and await self._reads_well(but=name)
        ):
            self._plausibility.believe(err)
            err = await self._read_once(name)
        return err

    async def _read_once(self, name: str) -> ModbusError | None:
        component = self._slots[name].component
        token = SCREEN.set(self._plausibility.screen(name, component))
        try:
            await component.async_update(notify=False)
        except ModbusConnectionError as err:
            raise explained(err) from err
        except ModbusError as err:
            return err
        finally:
            SCREEN.reset(token)
        self._plausibility.prune(component)
        self.failures.pop(name, None)
        self._doubted.discard(name)
        self.answered.add(name)
        self._received[name] = _now()
        return None

    async def _reads_well(self, *, but: str) -> bool:
        """Whether another part of the device reads well, one that cannot be all zeros.

        True where there is no such part: then nothing speaks against a 0.
        """
        living = [
            name
            for name in self.names(Cadence.MEASUREMENTS)
            if name != but and self._plausibility.lives(self._slots[name].component)
        ]
        witness = next((name for name in living if name not in self.failures), None)
        if witness is None:
            return not living
        return await self._read_once(witness) is None

    async def _meet_again(self) -> None:
        """After the link was lost, make sure that it is still the same device."""
        losses, names = self._losses, self.identifying
        await self.refresh(names)
        for name in names:
            if name in self.failures:
                # A device that does not say who it is may be another one.
                raise self.failures[name]
        self._check_fingerprint()
        self._met_after = losses
        self.reconnected()

    def reconnected(self) -> None:
        """Take note that the device was away and is back; it may have forgotten things."""

    # -- what there is ---------------------------------------------------------

    @override
    def readings(self) -> Iterator[Reading]:
        """Yield every value of the device, components first, views after."""
        for name, slot in self._slots.items():
            for declared in points_of(type(slot.component)):
                if self.serves(slot.component, declared.name):
                    yield _reading(slot.component, slot.part, declared, frozenset({name}))
        for view, part in self._views:
            for declared in points_of(type(view)):
                components = self.serving(declared.depends_on, part)
                # Made of components that this device does not have: not a value of it.
                if components:
                    yield _reading(view, part, declared, components)

    def serves(self, component: Component, name: str) -> bool:
        """Whether a declared value exists here: a component may be restricted to less."""
        return name in component.resolved_fields or name not in component.declared_fields

    def register(self, path: str) -> Register:
        """Return where a value is read from.

        ``KeyError`` if this device has no such value; ``LookupError`` if it has, but works it
        out of others.
        """
        reading = self.reading(path)
        for name in reading.components:
            slot = self._slots[name]
            resolved = slot.component.resolved_fields.get(reading.name)
            if slot.part is reading.part and resolved is not None:
                return described(resolved, reading.point, slot.unit_id)
        msg = f"{path} is worked out from other values and has no register of its own"
        raise LookupError(msg)

    @override
    def serving(self, depends_on: Iterable[str], part: Part | None) -> frozenset[str]:
        """Return those of the needed components that this device has, by their full names."""
        prefix = "" if part is None else f"{part.key}_"
        return frozenset(prefix + need for need in depends_on if prefix + need in self._slots)

    @override
    def parts(self) -> Iterator[Part]:
        """Yield the parts of the device, each once."""
        seen: set[str] = set()
        owners = [slot.part for slot in self._slots.values()] + [part for _, part in self._views]
        for part in owners:
            if part is not None and part.key not in seen:
                seen.add(part.key)
                yield part

    @override
    def available(self, components: Iterable[str]) -> bool:
        """Whether all of these components answered when they were last asked."""
        return all(name in self.answered and name not in self.failures for name in components)

    @override
    def received(self, components: Iterable[str]) -> float | None:
        times = [self._received.get(name) for name in components]
        known = [moment for moment in times if moment is not None]
        return min(known) if known and len(known) == len(times) else None

    @property
    def silent_for(self) -> float:
        """Seconds since anything was read."""
        return _now() - max(self._received.values(), default=-math.inf)

    async def read_registers(
        self, unit_id: int, address: int, count: int, *, space: RegisterSpace = "holding"
    ) -> list[int]:
        """Read registers as they are, whether a component declares them or not."""
        for forbidden in range(address, address + count):
            if forbidden in self.never_read:
                raise ForbiddenRegisterError(address=forbidden)
        unit = self.unit(unit_id)
        read = unit.read_input_registers if space == "input" else unit.read_holding_registers
        with explaining():
            return await read(address, count)

    async def read_raw(self, *, private: bool = True) -> tuple[RawRegisters, dict[str, str]]:
        """Read every component; return the raw registers, and the failures by name.

        With ``private`` false, registers that identify a person or a place are replaced by
        the letter X, so that the dump still decodes. Raises a :class:`VoltrailError` if the
        link is down or nothing answers: each component would only add a time-out.
        """
        await self.identify()
        raw: RawRegisters = {}
        failed: dict[str, str] = {}
        heard = False
        for name, slot in self._slots.items():
            try:
                got = await slot.component.async_read_raw(notify=False)
            except ModbusConnectionError as err:
                raise explained(err) from err
            except ModbusError as err:
                failed[name] = str(explained(err))
                heard = heard or not isinstance(err, ModbusTimeoutError)
                if not heard and len(failed) == 2:
                    raise DeviceSilentError from err
                continue
            heard = True
            if not private:
                _hide_private(slot.component, got)
            spaces = raw.setdefault(slot.unit_id, {})
            for space, values in got.items():
                spaces.setdefault(space, {}).update(values)
        return raw, failed


def _reading(
    owner: object, part: Part | None, declared: Declared, components: frozenset[str]
) -> Reading:
    def read() -> Value:
        value: Value = getattr(owner, declared.name)
        return legible(value) if type(value) is str else value

    return Reading(
        name=declared.name,
        point=declared.point,
        part=part,
        components=components,
        read=read,
    )


def _hide_private(component: Component, raw: dict[str, dict[int, int | bool]]) -> None:
    for declared in points_of(type(component)):
        resolved = component.resolved_fields.get(declared.name)
        if declared.point.private and resolved is not None:
            values = raw.get(resolved.space, {})
            for address in range(resolved.address, resolved.address + resolved.count):
                if values.get(address):
                    values[address] = 0x5858


def _now() -> float:
    """The event loop's own clock, which no change of the wall clock moves."""
    return asyncio.get_running_loop().time()


__all__ = [
    "Cadence",
    "PolledDevice",
    "Problem",
    "RawRegisters",
    "Reading",
    "UnitSource",
]
