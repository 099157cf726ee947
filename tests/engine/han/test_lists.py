"""Every list of every maker, from values to bytes by the simulator and back by the decoder."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.voltrail.engine.han import (
    HanReader,
    ListKind,
    Meter,
    Number,
    PayloadReader,
    Reason,
    Zone,
)
from custom_components.voltrail.engine.han.it_net import leave_out_unmeasured
from simulators.ams_han import coding
from simulators.ams_han.catalogue import METERS
from simulators.ams_han.house import House
from simulators.ams_han.kaifa import Kaifa
from simulators.ams_han.kamstrup import Kamstrup, KamstrupPush
from simulators.ams_han.meter import Sent
from simulators.ams_han.quantities import Identity, Net, Quantities
from simulators.ams_han.wire import AIDON, Notification, crc_arc, hdlc, plain_header
from tests.engine.han.support import (
    ALL_LISTS,
    BUSY,
    START,
    an_hour_change,
    any_quantities,
    counters,
    decode_one,
    decoded,
    encoded,
    expected,
    per_phase,
    powers,
    reader,
    simulated,
    zeroed,
)


@pytest.mark.parametrize(("name", "list_name"), ALL_LISTS)
def test_every_list_says_what_was_measured(name: str, list_name: str) -> None:
    """What goes in comes out, no more and no less."""
    message = decode_one(encoded(name, list_name, BUSY))
    assert message.readings == expected(name, list_name, BUSY)


@given(which=st.sampled_from(ALL_LISTS), now=any_quantities)
@settings(max_examples=300, deadline=None)
def test_any_values_survive(which: tuple[str, str], now: Quantities) -> None:
    """The same for anything a house may do."""
    message = decode_one(encoded(*which, now))
    assert message.readings == expected(*which, now)


@pytest.mark.parametrize("name", METERS)
def test_a_meter_around_the_hour(name: str) -> None:
    """A living meter is decoded whole, list by list, and names itself as its maker does."""
    sent = an_hour_change(name)
    messages = decoded(*(one.wire for one in sent))
    assert len(messages) == len(sent) > 4
    for one, message in zip(sent, messages, strict=True):
        if "power_imported" in message.readings:
            assert message.readings["power_imported"] == pytest.approx(
                one.quantities.power_imported, abs=0.51
            )
        if "energy_imported" in message.readings:
            assert message.readings["energy_imported"] == pytest.approx(
                one.quantities.energy_imported, abs=10
            )


@pytest.mark.parametrize(
    ("name", "meter"),
    [
        ("aidon-tn", ("Aidon", "6534", "7359990000000001", "AIDON_V0001")),
        ("aidon-se", ("Aidon", None, None, None)),
        ("embriq-it", ("Landis+Gyr", "ZFF1", "13943597", "EMBRIQ_V1_1")),
        ("kaifa-it", ("Kaifa", "MA304H3E", "6970630000000002", "KFM_001")),
        ("kaifa-se-pairs", ("Kaifa", "MA304H4", "7340150000000006", "KFM_001")),
        (
            "kamstrup-tn",
            ("Kamstrup", "6841131BN243101040", "5706560000000003", "Kamstrup_V0001"),
        ),
        ("kamstrup-push", ("Kamstrup", None, "26000004", "Kamstrup_V0001")),
        ("kaifa-at", ("Kaifa", None, "1KFM0200000007", None)),
        ("sagemcom-at", ("Sagemcom", None, "178210000008", None)),
        ("landis-at", ("Landis+Gyr", None, "30000009", None)),
        ("landis-e450", ("Landis+Gyr", None, "LGZ1030000000009", None)),
        ("landis-e360", ("Landis+Gyr", None, "LGZ1030000000012", None)),
        ("iskra-ch", ("Iskraemeco", None, "ISK1030000000013", None)),
        ("iskra-si", ("Iskraemeco", None, "ISK1030000000014", None)),
        ("iskra-hr", ("Iskraemeco", None, "30000015", None)),
        ("p1-se", ("Landis+Gyr", "E360", None, None)),
        ("p1-kamstrup", ("Kamstrup", None, None, None)),
        ("p1-ellevio", ("ELL", "53833635_A", None, None)),
        ("p1-iskra", ("Iskraemeco", "M551T-200", None, None)),
        ("p1-nl", ("Landis+Gyr", "E350", "E0000000000000005", "50")),
    ],
)
def test_identity(name: str, meter: tuple[str | None, ...]) -> None:
    """A meter is told by what it says of itself, without the padding."""
    manufacturer, model, serial, version = meter
    named = Meter(manufacturer=manufacturer, model=model, serial=serial, list_version=version)
    messages = decoded(*(one.wire for one in an_hour_change(name)))
    assert named in {message.meter for message in messages}
    assert messages[-1].belongs_to == (None if serial is None else named)


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("aidon-tn", {"1": "power", "2": "values", "3": "hourly"}),
        ("aidon-se", {"full": "complete"}),
        ("kaifa-it", {"1": "power", "2": "values", "3": "hourly"}),
        ("kaifa-se", {"full": "complete"}),
        ("kaifa-se-pairs", {"full": "complete"}),
        ("kamstrup-tn", {"1": "values", "2": "hourly"}),
        ("kamstrup-push", {"full": "complete"}),
        ("kaifa-at", {"full": "complete"}),
        ("landis-e450", {"full": "complete"}),
        ("iskra-si", {"2": "values", "3": "hourly"}),
        ("iskra-hr", {"full": "complete"}),
        ("p1-se", {"full": "complete"}),
    ],
)
def test_kind(name: str, kinds: dict[str, str]) -> None:
    """The kind of a list tells when the next one is due."""
    for one in an_hour_change(name):
        assert decode_one(one.wire).kind == kinds[one.name]
    assert {kind.period for kind in ListKind} == {2.5, 10.0, 3600.0}


@pytest.mark.parametrize("name", ["aidon-tn", "embriq-it", "kaifa-it"])
def test_short_lists_belong_to_the_last_meter_that_said_who_it_is(name: str) -> None:
    """List 1 names nobody; only its maker is guessed until the meter has named itself."""
    fresh = reader()
    (short,) = fresh.feed(encoded(name, "1", BUSY))
    assert short.belongs_to is None
    assert fresh.meter is None
    (full,) = fresh.feed(encoded(name, "2", BUSY))
    (short,) = fresh.feed(encoded(name, "1", BUSY))
    assert short.belongs_to == full.meter == fresh.meter
    assert short.meter == Meter(manufacturer=full.meter.manufacturer)


def test_lists_of_another_form_belong_to_no_known_maker() -> None:
    """A short list of an Aidon is not taken for one of the Kaifa that was there before."""
    fresh = reader()
    fresh.feed(encoded("kaifa-it", "2", BUSY))
    (message,) = fresh.feed(encoded("aidon-it", "1", BUSY))
    assert message.belongs_to is None
    assert message.meter == Meter(manufacturer="Aidon")


@pytest.mark.parametrize(
    ("name", "list_name", "resolution"),
    [
        ("aidon-tn", "3", {"current_l1": 1.3, "voltage_l1": 230.2, "energy_imported": 1230}),
        ("embriq-tn", "3", {"current_l1": 1.26, "voltage_l1": 230.2, "energy_imported": 1230}),
        ("aidon-se", "full", {"current_l1": 1.3, "voltage_l1": 230.2, "energy_imported": 1234}),
        ("kaifa-tn", "3", {"current_l1": 1.257, "voltage_l1": 230.2, "energy_imported": 1234}),
        ("kaifa-se-ct", "3", {"current_l1": 1.257, "energy_imported": 1234}),
        ("kamstrup-tn", "2", {"current_l1": 1.26, "voltage_l1": 230, "energy_imported": 1230}),
        ("kamstrup-se", "2", {"current_l1": 1.26, "voltage_l1": 230, "energy_imported": 1234}),
        ("kamstrup-ct", "2", {"current_l1": 1.257, "voltage_l1": 230, "energy_imported": 1230}),
        ("kamstrup-dk", "2", {"current_l1": 1.26, "voltage_l1": 230.17, "energy_imported": 1230}),
        ("kaifa-at", "full", {"current_l1": 1.26, "voltage_l1": 230.2, "energy_imported": 1234}),
        ("p1-se", "full", {"current_l1": 1.3, "voltage_l1": 230.2, "energy_imported": 1234}),
    ],
)
def test_scales(name: str, list_name: str, resolution: dict[str, Number]) -> None:
    """Each maker's steps, as decimals without the noise of binary fractions."""
    now = replace(
        BUSY, currents=(1.2567, 2.0, 3.0), voltages=(230.17, 230.0, 230.0), energy_imported=1234
    )
    readings = decode_one(encoded(name, list_name, now)).readings
    assert {key: readings[key] for key in resolution} == resolution


