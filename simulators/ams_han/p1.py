"""P1 telegrams: text lines, a check at the end."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulators.ams_han.wire import crc_arc

if TYPE_CHECKING:
    from simulators.ams_han.quantities import Identity, Quantities


@dataclass(frozen=True, kw_only=True)
class P1:
    """A meter with a P1 port, after the Swedish profile unless told otherwise."""

    identity: Identity
    #: Three letters, a digit and more: "LGF5E360".
    name: str = "LGF5E360"
    #: kvar, kVAr: makers differ.
    reactive_unit: str = "kVAr"
    check: bool = True
    #: Dutch meters send tariffs instead of totals, their number in hexadecimal digits, no
    #: reactive values, and gas on a channel of its own.
    dutch: bool = False
    per_phase: bool = True
    #: Whether the clock is set forward in summer.
    summer_time: bool = False

    def telegram(self, now: Quantities) -> bytes:
        """Return the telegram, from its slash to its last line end."""
        lines = [f"/{self.name}", "", *(self._dutch(now) if self.dutch else self._swedish(now))]
        text = "".join(f"{line}\r\n" for line in lines).encode("ascii") + b"!"
        check = f"{crc_arc(text):04X}" if self.check else ""
        return text + f"{check}\r\n".encode("ascii")

    def _clock(self, now: Quantities) -> str:
        summer = self.summer_time and now.summer
        local = now.wall_time if summer else now.standard_time
        return f"0-0:1.0.0({local:%y%m%d%H%M%S}{'S' if summer else 'W'})"

    def _swedish(self, now: Quantities) -> list[str]:
        var = self.reactive_unit
        counters = (
            (1, now.energy_imported, "kWh"),
            (2, now.energy_exported, "kWh"),
            (3, now.reactive_energy_imported, f"{var}h"),
            (4, now.reactive_energy_exported, f"{var}h"),
        )
        powers = [
            (1, now.power_imported, "kW"),
            (2, now.power_exported, "kW"),
            (3, now.reactive_imported, var),
            (4, now.reactive_exported, var),
        ]
        if self.per_phase:
            powers += [
                (first + 20 * phase, values[phase], unit)
                for first, values, unit in (
                    (21, now.power_imported_per_phase, "kW"),
                    (22, now.power_exported_per_phase, "kW"),
                    (23, now.reactive_imported_per_phase, var),
                    (24, now.reactive_exported_per_phase, var),
                )
                for phase in range(3)
            ]
        return [
            self._clock(now),
            *(
                f"1-0:{group}.8.0({_thousands(value // 1, 8)}*{unit})"
                for group, value, unit in counters
            ),
            *(f"1-0:{group}.7.0({_thousands(value, 4)}*{unit})" for group, value, unit in powers),
            *_lines((32, 52, 72), now.voltages, "05.1f", "V"),
            *_lines((31, 51, 71), tuple(map(abs, now.currents)), "05.1f", "A"),
        ]

    def _dutch(self, now: Quantities) -> list[str]:
        day, night = (
            now.energy_imported // 1 * 2 // 3,
            now.energy_imported // 1 - (now.energy_imported // 1 * 2 // 3),
        )
        return [
            "1-3:0.2.8(50)",
            self._clock(now),
            f"0-0:96.1.1({self.identity.serial.encode('ascii').hex().upper()})",
            f"1-0:1.8.1({_thousands(night, 6)}*kWh)",
            f"1-0:1.8.2({_thousands(day, 6)}*kWh)",
            f"1-0:2.8.1({_thousands(0, 6)}*kWh)",
            f"1-0:2.8.2({_thousands(now.energy_exported // 1, 6)}*kWh)",
            "0-0:96.14.0(0002)",
            f"1-0:1.7.0({_thousands(now.power_imported, 2)}*kW)",
            f"1-0:2.7.0({_thousands(now.power_exported, 2)}*kW)",
            "0-0:96.7.21(00004)",
            "1-0:99.97.0(1)(0-0:96.7.19)(200101120000W)(0000000240*s)",
            "0-0:96.13.0()",
            *_lines((32, 52, 72), now.voltages, "05.1f", "V"),
            *_lines((31, 51, 71), tuple(map(abs, now.currents)), "03.0f", "A"),
            "0-1:24.1.0(003)",
            "0-1:96.1.0(4730303339303031393336393930363139)",
            "0-1:24.2.1(200101120000W)(01234.567*m3)",
        ]


def _thousands(value: float, digits: int) -> str:
    """Write W as kW and Wh as kWh, with three decimals."""
    whole, rest = divmod(round(value), 1000)
    return f"{whole:0{digits}d}.{rest:03d}"


def _lines(groups: tuple[int, ...], values: tuple[float, ...], form: str, unit: str) -> list[str]:
    return [
        f"1-0:{group}.7.0({value:{form}}*{unit})"
        for group, value in zip(groups, values, strict=True)
    ]
