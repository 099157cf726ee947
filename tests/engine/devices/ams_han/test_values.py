"""Every value of every simulated meter, and what it is worth."""

from datetime import UTC, datetime, timedelta

import pytest
from modbus_connection.mock import MockModbusConnection

from custom_components.voltrail.engine.devices.ams_han import FAMILY
from custom_components.voltrail.engine.devices.ams_han.words import TOTALS
from custom_components.voltrail.engine.han import UNITS, ListKind, Message, Meter, Number
from custom_components.voltrail.engine.model.errors import NotSupportedError
from custom_components.voltrail.engine.model.options import Options
from custom_components.voltrail.engine.model.points import Kind, points_of

from .support import METERS, START, HanMeter, Listening, Net, measured, resolution


@pytest.mark.parametrize("kind", METERS)
def test_every_value_is_the_simulators(kind: str) -> None:
    """After an hour change everything that is shown is what the simulated meter measured."""
    listening = Listening(kind, sun=9000, extra={"update_interval": 0})
    listening.run(120)
    # A list that came later does not take away what only the one before had.
    newest: dict[str, float] = {}
    for one in listening.sent:
        short = one.name == "1" and not kind.startswith("kamstrup")
        counted = one.name in {"3", "full"} or (one.name == "2" and kind.startswith("kamstrup"))
        now = measured(one.quantities, signed=kind.startswith(("aidon", "embriq")))
        newest |= {
            name: value
            for name, value in now.items()
            if name == "power_imported" or (not short and (counted or name not in TOTALS))
        }
    shown = listening.shown()
    compared = [name for name in shown if name in UNITS]
    for name in compared:
        # Dutch meters send whole ampere, and so does Landis+Gyr's E570.
        whole_ampere = kind in {"p1-nl", "landis-e570"} and name.startswith("current")
        step = 0.51 if whole_ampere else resolution(name)
        assert shown[name] == pytest.approx(newest[name], abs=step), name
    assert len(compared) >= (9 if METERS[kind].net is Net.ONE_PHASE else 10)
    net_power = newest["power_imported"] or -newest["power_exported"]
    assert shown["power"] == pytest.approx(net_power, abs=1.0)


def test_every_word_has_a_meaning() -> None:
    """What the decoder can say is declared, in the unit that the decoder gives."""
    declared = {found.name: found.point for found in points_of(HanMeter)}
    assert set(UNITS) <= set(declared)
    for name, unit in UNITS.items():
        quantity = declared[name].quantity
        assert quantity is not None
        assert quantity.unit == unit, name
        assert bool(declared[name].phase) is name.endswith(("_l1", "_l2", "_l3")), name
    extra = set(declared) - set(UNITS)
    assert extra == {"power", "energy_timestamp", "meter_clock", "list_version"}
    assert declared["meter_clock"].kind is declared["energy_timestamp"].kind is Kind.MOMENT


def test_a_meter_says_who_it_is() -> None:
    """Maker, model, id and the version of its list."""
    listening = Listening("kaifa-tn")
    assert listening.meter.identity.model == ""
    listening.run(15)
    identity = listening.meter.identity
    assert (identity.manufacturer, identity.model) == ("Kaifa", "MA304H4")
    assert identity.serial == listening.meter.fingerprint == "6970630000000002"
    assert identity.variant == listening.value("list_version") == "KFM_001"


def test_nothing_is_offered_that_was_never_sent() -> None:
    """A meter on an IT net has no voltage L2, one with one phase no current L2."""
    listening = Listening("kaifa-it")
    listening.run(60)
    names = {reading.name for reading in listening.meter.readings()}
    assert "voltage_l2" not in names
    assert "current_l2" in names
    with pytest.raises(KeyError):
        listening.meter.reading("voltage_l2")
    assert listening.meter.serving({"voltage_l1", "voltage_l2"}, None) == {"voltage_l1"}


def test_the_short_list_alone_tells_the_power() -> None:
    """List 1 has no export: while anything is imported it decides alone."""
    listening = Listening("aidon-tn")
    listening.simulated.house.hold((500, 500, 500))
    listening.run(20)
    assert listening.value("power") == 1500
    listening.simulated.house.hold((100, 100, 100))
    sent = listening.run(5, deliver=lambda one: one.name == "1")
    assert sent
    assert listening.value("power") == 300


def test_export_is_below_zero() -> None:
    """With the sun out the short list says 0, and the export of the last longer list holds."""
    listening = Listening("aidon-tn")
    listening.simulated.house.hold((-1000, -1000, 200))
    listening.run(30)
    assert listening.value("power_imported") == 0
    assert listening.value("power_exported") == 1800
    assert listening.value("power") == -1800
    listening.run(5, deliver=lambda one: one.name == "1")
    assert listening.value("power") == -1800


