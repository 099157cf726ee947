"""Several chargers on one serial line."""

from typing import override

from simulators.device import SimulatedDevice
from simulators.faults import Fault
from simulators.mennekes_rtu.charger import Compact
from simulators.traffic import Request
from simulators.unit import Unit


class Bus(SimulatedDevice):
    """Chargers with different unit ids that were built with the same clock.

    The states of the first are named as if it was alone, those of another end in its unit id, as
    in `car_11.plugged`. Noise and traffic are those of the first one's line. A unit that is on the
    bus and silent needs no simulation: nobody answers for it.
    """

    functions = Compact.functions

    def __init__(self, first: Compact, *others: Compact) -> None:
        super().__init__("mennekes rtu bus", clock=first.clock)
        self._chargers = {charger.unit_id: charger for charger in (first, *others)}
        if len(self._chargers) <= len(others):
            message = "two chargers have the same unit id"
            raise ValueError(message)
        if any(charger.clock is not first.clock for charger in others):
            message = "the chargers of one bus live in one time"
            raise ValueError(message)
        self.line = first.line
        self.random, self.faults, self.traffic = first.random, first.faults, first.traffic
        self.parts |= first.parts
        self.verbs |= first.verbs
        for charger in others:
            end = f"_{charger.unit_id}"
            named = {f"{name}{end}": part for name, part in charger.parts.items()}
            self.parts |= {name: part for name, part in named.items() if part is not charger.line}
            self.verbs |= {f"{name}{end}": verb for name, verb in charger.verbs.items()}
            charger.line = first.line
        for unit_id, charger in self._chargers.items():
            self.units[unit_id] = charger.unit()

    @override
    def find_unit(self, unit_id: int) -> Unit | None:
        charger = self._chargers.get(unit_id)
        return None if charger is None else charger.find_unit(unit_id)

    @override
    def accepts_write(self, request: Request) -> bool:
        return self._chargers[request.unit].accepts_write(request)

    @override
    def on_write(self, request: Request) -> None:
        self._chargers[request.unit].on_write(request)

    @override
    def quirk(self, request: Request) -> Fault | None:
        return self.line.lateness()

    @override
    def carry(self, data: bytes) -> bytes:
        return self.line.carry(data)
