"""The charger itself: finding out which profile it speaks, and keeping its targets."""

import asyncio
import re
from collections.abc import Callable, Iterator
from typing import ClassVar, Final, override

from modbus_connection import IllegalDataAddressError
from modbus_connection.exceptions import IllegalDataValueError, IllegalFunctionError
from modbus_connection.model import Component, string

from ...charging.charger_device import ChargerDevice
from ...charging.current_driven import CurrentDriven
from ...model.controls import Control
from ...model.errors import (
    NotNowError,
    OtherRegistersError,
    UnknownDeviceError,
    VoltrailError,
)
from ...model.options import Options
from ...model.parts import Identity
from ...polling.polled_device import Cadence, Problem, UnitSource
from . import registers_4x, registers_ecu, registers_hcc3
from .profile_4x import Profile4X
from .profile_ecu import ProfileEcu
from .profile_hcc3 import ProfileHcc3, answers_like_one, is_one
from .registers_shared import Block, Model
from .states import ControlPilot, VehicleState

type Profile = Profile4X | ProfileEcu | ProfileHcc3

REFUSED: Final = (IllegalFunctionError, IllegalDataAddressError, IllegalDataValueError)
"""The exceptions that say that there is no such register."""

HCC3_REST: Final = 1.0
"""Seconds without a request before it is asked who it is."""

HCC3_TRIES: Final = 5
HCC3_PATIENCE: Final = 3.0
"""So often and with so many seconds between it is asked while it starts."""

HCC3_INTERVAL: Final = 10.0
"""Seconds between two polls of an HCC3 at the least: more requests have overloaded one."""

SAFE_CURRENT_PATIENCE: Final = 180.0
"""Seconds in safe current after which a person is told."""

_ECU_VERSION: Final = re.compile(r"\d\.\d\d")


class _Marker(Component):
    """Two letters that only profile 4X has."""

    device_id = string(141, 1)


