"""What the installer set at commissioning: persistent, and only ever written by a person.

The newest document does not list these registers any more, so each is looked for when the
charger is met, and what is not there is not offered.
"""

from collections.abc import Awaitable, Callable, Iterator
from enum import IntEnum
from typing import Final

from modbus_connection.model import Component

from ...model.controls import Bounds, Control, NumberControl, SelectControl, SwitchControl
from ...model.explaining import explaining
from ...model.points import Quantity, Tier
from . import registers
from .states import ConnectedPhases, MaximumSetting, PhaseRotation, SolarPhases

COMPONENTS: Final[dict[str, type[Component]]] = {
    "maximum_settings": registers.MaximumSettings,
    "rotation_settings": registers.RotationSettings,
    "connection_settings": registers.ConnectionSettings,
    "solar_settings": registers.SolarSettings,
    "fallback_settings": registers.FallbackSettings,
    "solar_mode_settings": registers.SolarModeSettings,
    "pause_settings": registers.PauseSettings,
}
"""All of them by name, in the order of their addresses."""

_SELECTS: Final[dict[str, tuple[str, str, type[IntEnum]]]] = {
    "maximum_settings": ("maximum", "charger_maximum", MaximumSetting),
    "rotation_settings": ("rotation", "phase_rotation", PhaseRotation),
    "connection_settings": ("connected_phases", "connected_phases", ConnectedPhases),
    "solar_settings": ("solar_phases", "solar_phases", SolarPhases),
}
"""The choices among them: component, field, word and codes."""

CONTROL_WORDS: Final = {"select": {key for _, key, _ in _SELECTS.values()}}
CHOICE_WORDS: Final = {
    key: {code.name.lower() for code in codes} for _, key, codes in _SELECTS.values()
}

HIGHEST_SAFE_CURRENT: Final = 32
PAUSE_BOUNDS: Final = Bounds(minimum=0, maximum=1200, step=1)

_GOES_ON: Final = 0
_PAUSES: Final = 1
_LEAST: Final = 6

type Refresh = Callable[[tuple[str, ...]], Awaitable[None]]


class Settings:
    """The settings that this charger serves, as controls for the installer."""

    def __init__(
        self, found: dict[str, Component], refresh: Refresh, max_current: float | None
    ) -> None:
        self._found = found
        self._refresh = refresh
        # No order, from any source, may let a car charge with more than the house bears.
        highest = HIGHEST_SAFE_CURRENT if max_current is None else int(max_current)
        self._safe_current = Bounds(minimum=0, maximum=min(highest, HIGHEST_SAFE_CURRENT), step=1)

    def controls(self) -> Iterator[Control]:
        """Yield a control for each setting that is there."""
        for name in _SELECTS:
            if name in self._found:
                yield self._select(name)
        yield from self._fallback()
        yield from self._solar_modes()
        yield from self._pause()

    def _select(self, name: str) -> SelectControl[IntEnum]:
        component = self._found[name]
        field, key, codes = _SELECTS[name]

        async def write(choice: IntEnum) -> None:
            await self._write(name, field, choice)

        return SelectControl(
            key=key,
            depends_on=(name,),
            tier=Tier.EXPERT,
            options=tuple(codes),
            read=lambda: getattr(component, field),
            write=write,
        )

    def _fallback(self) -> Iterator[Control]:
        """Yield the current without an energy manager, and whether there is one at all.

        One register holds both: 0 goes on with the last values, 1 pauses, 6 to 32 are a current.
        """
        name = "fallback_settings"
        component = self._found.get(name)
        if not isinstance(component, registers.FallbackSettings):
            return

        async def set_current(amps: float) -> None:
            amps = self._safe_current.accept(amps)
            # As with the limit itself, what is too little to charge with is a pause.
            await self._write(name, "code", int(amps) if amps >= _LEAST else _PAUSES)

        async def supervise(supervised: bool) -> None:  # noqa: FBT001 - a state, not an option
            if not supervised:
                await self._write(name, "code", _GOES_ON)
            elif component.code in (None, _GOES_ON):
                # Which current would be right here is not known, so it pauses.
                await self._write(name, "code", _PAUSES)

        yield NumberControl(
            key="safe_current",
            depends_on=(name,),
            tier=Tier.EXPERT,
            quantity=Quantity.CURRENT,
            bounds=lambda: self._safe_current,
            read=lambda: registers.safe_current(component.code),
            write=set_current,
        )
        yield SwitchControl(
            key="energy_manager_supervision",
            depends_on=(name,),
            tier=Tier.EXPERT,
            read=lambda: None if component.code is None else component.code != _GOES_ON,
            write=supervise,
        )

    def _solar_modes(self) -> Iterator[Control]:
        name = "solar_mode_settings"
        component = self._found.get(name)
        if not isinstance(component, registers.SolarModeSettings):
            return

        async def write(active: bool) -> None:  # noqa: FBT001 - a state, not an option
            await self._write(name, "active", int(active))

        yield SwitchControl(
            key="solar_modes",
            depends_on=(name,),
            tier=Tier.EXPERT,
            read=lambda: component.active,
            write=write,
        )

    def _pause(self) -> Iterator[Control]:
        name = "pause_settings"
        component = self._found.get(name)
        if not isinstance(component, registers.PauseSettings):
            return

        async def write(seconds: float) -> None:
            await self._write(name, "seconds", int(PAUSE_BOUNDS.accept(seconds)))

        yield NumberControl(
            key="phase_switch_pause",
            depends_on=(name,),
            tier=Tier.EXPERT,
            quantity=Quantity.DURATION,
            bounds=lambda: PAUSE_BOUNDS,
            read=lambda: component.seconds,
            write=write,
        )

    async def _write(self, name: str, field: str, value: int) -> None:
        with explaining():
            await self._found[name].write(field, value)
        await self._refresh((name,))
