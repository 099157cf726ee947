"""The GX, and everything behind it."""

import asyncio
import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, override

from modbus_connection import (
    GatewayPathUnavailableError,
    GatewayTargetError,
    IllegalDataAddressError,
    ModbusError,
    ModbusExceptionError,
)
from modbus_connection.model import Component

from ...charging.charger_device import ChargerDevice
from ...model.controls import ButtonControl, Control, NumberControl, shown
from ...model.errors import NotNowError, UnknownDeviceError
from ...model.explaining import explained, explaining
from ...model.options import Options
from ...model.parts import Identity, Part
from ...model.points import Quantity, Tier
from ...polling.keep_alive import KeepAlive
from ...polling.polled_device import (
    Cadence,
    Problem,
    RawRegisters,
    Reading,
    UnitSource,
)
from .absence import SECOND_LOOK, Absences
from .component import GxComponent, Place
from .energy import LARGEST_POWER, EnergyStore
from .finding import BEHIND, GX_UNIT, DiscoveredService
from .identities import MANUFACTURER, KnownIdentities
from .known_services import KnownServices
from .searcher import LATER, PROBES_LATER, Searcher, hints
from .server import OLDEST, Server, find_out
from .service import Block, Service, readable
from .service_device import ServiceDevice
from .services import BY_KEY
from .services.settings import SETTINGS, Ess, SystemName, require_external_control
from .services.system import SYSTEM, Gx, System
from .setpoints import DEFAULT_DURATION, DURATION_BOUNDS, SetpointKeeper
from .write_limits import WriteLimits
from .writing import Pause, Writer

MISMATCH: Final = 1.3
"""How far a battery may be outside of its own voltages. One of 12, 24 or 48 V that is taken for
another is off by more, also when it is full and the other one is empty."""

AWAY: Final = (GatewayPathUnavailableError, GatewayTargetError)
"""How the GX says that there is no such device, and a gateway that no device answers."""

FINDINGS: Final = ("server", "identities", "services", "search", "asked")
"""What of the stored state says what there is."""

_OF_THE_GX: Final = ("system", "settings", "hub4")
"""Services that are the GX itself rather than hardware behind it."""


