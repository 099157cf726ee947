"""Every register of the documents, each from the layout that introduced it."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from simulators.mennekes_rtu.codes import LAYOUTS
from simulators.mennekes_rtu.ems import HEARTBEAT, RESTART
from simulators.registers import RefusedError, Register, float32, text, uint16, uint32

if TYPE_CHECKING:
    from simulators.mennekes_rtu.charger import Compact

_V1_00: Final = LAYOUTS["1.00"]
_V1_01: Final = LAYOUTS["1.01"]
_V1_02: Final = LAYOUTS["1.02"]
_V1_03: Final = LAYOUTS["1.03"]
_PHASES: Final = (0, 1, 2)

#: The document lists function 6 alone for these.
FUNCTION_6_ONLY: Final = frozenset({0x0D00, 0x0D03, 0x0D04, 0x0D05, 0x0D06, 0x0D19})
SETTINGS: Final = range(0x0700, 0x0900)


def among(*words: int) -> Callable[[int], None]:
    """Build a check that takes these values only."""

    def check(word: int) -> None:
        if word not in words:
            raise RefusedError

    return check


_on_or_off = among(0, 1)
_fallbacks = among(0, 1, *range(6, 33))
_pauses = among(*range(1201))


class RegisterMap:
    """Yields the registers of a charger."""

    def __init__(self, charger: Compact) -> None:
        self._charger = charger
        self._box = charger.box
        self._ems = charger.ems
        self._charging = charger.charging

    def _since(self, layout: int) -> Callable[[], bool]:
        return lambda: self._box.layout >= layout

    def all(self) -> Iterator[Register]:
        """Yield every register."""
        yield from self._general()
        yield from self._status()
        yield from self._configuration()
        yield from self._measurements()
        yield from self._settings()
        yield from self._session()
        yield from self._functions()
        yield from self._diagnostics()

    def _general(self) -> Iterator[Register]:
        box = self._box
        yield uint16(0x0000, "layout", lambda: box.layout)
        yield text(0x0001, 8, "firmware", lambda: box.firmware)
        serial = self._since(_V1_02)
        yield text(0x0013, 8, "serial", lambda: box.serial, pad="_", right=True, present=serial)
        yield text(
            0x001B,
            8,
            "article",
            lambda: box.article,
            present=lambda: box.article is not None and box.layout >= _V1_03,
        )

    def _status(self) -> Iterator[Register]:
        charging = self._charging
        yield uint16(0x0100, "evse_state", lambda: charging.state)
        yield uint16(0x0101, "authorisation_status", lambda: charging.authorisation)
        yield uint16(0x0102, "downgrade", lambda: charging.downgrade)
        yield uint16(0x0103, "rotation", lambda: self._box.rotation)
        v1_02, v1_03 = self._since(_V1_02), self._since(_V1_03)
        yield uint16(0x0108, "control_pilot", lambda: charging.control_pilot, present=v1_02)
        yield float32(0x0114, "signalled", lambda: charging.signalled, present=v1_03, unit="A")

    def _configuration(self) -> Iterator[Register]:
        box, ems = self._box, self._ems
        yield float32(0x0300, "downgrade_current", lambda: box.downgrade_current, unit="A")
        yield float32(
            0x0302,
            "current",
            # What is read before anything was written is UNCONFIRMED.
            lambda: ems.current or 0.0,
            ems.set_current,
            check=ems.check_current,
            unit="A",
        )
        yield float32(0x0304, "house_current", lambda: box.house_current, unit="A")
        yield float32(0x0306, "evse_current", lambda: box.evse_current, unit="A")
        yield uint16(0x030A, "solar_phases", lambda: box.solar_phases)
        v1_01 = self._since(_V1_01)
        yield uint16(0x030C, "hardware_phases", lambda: box.hardware_phases, present=v1_01)
        more: dict[str, Any] = {"present": self._since(_V1_02)}
        yield uint16(0x030D, "permanent_cable_lock", lambda: int(box.cable_locked), **more)
        yield uint16(0x030E, "fallback", lambda: box.fallback, unit="A", **more)
        yield uint16(0x030F, "imbalance", lambda: int(box.imbalance), **more)
        yield uint16(
            0x0310, "imbalance_threshold", lambda: box.imbalance_threshold, unit="A", **more
        )
        yield uint16(0x0311, "grid_phases", self._grid_phases, **more)
        yield uint16(0x0312, "authorisation", lambda: int(box.authorisation), **more)
        yield uint16(0x0313, "sunshine_minimum", lambda: box.sunshine_minimum, unit="A", **more)
        yield uint16(0x0314, "switch_pause", lambda: box.switch_pause, unit="s", **more)

    def _grid_phases(self) -> int:
        return 2 if self._box.connected_phases == 3 else self._box.one_phase_code

    def _measurements(self) -> Iterator[Register]:
        charger, meter = self._charger, self._charger.meter

        def current(phase: int) -> float:
            return meter.currents[phase]

        def voltage(phase: int) -> float:
            return charger.grid.voltages[phase]

        def power(phase: int) -> float:
            return meter.powers[phase]

        blocks = (
            (0x0500, "current", current, "A"),
            (0x0506, "voltage", voltage, "V"),
            (0x050C, "power", power, "W"),
        )
        for address, name, source, unit in blocks:
            for phase in _PHASES:
                value = partial(source, phase)
                yield float32(address + 2 * phase, f"{name}_l{phase + 1}", value, unit=unit)
        yield float32(0x0512, "power", lambda: meter.power, unit="W")
        temperature = self._since(_V1_02)
        yield float32(
            0x0900, "temperature", lambda: self._box.temperature, present=temperature, unit="°C"
        )

    def _settings(self) -> Iterator[Register]:
        box = self._box

        def present() -> bool:
            return box.has_settings and box.layout >= _V1_03

        def setting(address: int, name: str, field: str, check: Callable[[int], None]) -> Register:
            def write(word: int) -> None:
                kind = type(getattr(box, field))
                setattr(box, field, kind(word))

            def read() -> int:
                return int(getattr(box, field))

            return uint16(address, name, read, write, check=check, present=present)

        yield setting(0x0706, "set_evse_current", "evse_code", among(*range(7)))
        yield setting(0x070A, "set_rotation", "rotation", among(0, 1, 2))
        yield uint16(
            0x0710,
            "set_grid_phases",
            lambda: 2 if box.connected_phases == 3 else 0,
            self._connect,
            check=among(0, 2),
            present=present,
        )
        yield setting(0x071A, "set_solar_phases", "solar_phases_code", among(*range(4)))
        yield setting(0x073A, "set_fallback", "fallback", _fallbacks)
        yield setting(0x073C, "set_solar_modes", "solar_modes", _on_or_off)
        yield setting(0x078C, "set_switch_pause", "switch_pause", _pauses)

    def _connect(self, word: int) -> None:
        self._box.connected_phases = 3 if word == 2 else 1

    def _session(self) -> Iterator[Register]:
        charging, session = self._charging, self._charger.session
        yield float32(0x0B00, "session_limit", lambda: charging.session_limit, unit="A")
        yield float32(0x0B02, "session_energy", lambda: session.energy / 1000, unit="kWh")
        yield uint32(0x0B04, "session_duration", lambda: int(session.duration), unit="s")
        yield uint16(0x0B06, "session_phases", lambda: session.phases, present=self._since(_V1_02))

    def _functions(self) -> Iterator[Register]:
        ems, charging = self._ems, self._charging
        # Which exception a wrong word gets is UNCONFIRMED.
        yield uint16(0x0D00, "heartbeat", None, ems.beat, check=among(HEARTBEAT), write_only=True)
        yield uint16(0x0D02, "cable_lock", lambda: charging.cable_lock)
        yield uint16(
            0x0D03,
            "solar_mode",
            lambda: ems.solar_mode,
            ems.choose_solar_mode,
            check=among(*range(4)),
        )
        yield uint16(
            0x0D04,
            "single_phase",
            lambda: int(ems.single_phase),
            charging.request_phases,
            check=charging.check_phases,
        )
        yield uint16(0x0D05, "release", lambda: int(ems.released), ems.release, check=_on_or_off)
        yield uint16(0x0D06, "lock", lambda: int(ems.locked), ems.lock, check=_on_or_off)
        yield uint16(
            0x0D19,
            "restart",
            None,
            lambda _word: self._charger.power_cycle(),
            check=self._check_restart,
            write_only=True,
            present=self._since(_V1_03),
        )

    def _check_restart(self, word: int) -> None:
        """Refuse a restart with a car; what a real charger answers then is UNCONFIRMED."""
        if word != RESTART or self._charging.state != 1:
            raise RefusedError

    def _diagnostics(self) -> Iterator[Register]:
        charger, v1_02 = self._charger, self._since(_V1_02)
        session, meter = charger.session, charger.meter
        yield uint16(0x0E00, "error_code", lambda: self._box.error_code)
        yield uint16(
            0x0E01, "fallback_active", lambda: int(self._ems.fallback_active), present=v1_02
        )
        yield uint16(
            0x0E02, "switched_phases", lambda: int(self._charging.single_phase), present=v1_02
        )
        yield float32(
            0x1000, "total_energy", lambda: meter.energy / 1000, present=v1_02, unit="kWh"
        )
        yield uint32(0x1002, "sessions", lambda: session.count, present=v1_02)