def test_a_wide_counter_counts_further() -> None:
    """The registers of a Kaifa with transformers have 64 bits."""
    now = replace(BUSY, energy_imported=5_000_000_000_000)
    message = decode_one(encoded("kaifa-se-ct", "3", now))
    assert message.readings["energy_imported"] == 5_000_000_000_000


def test_exported_current_keeps_its_sign() -> None:
    """An Aidon says by the sign in which direction a phase carries power."""
    now = replace(BUSY, currents=(-1.0, 2.0, -0.5))
    readings = decode_one(encoded("aidon-tn", "2", now)).readings
    assert (readings["current_l1"], readings["current_l3"]) == (-1.0, -0.5)


class TestItNets:
    """What is not measured without a neutral, though some send a 0 for it."""

    @pytest.mark.parametrize(
        ("name", "absent"),
        [
            ("aidon-it", {"current_l2"}),
            ("embriq-it", {"current_l2", "voltage_l2"}),
            ("kaifa-it", {"voltage_l2"}),
            ("kamstrup-it", set()),
        ],
    )
    def test_not_measured(self, name: str, absent: set[str]) -> None:
        """It is left out, and not said to be 0."""
        readings = decode_one(encoded(name, "2", BUSY)).readings
        assert (
            per_phase("current", BUSY.currents) | per_phase("voltage", BUSY.voltages)
        ).keys() - (readings.keys()) == absent

    def test_a_dead_phase_of_a_meter_with_neutral_is_0(self) -> None:
        """Where all three are measured, 0 V is news."""
        for name, list_name in (
            ("aidon-tn", "2"),
            ("aidon-se", "full"),
            ("kaifa-tn", "2"),
            ("kaifa-se-ct", "2"),
            ("kamstrup-tn", "2"),
            ("kaifa-at", "full"),
        ):
            readings = decode_one(encoded(name, list_name, zeroed(BUSY))).readings
            assert readings["voltage_l2"] == 0
            assert readings["current_l2"] == 3.1

    def test_only_one_phase_connected(self) -> None:
        """Two dead phases are dead, also at a meter whose net is not known."""
        now = replace(BUSY, voltages=(232.0, 0.0, 0.0), currents=(1.0, 0.0, 0.0))
        readings = decode_one(encoded("embriq-tn", "2", now)).readings
        assert (readings["voltage_l2"], readings["voltage_l3"]) == (0, 0)
        assert readings["current_l2"] == 0

    def test_a_dead_it_net(self) -> None:
        """A model that never measures L2 does not do so when the power fails either."""
        now = replace(BUSY, voltages=(0.0, 0.0, 0.0), currents=(0.0, 0.0, 0.0))
        readings = decode_one(encoded("kaifa-it", "2", now)).readings
        assert readings["voltage_l1"] == readings["voltage_l3"] == 0
        assert readings.keys().isdisjoint({"voltage_l2", "current_l2"})

    def test_one_phase_has_no_others(self) -> None:
        """A meter of one phase says nothing of L2 and L3."""
        for name in ("aidon-1ph", "kaifa-1ph", "kamstrup-1ph"):
            readings = decode_one(encoded(name, "2", BUSY)).readings
            assert not [key for key in readings if key.endswith(("_l2", "_l3"))]

    def test_a_current_whose_voltage_is_not_sent(self) -> None:
        """A current of 0 without any voltage beside it was not measured either."""
        readings: dict[str, Number] = {"voltage_l1": 230, "voltage_l3": 231, "current_l2": 0}
        leave_out_unmeasured(readings, None)
        assert readings == {"voltage_l1": 230, "voltage_l3": 231}
        measured: dict[str, Number] = {"voltage_l1": 230, "voltage_l3": 231, "current_l2": 0.1}
        leave_out_unmeasured(measured, "MA304T3")
        assert measured["current_l2"] == 0.1

    def test_a_telegram_of_an_it_net(self) -> None:
        """On P1 a voltage and a current of 0 between live phases are not measured either."""
        now = replace(zeroed(BUSY), currents=(1.0, 0.0, 2.0))
        readings = decode_one(encoded("p1-se", "full", now)).readings
        assert readings.keys().isdisjoint({"voltage_l2", "current_l2"})


