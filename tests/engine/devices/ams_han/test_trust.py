"""What is not believed: other meters, counters that jump, messages that nobody can read."""

from datetime import timedelta

import pytest

from custom_components.voltrail.engine.devices.ams_han.senders import Senders
from custom_components.voltrail.engine.devices.ams_han.totals import Totals
from custom_components.voltrail.engine.han import ListKind, Message, Meter, Number
from custom_components.voltrail.engine.polling.pushed_device import Impression
from simulators.ams_han.faults import Faults
from simulators.ams_han.iskraemeco import Iskraemeco
from simulators.ams_han.payloads import Form, payload, pulse_batch
from simulators.ams_han.quantities import Identity, Quantities

from .support import KEY, METERS, START, Listening, secrets

OURS = "7359990000000001"
OTHER = "7359990000000099"


def counted(value: Number, kind: ListKind = ListKind.HOURLY) -> Message:
    """A message with a counter in it."""
    meter = Meter(manufacturer="Aidon", model="6534", serial=OURS, list_version="AIDON_V0001")
    return Message(
        meter=meter,
        belongs_to=meter,
        kind=kind,
        timestamp=None,
        readings={"energy_imported": value},
    )


def test_another_meter_never_feeds_this_one() -> None:
    """Two meters share a stream: each message with a name is taken by its own only."""
    ours = Listening("kamstrup-tn", serial=OURS, expected=OURS)
    other = Listening("kamstrup-tn", serial=OTHER, expected=OTHER)
    other.simulated.house.hold((5000, 5000, 5000))
    for listening in (ours, other):
        rest = other if listening is ours else ours
        for one in rest.simulated.run_until(START + timedelta(seconds=60)):
            listening.meter.hear(one.wire, listening.now)
        assert not list(listening.meter.readings())
        assert listening.meter.refused["other_meter"] == 7
    assert ours.meter.fingerprint == ""


def test_short_lists_of_two_meters_on_one_topic_are_left_out() -> None:
    """Nobody can tell whose list 1 is; list 2 names its meter and is taken."""
    ours = Listening("aidon-tn", serial=OURS, expected=OURS)
    other = Listening("aidon-tn", serial=OTHER)
    other.simulated.house.hold((9000, 9000, 9000))
    end = START + timedelta(seconds=25)
    mine = list(ours.simulated.run_until(end))
    theirs = list(other.simulated.run_until(end))
    for one, foreign in zip(mine, theirs, strict=True):
        ours.pass_to(one.moment)
        for message in (one, foreign):
            ours.meter.hear_message(message.wire, ours.now, topic="meters")
        if "power_imported" in ours.meter.latest:
            assert ours.meter.latest["power_imported"].value < 9000
    assert ours.meter.refused["unnamed"] > 10
    assert ours.meter.refused["other_meter"] == 2
    assert ours.meter.latest["power_imported"].kind is ListKind.VALUES


def test_short_lists_on_a_topic_of_their_own() -> None:
    """Some adapters sort the lists by topic; with one meter on all of them they are its own."""
    listening = Listening("aidon-tn", expected=OURS)
    listening.simulated.house.hold((500, 500, 500))
    for one in listening.simulated.run_until(START + timedelta(seconds=15)):
        listening.pass_to(one.moment)
        listening.meter.hear_message(one.wire, listening.now, topic=f"han/list{one.name}")
    assert listening.meter.latest["power_imported"].kind is ListKind.POWER
    # Those that came before the meter had said its name may have been anybody's.
    assert listening.meter.refused["unnamed"] == 3


def test_a_stream_that_is_opened_again_may_lead_elsewhere() -> None:
    """After a pulled adapter the meter has to say its name before short lists count."""
    listening = Listening("aidon-tn", expected=OURS)
    listening.run(25)
    listening.meter.stream_opened(listening.now)
    refused = listening.meter.refused["unnamed"]
    listening.run(2.5)
    assert listening.meter.refused["unnamed"] == refused + 1
    listening.run(10)
    assert listening.meter.latest["power_imported"].kind is ListKind.POWER