class MennekesTcp(ChargerDevice):
    """An AMTRON or AMEDIO charger at its Modbus TCP port."""

    request_timeout: ClassVar[float] = 4.0
    # Profile 4X hangs up when asked for them.
    never_read: ClassVar[frozenset[int]] = frozenset({730, 740})

    def __init__(self, units: UnitSource, unit_id: int, options: Options | None = None) -> None:
        super().__init__(units, unit_id, options)
        self._profile: Profile | None = None
        self._generation: Callable[[], object] = lambda: None
        self._model_text = ""
        self._timed_out_since: float | None = None

    @property
    def profile(self) -> Profile:
        """The charge point, in the register layout that the charger speaks."""
        assert self._profile is not None, "identify() first"
        return self._profile

    # -- meeting it --

    @override
    async def _async_setup(self) -> None:
        # An earlier try may have been cut short.
        self._slots.clear()
        self.answered.clear()
        # Safe on both profiles, in this order; see the reference for what must not be
        # asked for to find out.
        model = Model(self.modbus_unit)
        try:
            await model.async_update()
        except REFUSED:
            await self._set_up_unnamed()
            return
        name = (model.model or "").strip()
        if "4you" in name.lower() or "4business" in name.lower():
            await self._set_up_4x(name)
        elif name.startswith(("CC612", "CC613", "ICC1622")) or "_CC" in name:
            await self._set_up_ecu(model, name, named=True)
        elif await self._marked():
            await self._set_up_4x(name)
        else:
            await self._set_up_ecu(model, name, named=False)

    async def _marked(self) -> bool:
        marker = _Marker(self.modbus_unit)
        try:
            await marker.async_update()
        except REFUSED:
            return False
        return marker.device_id == "AM"

    async def _set_up_unnamed(self) -> None:
        """Find out which charger refuses to tell its model: an ECU before 5.22, or an HCC3.

        Both refuse it, so a refusal proves neither. Whatever fails a test of its profile is
        none of them, and nothing is ever written to find out.
        """
        # An HCC3 chokes on requests that come one right after the other.
        await asyncio.sleep(HCC3_REST)
        if await self._marked():
            raise OtherRegistersError
        if await answers_like_one(self):
            await self._set_up_hcc3()
        else:
            await self._set_up_ecu(None, "", named=False)

    async def _set_up_hcc3(self) -> None:
        profile = ProfileHcc3(self)
        for _ in range(HCC3_TRIES):
            await profile.values.async_update(notify=False)
            starting = profile.values.control_pilot is ControlPilot.INITIALISING
            if not starting or not profile.values.serial_number:
                break
            await asyncio.sleep(HCC3_PATIENCE)
        else:
            raise NotNowError(reason="the charger is starting")
        limit = registers_hcc3.Limit(self.unit(registers_hcc3.UNIT))
        await limit.async_update(notify=False)
        if not is_one(profile, limit.current):
            raise _stranger((profile.values.device_name or "").strip())
        self.answered.add("values")
        self._generation = lambda: None
        self._adopt_profile(profile, "")

    async def _set_up_4x(self, name: str) -> None:
        protocol = self.add("protocol", registers_4x.Protocol(self.modbus_unit), Cadence.IDENTITY)
        await protocol.async_update(notify=False)
        self.answered.add("protocol")
        self._generation = lambda: _has_2000s(protocol)
        profile = Profile4X(self, name, since_1_5=_has_2000s(protocol))
        await self._fit_blocks()
        if profile.leads_network:
            profile.add_network(self)
            await self._fit_blocks()
        self._adopt_profile(profile, name)

    async def _fit_blocks(self) -> None:
        """Read the blocks that were never answered whole, and cut them up if need be."""
        for name, slot in self._slots.items():
            if isinstance(slot.component, Block) and name not in self.answered:
                try:
                    await slot.component.fit()
                except IllegalDataAddressError:
                    # Its polls will tell.
                    continue
                self.answered.add(name)

    async def _set_up_ecu(self, model: Model | None, name: str, *, named: bool) -> None:
        unit = self.modbus_unit
        version = self.add("version", registers_ecu.Version(unit), Cadence.IDENTITY)
        try:
            await version.async_update(notify=False)
        except IllegalDataAddressError as err:
            raise _stranger(name) from err
        text = (version.firmware or "").strip()
        firmware = _version(text)
        # Whatever does not give a name of theirs has to give a version as they do.
        if firmware == (0, 0) or not (named or _ECU_VERSION.fullmatch(text)):
            raise _stranger(name)
        if model is None and not await self._has_registers_of_an_ecu():
            raise OtherRegistersError
        self.answered.add("version")
        await self.add_optional("protocol", registers_ecu.Protocol(unit), Cadence.IDENTITY)
        if model is not None:
            self.add("model", model, Cadence.IDENTITY)
            self.answered.add("model")
        self._generation = lambda: _version(version.firmware)
        profile = ProfileEcu(self, firmware)
        await profile.find_optional(self)
        self._adopt_profile(profile, name)

    async def _has_registers_of_an_ecu(self) -> bool:
        """Whether one that tells no model has the vehicle and the limit where an ECU has them."""
        vehicle = registers_ecu.Vehicle(self.modbus_unit)
        try:
            await vehicle.async_update(notify=False)
            await registers_ecu.Limit(self.modbus_unit).async_update(notify=False)
        except REFUSED:
            return False
        # 0 is not documented, and was seen.
        return isinstance(vehicle.vehicle_state, VehicleState) or vehicle.vehicle_state == 0

    def _adopt_profile(self, profile: Profile, model: str) -> None:
        self._model_text = model
        self._profile = profile
        self.take_up(profile)

    @property
    @override
    def identity(self) -> Identity:
        profile = self.profile
        if isinstance(profile, ProfileHcc3):
            return Identity(
                manufacturer="MENNEKES",
                model="AMTRON Xtra/Premium (HCC3)",
                serial=self._hcc3_serial,
                name=profile.values.device_name or None,
                variant="HCC3",
            )
        # The others have no serial number in their registers.
        if isinstance(self.profile, Profile4X):
            name = self._model_text or "4X"
            return Identity(
                manufacturer="MENNEKES",
                model=name if name.startswith("AMTRON") else f"AMTRON {name}",
                firmware=self.profile.station.firmware,
                name=self.profile.device_name.device_name or None,
                variant="4X",
            )
        version = self._slots["version"].component
        return Identity(
            manufacturer="MENNEKES",
            model=_ecu_model(self._model_text),
            firmware=getattr(version, "firmware", None),
            hardware=self._model_text or None,
            variant="ECU",
        )

    @property
    @override
    def fingerprint(self) -> str:
        """The model: without a serial number nothing better stays the same."""
        if isinstance(self.profile, ProfileHcc3):
            return f"HCC3 {self._hcc3_serial}"
        if isinstance(self.profile, Profile4X):
            return f"4X {(self.profile.station.model or '').strip()}".strip()
        slot = self._slots.get("model")
        model = None if slot is None else getattr(slot.component, "model", None)
        return f"ECU {(model or '').strip()}".strip()

    @property
    def _hcc3_serial(self) -> str:
        assert isinstance(self.profile, ProfileHcc3), "asked for another profile"
        return str(self.profile.values.serial_number)

    @property
    @override
    def closes_links(self) -> bool:
        # After 30 s. Whether of silence or of life the document does not say (UNCONFIRMED).
        return isinstance(self._profile, ProfileHcc3)

    @property
    @override
    def shortest_interval(self) -> float:
        return HCC3_INTERVAL if isinstance(self._profile, ProfileHcc3) else 0.0

    @override
    def reconnected(self) -> None:
        if not self.closes_links:
            super().reconnected()

    @property
    @override
    def identifying(self) -> tuple[str, ...]:
        if isinstance(self._profile, ProfileHcc3):
            return ("values",)
        known = super().identifying
        # The model stands in the middle of the station's registers.
        return (*known, "station") if "station" in self._slots else known

    # -- what it offers --

    @override
    def controls(self) -> Iterator[Control]:
        yield from self.profile.controls()

    @override
    def problems(self) -> Iterator[Problem]:
        yield from super().problems()
        yield from self.profile.problems()
        since = self._timed_out_since
        # A charger that never got an order from here has lost nothing.
        lasts = since is not None and _now() - since >= SAFE_CURRENT_PATIENCE
        if lasts and self.profile.asked:
            yield Problem(key="safe_current_active", details={})

    @property
    @override
    def essential(self) -> frozenset[str]:
        # Needed to keep the target in force and to know what may be asked; the meter where a power
        # is turned into a current.
        if isinstance(self.profile, ProfileHcc3):
            return self.profile.essential
        needed = frozenset({"limits", "hems", "vehicle", "fallback", "phase_switch"})
        return needed | {"meter"} if isinstance(self.profile, CurrentDriven) else needed

    @property
    @override
    def attention(self) -> object:
        profile = self.profile
        if isinstance(profile, ProfileHcc3):
            # It has no settings.
            return None
        # Relay, phases, plug lock and authorisation move when these do.
        return profile.vehicle.vehicle_state, profile.status.ocpp_status

    @property
    @override
    def layout(self) -> object:
        # A new firmware may serve other blocks, and turn the meaning of a register round.
        # With dynamic phases it is another limit that drives.
        profile = self.profile
        return profile.leads_network, profile.primary_limit, self._generation()

    # -- keeping what the user asked for in force --

    @override
    async def reconcile(self) -> None:
        timed_out = self.profile.timed_out
        if not timed_out:
            self._timed_out_since = None
        elif self._timed_out_since is None:
            self._timed_out_since = _now()
        await super().reconcile()


def _now() -> float:
    return asyncio.get_running_loop().time()


def _stranger(name: str) -> VoltrailError:
    """Return the error for a device that is none of these."""
    # Fewer letters are a piece of something else that stands where they have their name.
    named = len(name) >= 3 and name.isprintable()
    return UnknownDeviceError(found=name) if named else OtherRegistersError()


def _has_2000s(protocol: registers_4x.Protocol) -> bool:
    return _version(protocol.protocol_version) >= (1, 5)


def _version(text: str | None) -> tuple[int, int]:
    """Return the first two numbers of "1.5" or "5.22"; 0.0 if there are none."""
    digits = [
        "".join(char for char in piece if char.isdecimal())
        for piece in (text or "").strip().split(".")
    ]
    if len(digits) < 2 or not digits[0] or not digits[1]:
        return (0, 0)
    return int(digits[0]), int(digits[1])


def _ecu_model(text: str) -> str:
    if text.startswith(("CC612", "CC613")):
        return "AMTRON Professional"
    if text.startswith("ICC1622"):
        return "AMEDIO Professional"
    return "AMTRON Charge Control" if "_CC" in text else "AMTRON (ECU)"