class TestKamstrup:
    """The maker with the most unwritten rules."""

    def test_printed_example_leaves_phases_out(self) -> None:
        """A missing phase may be two nulls, or nothing at all."""
        for null_phases in (True, False):
            meter = Kamstrup(
                identity=METERS["kamstrup-1ph"].identity,
                net=Net.ONE_PHASE,
                null_phases=null_phases,
            )
            message = decode_one(meter.list_2(BUSY).frame)
            assert message.readings == expected("kamstrup-1ph", "2", BUSY)

    def test_push_list(self) -> None:
        """The push list says everything per phase, and factors."""
        now = self._loaded(4000)
        message = decode_one(KamstrupPush(identity=_NUMBERED).full(now).frame)
        assert message.readings.keys() == {
            *powers(now),
            *counters(now),
            *per_phase("current", now.currents),
            *per_phase("voltage", now.voltages),
            *per_phase("power_imported", now.voltages),
            *per_phase("power_exported", now.voltages),
            *per_phase("energy_imported", now.voltages),
            *per_phase("energy_exported", now.voltages),
            *per_phase("power_factor", now.voltages),
            "power_factor",
        }
        assert message.readings["power_factor"] == round(now.power_factor * 100) / 100
        assert message.readings["current_l1"] == round(now.currents[0] * 100) / 100

    def test_transformers_show_under_load_and_are_remembered(self) -> None:
        """Currents ten times too large for the power are mA; that stays so when the load goes."""
        meter = KamstrupPush(identity=_NUMBERED, current_transformers=True)
        fresh = reader()
        heavy, light = self._loaded(20_000), self._loaded(30)
        (message,) = fresh.feed(meter.full(heavy).frame)
        assert message.readings["current_l1"] == pytest.approx(heavy.currents[0], abs=0.001)
        (message,) = fresh.feed(meter.full(light).frame)
        assert message.readings["current_l1"] == pytest.approx(light.currents[0], abs=0.001)

    def test_another_meter_is_judged_again(self) -> None:
        """What was learned about one meter is not said of the next."""
        fresh = reader()
        heavy = self._loaded(20_000)
        fresh.feed(KamstrupPush(identity=_NUMBERED, current_transformers=True).full(heavy).frame)
        other = KamstrupPush(identity=Identity(serial="77", model=""))
        (message,) = fresh.feed(other.full(heavy).frame)
        assert message.readings["current_l1"] == pytest.approx(heavy.currents[0], abs=0.01)

    def test_no_transformers_after_all(self) -> None:
        """Currents that fit the power take the suspicion back; in between it stays."""
        fresh = reader()
        plain = KamstrupPush(identity=_NUMBERED)
        heavy = self._loaded(20_000)
        idle = replace(heavy, power_imported=1000, reactive_imported=0, reactive_exported=0)
        (message,) = fresh.feed(plain.full(idle).frame)
        assert message.readings["current_l1"] == pytest.approx(heavy.currents[0] / 10, abs=0.01)
        between = replace(heavy, power_imported=7000, reactive_imported=0, reactive_exported=0)
        (message,) = fresh.feed(plain.full(between).frame)
        assert message.readings["current_l1"] == pytest.approx(heavy.currents[0] / 10, abs=0.01)
        (message,) = fresh.feed(plain.full(heavy).frame)
        assert message.readings["current_l1"] == pytest.approx(heavy.currents[0], abs=0.01)

    @staticmethod
    def _loaded(watts: float) -> Quantities:
        """What a meter says of a load on all phases."""
        house = House()
        house.hold((watts / 3, watts / 3, watts / 3), (watts / 30, 0, 0))
        house.advance(1, START)
        return house.quantities(START)


