"""How long values are current, what outlives a restart, and how often values are shown."""

import json
from datetime import timedelta
from itertools import pairwise

import pytest

from custom_components.voltrail.engine.devices.ams_han.rhythm import Rhythm
from custom_components.voltrail.engine.devices.ams_han.showing import Showing
from custom_components.voltrail.engine.han import HanReader, ListKind
from simulators.ams_han.meter import Sent

from .support import METERS, START, Listening

PERIODS = {"aidon-tn": 2.5, "kaifa-tn": 2.0, "kamstrup-tn": 10.0, "kaifa-se": 10.0, "p1-nl": 1.0}


@pytest.mark.parametrize("kind", PERIODS)
def test_silence_is_measured_in_the_meters_own_periods(kind: str) -> None:
    """After three periods it is still there, after four it is not, whatever it had sent."""
    period = PERIODS[kind]
    listening = Listening(kind)
    listening.run(120)
    last = listening.sent[-1].moment
    listening.pass_to(last + timedelta(seconds=3 * period))
    assert listening.meter.alive
    assert listening.available("power")
    listening.pass_to(last + timedelta(seconds=4 * period))
    assert not listening.meter.alive
    assert not any(
        listening.meter.available(reading.components) for reading in listening.meter.readings()
    )
    listening.run(30)
    assert listening.meter.alive


def test_a_list_that_stops_takes_its_values_with_it() -> None:
    """Currents go when list 2 stops; power, which list 1 has too, stays."""
    listening = Listening("aidon-tn")
    listening.simulated.house.hold((500, 500, 500))
    listening.run(21)
    listening.run(30, deliver=lambda one: one.name == "1")
    assert listening.available("current_l1")
    listening.run(10, deliver=lambda one: one.name == "1")
    assert not listening.available("current_l1")
    assert listening.value("current_l1") is None
    assert listening.available("power")
    assert listening.available("power_imported")


def test_hourly_counters_are_current_until_the_next_ones() -> None:
    """For a whole hour, and longer if the next list is lost, while the meter speaks."""
    listening = Listening("aidon-tn")
    listening.run(60)
    before = listening.value("energy_imported")
    listening.run(2 * 3600, deliver=lambda one: one.name != "3")
    assert listening.available("energy_imported")
    assert listening.value("energy_imported") == before
    listening.run(3600)
    after = listening.value("energy_imported")
    assert isinstance(before, int)
    assert isinstance(after, int)
    assert after > before


def test_values_that_came_with_the_hourly_list_do_not_last_an_hour() -> None:
    """A meter that is first heard at the full hour and then only in short lists."""
    listening = Listening("aidon-tn")
    listening.run(120, deliver=lambda one: one.name == "3")
    listening.run(30, deliver=lambda one: one.name == "1")
    assert listening.available("energy_imported")
    assert not listening.available("voltage_l1")


def test_a_meter_that_begins_to_send_more() -> None:
    """The layout changes with the first hourly list, and only then."""
    listening = Listening("aidon-tn")
    layouts = []
    listening.run(60, after=lambda _: layouts.append(listening.meter.layout))
    changes = [
        number for number in range(1, len(layouts)) if layouts[number] != layouts[number - 1]
    ]
    assert len(changes) == 2
    assert listening.sent[changes[1]].name == "3"


def test_a_restart_keeps_words_and_totals() -> None:
    """Before anything was heard again all values exist, and the counters have theirs."""
    before = Listening("aidon-tn", sun=9000)
    before.run(200)
    after = Listening("aidon-tn", memory=before.memory, expected="7359990000000001")
    assert {reading.path for reading in after.meter.readings()} == {
        reading.path for reading in before.meter.readings()
    }
    for name in ("energy_imported", "energy_exported", "energy_timestamp", "list_version"):
        assert after.available(name), name
        assert after.value(name) == before.value(name), name
    assert not after.available("power")
    assert after.meter.identity == before.meter.identity
    assert after.meter.patience == 8.75
    # Nothing comes: then it is not there after all.
    after.silence(8.6)
    assert after.available("energy_imported")
    after.silence(0.4)
    assert not after.available("energy_imported")