def test_senders_are_bounded_and_forgotten() -> None:
    """However many speak, on however many topics; who was not heard for minutes is gone."""
    senders = Senders()
    for number in range(500):
        senders.named(f"meter {number}", f"topic {number % 100}", 0)
        senders.named(f"meter {number}", "one", 0)
    assert len(senders.all_named(0)) <= 64 * 16
    assert len(senders.heard("one", 0)) == 16
    senders.named("meter 1", "one", 400)
    assert senders.heard("one", 400) == {"meter 1"}
    assert senders.all_named(400) == {"meter 1"}


def test_a_meter_without_a_name() -> None:
    """A Swedish list names nobody and has everything: there is no name to wait for."""
    listening = Listening("aidon-se", expected="")
    listening.run(15)
    assert listening.meter.impression is Impression.UNNAMED
    assert listening.meter.introduced
    assert listening.meter.fingerprint == ""
    assert listening.meter.identity.manufacturer == "Aidon"
    assert listening.value("power") is not None


def test_a_name_that_comes_later() -> None:
    """List 1 alone is taken until the meter says who it is; then it is held to that."""
    listening = Listening("aidon-tn", expected="")
    impressions = []
    listening.run(14, after=lambda _: impressions.append(listening.meter.impression))
    assert list(dict.fromkeys(impressions)) == [Impression.UNNAMED, Impression.NAMED]
    assert impressions.count(Impression.UNNAMED) == 3
    assert listening.meter.fingerprint == OURS
    other = Listening("aidon-tn", serial=OTHER)
    taken = listening.meter.messages
    listening.meter.hear(other.simulated.send("2").wire, listening.now)
    assert listening.meter.messages == taken


def test_list_1_alone_is_a_beginning() -> None:
    """Its power is shown, and a name is still waited for."""
    listening = Listening("aidon-tn", expected="")
    listening.run(60, deliver=lambda one: one.name == "1")
    assert not listening.meter.introduced
    assert listening.value("power_imported") is not None


def test_a_step_back_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    """A counter never goes back, whatever a list says; it is told once."""
    listening = Listening(expected=OURS)
    for value in (50_000, 40_000, 45_000, 51_000):
        listening.silence(3600)
        listening.meter.take(counted(value), listening.now)
    assert listening.value("energy_imported") == 51_000
    assert listening.meter.refused["step_back"] == 2
    assert caplog.text.count("energy_imported is not believed") == 1


def test_an_impossible_jump_is_refused() -> None:
    """More in an hour than any fuse lets through; after a long silence much is possible."""
    listening = Listening(expected=OURS)
    listening.meter.take(counted(50_000), listening.now)
    listening.silence(3600)
    listening.meter.take(counted(300_000), listening.now)
    assert listening.value("energy_imported") == 50_000
    assert listening.meter.refused["jump"] == 1
    listening.silence(7200)
    listening.meter.take(counted(300_000), listening.now)
    assert listening.value("energy_imported") == 300_000


def test_a_jump_is_judged_by_the_time_that_really_passed() -> None:
    """A holiday with Home Assistant off is no reason to doubt the meter."""
    before = Listening(expected=OURS)
    before.meter.take(counted(50_000), before.now)
    for hours, taken in ((1, False), (24, True)):
        after = Listening(expected=OURS, memory=before.memory, start=START + timedelta(hours=hours))
        after.meter.take(counted(900_000), after.now)
        assert (after.value("energy_imported") == 900_000) is taken


def test_a_counter_that_insists_is_believed() -> None:
    """Three lists in a row over an hour that agree with each other: the one before was wrong."""
    totals = Totals()
    assert totals.judge("energy_imported", 0, 0) is None
    for hour, value in enumerate((9_000_000, 9_000_500, 9_001_000), start=1):
        judged = totals.judge("energy_imported", value, 3600.0 * hour)
        assert judged == (None if hour == 3 else "jump")
    # A meter with a list every ten seconds insists for an hour, not for half a minute.
    for second in range(0, 3600, 10):
        assert totals.judge("energy_imported", 5 + second, 20_000.0 + second) == "step_back"
    assert totals.judge("energy_imported", 4000, 20_000.0 + 3600) is None
    # Nonsense that does not even agree with itself never gets in.
    for number in range(50):
        wild = totals.judge("energy_imported", -number, 100_000.0 + 3600 * number)
        assert wild == "step_back"