#: Ten o'clock, on whatever clock.
TEN = datetime(2026, 7, 1, 10, tzinfo=UTC)
_NUMBERED = Identity(serial="26000004", model="")


class TestClocks:
    """What time a meter means."""

    @pytest.mark.parametrize("name", METERS)
    @pytest.mark.parametrize("month", [1, 7])
    def test_true_time(self, name: str, month: int) -> None:
        """Whatever a maker does to its clock, the time comes out true, winter and summer."""
        now = replace(BUSY, moment=datetime(2026, month, 1, 10, 0, 10, tzinfo=UTC))
        seen = decode_one(encoded(name, _fullest(name), now)).timestamp
        assert seen == now.moment
        assert seen is not None
        assert seen.utcoffset() in {timedelta(hours=1), timedelta(hours=2)}

    def test_lists_without_a_clock(self) -> None:
        """Short lists of Aidon have no time."""
        for list_name in ("1", "2"):
            assert decode_one(encoded("aidon-tn", list_name, BUSY)).timestamp is None

    def test_time_of_the_header(self) -> None:
        """Short lists of Kaifa and Kamstrup have it in the header."""
        for name in ("kaifa-it", "kamstrup-tn", "kamstrup-2017"):
            assert decode_one(encoded(name, "1", BUSY)).timestamp == BUSY.moment

    @pytest.mark.parametrize(
        ("zone", "utc_hour"), [(Zone.AUTOMATIC, 10), (Zone.STANDARD, 11), (Zone.WALL, 10)]
    )
    def test_told_by_the_user(self, zone: Zone, utc_hour: int) -> None:
        """A setting overrules the habit of the maker: a Kaifa shows wall time, 12:00 in July."""
        fresh = HanReader(zone=zone)
        (message,) = fresh.feed(encoded("kaifa-it", "1", BUSY))
        assert message.timestamp == BUSY.moment.replace(hour=utc_hour)

    @pytest.mark.parametrize(
        ("zone", "utc_hour"), [(Zone.AUTOMATIC, 10), (Zone.STANDARD, 10), (Zone.WALL, 9)]
    )
    def test_told_by_the_user_on_p1(self, zone: Zone, utc_hour: int) -> None:
        """The same on P1, here with normal time all year and the letter W."""
        (message,) = HanReader(zone=zone).feed(encoded("p1-se", "full", BUSY))
        assert message.timestamp == BUSY.moment.replace(hour=utc_hour)

    @pytest.mark.parametrize(
        ("moment", "offset"),
        [
            (datetime(2026, 3, 29, 0, 59, 50, tzinfo=UTC), 1),
            (datetime(2026, 3, 29, 1, 0, 0, tzinfo=UTC), 2),
            (datetime(2026, 10, 25, 0, 59, 50, tzinfo=UTC), 2),
            (datetime(2026, 10, 25, 2, 0, 0, tzinfo=UTC), 1),
            (datetime(2027, 10, 31, 0, 30, 0, tzinfo=UTC), 2),
        ],
    )
    def test_wall_time_follows_the_rule(self, moment: datetime, offset: int) -> None:
        """The last Sundays of March and October, at one o'clock Universal Time."""
        seen = decode_one(encoded("kaifa-it", "1", replace(BUSY, moment=moment))).timestamp
        assert seen == moment
        assert seen is not None
        assert seen.utcoffset() == timedelta(hours=offset)

    @pytest.mark.parametrize(
        ("clock", "seen"),
        [
            (coding.date_time(TEN, status=0x01), None),
            (b"\xff" * 12, None),
            (coding.date_time(TEN.replace(year=1999)), None),
            (coding.date_time(TEN)[:5] + b"\x18" + bytes(6), None),
            (
                coding.date_time(TEN, status=0xFF),
                datetime(2026, 7, 1, 9, tzinfo=UTC),
            ),
            (
                coding.date_time(TEN, status=0x80),
                datetime(2026, 7, 1, 8, tzinfo=UTC),
            ),
            (
                coding.date_time(TEN, deviation=-120, status=0x80),
                datetime(2026, 7, 1, 8, tzinfo=UTC),
            ),
            (
                coding.date_time(TEN, deviation=0),
                datetime(2026, 7, 1, 10, tzinfo=UTC),
            ),
            (
                coding.date_time(TEN)[:7] + b"\xff" + coding.date_time(TEN)[8:],
                datetime(2026, 7, 1, 9, tzinfo=UTC),
            ),
        ],
    )
    def test_a_kamstrup_clock(self, clock: bytes, seen: datetime | None) -> None:
        """A clock that is marked wrong or is no time costs the time, never the message."""
        plain = Kamstrup(identity=METERS["kamstrup-tn"].identity).list_1(BUSY)
        sent = replace(plain, header=plain_header(b"\x0c" + clock))
        message = decode_one(sent.frame)
        assert message.timestamp == seen
        assert message.readings["power_imported"] == 4821

    def test_a_clock_with_the_tag_of_a_time(self) -> None:
        """The standard allows one more way to announce the clock of the header."""
        plain = Kamstrup(identity=METERS["kamstrup-tn"].identity).list_1(BUSY)
        clock = coding.date_time(TEN)
        sent = replace(plain, header=plain_header(b"\x19" + clock))
        assert decode_one(sent.frame).timestamp == datetime(2026, 7, 1, 9, tzinfo=UTC)

    def test_header_serves_when_the_clock_of_the_list_is_wrong(self) -> None:
        """Kaifa has both."""
        sent = Kaifa(identity=METERS["kaifa-it"].identity, net=Net.IT).list_3(BUSY)
        clock = coding.date_time(BUSY.wall_time)
        assert sent.body.count(clock) == 1
        spoilt = replace(sent, body=sent.body.replace(clock, b"\xff" * 12))
        assert decode_one(spoilt.frame).timestamp == BUSY.moment


