"""Devices behind the GX that do something when they are written to."""

from dataclasses import dataclass
from math import floor
from typing import TYPE_CHECKING, Final, override

from simulators.victron_gx.driver import Driver, Volatile

if TYPE_CHECKING:
    from simulators.victron_gx.home import Home
    from simulators.victron_gx.service import Service

_VOLTS: Final = 230.0
_LEAST_AMPS: Final = 6.0
_SECONDS_PER_HOUR: Final = 3600.0

#: Modes and states of the EV charger.
_MANUAL, _AUTO = 0, 1
_DISCONNECTED, _CHARGING, _WAITING_FOR_SUN, _WAITING_FOR_START = 0, 2, 4, 6

#: States of the generator service, and why it runs.
_STOPPED, _RUNNING = 0, 1
_BY_HAND: Final = 1


@dataclass(kw_only=True)
class Car:
    """What hangs on the EV charger."""

    plugged: bool = True


class EvCharger(Driver):
    """An EV charger that draws on the house; in automatic mode only what would be fed in."""

    def __init__(self, service: Service, home: Home) -> None:
        self._service = service
        self._home = home
        self.car = Car()
        self._amps = 0
        self._session_wh = 0.0
        self._total_wh = service.number("energy_total") * 1000
        self._session_seconds = 0.0

    @property
    def _watts(self) -> int:
        return round(self._amps * _VOLTS * self._home.house.phases)

    @override
    def step(self, seconds: float) -> None:
        gained = self._watts * seconds / _SECONDS_PER_HOUR
        self._session_wh += gained
        self._total_wh += gained
        if self._amps:
            self._session_seconds += seconds
        if not self.car.plugged:
            self._session_wh = self._session_seconds = 0.0
        self._decide()

    @override
    def wrote(self, service: Service, name: str) -> None:
        if service is self._service:
            self._decide()

    def _decide(self) -> None:
        service, phases = self._service, self._home.house.phases
        allowed = min(service.number("max_current", 32), 32.0)
        wanted = 0.0
        if not self.car.plugged or not service.online:
            status = _DISCONNECTED
        elif service["mode"] == _MANUAL:
            status = _CHARGING if service["start_stop"] else _WAITING_FOR_START
            wanted = service.number("set_current") if service["start_stop"] else 0.0
        else:
            spare = self._watts - sum(self._home.flows.grid)
            wanted = spare / (_VOLTS * phases)
            status = _CHARGING if wanted >= _LEAST_AMPS else _WAITING_FOR_SUN
        amps = min(wanted, allowed)
        self._amps = floor(amps) if amps >= _LEAST_AMPS else 0
        service["status"] = status
        each = round(self._amps * _VOLTS)
        drawn = [each if phase < phases else 0 for phase in range(3)]
        self._home.appliances[service.key] = (drawn[0], drawn[1], drawn[2])

    @override
    def publish(self) -> None:
        service, phases = self._service, self._home.house.phases
        for number in range(1, phases + 1):
            service[f"power_l{number}"] = round(self._amps * _VOLTS)
        service["power"] = self._watts
        service["current"] = self._amps
        service["session_energy"] = self._session_wh / 1000
        service["session_time"] = service["charging_time"] = self._session_seconds
        service["energy_total"] = self._total_wh / 1000


class Generator(Driver):
    """The service that starts and stops a generator."""

    def __init__(self, service: Service) -> None:
        self._service = service

    @override
    def step(self, seconds: float) -> None:
        if self._service["state"] == _RUNNING:
            self._service["runtime"] = self._service.number("runtime") + seconds
            self._service["service_counter"] = max(
                0.0, self._service.number("service_counter") - seconds
            )

    @override
    def wrote(self, service: Service, name: str) -> None:
        if service is not self._service:
            return
        if name == "manual_start":
            running = bool(service["manual_start"])
            service["state"] = _RUNNING if running else _STOPPED
            service["running_by_condition_code"] = _BY_HAND if running else 0
            if not running:
                service["runtime"] = 0
        elif name == "service_counter_reset":
            service["service_counter"] = self.SERVICE_INTERVAL

    #: Hours between two services, in seconds.
    SERVICE_INTERVAL: Final = 180_000


class RsSetpoint(Driver):
    """The set-point of RS devices, which falls back to the one set in VictronConnect."""

    def __init__(self, service: Service, expires: float | None) -> None:
        self._service = service
        self._home_value = service.number("ess_setpoint")
        self._volatile = Volatile(expires)

    @override
    def step(self, seconds: float) -> None:
        self._volatile.step(seconds)

    @override
    def wrote(self, service: Service, name: str) -> None:
        if service is self._service and name == "ess_setpoint":
            self._volatile.write(service.number(name))

    @override
    def publish(self) -> None:
        now = self._volatile.value
        self._service["ess_setpoint"] = self._home_value if now is None else now

    @override
    def restart(self) -> None:
        self._volatile.drop()
