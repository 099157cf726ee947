"""AMTRON 4You 400/500 and 4Business 600/700: every register their data-point page lists."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from simulators.clock import Clock
from simulators.mennekes_tcp.box import LEAST_CURRENT, Box, rated_current
from simulators.mennekes_tcp.charger import Charger
from simulators.mennekes_tcp.codes import Overlap, OverLimit, PhaseMode, ReadOnlyWrites
from simulators.registers import Register, bcd, hole, int16, int32, on_phases, text, uint16, uint32
from simulators.unit import Unit

#: Holes that real devices let a read run across.
READABLE_HOLES: Final = (123,)
#: A request for one of these is refused, and the connection is closed.
_CLOSING: Final = frozenset({730, 740})


class Charger4X(Charger):
    """A charger with the ICC13xx controller: unit 1, one client, function 3, 6 and 16.

    `protocol` is "1.0" to "1.5"; the blocks 600, 2000, 2158 and 26xx exist from 1.5 on.
    """

    max_clients = 1
    closing_addresses = _CLOSING

    def __init__(
        self,
        *,
        model: str = "4Business 710 22 C2",
        protocol: str = "1.5",
        firmware: tuple[int, int, int, int] = (1, 5, 21, 1234),
        name: str = "Garage",
        phase_mode: PhaseMode | None = None,
        grid_phases: int = 3,
        readable_holes: Iterable[int] = READABLE_HOLES,
        over_limit: OverLimit = OverLimit.CLAMP,
        overlap: Overlap = Overlap.THREE,
        read_only_writes: ReadOnlyWrites = ReadOnlyWrites.REFUSE,
        energy: float = 2_221_483.0,
        clock: Clock | None = None,
        seed: int = 0,
    ) -> None:
        current = rated_current(model)
        if phase_mode is None:
            # Energy managers know dynamic switching on 11 kW units only.
            phase_mode = PhaseMode.DYNAMIC if current == 16 else PhaseMode.THREE
        box = Box(
            model=model,
            rated_current=current,
            grid_phases=grid_phases,
            name=name,
            tethered="C2" in model.split(),
            operator_limit=current,
            phase_mode=phase_mode,
            over_limit=over_limit,
        )
        super().__init__(
            "mennekes 4x",
            box,
            reset_current=LEAST_CURRENT,
            clock=clock,
            seed=seed,
            energy=energy,
            overlap=overlap,
            read_only_writes=read_only_writes,
        )
        self.protocol = protocol
        self.firmware = firmware
        registers = [*self._identity(), *self._meter(), *self._charge(), *self._hems_copies()]
        if self.has_block_2000:
            registers += [*self._network(), *self._hems()]
        self.units[1] = Unit([*registers, *(hole(address) for address in readable_holes)])

    @property
    def has_block_2000(self) -> bool:
        """Whether the protocol is new enough for everything."""
        major, minor = (int(part) for part in self.protocol.split("."))
        return (major, minor) >= (1, 5)

    def _identity(self) -> Iterator[Register]:
        major, minor, patch, build = self.firmware
        box, charging, hems = self.box, self.charging, self.hems
        # How the short form is cut from the full one is UNCONFIRMED.
        yield text(100, 2, "application_version", f"{major}.{minor:02d}")
        yield uint16(104, "ocpp_status", lambda: charging.status)
        for word in range(4):
            yield uint32(105 + 2 * word, f"errors_{word + 1}", self._error_word(word))
        yield text(120, 2, "protocol_version", self.protocol)
        yield int16(122, "vehicle_state", lambda: charging.pilot)
        yield uint16(124, "available", lambda: int(box.available))
        yield uint16(
            131,
            "safe_current",
            lambda: hems.safe_current,
            hems.set_safe_current,
            check=hems.check_current,
            unit="A",
        )
        yield uint16(132, "communication_timeout", lambda: hems.timeout, hems.set_timeout, unit="s")
        yield uint16(134, "operator_limit", lambda: box.operator_limit, unit="A")
        yield uint16(140, "relay", lambda: int(charging.relay))
        yield text(141, 1, "device_id", "AM")
        yield text(142, 10, "model", lambda: box.model)
        yield uint16(152, "plug_lock", lambda: charging.plug_lock)
        yield uint16(153, "firmware_major", major)
        yield uint16(154, "firmware_minor", minor)
        yield uint16(155, "firmware_patch", patch)
        yield uint32(156, "firmware_build", build)
        yield text(158, 16, "name_deprecated", lambda: box.name)
        if self.has_block_2000:
            yield text(2158, 16, "name", lambda: box.name)

    def _error_word(self, word: int) -> Callable[[], int]:
        """Return one of the four error words; their bits are not published for this family."""
        return lambda: self.box.errors >> (32 * (3 - word)) & 0xFFFF_FFFF

    def _metered(self, value: Callable[[int], float]) -> Callable[[int], int | None]:
        """Return what the meter says on a phase; None, all bits set on the wire, without one."""
        return lambda phase: round(value(phase)) if self.box.metered else None

    def _counted(self, value: Callable[[], float]) -> Callable[[], int | None]:
        """Return a counter: whole units that are complete."""
        return lambda: int(value()) if self.box.metered else None

    def _meter(self) -> Iterator[Register]:
        meter = self.meter
        power = self._metered(lambda phase: meter.powers[phase])
        current = self._metered(lambda phase: 1000 * meter.currents[phase])
        voltage = self._metered(lambda phase: self.grid.voltages[phase])
        total_power = self._metered(lambda _: meter.power)
        # L1 carries the total; the other phases read 0, which means not available.
        yield int32(200, "energy_l1", self._counted(lambda: meter.energy), unit="Wh")
        yield int32(202, "energy_l2", self._counted(lambda: 0), unit="Wh")
        yield int32(204, "energy_l3", self._counted(lambda: 0), unit="Wh")
        yield from on_phases(int32, 206, "power", power, stride=2, unit="W")
        yield from on_phases(int32, 212, "current", current, stride=2, unit="mA")
        yield int32(218, "energy", self._counted(lambda: meter.energy), unit="Wh")
        yield int32(220, "power", lambda: total_power(0), unit="W")
        yield from on_phases(int32, 222, "voltage", voltage, stride=2, unit="V")

    def _network(self) -> Iterator[Register]:
        network, charging = self.network, self.charging

        def detail(value: Callable[[], int]) -> Callable[[], int]:
            # Only the master reports details; zeros from the others are UNCONFIRMED.
            return lambda: value() if network.leads else 0

        def details(value: Callable[[int], int]) -> Callable[[int], int]:
            return lambda phase: value(phase) if network.leads else 0

        limit, granted = details(network.configured), details(network.granted)
        applied = details(lambda phase: network.applied(charging.own_amps)[phase])
        available = details(lambda phase: network.available(charging.own_amps)[phase])
        drawn = details(lambda phase: network.drawn(self.meter.currents)[phase])
        yield uint16(600, "network_mode", lambda: network.mode)
        yield from on_phases(uint16, 610, "network_limit", limit, unit="A")
        yield from on_phases(uint16, 613, "network_ems_limit", granted, network.grant, unit="A")
        yield uint16(620, "network_source", detail(lambda: network.source))
        yield uint16(621, "network_stations", detail(lambda: network.stations))
        yield from on_phases(uint16, 630, "network_applied", applied, unit="A")
        yield from on_phases(uint16, 633, "network_available", available, unit="A")
        yield uint16(2622, "network_in_fallback", detail(lambda: network.in_fallback))
        fallback = detail(lambda: network.fallback_current)
        yield uint16(2623, "network_fallback_current", fallback, unit="A")
        yield from on_phases(uint16, 2636, "network_drawn", drawn, unit="A")

    def _charge(self) -> Iterator[Register]:
        charging, session = self.charging, self.session
        yield uint16(706, "signalled_current", lambda: charging.offer, unit="A")
        yield bcd(707, 2, "session_start", lambda: session.started_at, unit="hhmmss")
        yield bcd(710, 2, "session_end", lambda: session.ended_at, unit="hhmmss")
        yield uint16(712, "lowest_current", LEAST_CURRENT, unit="A")
        yield uint16(715, "cable_current", lambda: charging.cable_current, unit="A")
        yield uint32(716, "session_energy", lambda: int(session.energy), unit="Wh")
        yield uint32(718, "session_duration", lambda: int(session.duration), unit="s")

    def _setpoints(self, address: int, suffix: str) -> Iterator[Register]:
        hems = self.hems
        yield uint16(
            address,
            f"hems_current{suffix}",
            lambda: hems.current,
            hems.set_current,
            check=hems.check_current,
            unit="A",
        )
        yield uint16(
            address + 1,
            f"hems_current_tenths{suffix}",
            lambda: hems.current_tenths,
            hems.set_tenths,
            check=hems.check_tenths,
            unit="0.1 A",
        )
        yield uint16(
            address + 2, f"hems_power{suffix}", lambda: hems.power, hems.set_power, unit="W"
        )

    def _hems_copies(self) -> Iterator[Register]:
        yield from self._setpoints(1000, "_copy")

    def _hems(self) -> Iterator[Register]:
        box, hems, charging = self.box, self.hems, self.charging
        yield from self._setpoints(2000, "")
        yield uint16(2010, "access", lambda: hems.access)
        yield uint16(2011, "communication", lambda: int(hems.timed_out))
        yield uint16(2012, "lowest_power", lambda: box.lowest_power, unit="W")
        yield uint16(2013, "highest_power", lambda: box.highest_power, unit="W")
        yield uint16(2020, "phase_mode", lambda: box.phase_mode)
        yield uint16(2021, "switch_pause", lambda: box.switch_pause, unit="s")
        yield uint16(2022, "switching", lambda: int(charging.switching > 0))
        # 2 means three phases.
        yield uint16(2023, "assigned_phases", lambda: {0: 0, 1: 1, 3: 2}[charging.phases])
        yield uint16(2030, "authorisation", lambda: box.authorisation)