def _fullest(name: str) -> str:
    kind = METERS[name]
    return list(kind.lists(kind.identity))[-1]


class TestStrangers:
    """Lists that nobody has seen yet."""

    def test_unknown_codes_are_skipped_and_counted(self) -> None:
        """What has no meaning here does not stand in the way of what has."""
        fresh = reader()
        frame = _aidon_array(
            coding.structure(coding.code("1-0:14.7.0"), coding.uint16(4998), coding.scale(-2, 44)),
            coding.structure(coding.code("1-0:1.7.0"), coding.uint32(7), coding.scale(0, 27)),
            coding.structure(coding.code("0-0:96.13.0"), coding.visible("hello")),
        )
        for _ in range(2):
            (message,) = fresh.feed(frame)
            assert message.readings == {"power_imported": 7}
        assert fresh.journal.unknown_codes == {"1-0:14.7.0": 2, "0-0:96.13.0": 2}
        assert fresh.journal.skipped == 4

    @pytest.mark.parametrize(
        "scale",
        [coding.scale(0, 28), coding.scale(7, 27), coding.scale(-7, 27)],
        ids=["another unit", "too large", "too small"],
    )
    def test_a_scale_that_cannot_be(self, scale: bytes) -> None:
        """A power in VA or in tens of MW is not taken for W."""
        fresh = reader()
        power = coding.structure(coding.code("1-0:1.7.0"), coding.uint32(7), scale)
        export = coding.structure(coding.code("1-0:2.7.0"), coding.uint32(8), coding.scale(0, 27))
        (message,) = fresh.feed(_aidon_array(power, export))
        assert message.readings == {"power_exported": 8}
        assert fresh.journal.skipped == 1

    @pytest.mark.parametrize(
        "value",
        [coding.visible("7"), coding.NULL, b"\x17" + bytes(4), coding.array(coding.uint32(1))],
    )
    def test_a_value_that_is_no_number(self, value: bytes) -> None:
        """It is skipped, whatever it is."""
        fresh = reader()
        frame = _aidon_array(
            coding.structure(coding.code("1-0:1.7.0"), value),
            coding.structure(coding.code("1-0:2.7.0"), coding.uint32(8), coding.scale(0, 27)),
        )
        (message,) = fresh.feed(frame)
        assert message.readings == {"power_exported": 8}

    def test_history_is_not_the_present(self) -> None:
        """The last field of a code tells former billing periods apart."""
        old = coding.octets(bytes((1, 0, 1, 8, 0, 12)))
        frame = _aidon_array(
            coding.structure(old, coding.uint32(5), coding.scale(0, 30)),
            coding.structure(coding.code("1-0:1.7.0"), coding.uint32(7), coding.scale(0, 27)),
        )
        assert decode_one(frame).readings == {"power_imported": 7}

    def test_signed_numbers(self) -> None:
        """Every width of number is read with its sign."""
        frame = _aidon_array(
            coding.structure(coding.code("1-0:1.7.0"), coding.int32(-5), coding.scale(0, 27)),
            coding.structure(coding.code("1-0:2.7.0"), b"\x11\xfe", coding.scale(1, 27)),
            coding.structure(coding.code("1-0:3.7.0"), coding.int8(-3), coding.scale(0, 29)),
            coding.structure(
                coding.code("1-0:4.7.0"),
                b"\x14" + (-9).to_bytes(8, signed=True),
                coding.scale(2, 29),
            ),
        )
        assert decode_one(frame).readings == {
            "power_imported": -5,
            "power_exported": 2540,
            "reactive_power_imported": -3,
            "reactive_power_exported": -900,
        }

    @pytest.mark.parametrize(
        "body",
        [
            coding.array(coding.structure(coding.code("1-0:99.1.0"), coding.uint32(1))),
            coding.structure(coding.code("1-0:1.7.0"), coding.uint32(1)),
            coding.structure(*[coding.uint32(1)] * 9),
            coding.structure(coding.octets(b"KFM_001"), *[coding.uint32(1)] * 8),
            coding.structure(*[coding.octets(b"XYZ_001")] * 3, *[coding.uint32(1)] * 6),
            coding.structure(*[coding.octets(b"\0")] * 3, *[coding.uint32(1)] * 6),
            coding.structure(*[coding.octets(b"KFM_001")] * 3, *[coding.octets(b"")] * 6),
            coding.structure(*[coding.octets(b"KFM_001")] * 3, *[coding.uint32(1)] * 11),
            coding.structure(coding.visible("7")),
            coding.structure(),
            coding.uint32(5),
        ],
    )
    def test_an_unknown_list_is_kept_for_a_person_to_read(self, body: bytes) -> None:
        """Nothing is guessed; the last such list is kept."""
        fresh = reader()
        sent = Notification(body=body, header=plain_header(), address=AIDON)
        assert fresh.feed(sent.frame) == []
        assert fresh.journal.dropped == {Reason.UNKNOWN_LIST: 1}
        assert fresh.journal.unknown_list == sent.apdu

    @pytest.mark.parametrize(
        "apdu",
        [
            b"\x0f",
            plain_header() + b"\x02\x02\x06",
            plain_header() + b"\x02\x01\x06\x00\x00\x00\x01\x00",
            plain_header() + b"\x02\x01\x09\x05ab",
            plain_header() + b"\x02\x01\x09\x83abc",
            plain_header() + b"\x02\x01\x99",
            plain_header() + b"\x02\x01" * 5 + b"\x00",
            plain_header() + b"\x09\x82\x00",
            plain_header(b"\x33"),
            plain_header(b"\x0c" + bytes(5)),
            b"\xc0\x01",
        ],
    )
    def test_a_damaged_message_is_dropped(self, apdu: bytes) -> None:
        """A frame can be whole and its content not."""
        fresh = reader()
        assert fresh.feed(hdlc(AIDON, b"\xe6\xe7\x00" + apdu)) == []
        assert fresh.journal.dropped == {Reason.APDU: 1}

    def test_long_lengths(self) -> None:
        """Lengths of 128 and more take one or two bytes behind a mark."""
        for size in (0x7F, 0x80, 0xFF, 0x100, 0x1FF):
            frame = _aidon_array(
                coding.structure(coding.code("0-0:96.13.0"), coding.visible("x" * size)),
                coding.structure(coding.code("1-0:1.7.0"), coding.uint32(7), coding.scale(0, 27)),
            )
            assert decode_one(frame).readings == {"power_imported": 7}

    def test_texts_of_zeros_are_none(self) -> None:
        """An Embriq sends a model of zeros now and then; half a text is no text either."""
        for model in ("\0\0\0\0", "    ", "a\x07b"):
            frame = _aidon_array(
                coding.structure(coding.code("0-0:96.1.7"), coding.visible(model)),
                coding.structure(coding.code("1-0:1.7.0"), coding.uint32(7), coding.scale(0, 27)),
            )
            assert decode_one(frame).meter.model is None

    def test_many_kinds_of_lists_do_not_pile_up(self) -> None:
        """Layouts are forgotten when there are too many; every list is read all the same."""
        fresh = reader()
        for size in list(range(40)) * 2:
            frame = _aidon_array(
                coding.structure(coding.code("0-0:96.13.0"), coding.visible("x" * size)),
                coding.structure(
                    coding.code("1-0:1.7.0"), coding.uint32(size), coding.scale(0, 27)
                ),
            )
            (message,) = fresh.feed(frame)
            assert message.readings == {"power_imported": size}

    def test_lists_of_the_same_length(self) -> None:
        """Two lists that differ in more than values are told apart."""
        fresh = reader()
        for model in ("6534", "6550", "6534", "6550"):
            frame = _aidon_array(
                coding.structure(coding.code("0-0:96.1.7"), coding.visible(model)),
                coding.structure(coding.code("1-0:1.7.0"), coding.uint32(7), coding.scale(0, 27)),
            )
            (message,) = fresh.feed(frame)
            assert message.meter.model == model

    def test_stray_values_of_a_flat_list(self) -> None:
        """A value without a code is counted; short texts without one are no serial number."""
        body = coding.structure(
            coding.uint32(99),
            coding.visible("abc"),
            coding.code("1-0:1.7.0"),
            coding.uint32(7),
            coding.scale(0, 27),
        )
        fresh = reader()
        sent = Notification(body=body, header=plain_header(), address=AIDON)
        (message,) = fresh.feed(sent.frame)
        assert message.readings == {"power_imported": 7}
        assert message.meter == Meter()
        assert fresh.journal.unknown_codes == {"a value without a code": 1}


