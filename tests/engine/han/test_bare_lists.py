"""Bare lists: values in a fixed order, told from each other by the types of their elements."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import pytest

from custom_components.voltrail.engine.han import Message, Number, PayloadReader, Reason
from simulators.ams_han.coding import (
    array,
    boolean,
    date_time,
    enum,
    octets,
    structure,
    uint8,
    uint16,
    uint32,
    visible,
)
from simulators.ams_han.iskraemeco import Iskraemeco, LandisGyrAustria
from simulators.ams_han.quantities import Identity, Quantities
from simulators.ams_han.wire import ISKRAEMECO, Notification, hdlc, plain_header
from tests.engine.han.support import (
    BUSY,
    counters,
    decode_one,
    expected,
    per_phase,
    powers,
    reader,
)

METER: Final = Iskraemeco(identity=Identity(serial="ISK1030000000014", model=""))
NAME: Final = "ISK1030000000014"
DIGITS: Final = "00000014"
NOW: Final = replace(BUSY, power_exported_per_phase=(0.0, 21.0, 38.0), power_exported=60)

ALL: Final = per_phase("current", NOW.currents) | per_phase("voltage", NOW.voltages)
PHASES: Final = (
    ALL
    | per_phase("power_imported", NOW.power_imported_per_phase)
    | per_phase("power_exported", NOW.power_exported_per_phase)
)
ACTIVE: Final = {key: value for key, value in powers(NOW).items() if "reactive" not in key}
ENERGY: Final = {key: value for key, value in counters(NOW).items() if "reactive" not in key}


def only_l1(readings: dict[str, Number]) -> dict[str, Number]:
    """What a meter on one phase has of them."""
    return {key: value for key, value in readings.items() if key.endswith("_l1")}


LISTS: Final[list[tuple[Callable[[Quantities], Notification], str | None, dict[str, Number]]]] = [
    (METER.list_of_18, NAME, powers(NOW) | PHASES),
    (METER.list_of_12_counters, NAME, counters(NOW)),
    (METER.list_of_12_values, NAME, ALL | powers(NOW)),
    (METER.list_of_12_in_austria, "1121378381199", counters(NOW) | ACTIVE),
    (METER.list_of_10_values, NAME, powers(NOW) | only_l1(PHASES)),
    (METER.list_of_10_counters, NAME, counters(NOW)),
    (
        METER.list_of_9_values,
        NAME,
        powers(NOW) | {"voltage_l1": NOW.voltages[0]},
    ),
    (METER.list_of_9_counters, NAME, ACTIVE | ENERGY),
    (METER.list_of_8, NAME, powers(NOW) | only_l1(ALL)),
    (METER.list_of_4, DIGITS, ENERGY),
    (METER.list_of_33, DIGITS, ACTIVE | ENERGY | PHASES | {"power_factor": 1}),
    (METER.list_of_28, DIGITS, ACTIVE | ENERGY | PHASES),
]
_by_name: Final = [make.__name__ for make, _, _ in LISTS]


def wire_of(*elements: bytes) -> bytes:
    """One frame with these elements."""
    return Notification(body=structure(*elements), header=plain_header(), address=ISKRAEMECO).frame


class TestLists:
    """Every list that is known."""

    @pytest.mark.parametrize(("make", "serial", "readings"), LISTS, ids=_by_name)
    def test_what_it_says(
        self,
        make: Callable[[Quantities], Notification],
        serial: str | None,
        readings: dict[str, Number],
    ) -> None:
        """Values, who sent them, and when: the deviation of its clock counts."""
        message = decode_one(make(NOW).frame)
        assert message.readings == readings
        assert (message.meter.manufacturer, message.meter.serial) == ("Iskraemeco", serial)
        assert message.timestamp == NOW.moment
        assert (message.meter.model, message.meter.list_version) == (None, None)

    @pytest.mark.parametrize(("make", "serial", "readings"), LISTS, ids=_by_name)
    def test_without_a_check(
        self,
        make: Callable[[Quantities], Notification],
        serial: str | None,
        readings: dict[str, Number],
    ) -> None:
        """All its types prove what it is."""
        (message,) = PayloadReader().read(make(NOW).body).messages
        assert (message.readings, message.meter.serial) == (readings, serial)

    @pytest.mark.parametrize(("make", "serial", "readings"), LISTS, ids=_by_name)
    def test_the_next_one_is_known(
        self,
        make: Callable[[Quantities], Notification],
        serial: str | None,
        readings: dict[str, Number],
    ) -> None:
        """Whatever may change from one to the next changes; what was learned still holds."""
        fresh = reader()
        later = replace(
            NOW,
            moment=NOW.moment.replace(second=25, day=2),
            power_imported=7,
            energy_imported=NOW.energy_imported + 1,
        )
        fresh.feed(make(NOW).frame)
        (message,) = fresh.feed(make(later).frame)
        assert (message.timestamp, message.meter.serial) == (later.moment, serial)
        changed = {"power_imported": 7, "energy_imported": later.energy_imported}
        assert message.readings == readings | {
            key: value for key, value in changed.items() if key in readings
        }

    def test_both_directions_at_once(self) -> None:
        """Each is the sum over its phases: nothing is netted away."""
        readings = decode_one(METER.list_of_18(NOW).frame).readings
        assert (readings["power_imported"], readings["power_exported"]) == (4821, 60)

    @pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
    def test_switzerland_with_an_empty_text(self, order: slice) -> None:
        """Export stands before import; which of the two is the eighth element is not certain."""
        clock = date_time(NOW.wall_time, -120, 0x80)
        totals = [uint32(value) for value in (500, 300, 200, 50, 30, 20)]
        two = [octets(b""), octets(clock)][order]
        message = decode_one(
            wire_of(
                *totals,
                *two,
                uint32(5),
                uint32(700),
                *(uint16(ampere) for ampere in (101, 102, 103)),
                uint16(2301),
                uint16(2303),
            )
        )
        assert message.readings == {
            "energy_imported": 500,
            "energy_exported": 50,
            "power_exported": 5,
            "power_imported": 700,
            "current_l1": 1.01,
            "current_l2": 1.02,
            "current_l3": 1.03,
            "voltage_l1": 230.1,
            "voltage_l3": 230.3,
        }
        assert message.timestamp == NOW.moment

    def test_landis_gyr_in_austria(self) -> None:
        """Whole volts, and the number of the meter at the end."""
        sent = LandisGyrAustria(identity=Identity(serial="30000009", model=""))
        message = decode_one(sent.full(BUSY).frame)
        assert message.readings == expected("landis-at", "full", BUSY)
        (bare,) = PayloadReader().read(sent.full(BUSY).body).messages
        assert bare.readings == message.readings


class TestTypesDecide:
    """The number of elements alone proves nothing: makers have lists of the same length."""

    OTHERS: Final = (
        octets(b"x"),
        octets(b"ISK103000000001"),
        visible("ISK1030000000014"),
        uint8(1),
        uint16(1),
        uint32(1),
        enum(1),
        boolean(True),  # noqa: FBT003 - a value on the wire
        array(uint16(1), uint16(2)),
        octets(b"123456789"),
    )

    @pytest.mark.parametrize(("make", "serial", "readings"), LISTS, ids=_by_name)
    def test_one_other_type_is_enough(
        self,
        make: Callable[[Quantities], Notification],
        serial: str | None,  # noqa: ARG002 - the same table
        readings: dict[str, Number],  # noqa: ARG002
    ) -> None:
        """A list with one element of another type is not taken for it."""
        body = make(NOW).body
        elements = split(body)
        assert structure(*elements) == body
        for at, element in enumerate(elements):
            for other in self.OTHERS:
                if other[0] == element[0] and (other[0] != 0x09 or element[1] > 0 == other[1]):
                    continue
                if other[0] == element[0] == 0x09 and at == 1:
                    # The second text names the list, and may be any.
                    continue
                spoilt = [*elements[:at], other, *elements[at + 1 :]]
                fresh = reader()
                assert fresh.feed(wire_of(*spoilt)) == [], (at, other)
                assert fresh.journal.dropped == {Reason.UNKNOWN_LIST: 1}

    @pytest.mark.parametrize(
        "make",
        [
            METER.list_of_12_counters,
            METER.list_of_9_counters,
            METER.list_of_33,
            METER.list_of_28,
        ],
    )
    def test_a_total_is_the_sum_of_its_tariffs(
        self, make: Callable[[Quantities], Notification]
    ) -> None:
        """Give or take the rounding of each: else it fits by chance."""
        elements = split(make(NOW).body)
        at = elements.index(uint32(NOW.energy_imported))
        for difference, read in ((2, True), (-2, True), (3, False), (-3, False)):
            changed = uint32(NOW.energy_imported + difference)
            fresh = reader()
            messages = fresh.feed(wire_of(*elements[:at], changed, *elements[at + 1 :]))
            assert bool(messages) is read, difference

    def test_one_element_more_or_less(self) -> None:
        """That is another list."""
        elements = split(METER.list_of_18(NOW).body)
        for other in (elements[:-1], [*elements, uint32(0)]):
            fresh = reader()
            assert fresh.feed(wire_of(*other)) == []
            assert fresh.journal.dropped == {Reason.UNKNOWN_LIST: 1}

    def test_an_array_is_no_structure(self) -> None:
        """The same elements in an array are not this list."""
        body = b"\x01" + METER.list_of_4(NOW).body[1:]
        fresh = reader()
        assert fresh.feed(hdlc(ISKRAEMECO, b"\xe6\xe7\x00\x0f" + bytes(5) + body)) == []


def split(body: bytes) -> list[bytes]:
    """The elements of a structure without structures inside."""
    elements = []
    at = 2
    while at < len(body):
        end = at + _size(body, at)
        elements.append(body[at:end])
        at = end
    return elements


def _size(body: bytes, at: int) -> int:
    sizes = {0x03: 2, 0x06: 5, 0x11: 2, 0x12: 3, 0x16: 2}
    if body[at] in sizes:
        return sizes[body[at]]
    if body[at] == 0x01:
        return 2 + _size(body, at + 2)
    return 2 + body[at + 1]


def test_messages_are_equal_however_they_come() -> None:
    """In a frame or without one."""
    framed: Message = decode_one(METER.list_of_18(NOW).frame)
    (alone,) = PayloadReader().read(METER.list_of_18(NOW).apdu).messages
    assert alone == framed