def test_a_counter_that_comes_often_has_less_room() -> None:
    """An hourly list may lack one; what comes every few seconds cannot grow by 50 kWh between."""
    totals = Totals()
    for often, taken in ((False, None), (True, "jump")):
        totals.accept("energy_imported", 0, 0)
        assert totals.judge("energy_imported", 50_000, 10, often=often) == taken
    # Some count every few minutes and send it every few seconds.
    assert totals.judge("energy_imported", 20_000, 20, often=True) is None


def test_a_jump_in_a_list_of_everything_is_not_believed_at_once() -> None:
    """Nor when it is read a second time: it takes an hour of such lists."""
    listening = Listening(expected=OURS)
    listening.meter.take(counted(50_000, ListKind.COMPLETE), listening.now)
    for _ in range(20):
        listening.silence(10)
        listening.meter.take(counted(90_000, ListKind.COMPLETE), listening.now)
        # The last good one, until it is no longer current.
        assert listening.value("energy_imported") in {50_000, None}


def test_wild_up_times_of_a_batch_are_no_times() -> None:
    """A damaged one would date everything else into the past, and nothing could be saved."""
    for wild in (2**64 - 1, 1 << 50):
        listening = Listening("kaifa-se", expected="6970630000000002")
        wires = [one.wire for one in listening.simulated.run_until(START + timedelta(seconds=40))]
        entries = list(zip((1000, wild, 3000, 4000), wires, strict=True))
        listening.meter.hear_message(pulse_batch(entries), listening.now, topic="pulse")
        assert listening.meter.latest["energy_imported"].received == listening.now
        assert listening.meter.dump_state()["totals_at"].startswith("2026-01-05T09:59")
        assert listening.meter.messages == 4


def test_one_meter_with_two_ways_to_say_its_number() -> None:
    """Iskraemeco's list of counters has its last eight digits only."""
    full, digits = "ISK1020784605887", "84605887"
    meter = Iskraemeco(identity=Identity(serial=full, model=""))
    now = Quantities(power_imported=700, voltages=(230.0, 0, 0), energy_imported=5000)
    values, counters = meter.list_of_9_values(now).frame, meter.list_of_4(now).frame
    for expected, first in ((full, values), (digits, counters), (None, values), (None, counters)):
        listening = Listening("iskra-si", expected=expected)
        for wire in (first, values, counters, values):
            listening.meter.hear(wire, listening.now)
        assert listening.value("energy_imported") == 5000
        assert listening.value("power_imported") == 700
        assert listening.meter.refused.total() == 0
        assert listening.meter.fingerprint == full
        assert not list(listening.meter.problems())
    stranger = Iskraemeco(identity=Identity(serial="ISK1020784605888", model=""))
    listening.meter.hear(stranger.list_of_4(now).frame, listening.now)
    assert listening.meter.refused == {"other_meter": 1}


def test_a_batch_is_older_than_it_looks() -> None:
    """The newest entry is shown; the age of the others is kept, and nothing overtaken counts."""
    listening = Listening("kamstrup-tn", expected="5706560000000003")
    sent = list(listening.simulated.run_until(START + timedelta(seconds=30)))
    listening.pass_to(START + timedelta(seconds=30))
    entries = [(round(one.moment.timestamp() * 1000), one.wire) for one in sent]
    listening.meter.hear_message(
        pulse_batch(entries, compressed=True), listening.now, topic="pulse"
    )
    newest = listening.meter.latest["power_imported"]
    assert newest.received == listening.now
    assert newest.value == round(sent[-1].quantities.power_imported)
    # The same again in the other order.
    listening.meter.hear_message(pulse_batch(list(reversed(entries))), listening.now, topic="pulse")
    assert listening.meter.latest["power_imported"].value == newest.value