@pytest.mark.parametrize("kind", ["kaifa-se", "kamstrup-push"])
def test_a_restart_keeps_totals_of_a_single_list(kind: str) -> None:
    """They are restored until the next list, and no longer than one should take."""
    before = Listening(kind)
    before.run(60)
    after = Listening(kind, memory=before.meter.dump_state(), start=START + timedelta(seconds=90))
    assert after.value("energy_imported") == before.meter.latest["energy_imported"].value
    after.silence(36)
    assert not after.available("energy_imported")


def test_a_restored_factor_is_applied_once() -> None:
    """What is kept is what the meter sent; the factor may be another one by then."""
    before = Listening("kamstrup-tn", extra={"scale_factor": 2.0})
    before.run(60)
    after = Listening("kamstrup-tn", memory=before.memory, extra={"scale_factor": 4.0})
    shown, restored = before.value("energy_imported"), after.value("energy_imported")
    assert isinstance(shown, int)
    assert restored == shown * 2


def test_memory_spares_the_card() -> None:
    """Hourly lists are kept at once; counters that come every few seconds four times an hour."""
    hourly = Listening("aidon-tn")
    hourly.run(120)
    saves = hourly.saves
    hourly.run(3 * 3600)
    assert hourly.saves - saves == 3
    continuous = Listening("kaifa-se")
    continuous.run(120)
    saves = continuous.saves
    continuous.run(3600)
    assert 3 <= continuous.saves - saves <= 5


def test_a_slow_adapter_is_learned() -> None:
    """One that passes on a list a minute looks dead at first, and never again."""
    listening = Listening("kamstrup-tn")
    deaths = 0

    def passed_on(one: Sent) -> bool:
        return one.moment.second == 0

    for _ in range(20):
        was_alive = listening.meter.alive
        for _ in range(6):
            listening.run(10, deliver=passed_on)
            deaths += was_alive and not listening.meter.alive
            was_alive = listening.meter.alive
    assert deaths <= 3
    assert listening.meter.patience == 210


def test_a_list_that_comes_no_more_is_not_waited_for() -> None:
    """An adapter that was told to pass on list 2 only makes the meter a slower one."""
    listening = Listening("aidon-tn")
    listening.run(120)
    assert listening.meter.patience == 8.75
    listening.run(120, deliver=lambda one: one.name == "2")
    assert listening.meter.patience == 35


def test_a_list_that_looks_hourly_and_comes_often() -> None:
    """An amsreader says everything of a P1 meter each time; its silence shows like any other."""
    listening = Listening()
    values = {"meterId": "7000111", "P": 500, "U1": 230.1, "tPI": 1234.5}

    def publish(times: int) -> None:
        for number in range(times):
            listening.silence(20)
            payload = json.dumps({"data": values | {"P": 500 + number}}).encode()
            listening.meter.hear_message(payload, listening.now, topic="meter/data")

    publish(12)
    assert listening.meter.patience == pytest.approx(70)
    listening.silence(60)
    assert listening.available("voltage_l1")
    saves = listening.saves
    publish(8)
    assert listening.saves == saves
    memory = listening.meter.dump_state()
    listening.silence(71)
    assert not listening.meter.alive
    listening = Listening(memory=memory)
    publish(1)
    listening.silence(60)
    assert listening.available("power")
    listening.silence(11)
    assert not listening.meter.alive


def test_the_time_of_counters_does_not_stop_while_they_count() -> None:
    """A list that only looked hourly at first told the time of its counters, and goes on to."""
    listening = Listening()

    def publish(times: int) -> None:
        for _ in range(times):
            listening.silence(20)
            clock = int(listening.moment.timestamp())
            values = {"meterId": "7000111", "P": 500, "tPI": 1234.5, "rtc": clock}
            payload = json.dumps({"data": values}).encode()
            listening.meter.hear_message(payload, listening.now, topic="meter/data")
            assert listening.value("energy_timestamp") == listening.moment

    publish(20)
    listening = Listening(memory=listening.meter.dump_state())
    publish(1)


def test_an_hourly_list_that_comes_more_than_once() -> None:
    """It is hourly all the same."""
    rhythm = Rhythm()
    for hour in range(20):
        for again in range(4):
            rhythm.heard(ListKind.VALUES, 3600 * hour + 10 * again)
            assert rhythm.heard(ListKind.HOURLY, 3600 * hour + 10 * again + 1) is ListKind.HOURLY


