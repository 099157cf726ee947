"""Meters that live: what they count, and what they send when."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from simulators.ams_han.catalogue import METERS
from simulators.ams_han.house import House
from simulators.ams_han.meter import HanMeter
from simulators.ams_han.quantities import Net

START = datetime(2026, 7, 1, 9, 59, 30, tzinfo=UTC)


def test_power_times_time_is_the_energy() -> None:
    """What the counters gain is what the power says, to the watt-second."""
    house = House(seed=4, sun=9000)
    before = house.quantities(START)
    imported = exported = 0.0
    for second in range(3600):
        house.advance(1, START)
        now = house.quantities(START + timedelta(seconds=second))
        imported += now.power_imported / 3600
        exported += now.power_exported / 3600
        assert min(now.power_imported, now.power_exported) == 0
    assert now.energy_imported - before.energy_imported == pytest.approx(imported)
    assert now.energy_exported - before.energy_exported == pytest.approx(exported)
    assert imported > 1
    assert exported > 1


def test_the_phases_add_up() -> None:
    """The total is what the phases carry, import against export."""
    house = House(seed=2)
    house.hold((1000.0, -400.0, 50.0), (10.0, 20.0, -5.0))
    house.advance(1, START)
    now = house.quantities(START)
    assert (now.power_imported, now.power_exported) == (650, 0)
    assert now.power_imported_per_phase == (1000, 0, 50)
    assert now.power_exported_per_phase == (0, 400, 0)
    assert now.reactive_imported == 25
    assert now.currents[1] < 0 < now.currents[0]
    assert now.currents[0] * now.voltages[0] == pytest.approx(1000.05, abs=0.01)
    house.advance(3600 - 1, START)
    assert house.quantities(START).energy_imported == pytest.approx(12_345_678 + 650)


def test_the_sun_follows_the_day() -> None:
    """Nothing at night, most at noon."""
    powers = []
    for hour in (0, 8, 12):
        house = House(seed=1, sun=12_000)
        house.advance(1, START.replace(hour=hour))
        now = house.quantities(START)
        powers.append(now.power_imported - now.power_exported)
    assert powers[0] > 0
    assert powers[0] > powers[1] > powers[2]


def test_one_phase_knows_no_other() -> None:
    """What the other phases would carry does not exist."""
    house = House(net=Net.ONE_PHASE)
    house.hold((500.0, 9000.0, 9000.0))
    house.advance(1, START)
    assert house.quantities(START).power_imported == 500


def test_an_it_net_shares_the_load() -> None:
    """Without a neutral the currents are those of the whole."""
    house = House(net=Net.IT)
    house.hold((3000.0, 0.0, 0.0))
    house.advance(1, START)
    now = house.quantities(START)
    assert now.currents[0] == now.currents[2] > 6


def test_an_idle_house() -> None:
    """No load has no angle."""
    house = House()
    house.hold((0.0, 0.0, 0.0))
    house.advance(1, START)
    now = house.quantities(START)
    assert (now.power_factor, now.power_factors) == (1, (1, 1, 1))


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("aidon-tn", {"1": 15, "2": 4, "3": 1}),
        ("kaifa-it", {"1": 20, "2": 4, "3": 1}),
        ("kamstrup-tn", {"1": 5, "2": 1}),
        ("aidon-se", {"full": 5}),
        ("kaifa-at", {"full": 10}),
        ("p1-nl", {"full": 50}),
    ],
)
def test_schedule(name: str, sent: dict[str, int]) -> None:
    """Which list comes when, around a full hour."""
    meter = HanMeter(METERS[name], start=START)
    messages = list(meter.run_until(datetime(2026, 7, 1, 10, 0, 20, tzinfo=UTC)))
    counted = Counter(one.name for one in messages)
    assert counted == sent
    hourly = [one for one in messages if one.name == {"kamstrup-tn": "2"}.get(name, "3")]
    if hourly:
        assert hourly[0].moment.second == (5 if name == "kamstrup-tn" else 10)


def test_the_hourly_list_shows_the_hour() -> None:
    """Made at the full hour and sent ten seconds later: an Aidon shows the hour on its clock."""
    for name, second in (("aidon-tn", 0), ("kaifa-tn", 10)):
        meter = HanMeter(METERS[name], start=START)
        meter.house.hold((3600.0, 0.0, 0.0))
        end = datetime(2026, 7, 1, 10, 0, 10, tzinfo=UTC)
        (hourly,) = [one for one in meter.run_until(end) if one.name == "3"]
        assert hourly.quantities.moment.second == second
        assert meter.house.quantities(end).energy_imported == pytest.approx(12_345_678 + 40)
        assert hourly.quantities.energy_imported == pytest.approx(12_345_678 + 30)


def test_the_same_seed_is_the_same_house() -> None:
    """Runs can be repeated."""
    runs = []
    for _ in range(2):
        meter = HanMeter(METERS["aidon-tn"], start=START, house=House(seed=9))
        runs.append([one.wire for one in meter.run_until(START + timedelta(minutes=5))])
    assert runs[0] == runs[1]


def test_time_in_pieces_is_the_same_time() -> None:
    """Nothing is sent twice or missed, however time passes."""
    whole = HanMeter(METERS["kaifa-it"], start=START)
    pieces = HanMeter(METERS["kaifa-it"], start=START)
    at_once = [one.wire for one in whole.run_until(START + timedelta(seconds=60))]
    in_pieces = [
        one.wire
        for tenth in range(601)
        for one in pieces.run_until(START + timedelta(seconds=tenth / 10))
    ]
    assert in_pieces == at_once


def test_another_number() -> None:
    """Two meters of a kind differ in their number."""
    meter = HanMeter(METERS["aidon-tn"], start=START, serial="7359990000009999")
    assert b"7359990000009999" in meter.send("2").wire


def test_a_seal_counts() -> None:
    """No two encrypted messages are the same."""
    kind = METERS["kaifa-at"]
    meter = HanMeter(kind, start=START, seal=kind.seal(bytes(16)))
    assert meter.send("full").wire != meter.send("full").wire


@pytest.mark.parametrize("name", METERS)
def test_every_meter_sends(name: str) -> None:
    """Whatever is in the catalogue works, and says in a line what it is."""
    meter = HanMeter(METERS[name], start=START)
    sent = list(meter.run_until(START + timedelta(seconds=20)))
    assert sent
    assert all(one.wire for one in sent)
    assert len(METERS[name].summary) > 10
