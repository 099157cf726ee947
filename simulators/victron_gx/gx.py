"""A Victron GX: its services behind one Modbus TCP server."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, override

from pymodbus.constants import ExcCodes

from simulators.clock import Clock
from simulators.device import SimulatedDevice
from simulators.registers import RefusedError
from simulators.states import Scalar, StateError
from simulators.traffic import Request
from simulators.victron_gx.acceptance import ACCEPTED, MOMENTARY, Accepted
from simulators.victron_gx.address_map import address_map
from simulators.victron_gx.appliances import EvCharger, Generator, RsSetpoint
from simulators.victron_gx.controller import EssController, OverrideZero
from simulators.victron_gx.driver import Driver
from simulators.victron_gx.fields import Coding, Value
from simulators.victron_gx.firmware import NEWEST_SERVER, OLDEST_SERVER, Firmware
from simulators.victron_gx.flash import Flash
from simulators.victron_gx.gateway import GatewayUnit, Switchboard
from simulators.victron_gx.home import Home
from simulators.victron_gx.instruments import Instruments
from simulators.victron_gx.service import Night, Service
from simulators.victron_gx.unit_ids import candidates, unit_of

if TYPE_CHECKING:
    from pymodbus.simulator import SimDevice

    from simulators.unit import Unit

#: Parts of the GX itself, which are there as soon as it has started.
_OWN: Final = frozenset({"system", "settings", "platform"})
#: Releases that crash when a range runs out of the last register of all.
_CRASHES: Final = range(89, 94)
#: Releases that work out the error of a generator from its error texts.
_SUMS_UP_ERRORS: Final = 90
_SOME_ERROR: Final = 0xFF00
_LINES_KEPT: Final = 1000
_AN_INSTANT: Final = 1e-3
#: Devices that are found before their counters are.
_WARMS_UP: Final = frozenset({"pvinverter"})


@dataclass(kw_only=True)
class Status:
    """The GX itself, under the name `gx`."""

    read_only: bool = False
    #: Lines that requests have written to its log; every exception is one.
    errors: int = 0
    #: What the page of the Modbus server shows as the last error.
    last_error: str = ""
    #: Writes that were acknowledged and had no effect.
    ignored_writes: int = 0
    #: Times that the Modbus server died of a request.
    crashes: int = 0
    reboots: int = 0


class VictronGx(SimulatedDevice):
    """A GX with any set of services, of any firmware from 2.90 to 3.80.

    `server` overrules which server release the firmware carries. How long the set-points live, what
    0 in 2716 does and which values of settings the GX takes is UNCONFIRMED, hence options. Those of
    external control lapse after 10 to 14 s by the newest reports.
    """

    functions = frozenset({3, 4, 6, 16})
    longest_write = 125

    def __init__(
        self,
        services: Iterable[Service] = (),
        *,
        home: Home | None = None,
        firmware: str = "3.80",
        server: int | None = None,
        portal_id: str = "c0619ab4e2d7",
        model: str = "Cerbo GX",
        serial: str = "HQ2150ABCDE",
        system_name: str = "",
        read_only: bool = False,
        override_expires: float | None = 60.0,
        override_zero: OverrideZero = OverrideZero.RELEASES,
        setpoint_expires: float | None = 12.0,
        rs_setpoint_expires: float | None = 60.0,
        accepted: Mapping[str, Accepted] | None = None,
        boot_seconds: float = 45.0,
        settle_seconds: float = 15.0,
        clock: Clock | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__("victron_gx", clock=clock, seed=seed)
        self.install(firmware, server)
        self.portal_id = portal_id
        self.model = model
        self.serial = serial
        self.home = home or Home(random=self.random)
        self.status = Status(read_only=read_only)
        self.flash = Flash()
        #: The newest lines of the log.
        self.error_log: deque[str] = deque(maxlen=_LINES_KEPT)
        self.services: dict[str, Service] = {}
        self._accepted = {**ACCEPTED, **(accepted or {})}
        self._boot_seconds = boot_seconds
        self._settle_seconds = settle_seconds
        #: Devices that are not back yet after a restart, and counters that are not there yet.
        self._absent: dict[str, float] = {}
        self._warming: dict[str, float] = {}
        self._down = 0.0
        self._dark = False
        self._stale = True
        own = [Service(kind=kind, instance=0) for kind in sorted(_OWN)]
        for service in (*own, *services):
            self.services[service.key] = service
        self.services["system_0"].update(serial=portal_id, relay_1=0, relay_2=0)
        settings = self.services["settings_0"]
        settings["system_name"] = system_name or settings["system_name"]
        self._units = {unit_id: GatewayUnit(self, unit_id) for unit_id in range(256)}
        for service in self.services.values():
            unit_id = unit_of(service.instance, self.server)
            if unit_id is not None:
                self.units[unit_id] = self._units[unit_id]
        self._drivers = self._staff(
            override_expires, override_zero, setpoint_expires, rs_setpoint_expires
        )
        self.parts |= {
            "gx": self.status,
            "flash": self.flash,
            "house": self.home.house,
            "sky": self.home.sky,
            "mains": self.home.mains,
            "home_battery": self.home.battery,
        }
        self.verbs |= {
            "reboot": self.reboot,
            "clear_last_error": self.clear_last_error,
            "power_cycle_vebus": self.home.vebus_counters.clear,
        }
        self.home.step(_AN_INSTANT, self.clock.moment)
        self._follow_the_sun()
        self._warming.clear()
        self.refresh()

    def _staff(
        self,
        override_expires: float | None,
        override_zero: OverrideZero,
        setpoint_expires: float | None,
        rs_setpoint_expires: float | None,
    ) -> list[Driver]:
        """Return what keeps the services alive, in the order it acts."""
        self.controller = EssController(
            self.home,
            settings=self.services["settings_0"],
            system=self.services["system_0"],
            hub4=self._first("hub4"),
            vebus=self._first("vebus"),
            pv_inverter=self._first("pvinverter"),
            override_expires=override_expires,
            override_zero=override_zero,
            setpoint_expires=setpoint_expires,
        )
        drivers: list[Driver] = [self.controller, Instruments(self.home, self.services)]
        for service in self.services.values():
            match service.kind:
                case "evcharger":
                    charger = EvCharger(service, self.home)
                    self.parts.setdefault("car", charger.car)
                    drivers.append(charger)
                case "generator":
                    drivers.append(Generator(service))
                case "multi" | "acsystem":
                    drivers.append(RsSetpoint(service, rs_setpoint_expires))
        return drivers

    def _first(self, kind: str) -> Service | None:
        return next((one for one in self.services.values() if one.kind == kind), None)

    # Time.

    @override
    def step(self, seconds: float) -> None:
        self._wake(seconds)
        self.flash.step(seconds)
        for driver in self._drivers:
            driver.step(seconds)
        self.home.step(seconds, self.clock.moment)
        self._follow_the_sun()
        self._stale = True

    def _wake(self, seconds: float) -> None:
        """Bring back what a restart took away, the server first, then the devices."""
        if self._down > 0:
            self._down -= seconds
            if self._down > 0:
                return
            self.reachable = True
        for waiting in (self._absent, self._warming):
            for key in tuple(waiting):
                waiting[key] -= seconds
                if waiting[key] <= 0:
                    del waiting[key]

    def _follow_the_sun(self) -> None:
        dark = self.home.sky.night
        if dark == self._dark:
            return
        self._dark = dark
        for service in self.services.values():
            if service.night is Night.VANISHES:
                service.online = not dark
                self._warming[service.key] = self._settle_seconds

    @override
    def advance(self, seconds: float) -> None:
        super().advance(seconds)
        self.refresh()

    def refresh(self) -> None:
        """Bring all values up to date; cheap when they are."""
        if self._stale:
            self._stale = False
            for driver in self._drivers:
                driver.publish()

    # Verbs.

    def install(self, firmware: str, server: int | None = None) -> None:
        """Put another firmware in; a reboot is another matter."""
        self.firmware = Firmware.parse(firmware)
        self.server = self.firmware.server if server is None else server
        if not OLDEST_SERVER <= self.server <= NEWEST_SERVER:
            message = f"v1.0.{self.server} is no server that is simulated"
            raise ValueError(message)
        self.map = address_map(self.server)

    def reboot(self) -> None:
        """Boot the GX: nobody is answered for a while, then the devices come back one by one."""
        self.status.reboots += 1
        self._go_down(self._boot_seconds)
        for driver in self._drivers:
            driver.restart()
        for key, service in self.services.items():
            service.forgotten()
            if service.kind not in _OWN:
                waiting = self._warming if service.kind in _WARMS_UP else self._absent
                waiting[key] = self._settle_seconds
        self._stale = True

    def _go_down(self, seconds: float) -> None:
        self._down = seconds
        self.reachable = False

    def clear_last_error(self) -> None:
        """Press the button beside the last error."""
        self.status.last_error = ""

    def run_past_the_end(self) -> None:
        """Notice that a range ran out of the map; some releases crash and are started again."""
        if self.server in _CRASHES:
            self.status.crashes += 1
            self._go_down(self._settle_seconds)

    # Requests.

    @override
    def on_request(self, request: Request) -> None:
        if request.function not in self.functions:
            self._log(f"function {request.function} is not supported", request)
        elif request.values is None and not 1 <= request.length <= self.longest_read:
            self._log(f"quantity {request.length} is not possible", request)

    def refusal(self, code: ExcCodes, reason: str) -> RefusedError:
        """Log why a request fails; every exception leaves a line, the last one is shown."""
        self._log(reason, self.request)
        return RefusedError(code)

    def _log(self, reason: str, request: Request | None) -> None:
        line = reason
        if request is not None:
            line = (
                f"function {request.function}, unit {request.unit}, "
                f"address {request.address}, quantity {request.length}: {reason}"
            )
        self.status.errors += 1
        self.status.last_error = line
        self.error_log.append(f"{self.clock.moment:%Y-%m-%d %H:%M:%S} {line}")

    # Services.

    def look_up(self, kind: str, unit_id: int) -> Service | None:
        """Find a service for a request.

        One that left and came back is found at the second request for its type: the first one
        is refused, however long it has been back, and makes the server look.
        """
        service = self.find(kind, unit_id)
        if service is not None and not service.returned:
            service.answered()
            return service
        for one in self.services.values():
            if one.kind == kind and one.returned:
                one.answered()
        return None

    def find(self, kind: str, unit_id: int) -> Service | None:
        """Return the service of a type that a unit id reaches now."""
        for instance in candidates(unit_id, self.server):
            for service in self.services.values():
                if (
                    service.kind == kind
                    and service.instance == instance
                    and service.online
                    and service.key not in self._absent
                ):
                    return service
        return None

    def value_of(self, service: Service, name: str) -> Value:
        """Return a value as the server sees it; None where there is none."""
        silent = self._dark and service.night is Night.FALLS_SILENT
        if silent or service.silent or (service.key in self._warming and name.startswith("energy")):
            return None
        return self._computed(service, name) if name else None

    def _computed(self, service: Service, name: str) -> Value:
        """Return a value, of which the server works out a few itself."""
        match service.kind, name:
            case "system", "date_and_time":
                return int(self.clock.moment.timestamp())
            case "system", "firmware_version":
                return self.firmware.register
            case "solarcharger", "pv_current":
                volts = service.number("pv_voltage")
                return service.number("pv_power") / volts if volts else None
            case (("genset" | "dcgenset"), "error_code") if self.server >= _SUMS_UP_ERRORS:
                texts = (service[f"error_text_{number}"] for number in range(1, 9))
                return _SOME_ERROR if any(texts) else 0
        return service[name]

    def value(self, name: str) -> Value:
        """Return a value by a name such as "battery_512.soc"."""
        key, _, value = name.partition(".")
        self.refresh()
        return self.value_of(self.services[key], value)

    def accept(self, service: Service, name: str, value: Value) -> None:
        """Hand a written value to its service, which may not want it."""
        full = f"{service.kind}.{name}"
        accepted = self._accepted.get(full)
        fixed = name in service.fixed.split(",")
        if fixed or (accepted is not None and value not in accepted):
            self.status.ignored_writes += 1
            return
        if _is_stored(service, name) and service[name] != value:
            self.flash.change()
        service[name] = value
        for driver in self._drivers:
            driver.wrote(service, name)
        if full in MOMENTARY:
            service[name] = 0
        self._stale = True

    # The wire.

    @override
    def find_unit(self, unit_id: int) -> Unit | None:
        """Return what a unit id reaches: each of them is asked, and may find nothing."""
        return self._units.get(unit_id)

    @override
    def sim_devices(self) -> list[SimDevice]:
        board = Switchboard(self)
        return [board.sim_device(0, self._action(0, board))]

    # States.

    @override
    def state(self) -> dict[str, Scalar]:
        self.refresh()
        states = super().state()
        states["gx.firmware"] = str(self.firmware)
        states["gx.server"] = self.server
        for key, service in self.services.items():
            states[f"{key}.online"] = service.online
            states[f"{key}.instance"] = service.instance
            states[f"{key}.fixed"] = service.fixed
            states[f"{key}.night"] = service.night.value
            states |= {f"{key}.{name}": value for name, value in service.values.items()}
        return states

    @override
    def set(self, states: Mapping[str, object]) -> None:
        """Set states; those of a service are its values, and how it is connected.

        What the home measures is put in again with the next step: a battery's charge is
        `home_battery.soc`, not `battery_512.soc`.
        """
        for name, value in states.items():
            key, _, rest = name.partition(".")
            service = self.services.get(key)
            if name == "gx.firmware":
                self.install(str(value))
            elif service is None:
                super().set({name: value})
                self._stale = True
            else:
                _set_service(service, rest, value)


def _is_stored(service: Service, name: str) -> bool:
    """Whether a value is kept in flash."""
    return (
        service.kind == "settings"
        or name == "custom_name"
        or (service.kind == "system" and name.startswith("relay"))
    )


def _set_service(service: Service, name: str, value: object) -> None:
    match name:
        case "online":
            service.online = str(value).lower() in {"1", "true", "yes", "on"}
        case "instance":
            service.instance = int(str(value))
        case "fixed" | "lacks":
            setattr(service, name, str(value))
        case "silent":
            service.silent = str(value).lower() in {"1", "true", "yes", "on"}
        case "night":
            service.night = Night(str(value))
        case _ if name in service.table.values:
            service[name] = _converted(service, name, value)
        case _:
            message = f"{service.key} has no {name}"
            raise StateError(message)


def _converted(service: Service, name: str, value: object) -> Value:
    field = service.table.values[name]
    if value is None or str(value).lower() == "none":
        return None
    if field.coding is Coding.TEXT:
        return str(value)
    try:
        return round(float(str(value))) if field.whole else float(str(value))
    except ValueError as err:
        message = f"{value!r} is no number"
        raise StateError(message) from err
