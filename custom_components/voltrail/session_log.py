"""Keeps the sessions of a charger: looks on, tells what happens, and stores the log."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.storage import Store
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .engine.charging.sessions import Happened, Observation, SessionLog, shortened
from .engine.model.charging import BlockedBy, Chargeable, ChargingState
from .engine.model.points import Value
from .engine.polling.base_device import BaseDevice, Reading
from .session_context import EnergyPrice, solar_share
from .signals import LOOKED, PlaceSignal, async_tell

SAVE_SOON: Final = 2.0
"""Seconds between something that happens and the file: what is told should outlast a power cut."""

SAVE_EVERY: Final = timedelta(minutes=15)
"""While a car charges, how often the parts of sun and price are saved; more would wear an SD card.
The energy is the counter's, and needs no saving."""

CARD: Final = ("id_tag",)
"""Readings that tell whose card was shown."""

_VALUES: Final = {
    "charging_state": ("charging_state",),
    "blocked_by": ("blocked_by",),
    "safe_current_active": ("safe_current_active",),
    "counter": ("energy_charged",),
    "told_energy": ("session_energy",),
    "told_duration": ("session_duration",),
    "power": ("power",),
    "phases": ("phases_in_use",),
    "card": CARD,
}
"""What a session is made of, and the readings that tell it."""


def stores(hass: HomeAssistant, entry_id: str) -> tuple[Store[dict[str, Any]], ...]:
    """Return the files of an entry: finished sessions, and what changes in the meantime."""
    return (
        Store(hass, 1, f"{DOMAIN}.{entry_id}.sessions", private=True),
        Store(hass, 1, f"{DOMAIN}.{entry_id}.present", private=True),
    )


async def async_remove(hass: HomeAssistant, entry_id: str) -> None:
    """Forget all sessions of an entry that was deleted."""
    for store in stores(hass, entry_id):
        await store.async_remove()


class PointSessions:
    """The sessions of one charge point."""

    def __init__(self, device: BaseDevice, point: Chargeable) -> None:
        self.point = point
        self.part = None if point.part is None else point.part.key
        self.log = SessionLog()
        self._device = device
        self._readings = _found(device, point)
        self.listeners: list[Callable[[Happened], None]] = []
        """Called with what happens, before the listeners are told."""

    @property
    def key(self) -> str:
        """The name of this charge point in the file."""
        return self.part or ""

    @property
    def components(self) -> frozenset[str]:
        """The components that have to be read for the log."""
        return frozenset[str]().union(*(one.components for one in self._readings.values()))

    @property
    def state_components(self) -> frozenset[str]:
        """The components without which nothing is known of a car."""
        state = self._readings.get("charging_state")
        return frozenset() if state is None else state.components

    def observe(self, *, price: float | None, share: float | None) -> Observation:
        """Return what the charge point says now."""
        state, reason = self._value("charging_state"), self._value("blocked_by")
        fallback, card = self._value("safe_current_active"), self._value("card")
        phases = self._number("phases")
        return Observation(
            at=dt_util.utcnow(),
            state=state if isinstance(state, ChargingState) else None,
            blocked_by=reason if isinstance(reason, BlockedBy) else None,
            on_fallback=None if fallback is None else bool(fallback),
            counter=self._number("counter"),
            told_energy=self._number("told_energy"),
            told_duration=self._number("told_duration"),
            power=self._number("power"),
            phases=None if phases is None else int(phases),
            authorised_by=shortened(card) if isinstance(card, str) and card.strip() else None,
            solar_share=share,
            price=price,
        )

    def _value(self, what: str) -> Value:
        reading = self._readings.get(what)
        if reading is None or not self._device.available(reading.components):
            return None
        return reading.read()

    def _number(self, what: str) -> float | None:
        value = self._value(what)
        return value if isinstance(value, (int, float)) else None


def _found(device: BaseDevice, point: Chargeable) -> dict[str, Reading]:
    """Return the readings of a charge point that tell of a session."""
    own = [one for one in device.readings() if one.part == point.part]
    found: dict[str, Reading] = {}
    for what, names in _VALUES.items():
        for reading in own:
            if reading.name in names:
                found.setdefault(what, reading)
    return found


class SessionKeeper:
    """The sessions of all charge points of an entry."""

    def __init__(
        self, hass: HomeAssistant, entry_id: str, coordinator: DataUpdateCoordinator[None]
    ) -> None:
        self._hass = hass
        self._entry_id = entry_id
        self._coordinator = coordinator
        self._finished, self._present = stores(hass, entry_id)
        self._price = EnergyPrice(hass)
        self._saved = dt_util.utcnow()
        self._removers: list[CALLBACK_TYPE] = []
        self._changes = 0
        self.points: list[PointSessions] = []

    async def load(self, device: BaseDevice) -> None:
        """Take up what was stored before a restart."""
        self.points = [PointSessions(device, point) for point in device.charge_points()]
        if not self.points:
            return
        finished = await self._finished.async_load() or {}
        present = await self._present.async_load() or {}
        for point in self.points:
            point.log.restore_state(present.get(point.key), finished.get(point.key, ()))
        await self._price.find()

    def of(self, part: str | None) -> PointSessions | None:
        """Return the sessions of the charge point with a part's key."""
        return next((point for point in self.points if point.part == part), None)

    @callback
    def start(self) -> None:
        """Look at the charge points now, and with every poll."""
        for point in self.points:
            self._removers.append(
                self._coordinator.async_add_listener(partial(self._look, point), point.components)
            )
            self._look(point)

    async def stop(self) -> None:
        """Look no more, and save."""
        while self._removers:
            self._removers.pop()()
        if self.points:
            await self._save()

    @callback
    def _look(self, point: PointSessions) -> None:
        if not self._coordinator.last_update_success:
            return
        place = (self._entry_id, point.part)
        seen = point.observe(price=self._price.now, share=solar_share(self._hass, place))
        happened = point.log.note(seen)
        for one in happened:
            for listener in point.listeners:
                listener(one)
            async_tell(self._hass, self._signal(point, one))
        if point.log.present is not None:
            looked = PlaceSignal(
                entry_id=self._entry_id, part=point.part, kind="", session=point.log.present
            )
            async_dispatcher_send(self._hass, LOOKED, looked)
        self._save_in_time(happened, charging=point.log.present is not None)

    def _signal(self, point: PointSessions, one: Happened) -> PlaceSignal:
        return PlaceSignal(
            entry_id=self._entry_id,
            part=point.part,
            kind=one.kind.value,
            reason=None if one.reason is None else one.reason.value,
            session=one.session,
        )

    # -- the files --

    def _save_in_time(self, happened: list[Happened], *, charging: bool) -> None:
        now = dt_util.utcnow()
        changes = sum(point.log.changes for point in self.points)
        if changes != self._changes:
            self._changes = changes
            self._finished.async_delay_save(self._dump_finished, SAVE_SOON)
        if happened or (charging and now - self._saved >= SAVE_EVERY):
            self._saved = now
            # After the finished ones: what is in there is not open any more.
            self._present.async_delay_save(self._dump_present, SAVE_SOON * 2)

    def _dump_finished(self) -> dict[str, Any]:
        return {point.key: point.log.dump_finished() for point in self.points}

    def _dump_present(self) -> dict[str, Any]:
        return {point.key: point.log.dump_state() for point in self.points}

    async def _save(self) -> None:
        await self._finished.async_save(self._dump_finished())
        await self._present.async_save(self._dump_present())