def test_hourly_counters_of_a_meter_whose_clock_is_wrong() -> None:
    """A Kaifa's clock shows which of its lists is hourly, but only if it is right."""
    listening = Listening("kaifa-tn")
    rhythm = Rhythm()
    hours = 4
    for now in range(0, hours * 3600, 10):
        kind = ListKind.VALUES if now % 3600 else ListKind.COMPLETE
        told = rhythm.heard(kind, now)
        assert told is (kind if now % 3600 or now == 0 else ListKind.HOURLY)
    listening.run(60, deliver=lambda one: one.name != "3")
    hourly = listening.simulated.send("3")
    (message,) = HanReader().feed(hourly.wire)
    listening.meter.take(message._replace(kind=ListKind.COMPLETE), listening.now)
    listening.run(1800)
    assert listening.available("energy_imported")


def test_lost_messages_do_not_slow_the_rhythm() -> None:
    """Every fourth message is damaged; the period stays what it is."""
    rhythm = Rhythm()
    for number in range(40):
        if number % 4:
            rhythm.heard(ListKind.POWER, 2.5 * number)
    assert rhythm.period(ListKind.POWER) == 2.5


def test_bursts_are_no_rhythm() -> None:
    """Ten messages at once, every minute: the period is a minute."""
    rhythm = Rhythm()
    for minute in range(6):
        for number in range(10):
            rhythm.heard(ListKind.VALUES, 60.0 * minute + 0.01 * number)
    assert rhythm.period(ListKind.VALUES) == pytest.approx(60, abs=0.1)


def test_total_power_follows_every_message_and_the_rest_does_not() -> None:
    """In a minute of messages every second, the rest is shown six times."""
    listening = Listening("p1-nl", sun=9000)
    listening.run(30)
    shown: dict[str, list[object]] = {"power": [], "voltage_l1": []}

    def look(_: object) -> None:
        for name, values in shown.items():
            value = listening.value(name)
            if not values or values[-1] != value:
                values.append(value)

    listening.simulated.house._random.seed(1)
    listening.run(60, after=look)
    assert len(shown["power"]) > len(shown["voltage_l1"])
    assert 2 <= len(shown["voltage_l1"]) <= 7


def test_what_waits_is_shown_in_the_end() -> None:
    """The newest value wins; a value that came back to what is shown waits for nothing."""
    showing = Showing(power_interval=0, interval=10)
    showing.offer("voltage_l1", 230, 0)
    showing.offer("voltage_l1", 231, 4)
    showing.offer("voltage_l1", 232, 9)
    assert showing["voltage_l1"] == 230
    assert list(showing.moments()) == [10]
    showing.pass_time(9.9)
    assert showing["voltage_l1"] == 230
    showing.pass_time(10)
    assert showing["voltage_l1"] == 232
    showing.offer("voltage_l1", 233, 12)
    showing.offer("voltage_l1", 232, 13)
    showing.pass_time(20)
    assert showing["voltage_l1"] == 232
    assert not list(showing.moments())
    showing.offer("power", 1, 0)
    showing.offer("power", 2, 0.1)
    assert showing["power"] == 2


def test_power_can_be_slowed_down_too() -> None:
    """With an interval for power it is shown no more often than that."""
    listening = Listening("kaifa-tn", extra={"power_interval": 20})
    values = []
    listening.run(60, after=lambda _: values.append(listening.value("power")))
    changes = [after for before, after in pairwise(values) if after != before]
    assert 1 <= len(changes) <= 4
    assert METERS["kaifa-tn"].step == 2.0


def test_lists_without_a_name_are_signs_of_life_after_a_restart() -> None:
    """The id may come every ten seconds only, which is longer than the patience with power."""
    before = Listening("aidon-tn")
    before.run(60)
    after = Listening(
        "aidon-tn", memory=before.meter.dump_state(), expected=before.meter.identity.serial
    )
    for _ in range(9):
        after.run(2.5, deliver=lambda one: one.name == "1")
        assert after.meter.alive
        assert after.value("power") is None
    after.run(10)
    assert after.value("power") is not None