def _aidon_array(*items: bytes) -> bytes:
    return Notification(body=coding.array(*items), header=plain_header(), address=AIDON).frame


@given(now=st.lists(any_quantities, min_size=2, max_size=6), name=st.sampled_from(list(METERS)))
@settings(max_examples=60, deadline=None)
def test_a_learned_layout_reads_like_a_fresh_look(now: list[Quantities], name: str) -> None:
    """The second list of a meter, read by its known places, says what it would say alone."""
    if name.startswith("kamstrup-push"):
        name = "kamstrup-tn"
    meter = simulated(name)
    list_name = _fullest(name)
    together = reader()
    for one in now:
        content = meter.kind.lists(meter.identity)[list_name](one)
        wire = b"".join(meter.kind.frames(content, meter.seal))
        sent = Sent(
            moment=one.moment, name=list_name, quantities=one, content=content, frames=[wire]
        )
        (message,) = together.feed(sent.wire) + together.silence()
        alone = decode_one(sent.wire)
        assert (message.readings, message.timestamp, message.meter, message.kind) == (
            alone.readings,
            alone.timestamp,
            alone.meter,
            alone.kind,
        )


def test_nothing_unframed_is_believed_too_easily() -> None:
    """Without a check a list must convince by what it is."""
    bare = PayloadReader()
    power = coding.structure(coding.uint32(99_999))
    assert bare.read(power).messages[0].readings == {"power_imported": 99_999}
    assert bare.read(coding.structure(coding.uint32(100_000))).messages == ()
    two = [
        coding.structure(coding.code(f"1-0:{group}.7.0"), coding.uint32(5), coding.scale(0, 27))
        for group in (1, 2)
    ]
    assert bare.read(coding.array(*two)).messages == ()
    third = coding.structure(coding.code("1-0:3.7.0"), coding.uint32(5), coding.scale(0, 29))
    assert len(bare.read(coding.array(*two, third)).messages) == 1
    assert bare.journal.dropped == {Reason.IMPLAUSIBLE: 2}


