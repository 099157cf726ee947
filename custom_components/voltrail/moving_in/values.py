"""What an entity shows, or showed last: two values side by side tell whether a pair is right."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, override

from homeassistant.components.sensor import async_rounded_state
from homeassistant.core import HomeAssistant, State
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_conversion import EnergyConverter

_MEANINGLESS: Final = {"unavailable", "unknown"}
_SLACK: Final = 1.0
"""kWh: rounded there, or read a moment later."""
_MOST: Final = 500.0
"""kWh that may have been used while neither integration counted."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """A value and when it was true."""

    text: str
    unit: str
    when: datetime
    live: bool

    @override
    def __str__(self) -> str:
        """What a person reads."""
        value = f"{self.text} {self.unit}".strip()
        return value if self.live else f"{value} ({dt_util.as_local(self.when):%Y-%m-%d %H:%M})"

    @property
    def energy(self) -> float | None:
        """In kWh, if it is an energy."""
        if self.unit not in EnergyConverter.VALID_UNITS:
            return None
        try:
            return EnergyConverter.convert(float(self.text), self.unit, "kWh")
        except ValueError:
            return None


def known(states: Iterable[State], *, live: bool) -> Known | None:
    """Return what the first of these states tells that tells anything."""
    for state in states:
        if state.state not in _MEANINGLESS:
            return Known(
                text=state.state,
                unit=str(state.attributes.get("unit_of_measurement") or ""),
                when=state.last_updated,
                live=live,
            )
    return None


async def last_known(hass: HomeAssistant, entity_ids: Iterable[str]) -> Mapping[str, Known]:
    """Return what is shown now, else the last value that the recorder has."""
    found: dict[str, Known] = {}
    silent: list[str] = []
    for entity_id in entity_ids:
        state = hass.states.get(entity_id)
        if state and (shown := known([state], live=True)):
            if state.domain == "sensor":
                shown = replace(shown, text=async_rounded_state(hass, entity_id, state))
            found[entity_id] = shown
        else:
            silent.append(entity_id)
    if silent and "recorder" in hass.config.components:
        # The database's library is there only where the recorder is.
        from . import recorded  # noqa: PLC0415

        for entity_id, states in (await recorded.last_states(hass, silent)).items():
            if past := known(states, live=False):
                found[entity_id] = past
    return found


def apart(old: Known | None, ours: Known | None) -> bool:
    """Whether two counters cannot be one: the difference would be counted as energy."""
    before = old.energy if old else None
    now = ours.energy if ours else None
    if before is None or now is None:
        return False
    return not before - _SLACK <= now <= before + _MOST
