"""Push lists that describe themselves: Switzerland, and Landis+Gyr's E450 elsewhere."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import pytest

from custom_components.voltrail.engine.han import HanReader, Message, PayloadReader, Reason
from simulators.ams_han.catalogue import METERS
from simulators.ams_han.coding import code, octets, structure, uint16, uint32, visible
from simulators.ams_han.quantities import Quantities
from simulators.ams_han.switzerland import Element, push_body
from simulators.ams_han.wire import (
    ISKRAEMECO,
    LANDIS_GYR_E360,
    LANDIS_GYR_E450,
    LANDIS_GYR_E570,
    LLC,
    Address,
    Notification,
    hdlc,
    plain_header,
)
from tests.engine.han.support import BUSY, decode_one, decoded, encoded, reader, sealed

SETUP: Final = "0-8:25.9.0"
#: Nine amperes in all, and the power that they carry.
LOADED: Final = replace(
    BUSY,
    power_imported=2080,
    reactive_exported=0,
    currents=(3.0, 4.0, 2.0),
    voltages=(231.0, 231.0, 231.0),
)
IDLE: Final = replace(LOADED, power_imported=0, currents=(0.0, 0.0, 0.0))


def notification(
    *elements: Element, setup: str = SETUP, address: Address = LANDIS_GYR_E450
) -> bytes:
    """One frame with a push list."""
    return Notification(
        body=push_body(setup, *elements), header=plain_header(), address=address
    ).frame


def register(obis: str, value: bytes) -> Element:
    """A register, described."""
    return Element(3, obis, value)


POWER: Final = register("1-0:1.7.0", uint32(500))


class TestScales:
    """Nothing in the list tells in which steps voltages and currents are sent."""

    @pytest.mark.parametrize("name", ["landis-e450", "landis-e360", "iskra-ch"])
    def test_volts_and_hundredths_of_ampere(self, name: str) -> None:
        """Whole volts from the E450, tenths from the E360 and the AM550."""
        readings = decode_one(encoded(name, "full", LOADED)).readings
        assert (readings["voltage_l1"], readings["current_l2"]) == (231, 4)

    def test_tenths_of_a_volt_hold_for_the_phases_without_voltage(self) -> None:
        """A disconnected phase may show some volts, which are tenths like those of the others."""
        now = replace(LOADED, voltages=(231.0, 12.3, 0.0))
        readings = decode_one(encoded("landis-e360", "full", now)).readings
        assert [readings[f"voltage_l{n}"] for n in (1, 2, 3)] == [231, 12.3, 0]

    def test_an_iskraemeco_always_sends_tenths(self) -> None:
        """Also while no phase tells."""
        now = replace(LOADED, voltages=(98.7, 0.0, 0.0))
        assert decode_one(encoded("iskra-ch", "full", now)).readings["voltage_l1"] == 98.7

    def test_whole_amperes_show_under_load(self) -> None:
        """An E570: as hundredths its currents would carry a hundredth of its power."""
        readings = decode_one(encoded("landis-e570", "full", LOADED)).readings
        assert [readings[f"current_l{n}"] for n in (1, 2, 3)] == [3, 4, 2]
        assert readings["power_factor"] == 1

    def test_whole_amperes_are_remembered(self) -> None:
        """Currents that meet no power, as when phases import and export, tell nothing."""
        fresh = reader()
        balanced = replace(LOADED, power_imported=0)
        (doubtful,) = fresh.feed(encoded("landis-e570", "full", balanced))
        fresh.feed(encoded("landis-e570", "full", LOADED))
        (known,) = fresh.feed(encoded("landis-e570", "full", balanced))
        assert (doubtful.readings["current_l1"], known.readings["current_l1"]) == (0.03, 3)
        (idle,) = fresh.feed(encoded("landis-e570", "full", IDLE))
        assert idle.readings["current_l1"] == 0

    def test_the_address_of_an_e450_speaks_against_whole_amperes(self) -> None:
        """Both must tell: here the currents are too small for the power, but it is no E570."""
        small = replace(LOADED, currents=(0.03, 0.04, 0.02))
        readings = decode_one(encoded("landis-e450", "full", small)).readings
        assert readings["current_l2"] == 0.04

    def test_scales_are_not_carried_over_to_another_meter(self) -> None:
        """What the numbers of one meter told says nothing about the next."""
        fresh = reader()
        fresh.feed(encoded("landis-e570", "full", LOADED))
        kind = METERS["landis-e570"]
        other = replace(kind.identity, serial="LGZ1030000000099")
        content = kind.lists(other)["full"](replace(LOADED, power_imported=0))
        (message,) = fresh.feed(b"".join(kind.frames(content, None)))
        assert message.readings["current_l1"] == 0.03

    def test_a_power_factor_above_one_is_left_out(self) -> None:
        """Then its scale is another one than is known."""
        frames = [
            notification(POWER, register("1-0:13.7.0", uint16(value))) for value in (1000, 1001, 98)
        ]
        read = [message.readings for message in decoded(*frames)]
        assert [found.get("power_factor") for found in read] == [1, None, 0.098]
        assert all(found["power_imported"] == 500 for found in read)


class TestElements:
    """What is read and what is skipped."""

    def test_every_register_by_its_code(self) -> None:
        """Whatever its place and the second number of its code; extended registers too."""
        message = decode_one(
            notification(
                register("1-1:2.7.0", uint32(7)),
                Element(4, "1-0:1.7.0", uint32(500)),
            )
        )
        assert message.readings == {"power_exported": 7, "power_imported": 500}

    @pytest.mark.parametrize(
        "other",
        [
            register("1-1:1.8.1", uint32(3)),
            register("1-1:5.8.0", uint32(3)),
            register("0-1:1.8.0", uint32(3)),
            Element(1, "0-0:96.14.0", octets(b"RATE2")),
            Element(3, "1-0:2.7.0", uint32(3), attribute=3),
            Element(1, "1-0:2.7.0", uint32(3)),
            register("1-0:2.7.0", visible("3")),
            Element(99, "1-0:1.8.0", uint32(3)),
        ],
        ids=lambda element: element.code,
    )
    def test_anything_else_is_skipped_and_may_change(self, other: Element) -> None:
        """Tariffs, texts and attributes that are no value."""
        fresh = reader()
        (message,) = fresh.feed(notification(other, POWER))
        assert message.readings == {"power_imported": 500}
        assert fresh.journal.skipped == 1

    def test_a_list_of_gas_and_water_is_no_error(self) -> None:
        """It has nothing of electricity: no message, and nothing to complain about."""
        wire = notification(
            Element(1, "0-1:96.1.0", octets(b"12345678")),
            Element(4, "0-1:24.2.1", uint32(123_456)),
            setup="0-11:25.9.0",
        )
        fresh = reader()
        assert fresh.feed(wire) + fresh.feed(wire) == []
        assert fresh.take_drops() == []
        assert (fresh.journal.frames, fresh.journal.skipped) == (2, 4)

    @pytest.mark.parametrize(
        "body",
        [
            structure(uint32(1), uint32(500)),
            structure(b"\x01\x01" + structure(uint16(3), code("1-0:1.7.0"))),
            push_body(SETUP, POWER) + b"",
        ],
    )
    def test_bodies_that_are_cut_or_are_no_lists(self, body: bytes) -> None:
        """As many descriptions as elements, each of four parts; else it is not this list."""
        if body == push_body(SETUP, POWER):
            # One description more than there are elements.
            body = body.replace(b"\x02\x02\x01\x02", b"\x02\x03\x01\x02") + uint32(9)
        fresh = reader()
        wire = Notification(body=body, header=plain_header(), address=LANDIS_GYR_E450).frame
        assert fresh.feed(wire) == []
        assert [drop.reason for drop in fresh.take_drops()] == [Reason.UNKNOWN_LIST]

    def test_a_list_without_a_check_is_believed(self) -> None:
        """Every element of it is described."""
        body = push_body(SETUP, POWER)
        (message,) = PayloadReader().read(body).messages
        assert message.readings == {"power_imported": 500}


class TestWho:
    """Who sent it."""

    NUMBER = Element(1, "0-0:96.1.0", octets(b"63326413"))
    NAME = Element(1, "0-0:42.0.0", octets(b"LGZ1030655933512"))

    def test_the_number_goes_before_the_name(self) -> None:
        """The name is the serial number only where there is no other."""
        both = decode_one(notification(self.NAME, self.NUMBER, POWER)).meter
        name = decode_one(notification(self.NAME, POWER)).meter
        assert (both.serial, both.manufacturer) == ("63326413", "Landis+Gyr")
        assert (name.serial, name.manufacturer) == ("LGZ1030655933512", "Landis+Gyr")

    def test_the_number_of_the_grid_company_names_no_maker(self) -> None:
        """0-0:96.1.1 is neither a model nor a serial number."""
        element = Element(1, "0-0:96.1.1", octets(b"1909113"))
        meter = decode_one(notification(element, POWER)).meter
        assert (meter.serial, meter.model) == (None, None)

    @pytest.mark.parametrize(
        ("setup", "address", "maker"),
        [
            (SETUP, ISKRAEMECO, "Iskraemeco"),
            ("0-6:25.9.0", ISKRAEMECO, "Iskraemeco"),
            ("0-9:25.9.0", LANDIS_GYR_E450, "Landis+Gyr"),
            ("0-6:25.9.0", LANDIS_GYR_E570, "Landis+Gyr"),
            ("0-6:25.9.0", LANDIS_GYR_E360, "Landis+Gyr"),
            (SETUP, Address(destination=b"\x41", source=b"\x03"), "Landis+Gyr"),
            ("0-6:25.9.0", Address(destination=b"\x41", source=b"\x03"), None),
        ],
    )
    def test_a_maker_by_its_address_or_its_setup(
        self, setup: str, address: Address, maker: str | None
    ) -> None:
        """Where the list names nobody."""
        message = decode_one(notification(self.NUMBER, POWER, setup=setup, address=address))
        assert message.meter.manufacturer == maker


class TestClock:
    """What time a Swiss meter means."""

    @pytest.mark.parametrize("month", [1, 7])
    def test_a_clock_that_calls_itself_invalid(self, month: int) -> None:
        """The E450 sets that mark on a clock that is right."""
        now = replace(BUSY, moment=datetime(2026, month, 1, 10, 0, 10, tzinfo=UTC))
        assert decode_one(encoded("landis-e450", "full", now)).timestamp == now.moment

    def test_the_same_mark_of_another_maker_is_believed(self) -> None:
        """A Kamstrup means it."""
        wire = encoded("kamstrup-tn", "1", BUSY)
        at = wire.index(b"\xff\x80\x00\x00", 20) + 3
        frame = wire[1:at] + b"\x01" + wire[at + 1 : -3]
        message = decode_one(hdlc_again(frame))
        assert message.timestamp is None


def hdlc_again(frame: bytes) -> bytes:
    """The same information in a frame with right checks."""
    return hdlc(Address(destination=frame[2:3], source=frame[3:4]), frame[7:])


class TestTransport:
    """Blocks and segments."""

    def test_a_message_that_breaks_off_is_named_once(self) -> None:
        """Block 1 of the next one comes after block 2; the next one is read."""
        frames = METERS["landis-e450"].frames(
            METERS["landis-e450"].lists(METERS["landis-e450"].identity)["full"](BUSY), None
        )
        fresh = reader()
        messages = fresh.feed(b"".join((*frames[:2], *frames)))
        assert [message.readings["power_imported"] for message in messages] == [4821]
        assert [drop.reason for drop in fresh.take_drops()] == [Reason.SEGMENT]

    @pytest.mark.parametrize("lost", [0, 1, 2])
    def test_a_lost_block_is_named_once(self, lost: int) -> None:
        """Not once for each block that follows; and the next message is read."""
        frames = _frames("landis-e450")
        fresh = reader()
        cut = frames[:lost] + frames[lost + 1 :]
        assert fresh.feed(b"".join(cut)) == []
        assert [drop.reason for drop in fresh.take_drops()] == [Reason.SEGMENT]
        assert len(fresh.feed(b"".join(frames))) == 1

    def test_blocks_in_another_order_give_nothing(self) -> None:
        """They are numbered."""
        frames = _frames("landis-e450")
        fresh = reader()
        assert fresh.feed(b"".join((frames[0], frames[2], frames[1], *frames[3:]))) == []

    @pytest.mark.parametrize("lost", [0, 1, 2])
    def test_a_lost_segment_gives_nothing(self, lost: int) -> None:
        """They are not numbered: what is joined without one does not end where it should."""
        frames = _frames("iskra-ch")
        assert len(frames) == 3
        fresh = reader()
        assert fresh.feed(b"".join(frames[:lost] + frames[lost + 1 :])) == []
        assert len(fresh.feed(b"".join(frames))) == 1
        assert [drop.reason for drop in fresh.take_drops()] == [
            Reason.APDU if lost == 1 else Reason.SEGMENT
        ]

    @pytest.mark.parametrize("name", ["landis-e450", "landis-e570", "landis-e360", "iskra-ch"])
    def test_encrypted_ones_say_the_same(self, name: str) -> None:
        """The text inside is the same list."""
        seal = METERS[name].seal(bytes(range(16)))
        assert _said(encoded(name, "full", LOADED, seal)) == _said(encoded(name, "full", LOADED))

    def test_without_a_key_one_thing_is_said(self) -> None:
        """That the key is missing."""
        fresh = HanReader()
        wire = encoded("sagemcom-at", "full", BUSY, sealed("sagemcom-at"))
        assert wire.startswith(b"\x68\x01\x01\x68")
        assert fresh.feed(wire) + fresh.silence() == []
        assert [drop.reason for drop in fresh.take_drops()] == [Reason.ENCRYPTED_WITHOUT_KEY]


def _said(wire: bytes) -> tuple[Message, None]:
    message = decode_one(wire)
    return message, None


def _frames(name: str, now: Quantities = BUSY) -> list[bytes]:
    kind = METERS[name]
    return kind.frames(kind.lists(kind.identity)["full"](now), None)


def test_the_frame_of_the_reference() -> None:
    """LLC once, blocks of 112 bytes, addresses as they were seen."""
    frames = _frames("landis-e450")
    assert frames[0][1:10].hex().startswith("a084ceff0313")
    assert LLC in frames[0]
    assert all(LLC not in frame for frame in frames[1:])