@pytest.mark.parametrize("form", [form for form in Form if form is not Form.TEXT])
def test_every_form_over_mqtt(form: Form) -> None:
    """Whatever a bridge makes of it, the value is the simulator's."""
    listening = Listening("aidon-tn")
    listening.run(10, deliver=lambda _: False)
    sent = listening.simulated.send("2")
    listening.meter.hear_message(payload(form, sent), listening.now, topic="meter")
    assert listening.meter.impression is Impression.NAMED
    assert listening.meter.latest["power_imported"].value == round(sent.quantities.power_imported)


@pytest.mark.parametrize(
    ("kind", "extra", "impression", "problem"),
    [
        ("kaifa-at", secrets(), Impression.NAMED, None),
        ("kaifa-at", {"key": None, "authentication_key": None}, Impression.ENCRYPTED, "needed"),
        ("kaifa-at", {"key": "nonsense", "authentication_key": ""}, Impression.ENCRYPTED, "needed"),
        ("kaifa-at", {"key": "ff" * 16, "authentication_key": None}, Impression.WRONG_KEY, "wrong"),
        (
            "kaifa-at",
            {"key": KEY.hex(), "authentication_key": "ff" * 16},
            Impression.WRONG_KEY,
            "wrong",
        ),
        ("p1-lu", {"key": None}, Impression.ENCRYPTED, "needed"),
    ],
)
def test_encrypted_meters(
    kind: str, extra: dict[str, object], impression: Impression, problem: str | None
) -> None:
    """With the key there are values; without it there is a hint what to do."""
    listening = Listening(kind, extra=extra)
    listening.run(60)
    assert listening.meter.impression is impression
    assert bool(list(listening.meter.readings())) is (impression is Impression.NAMED)
    problems = [found.key for found in listening.meter.problems()]
    assert problems == ([] if problem is None else [f"meter_key_{problem}"])
    assert bool(listening.meter.frames) is (kind != "nothing")


def test_what_is_heard_instead() -> None:
    """Each kind of nonsense leaves its own impression."""
    listening = Listening("kamstrup-tn")
    meter = listening.meter
    faults = Faults(parity=True)
    for one in listening.simulated.run_until(START + timedelta(seconds=30)):
        meter.hear(faults.deliver(one.wire), listening.now)
        meter.stream_idle(listening.now)
    assert meter.impression is Impression.BYTES
    assert meter.frames == 0
    texts = Listening().meter
    texts.hear_message(b"Debug: No HAN data", 0, topic="pulse")
    assert texts.impression is Impression.TEXT
    assert texts.quote == "Debug: No HAN data"
    texts.hear_message(b'{"status": {"rssi": -60, "Vcap": 5.1}}', 0, topic="pulse")
    assert texts.quote == "{rssi, Vcap}"
    strange = Listening().meter
    strange.hear_message(bytes.fromhex("0f000000000002020600000001060000000f"), 0, topic="x")
    assert strange.impression is Impression.STRANGE
    assert Listening().meter.impression is Impression.NOTHING


def test_a_meter_that_was_replaced_is_reported() -> None:
    """Ours is silent and another one speaks: that is something for a person."""
    listening = Listening("kamstrup-tn", serial=OURS, expected=OURS)
    listening.run(30)
    assert not list(listening.meter.problems())
    other = Listening("kamstrup-tn", serial=OTHER)
    for one in other.simulated.run_until(START + timedelta(seconds=90)):
        listening.pass_to(max(one.moment, listening.moment))
        listening.meter.hear(one.wire, listening.now)
    (problem,) = listening.meter.problems()
    assert problem.key == "another_meter"
    assert problem.details == {"found": OTHER}


def test_silence_alone_is_nothing_that_a_person_could_put_right() -> None:
    """It is unavailable, and that says it."""
    listening = Listening("kamstrup-tn", serial=OURS, expected=OURS)
    listening.run(30)
    listening.silence(60)
    assert not listening.meter.alive
    assert not list(listening.meter.problems())


def test_topics_are_bounded() -> None:
    """A wildcard that covers half a broker costs no memory."""
    listening = Listening("kamstrup-tn")
    wire = listening.simulated.send("1").wire
    for number in range(100):
        listening.meter.hear_message(wire, listening.now, topic=f"topic {number}")
    assert len(listening.meter.diagnose()["topics"]) == 32
    assert METERS["kamstrup-tn"].identity.serial == listening.meter.fingerprint
