"""The lists of Kamstrup: its name, then pairs of code and value without scales."""

from dataclasses import dataclass

from simulators.ams_han.coding import (
    NO_DEVIATION,
    NULL,
    code,
    date_time,
    octets,
    structure,
    uint16,
    uint32,
    visible,
)
from simulators.ams_han.quantities import Identity, Net, Quantities
from simulators.ams_han.wire import KAMSTRUP, KAMSTRUP_ENCRYPTED, Notification, plain_header

_VERSION = visible("Kamstrup_V0001")


@dataclass(frozen=True, kw_only=True)
class Kamstrup:
    """A Kamstrup with its two open lists."""

    identity: Identity
    net: Net = Net.TN
    #: Firmware of 2017 announced the clock of the header with a tag.
    tagged_time: bool = False
    #: One Danish firmware has two decimals more.
    fine_voltage: bool = False
    #: Whether the clock is set forward in summer.
    summer_time: bool = False
    #: The printed example leaves missing phases out; meters send two nulls for each.
    null_phases: bool = True

    def list_1(self, now: Quantities) -> Notification:
        """Everything but the counters."""
        return self._notification(now, *self._values(now))

    def list_2(self, now: Quantities) -> Notification:
        """List 1 and the counters."""
        counters = (
            now.energy_imported,
            now.energy_exported,
            now.reactive_energy_imported,
            now.reactive_energy_exported,
        )
        return self._notification(
            now,
            *self._values(now),
            code("0-1:1.0.0"),
            octets(self._clock(now)),
            *_pairs((1, 2, 3, 4), 8, [uint32(value // self.step) for value in counters]),
        )

    @property
    def step(self) -> int:
        """What one step of a counter is worth, in Wh: Swedish types differ."""
        return 1 if self.identity.model.endswith(("090", "092")) else 10

    def _values(self, now: Quantities) -> list[bytes]:
        powers = (
            now.power_imported,
            now.power_exported,
            now.reactive_imported,
            now.reactive_exported,
        )
        steps = 1000 if self.identity.model.startswith("685") else 100
        volt = 100 if self.fine_voltage else 1
        missing = 2 if self.net is Net.ONE_PHASE else 0
        nulls = [NULL] * (2 * missing if self.null_phases else 0)
        present = 3 - missing
        return [
            code("1-1:0.0.5"),
            visible(self.identity.serial),
            code("1-1:96.1.1"),
            visible(self.identity.model),
            *_pairs((1, 2, 3, 4), 7, [uint32(value) for value in powers]),
            *_pairs((31, 51, 71), 7, [uint32(abs(i) * steps) for i in now.currents[:present]]),
            *nulls,
            *_pairs((32, 52, 72), 7, [uint16(u * volt) for u in now.voltages[:present]]),
            *nulls,
        ]

    def _clock(self, now: Quantities) -> bytes:
        if self.summer_time and now.summer:
            return date_time(now.wall_time, NO_DEVIATION, 0x80)
        return date_time(now.standard_time, NO_DEVIATION)

    def _notification(self, now: Quantities, *elements: bytes) -> Notification:
        clock = self._clock(now)
        announced = (b"\x09\x0c" if self.tagged_time else b"\x0c") + clock
        return Notification(
            body=structure(_VERSION, *elements),
            header=plain_header(announced, bytes(4)),
            address=KAMSTRUP,
        )


@dataclass(frozen=True, kw_only=True)
class KamstrupPush:
    """A Kamstrup with the push list of Denmark and Switzerland, which names no model."""

    identity: Identity
    current_transformers: bool = False

    def full(self, now: Quantities) -> Notification:
        """All 32 pairs."""
        clock = date_time(now.standard_time, NO_DEVIATION)
        steps = 1000 if self.current_transformers else 100
        elements = [
            *_pairs(
                (1, 2, 3, 4),
                8,
                [
                    uint32(value // 10)
                    for value in (
                        now.energy_imported,
                        now.energy_exported,
                        now.reactive_energy_imported,
                        now.reactive_energy_exported,
                    )
                ],
            ),
            code("1-1:0.0.1"),
            uint32(int(self.identity.serial)),
            *_pairs(
                (1, 2, 3, 4),
                7,
                [
                    uint32(now.power_imported),
                    uint32(now.power_exported),
                    uint32(now.reactive_imported),
                    uint32(now.reactive_exported),
                ],
            ),
            code("0-1:1.0.0"),
            octets(clock),
            *_pairs((32, 52, 72), 7, [uint16(volt) for volt in now.voltages]),
            *_pairs((31, 51, 71), 7, [uint32(abs(ampere) * steps) for ampere in now.currents]),
            *_pairs((21, 41, 61), 7, [uint32(watt) for watt in now.power_imported_per_phase]),
            *_pairs((33, 53, 73), 7, [uint16(factor * 100) for factor in now.power_factors]),
            code("1-1:13.7.0"),
            uint16(now.power_factor * 100),
            *_pairs((22, 42, 62), 7, [uint32(watt) for watt in now.power_exported_per_phase]),
            *_pairs((22, 42, 62), 8, [uint32(wh // 10) for wh in now.energy_exported_per_phase]),
            *_pairs((21, 41, 61), 8, [uint32(wh // 10) for wh in now.energy_imported_per_phase]),
        ]
        return Notification(
            body=structure(_VERSION, *elements),
            header=plain_header(b"\x0c" + clock, bytes(4)),
            address=KAMSTRUP_ENCRYPTED,
        )


def _pairs(groups: tuple[int, ...], kind: int, values: list[bytes]) -> list[bytes]:
    """Codes and values in turn, for as many values as there are."""
    return [
        part
        for group, value in zip(groups, values, strict=False)
        for part in (code(f"1-1:{group}.{kind}.0"), value)
    ]