class VictronGx(ChargerDevice):
    """A GX at its Modbus TCP server."""

    def __init__(self, units: UnitSource, _unit_id: int, options: Options | None = None) -> None:
        # The GX itself answers at this one, whatever unit id a form says.
        super().__init__(units, GX_UNIT, options)
        self.write_limits = WriteLimits.chosen(self.options.extra)
        self.writer = Writer(
            look=self.look,
            meet=self.meet,
            away=lambda name: self._absences.known(self._group(name)),
            clock=self.now,
            pause=self._wait,
        )
        self.keeper = SetpointKeeper(self.writer, self.refresh_now, self._spare, self.now)
        self.energy = EnergyStore(self.now, self.options.scan_interval, self.keep_memory)
        self.last_limits: dict[str, float] = {}
        """The limits that were in force before they were switched off."""
        self.server = Server(version=OLDEST)
        self._next_server: Server | None = None
        self.searcher = Searcher(self.unit, self._wait)
        self._devices: list[ServiceDevice] = []
        self._known = KnownServices(self.options.extra)
        self._set_up: tuple[DiscoveredService, ...] | None = None
        self._searching = asyncio.Lock()
        self._search_on_at = math.inf
        self._absences = Absences(self.now)
        self._returned: set[str] = set()
        self._identities = KnownIdentities()
        self._memory: dict[str, Any] = {}

    pause: Pause = staticmethod(asyncio.sleep)
    """Waits; tests put their own in its place."""

    async def _wait(self, seconds: float) -> None:
        await self.pause(seconds)

    def now(self) -> float:
        """The present moment on the event loop's clock."""
        return asyncio.get_running_loop().time()

    # -- meeting it ------------------------------------------------------------

    @override
    async def _async_setup(self) -> None:
        due = self._known.search_due
        self._search_on_at = self.now() + LATER
        gx = await self._meet_gx()
        if not gx.portal_id or not gx.portal_id.isalnum():
            raise UnknownDeviceError(found="a device without a VRM portal id")
        self._devices = system, settings = [
            ServiceDevice(self, DiscoveredService.at(service.key, GX_UNIT), None)
            for service in (SYSTEM, SETTINGS)
        ]
        for device in self._devices:
            for block in BY_KEY[device.found.service].blocks:
                self._add(device, block, gx if block.component is Gx else None)
        self.answered.add(system.names[Gx])
        if (name := settings.get(SystemName)) is not None:
            await self._identify_block(settings.names[SystemName], name)
        if not due:
            await self._set_up_devices()

    async def _meet_gx(self) -> Gx:
        """Find out which server runs there, and who the GX is."""
        # The request for a search follows a change, maybe of the firmware.
        stored = (
            None
            if self._known.search_requested
            else Server.remembered(self._memory.get("server", {}))
        )
        if stored is not None:
            try:
                gx = await self._read_gx(stored)
            except IllegalDataAddressError:
                # An older firmware was installed.
                stored = None
            else:
                if gx.firmware_told == stored.firmware:
                    return gx
        gx = await self._read_gx(await find_out(self.modbus_unit))
        self.keep_memory()
        return gx

    async def _read_gx(self, server: Server) -> Gx:
        self.server = server
        gx = Gx(self._place(SYSTEM, GX_UNIT))
        await gx.async_update(notify=False)
        return gx

    def _place(self, service: Service, unit_id: int, owner: str = "") -> Place:
        return Place(
            unit=self.unit(unit_id),
            unit_id=unit_id,
            server=self.server.version,
            ranges=readable(service, self.server.version, owner),
            write_limits=self.write_limits,
            seen=self.keep_memory,
        )

    def _build(self, found: DiscoveredService, block: Block) -> GxComponent:
        service = BY_KEY[found.service]
        return block.component(self._place(service, found.unit_id, block.owner))

    def _add(
        self, device: ServiceDevice, block: Block, component: GxComponent | None = None
    ) -> None:
        """Add a block of a device, unless the firmware has nothing of it."""
        component = component or self._build(device.found, block)
        if not component.resolved_fields:
            return
        name = block.name if device.part is None else f"{device.part.key}_{block.name}"
        self.add(block.name, component, block.cadence, part=device.part)
        device.own(block.name, name, component)
        component.counters_seen.update(self._memory.get("seen", {}).get(name, ()))

    async def _identify_block(self, name: str, component: GxComponent) -> ModbusError | None:
        """Read an identity; return why it was refused."""
        try:
            await component.async_update(notify=False)
        except ModbusExceptionError as err:
            return err
        self.answered.add(name)
        return None

    async def _set_up_devices(self) -> None:
        """Set up the devices behind the GX; one that is away is set up like the others."""
        known = self._known.devices
        # Everything that can fail comes first: a link that is lost on the way leaves nothing
        # half done.
        identities = [await self._meet_part(found) for found in known]
        self._set_up = known
        for found, identity in zip(known, identities, strict=True):
            device = ServiceDevice(self, found, self._part(found))
            for block in BY_KEY[found.service].blocks:
                self._add(device, block, identity if block.cadence is Cadence.IDENTITY else None)
            self._devices.append(device)
        # Only now: what is worked out depends on which devices there are.
        for device in self._devices:
            if device.names:
                service = BY_KEY[device.found.service]
                for view in service.views(device):
                    self.add_view(view, part=device.part)
                if service.point is not None:
                    device.point = service.point(device)
                    self.take_up(device.point)

    async def _meet_part(self, found: DiscoveredService) -> GxComponent | None:
        """Ask a device who it is; None if this firmware lets no device of its type say so."""
        for block in BY_KEY[found.service].blocks:
            if block.cadence is Cadence.IDENTITY:
                identity = self._build(found, block)
                if identity.resolved_fields:
                    err = await self._identify_block(f"{found.key}_{block.name}", identity)
                    if err is None:
                        self._identities.note(found.key, identity)
                    else:
                        self._absences.note(found.key, err)
                    return identity
        return None

    def _part(self, found: DiscoveredService) -> Part | None:
        """Return the part that a device is, with what it said of itself last."""
        if found.service in _OF_THE_GX:
            return None
        return Part(
            key=found.key,
            word=found.service,
            # As the GX lists it: two chargers without names are told apart by it.
            number=found.unit_id,
            identity=self._identities.identity(found.key, BY_KEY[found.service].title),
        )

    # -- finding what is there -------------------------------------------------

    async def ensure_found(self) -> None:
        """Search for devices if that is due, and set up what there is."""
        await self.identify()
        if self._set_up is not None:
            return
        async with self._searching:
            if self._set_up is None:
                if self._known.search_due:
                    await self._search()
                with explaining():
                    await self._set_up_devices()
                self.keep_memory()

    async def search_again(self) -> None:
        """Search for devices that are not known yet, and look at the firmware again.

        The owner sees the layout change and sets everything up once more.
        """
        await self.ensure_found()
        async with self._searching:
            with explaining():
                # Firmware before 1.0.53 cannot tell its version, so that an update of it is
                # not noticed by itself.
                self._next_server = await find_out(self.modbus_unit)
            await self._search()

    async def _search(self) -> None:
        await self.refresh_now("main")
        search = await self.searcher.search(
            lambda: self._known.search(self._types(), hints(self._devices[0].the(System)))
        )
        self._known.add(search)
        self.keep_memory()

    async def _search_on(self) -> None:
        """Ask for a few of the places that the search left out; the owner sees what is found."""
        if not self._known.unfinished or self.now() < self._search_on_at:
            return
        async with self._searching:
            self._search_on_at = self.now() + LATER
            search = self._known.rest(self._types(), PROBES_LATER)
            await self.searcher.carry_out(search)
            self._known.add(search)
        self.keep_memory()

    def _types(self) -> list[str]:
        return [key for key in BEHIND if BY_KEY[key].since <= self.server.version]

    @override
    def narrow(self, paths: Collection[str]) -> None:
        self._known.narrow(path.partition("/")[0] for path in paths)

    @override
    def dump_findings(self) -> dict[str, Any]:
        state = self.dump_state()
        return {key: state[key] for key in FINDINGS if key in state}

    @override
    def restore_findings(self, findings: Mapping[str, Any]) -> None:
        self.restore_state({key: findings[key] for key in FINDINGS if key in findings})

    def has(self, service: str) -> bool:
        """Whether there is a device of this type."""
        return any(device.service == service for device in self._set_up or ())

    # -- polling ---------------------------------------------------------------

    @override
    async def poll(self, cadence: Cadence, wanted: Collection[str] | None = None) -> None:
        await self.ensure_found()
        await super().poll(cadence, wanted)
        await self._identify_returned()
        if cadence is Cadence.SETTINGS:
            await self._search_on()

    @override
    async def read_raw(self, *, private: bool = True) -> tuple[RawRegisters, dict[str, str]]:
        await self.ensure_found()
        return await super().read_raw(private=private)

    async def meet(self) -> None:
        """Make sure, after the link was lost, that it is still the same GX."""
        await self.poll(Cadence.IDENTITY, ())

    async def look(self, *names: str) -> None:
        """Read components for an order, also of hardware that is left alone for now."""
        for name in names:
            self._absences.end_pause(self._group(name), name)
        await self.refresh_now(*names)

    async def refresh_now(self, *names: str) -> None:
        """Read components now; raise if one of them fails."""
        await self.refresh(names)
        for name in names:
            if name in self.failures:
                raise self.failures[name]

    @override
    async def _read(self, name: str) -> ModbusError | None:
        group = self._group(name)
        if (reason := self._absences.reason(group, name)) is not None:
            # Noted as failed at once: a second chance would be one more error on the GX.
            self.failures[name] = explained(reason)
            return reason
        waited, known = self._absences.known(group), self._absences.known(group, name)
        err = await super()._read(name)
        if waited and isinstance(err, AWAY):
            await self._wait(SECOND_LOOK)
            err = await super()._read(name)
        elif not known and isinstance(err, (*AWAY, IllegalDataAddressError)):
            # It was there a moment ago.
            err = await super()._read(name)
        if isinstance(err, AWAY):
            self._absences.note(group, err)
            self.failures[name] = explained(err)
        elif isinstance(err, IllegalDataAddressError):
            # The firmware is another one: treated like hardware that is away, until it is looked
            # at again.
            self._absences.note(name, err)
            self.failures[name] = explained(err)
        elif err is None:
            if self._absences.over(group):
                self._returned.add(group)
            self._absences.over(name)
        return err

    async def _spare(self, name: str) -> None:
        """Refuse to ask hardware that is left alone for now; see first whether it is back."""
        group = self._group(name)
        if (reason := self._absences.reason(group)) is not None:
            raise explained(reason)
        if self._absences.known(group):
            await self.refresh_now(name)

    def _group(self, name: str) -> str:
        part = self._slots[name].part
        return name if part is None else part.key

    async def _identify_returned(self) -> None:
        """Read the identity of hardware that was away from the start."""
        while self._returned:
            name = f"{self._returned.pop()}_identity"
            if name in self._slots and name not in self.answered:
                await self.refresh((name,))

    # -- what it says ----------------------------------------------------------

    @property
    @override
    def largest_power(self) -> float:
        # It counts for the house, and not only for its chargers.
        return LARGEST_POWER

    @property
    @override
    def identity(self) -> Identity:
        gx, name = self._devices[0].the(Gx), self._devices[1].get(SystemName)
        return Identity(
            manufacturer=MANUFACTURER,
            model="GX",
            serial=gx.portal_id,
            firmware=gx.firmware,
            name=(name.system_name or None) if name is not None else None,
        )

    @override
    def serves(self, component: Component, name: str) -> bool:
        assert isinstance(component, GxComponent), "the GX has no other ones"
        # A derived value goes with the register that it is worked out from.
        return super().serves(component, component.served_with.get(name, name))

    @override
    def readings(self) -> Iterator[Reading]:
        for reading in super().readings():
            yield self._without_missing(reading)

    def _without_missing(self, reading: Reading) -> Reading:
        """Give what was never there, such as a second phase, the tier that hides it."""
        (name, *others) = reading.components
        component = self._slots[name].component
        if (
            others
            or name not in self.answered
            or not isinstance(component, GxComponent)
            or not component.missing(reading.name, reading.point.phase)
        ):
            return reading
        return replace(reading, point=replace(reading.point, tier=Tier.EXPERT))

    @override
    def controls(self) -> Iterator[Control]:
        yield ButtonControl(key="search_devices", tier=Tier.DETAIL, press=self.search_again)
        if self.write_limits.write and self.write_limits.ac_power is not None:
            yield NumberControl(
                key="setpoint_duration",
                tier=Tier.DETAIL,
                quantity=Quantity.DURATION,
                bounds=lambda: DURATION_BOUNDS,
                read=lambda: self.keeper.duration,
                write=self._set_duration,
            )
        for device in self._devices:
            if device.names:
                yield from BY_KEY[device.found.service].controls(device)

    async def _set_duration(self, seconds: float) -> None:
        self.keeper.duration = DURATION_BOUNDS.accept(seconds)
        self.keep_memory()

    def keep_limit(self, key: str, value: float) -> None:
        """Remember a limit that is switched off now."""
        self.last_limits[key] = value
        self.keep_memory()

    @override
    def keep_alives(self) -> Iterable[KeepAlive]:
        return (self.keeper,) if self.write_limits.write else ()

    @override
    def problems(self) -> Iterator[Problem]:
        yield from super().problems()
        if self.writer.refused:
            yield Problem(key="writing_refused", details={})

    @property
    @override
    def essential(self) -> frozenset[str]:
        # What is added up from power, and the mode that decides what may be set.
        names = {"main", "ess"} if self.write_limits.write else {"main"}
        for point in self._points:
            if point.asked:
                names |= self.serving(point.current_depends_on, point.part)
        return frozenset(names)

    @property
    @override
    def layout(self) -> object:
        firmware = self._devices[0].the(Gx).firmware_told
        phases = tuple(
            slot.component.phases_known
            for slot in self._slots.values()
            if isinstance(slot.component, GxComponent)
        )
        return self._known.devices, firmware, self._next_server or self.server, phases

    @override
    def forget(self, part_key: str) -> bool:
        # Settings and names are asked too seldom to tell.
        answers = any(
            slot.part is not None and slot.part.key == part_key and self.available((name,))
            for name, slot in self._slots.items()
            if slot.cadence is Cadence.MEASUREMENTS
        )
        if answers or not self._known.forget(part_key):
            return False
        self.keep_memory()
        return True

    # -- external control ------------------------------------------------------

    @property
    def external_control(self) -> bool:
        """Whether ESS leaves the inverters to others, as far as known."""
        return self._devices[1].the(Ess).external

    async def require_external_control(self) -> None:
        """Refuse unless ESS leaves the inverters to others."""
        await require_external_control(self._devices[1])

    # -- the battery -----------------------------------------------------------

    async def require_fitting_battery(self) -> None:
        """Refuse if the battery cannot be the one that was chosen in the options."""
        limits, volts = self.write_limits.dc_voltage, self._devices[0].the(System).battery_voltage
        if limits is None or not volts:
            return
        low, high = limits
        if not low / MISMATCH <= volts <= high * MISMATCH:
            raise NotNowError(
                reason=f"the battery has {shown(volts)} V, which the voltages in the options"
                f" ({shown(low)} to {shown(high)} V) are not meant for"
            )

    # -- memory ----------------------------------------------------------------

    @override
    def dump_state(self) -> dict[str, Any]:
        seen = dict(self._memory.get("seen", {}))
        for name, slot in self._slots.items():
            if isinstance(slot.component, GxComponent) and slot.component.counters_seen:
                seen[name] = sorted(slot.component.counters_seen)
        points = {point.part.key: point.dump_state() for point in self._points if point.part}
        return {
            **points,
            "server": (self._next_server or self.server).dump_state(),
            "identities": self._identities.dump_state(),
            "seen": seen,
            "energy": self.energy.dump_state(),
            "limits": self.last_limits,
            "setpoint_duration": self.keeper.duration,
            **self._known.dump_state(),
        }

    @override
    def restore_state(self, memory: Mapping[str, Any]) -> None:
        super().restore_state(memory)
        self._memory = dict(memory)
        self._known.restore_state(memory)
        self._identities.restore_state(memory.get("identities", {}))
        self.energy.restore_state(memory.get("energy", {}))
        self.last_limits = dict(memory.get("limits", {}))
        self.keeper.duration = float(memory.get("setpoint_duration", DEFAULT_DURATION))
