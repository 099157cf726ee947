"""A simulated meter and the engine's, joined by a wire on which time is told."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from custom_components.voltrail.engine.devices.ams_han import HanMeter
from custom_components.voltrail.engine.han import UNITS, Unit
from custom_components.voltrail.engine.model.options import Options
from custom_components.voltrail.engine.model.points import Value
from simulators.ams_han.catalogue import METERS
from simulators.ams_han.ciphering import Seal
from simulators.ams_han.house import House
from simulators.ams_han.meter import HanMeter as SimulatedMeter
from simulators.ams_han.meter import Sent
from simulators.ams_han.quantities import Net, Quantities

KEY: Final = bytes(range(16))
AUTHENTICATION_KEY: Final = bytes(range(0xD0, 0xE0))
START: Final = datetime(2026, 1, 5, 9, 59, 30, tzinfo=UTC)
BEGUN: Final = 1000.0
"""The event loop's time at the start; it counts from anywhere."""


def secrets() -> dict[str, object]:
    """The keys, as a person types them."""
    return {"key": KEY.hex(" "), "authentication_key": AUTHENTICATION_KEY.hex()}


class Listening:
    """An engine's meter at the port of a simulated one. `run` lets time pass for both."""

    def __init__(
        self,
        kind: str = "aidon-tn",
        *,
        sun: float = 0.0,
        start: datetime = START,
        extra: dict[str, object] | None = None,
        expected: str | None = None,
        memory: dict[str, object] | None = None,
        serial: str | None = None,
        seal: Seal | None = None,
    ) -> None:
        meter_type = METERS[kind]
        if meter_type.ciphered and seal is None:
            seal = meter_type.seal(KEY, AUTHENTICATION_KEY)
        self.simulated = SimulatedMeter(
            meter_type,
            start=start,
            house=House(net=meter_type.net, sun=sun),
            seal=seal,
            serial=serial,
        )
        self.moment = start
        self.now = BEGUN
        self.sent: list[Sent] = []
        self.meter = HanMeter(Options(extra=secrets() | (extra or {})), wall=lambda: self.moment)
        self.meter.expected = expected
        if memory is not None:
            self.meter.restore_state(memory)
        self.memory: dict[str, object] = {}
        self.saves = 0
        self.meter.memory_changed = self._save
        self.meter.begin(self.now)

    def _save(self) -> None:
        self.memory = self.meter.dump_state()
        self.saves += 1

    def pass_to(self, moment: datetime) -> None:
        """Let the clock of the engine's meter go to a moment, waking it when it wants to."""
        target = self.now + (moment - self.moment).total_seconds()
        while (wake := self.meter.next_moment) is not None and wake <= target:
            self.meter.pass_time(wake)
        self.now, self.moment = target, moment
        self.meter.pass_time(target)

    def run(
        self,
        seconds: float,
        *,
        deliver: Callable[[Sent], bool] | None = None,
        after: Callable[[Sent], None] | None = None,
    ) -> list[Sent]:
        """Let both live; `deliver` says what arrives."""
        end = self.moment + timedelta(seconds=seconds)
        sent = []
        for one in self.simulated.run_until(end):
            self.pass_to(max(one.moment, self.moment))
            if deliver is None or deliver(one):
                self.meter.hear(one.wire, self.now)
                self.meter.stream_idle(self.now)
                sent.append(one)
                if after is not None:
                    after(one)
        self.pass_to(end)
        self.sent += sent
        return sent

    def silence(self, seconds: float) -> None:
        """Let only the engine's meter live."""
        self.pass_to(self.moment + timedelta(seconds=seconds))

    def value(self, name: str) -> Value:
        """Return what is shown of a value."""
        return self.meter.reading(name).read()

    def available(self, name: str) -> bool:
        """Whether a value is offered as current."""
        return self.meter.available(self.meter.reading(name).components)

    def shown(self) -> dict[str, Value]:
        """Return everything that is current."""
        return {
            reading.name: reading.read()
            for reading in self.meter.readings()
            if self.meter.available(reading.components)
        }


def measured(now: Quantities, *, signed: bool) -> dict[str, float]:
    """Return what a meter measures, in the words of the engine."""
    found = {
        "power_imported": now.power_imported,
        "power_exported": now.power_exported,
        "reactive_power_imported": now.reactive_imported,
        "reactive_power_exported": now.reactive_exported,
        "energy_imported": now.energy_imported,
        "energy_exported": now.energy_exported,
        "reactive_energy_imported": now.reactive_energy_imported,
        "reactive_energy_exported": now.reactive_energy_exported,
        "power_factor": now.power_factor,
    }
    for name, values in (
        ("current", now.currents if signed else tuple(map(abs, now.currents))),
        ("voltage", now.voltages),
        ("power_imported", now.power_imported_per_phase),
        ("power_exported", now.power_exported_per_phase),
        ("reactive_power_imported", now.reactive_imported_per_phase),
        ("reactive_power_exported", now.reactive_exported_per_phase),
        ("power_factor", now.power_factors),
        ("energy_imported", now.energy_imported_per_phase),
        ("energy_exported", now.energy_exported_per_phase),
    ):
        found |= {f"{name}_l{phase}": value for phase, value in enumerate(values, start=1)}
    return found


#: The coarsest step that any maker sends of a quantity.
RESOLUTION: Final = {
    Unit.W: 1.0,
    Unit.VAR: 1.0,
    Unit.A: 0.06,
    Unit.V: 0.6,
    Unit.WH: 10.0,
    Unit.VARH: 10.0,
    Unit.NONE: 0.006,
}


def resolution(name: str) -> float:
    """Return by how much a value may differ from what was measured, for the maker's rounding."""
    return RESOLUTION[UNITS[name]]


def last_lists(sent: Iterable[Sent]) -> dict[str, Sent]:
    """Return the last message of each list."""
    return {one.name: one for one in sent}


__all__ = [
    "AUTHENTICATION_KEY",
    "BEGUN",
    "KEY",
    "METERS",
    "START",
    "HanMeter",
    "Listening",
    "Net",
    "last_lists",
    "measured",
    "resolution",
    "secrets",
]
