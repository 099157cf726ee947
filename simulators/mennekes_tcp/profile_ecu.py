"""AMTRON Professional, Charge Control and AMEDIO: the older controllers and their register list."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from pymodbus.constants import ExcCodes

from simulators.clock import Clock
from simulators.mennekes_tcp.box import LEAST_CURRENT, Box
from simulators.mennekes_tcp.charger import Charger
from simulators.mennekes_tcp.codes import ECU_STATUS, Authorisation, PhaseMode
from simulators.registers import (
    Order,
    RefusedError,
    Register,
    bcd,
    int16,
    on_phases,
    text,
    uint16,
    uint32,
)
from simulators.unit import Unit

_SATURATED: Final = 0xFFFF


@dataclass(kw_only=True)
class Ecu:
    """States named `ecu.*`: what only these controllers have."""

    #: RFID tag of the session, and EVCCID of the car.
    id_tag: str = ""
    vehicle_id: str = ""
    state_of_charge: int = 0
    #: What a car with ISO 15118 asks for: hhmmss, ddmmyy and Wh.
    departure_time: int = 0
    departure_date: int = 0
    required_energy: int = 0
    #: Somebody wrote register 130, which nobody may.
    address_offset: int = 0
    external_meter: bool = False
    allow_start_stop: bool = True
    disclose_uid: bool = True


class ChargerEcu(Charger):
    """A charger with the CC61x or ICC1622 controller.

    Any unit id answers, function 4 does not. Firmware before 5.22 lacks many registers and turns
    the meaning of register 124 round.
    """

    def __init__(
        self,
        *,
        model: str = "CC612",
        firmware: str = "5.22",
        protocol: str = "0.9c",
        rated_current: int = 32,
        grid_phases: int = 3,
        unit_ids: Iterable[int] = (0,),
        accepts_tags: Iterable[str] = (),
        allow_start_stop: bool = True,
        disclose_uid: bool = True,
        power_limit: bool = False,
        phase_values: bool = True,
        voltages: bool = True,
        energy: float = 990_320.0,
        clock: Clock | None = None,
        seed: int = 0,
    ) -> None:
        """Build one.

        `unit_ids` is (0,) for all ids. `accepts_tags` are the RFID cards that may start and stop;
        with none of them charging is free for all. `power_limit` adds registers 1001 and 1002 of
        some newer firmware. `phase_values` and `voltages` say what the built-in meter offers.
        """
        major, minor = (int(part) for part in firmware.split("."))
        self.version = (major, minor)
        self.tags = frozenset(accepts_tags)
        self.ecu = Ecu(allow_start_stop=allow_start_stop, disclose_uid=disclose_uid)
        box = Box(
            model=model,
            rated_current=rated_current,
            grid_phases=grid_phases,
            operator_limit=rated_current,
            phase_mode=PhaseMode.THREE,
            authorisation=(Authorisation.NOT_AUTHORISED if self.tags else Authorisation.NOT_NEEDED),
        )
        super().__init__(
            "mennekes ecu",
            box,
            # The limit after a start was 6 A, and became 32 A with 5.22.
            reset_current=rated_current if self.modern else LEAST_CURRENT,
            clock=clock,
            seed=seed,
            energy=energy,
        )
        # 1 and 2 are masters, 3 and 4 their followers.
        self.network.leading = frozenset({1, 2})
        self.firmware = firmware
        self.protocol = protocol
        self.power_limit = power_limit
        self.phase_values = phase_values
        self.has_voltages = voltages
        unit = Unit(
            [
                *self._identity(),
                *self._meter(),
                *self._network(),
                *self._charge(),
                *self._vehicle(),
                *self._hems(),
            ]
        )
        self.units = dict.fromkeys(unit_ids, unit)
        self.parts["ecu"] = self.ecu

    @property
    def modern(self) -> bool:
        """Whether this is firmware 5.22 or newer."""
        return self.version >= (5, 22)

    def hold_card(self, tag: str) -> None:
        """Start or stop with an RFID card; unknown cards do nothing."""
        if tag not in self.tags:
            return
        if self.box.authorisation is Authorisation.AUTHORISED:
            self.box.authorisation = Authorisation.NOT_AUTHORISED
            self.ecu.id_tag = ""
        else:
            self.box.authorisation = Authorisation.AUTHORISED
            self.ecu.id_tag = tag

    def _write_tag(self, tag: str) -> None:
        if not self.ecu.allow_start_stop:
            # Which refusal a charger gives is UNCONFIRMED.
            raise RefusedError(ExcCodes.ILLEGAL_ADDRESS)
        self.hold_card(tag)

    def _identity(self) -> Iterator[Register]:
        box, charging, hems = self.box, self.charging, self.hems
        yield text(100, 2, "application_version", self.firmware)
        yield uint16(104, "ocpp_status", lambda: ECU_STATUS[charging.status])
        for word in range(3):
            yield uint32(105 + 2 * word, f"errors_{word + 1}", 0)
        # Low word and low byte first, unlike everything else.
        yield uint32(111, "errors", lambda: box.errors, order=Order.LITTLE)
        yield text(120, 2, "protocol_version", self.protocol)
        yield int16(122, "vehicle_state", lambda: charging.pilot)
        yield uint16(124, "availability", self._availability, self._set_availability)
        yield uint16(130, "address_offset", lambda: self.ecu.address_offset, self._set_offset)
        yield uint16(
            131,
            "safe_current",
            lambda: hems.safe_current,
            hems.set_safe_current,
            unit="A",
        )
        yield uint16(132, "communication_timeout", lambda: hems.timeout, hems.set_timeout, unit="s")
        yield uint16(140, "relay", self._relay)
        if self.modern:
            yield uint16(134, "operator_limit", lambda: box.operator_limit, unit="A")
            yield text(142, 10, "model", lambda: box.model)
            yield uint16(152, "plug_lock", lambda: int(self.car.plugged))

    def _availability(self) -> int:
        return int(self.box.available == self.modern)

    def _set_availability(self, value: int) -> None:
        self.box.available = bool(value) == self.modern

    def _set_offset(self, value: int) -> None:
        """Take the offset without moving the registers: nobody may ever write it."""
        self.ecu.address_offset = value

    def _relay(self) -> int:
        if not self.charging.relay:
            return 0
        one_phase = self.version >= (5, 33) and self.charging.phases == 1
        return 5 if one_phase else 1

    def _metered(
        self, value: Callable[[int], float], total: Callable[[], float]
    ) -> Callable[[int], int | None]:
        """Return what the meter says; one without phase values has its total on L1."""

        def read(phase: int) -> int | None:
            if not self.box.metered:
                return None
            if self.phase_values:
                return round(value(phase))
            return round(total()) if phase == 0 else None

        return read

    def _total(self, value: Callable[[], float]) -> Callable[[], int | None]:
        return lambda: int(value()) if self.box.metered else None

    def _voltage(self, phase: int) -> int | None:
        measured = self.box.metered and self.has_voltages
        return round(self.grid.voltages[phase]) if measured else None

    def _meter(self) -> Iterator[Register]:
        meter = self.meter
        power = self._metered(lambda phase: meter.powers[phase], lambda: meter.power)
        current = self._metered(
            lambda phase: 1000 * meter.currents[phase], lambda: 1000 * sum(meter.currents)
        )
        yield uint32(200, "energy_l1", self._total(lambda: meter.energy), unit="Wh")
        yield uint32(202, "energy_l2", None, unit="Wh")
        yield uint32(204, "energy_l3", None, unit="Wh")
        yield from on_phases(uint32, 206, "power", power, stride=2, unit="W")
        yield from on_phases(uint32, 212, "current", current, stride=2, unit="mA")
        if self.modern:
            yield uint32(218, "energy", self._total(lambda: meter.energy), unit="Wh")
            yield uint32(220, "power", self._total(lambda: round(meter.power)), unit="W")
            yield from on_phases(uint32, 222, "voltage", self._voltage, stride=2, unit="V")

    def _network(self) -> Iterator[Register]:
        network, charging = self.network, self.charging

        def applied(phase: int) -> int:
            return network.applied(charging.own_amps)[phase]

        def available(phase: int) -> int:
            return network.available(charging.own_amps)[phase]

        yield uint16(600, "dlm_mode", lambda: network.mode)
        yield from on_phases(uint16, 610, "dlm_limit", network.configured, unit="A")
        yield from on_phases(
            uint16, 613, "dlm_operator_limit", network.granted, network.grant, unit="A"
        )
        yield uint16(620, "dlm_external_meter", lambda: int(self.ecu.external_meter))
        yield uint16(621, "dlm_connected", lambda: network.stations - 1)
        yield from on_phases(uint16, 630, "dlm_applied", applied, unit="A")
        yield from on_phases(uint16, 633, "dlm_available", available, unit="A")

    def _charge(self) -> Iterator[Register]:
        charging, session = self.charging, self.session
        yield uint16(
            700, "required_energy_short", lambda: min(self.ecu.required_energy, _SATURATED)
        )
        yield bcd(701, 2, "departure_time", lambda: self.ecu.departure_time, unit="hhmmss")
        yield bcd(703, 2, "departure_date", lambda: self.ecu.departure_date, unit="ddmmyy")
        yield uint16(
            705, "session_energy_short", lambda: min(int(session.energy), _SATURATED), unit="Wh"
        )
        yield uint16(706, "signalled_current", lambda: charging.offer, unit="A")
        yield bcd(707, 2, "session_start", lambda: session.started_at, unit="hhmmss")
        yield uint16(
            709, "session_duration_short", lambda: min(int(session.duration), _SATURATED), unit="s"
        )
        yield bcd(710, 2, "session_end", lambda: session.ended_at, unit="hhmmss")
        yield uint16(712, "lowest_current", LEAST_CURRENT, unit="A")
        yield uint32(713, "required_energy", lambda: self.ecu.required_energy, unit="Wh")
        yield uint16(715, "cable_current", lambda: charging.cable_current, unit="A")
        if self.modern:
            yield uint32(716, "session_energy", lambda: int(session.energy), unit="Wh")
            yield uint32(718, "session_duration", lambda: int(session.duration), unit="s")

    def _vehicle(self) -> Iterator[Register]:
        def tag() -> str:
            return self.ecu.id_tag if self.ecu.disclose_uid else ""

        yield text(720, 10, "id_tag", tag, pad=" ", right=True)
        if self.version >= (5, 32):
            yield uint16(730, "state_of_charge", lambda: self.ecu.state_of_charge, unit="%")
            yield uint16(740, "smart_vehicle", lambda: int(bool(self.ecu.vehicle_id)))
        yield text(741, 6, "vehicle_id", lambda: self.ecu.vehicle_id)

    def _hems(self) -> Iterator[Register]:
        hems = self.hems
        yield uint16(1000, "hems_current", lambda: hems.current, hems.set_current, unit="A")
        if self.power_limit:
            yield uint16(1001, "hems_current_tenths", lambda: hems.current_tenths, hems.set_tenths)
            yield uint16(1002, "hems_power", lambda: hems.power, hems.set_power, unit="W")
        yield text(
            1110, 10, "present_tag", None, self._write_tag, pad=" ", right=True, write_only=True
        )