def test_no_export_is_guessed() -> None:
    """Nothing imported, and no longer list heard for too long: the power is not known."""
    listening = Listening("aidon-tn")
    listening.simulated.house.hold((-1000, -1000, 200))
    listening.run(30)
    listening.run(60, deliver=lambda one: one.name == "1")
    assert listening.value("power_imported") == 0
    assert listening.available("power_imported")
    assert not listening.available("power")
    assert listening.value("power") is None


def test_current_transformers() -> None:
    """The factor applies to power, current and energy; energy has one of its own on top."""
    plain = Listening("kamstrup-tn")
    scaled = Listening("kamstrup-tn", extra={"scale_factor": 50.0, "energy_factor": 0.1})
    for listening in (plain, scaled):
        listening.run(60)
    before, after = plain.shown(), scaled.shown()
    for name, factor in (
        ("power", 50),
        ("power_imported", 50),
        ("reactive_power_exported", 50),
        ("current_l1", 50),
        ("voltage_l1", 1),
        ("energy_imported", 5),
        ("reactive_energy_exported", 5),
    ):
        assert before[name]
        assert after[name] == pytest.approx(before[name] * factor), name  # type: ignore[operator]
    assert scaled.meter.diagnose()["scale_factor"] == 50
    assert scaled.meter.diagnose()["energy_factor"] == 0.1


def test_the_clock_of_the_hourly_registers() -> None:
    """The counters carry the meter's own time: the full hour, not the arrival."""
    listening = Listening("aidon-tn")
    listening.run(60)
    assert listening.value("energy_timestamp") == datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
    listening.run(600)
    assert listening.value("energy_timestamp") == datetime(2026, 1, 5, 10, 0, tzinfo=UTC)


def test_a_clock_that_stays_on_standard_time() -> None:
    """The zone of the clock can be told where a maker's habit is not known."""
    summer = datetime(2026, 7, 6, 9, 59, 30, tzinfo=UTC)
    for zone, hours in (("automatic", 0), ("wall", 0), ("standard", 1)):
        listening = Listening("kaifa-tn", start=summer, extra={"clock_zone": zone})
        listening.run(20)
        clock = listening.value("meter_clock")
        assert isinstance(clock, datetime)
        assert clock - summer == pytest.approx(
            timedelta(hours=hours, seconds=10), abs=timedelta(seconds=11)
        )


def test_a_meter_with_one_list_needs_no_time_for_its_counters() -> None:
    """Their time is that of the clock, which would change with every message."""
    listening = Listening("kaifa-se")
    listening.run(60)
    names = {reading.name for reading in listening.meter.readings()}
    assert "energy_timestamp" not in names
    assert "meter_clock" in names
    clock = listening.value("meter_clock")
    assert isinstance(clock, datetime)
    assert clock > START


def test_counters_of_every_quarter_of_an_hour_last_until_the_next() -> None:
    """Slovenia: neither stale after some seconds nor taken for one of many."""
    listening = Listening("iskra-si", start=START + timedelta(minutes=10))
    listening.run(6 * 3600)
    for _ in range(20):
        listening.run(600)
        assert listening.available("energy_imported")
    assert listening.value("energy_timestamp") is not None


def _taken(listening: Listening, **readings: Number) -> None:
    meter = Meter(manufacturer="Kaifa", serial="1")
    message = Message(
        meter=meter,
        belongs_to=meter,
        kind=ListKind.COMPLETE,
        timestamp=None,
        readings=readings,
    )
    listening.meter.take(message, listening.now)


def test_no_hair_behind_the_digits() -> None:
    """Counters in whole Wh, which make three decimals of a kWh; sums and products rounded."""
    listening = Listening(extra={"energy_factor": 0.1})
    _taken(listening, energy_imported=199_493_221.493, power_imported=0.3, power_exported=0.1)
    assert listening.value("energy_imported") == 19_949_322
    assert isinstance(listening.value("energy_imported"), int)
    assert listening.value("power") == 0.2


def test_a_meter_cannot_be_asked() -> None:
    """Whoever tries to poll it is told so."""
    with pytest.raises(NotSupportedError, match="sends by itself"):
        FAMILY.create(MockModbusConnection().for_unit, 1, Options())
    assert FAMILY.pushed


def test_the_wall_clock_is_that_of_the_world() -> None:
    """Only what is kept over a restart has a date."""
    meter = HanMeter()
    meter.begin(5.0)
    kept = datetime.fromisoformat(meter.dump_state()["totals_at"])
    assert abs(kept - datetime.now(UTC)) < timedelta(hours=1)