@pytest.mark.parametrize(
    ("sent", "read"), [("0.998", 0.998), ("1.000", 1.0), ("1.001", None), ("98", None)]
)
def test_a_power_factor_above_one_on_p1(sent: str, read: float | None) -> None:
    """It comes in a scale that is not known, so it is left out."""
    lines = f"/KAM5\r\n\r\n1-0:1.7.0(0001.000*kW)\r\n1-0:13.7.0({sent})\r\n!".encode()
    message = decode_one(lines + f"{crc_arc(lines):04X}\r\n".encode())
    assert message.readings.get("power_factor") == read
    assert message.readings["power_imported"] == 1000


def test_tariffs_are_added_without_a_hair() -> None:
    """Meters that send seven decimals of a kWh and no total."""
    lines = b"/KAM5\r\n\r\n1-0:1.8.1(000100.1000001*kWh)\r\n1-0:1.8.2(000200.2000002*kWh)\r\n!"
    message = decode_one(lines + f"{crc_arc(lines):04X}\r\n".encode())
    assert message.readings == {"energy_imported": 300_300.0003}


def test_the_year_of_a_p1_clock_is_of_this_century() -> None:
    """Also with digits that other programs take for the last one."""
    lines = b"/KAM5\r\n\r\n0-0:1.0.0(990105120000W)\r\n1-0:1.7.0(0001.000*kW)\r\n!"
    message = decode_one(lines + f"{crc_arc(lines):04X}\r\n".encode())
    assert message.timestamp == datetime(2099, 1, 5, 11, tzinfo=UTC)
