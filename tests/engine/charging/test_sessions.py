"""Sessions of a charge point, seen by somebody who looks now and then, and is away at times."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from custom_components.voltrail.engine.charging.sessions import (
    FULL_AFTER,
    Happened,
    Happening,
    Observation,
    Session,
    SessionLog,
    shortened,
)
from custom_components.voltrail.engine.model.charging import BlockedBy, ChargingState
from custom_components.voltrail.engine.model.clock import ClockWatch

BEGIN: Final = datetime(2026, 11, 30, 18, 0, tzinfo=UTC)
AWAY, HERE, CHARGING = (
    ChargingState.NO_VEHICLE,
    ChargingState.CONNECTED,
    ChargingState.CHARGING,
)


class Driveway:
    """A charge point with a car, and a log that is shown what it says."""

    def __init__(self, *, counter: float | None = 1000.0) -> None:
        self.at = BEGIN
        self.set_by = timedelta()
        """By how much the clock was set."""
        self.log = self.new_log()
        self.counter = counter
        self.state: ChargingState | None = AWAY
        self.more: dict[str, Any] = {}

    def new_log(self) -> SessionLog:
        """Return a log that has seen nothing."""
        return SessionLog(ClockWatch(self._passed))

    def _passed(self) -> float:
        return (self.at - self.set_by - BEGIN).total_seconds()

    def set_clock(self, seconds: float) -> None:
        """Set the clock."""
        self.at += timedelta(seconds=seconds)
        self.set_by += timedelta(seconds=seconds)

    def look(self, **more: Any) -> list[Happened]:
        """Show the log what there is now."""
        told = {"counter": self.counter, **self.more, **more}
        return self.log.note(Observation(at=self.at, state=self.state, **told))

    def after(self, seconds: float, state: ChargingState | None = None, **more: Any) -> list[str]:
        """Let time pass without a look, then look; return what happened."""
        self.at += timedelta(seconds=seconds)
        self.state = self.state if state is None else state
        return [one.kind.value for one in self.look(**more)]

    def watch(self, seconds: float, watts: float = 0.0, **more: Any) -> list[str]:
        """Look every 10 s for a while, during which a car draws this much."""
        happened = []
        for _ in range(int(seconds / 10)):
            if self.counter is not None:
                self.counter += watts / 360
            happened += self.after(10, power=watts, **more)
        return happened

    def restart(self) -> None:
        """Let the log be stored as text, and read again."""
        stored = json.loads(json.dumps([self.log.dump_state(), self.log.dump_finished()]))
        self.log = self.new_log()
        self.log.restore_state(*stored)

    def one(self) -> Session:
        """Return the only session that has ended."""
        (session,) = self.log.finished
        return session


@pytest.fixture
def driveway() -> Driveway:
    """A place without a car, looked at for the first time."""
    place = Driveway()
    assert place.look() == []
    return place


def test_a_whole_session(driveway: Driveway) -> None:
    """A car comes, charges for an hour, waits and leaves."""
    assert driveway.after(10, HERE) == ["connected"]
    assert driveway.after(10, CHARGING, phases=3, power=0) == ["started"]
    assert driveway.watch(3600, watts=11_000, phases=3) == []
    assert driveway.after(10, HERE, power=0) == ["stopped"]
    assert driveway.after(60, AWAY) == ["finished"]
    session = driveway.one()
    assert session.energy == pytest.approx(11_000)
    assert session.start == BEGIN + timedelta(seconds=10)
    assert session.end == driveway.at
    assert session.duration(driveway.at) == 3600 + 80
    assert session.charging_time == 3600
    assert session.highest_power == 11_000
    assert session.phases == 3
    assert session.complete
    assert session.total_cost is None
    assert session.solar_share is None


@pytest.mark.parametrize("step", [86_400, -86_400, 1800, -60])
def test_a_clock_that_is_set_in_a_session(driveway: Driveway, step: float) -> None:
    """Home Assistant found the time while a car charged: the session lasts as long as it did."""
    driveway.after(10, HERE)
    driveway.after(10, CHARGING)
    driveway.watch(600, watts=6000, price=0.3)
    driveway.set_clock(step)
    driveway.watch(600, watts=6000, price=0.3)
    assert driveway.after(10, AWAY) == ["stopped", "finished"]
    session = driveway.one()
    assert session.duration(driveway.at) == 1220
    assert session.charging_time == 1200
    assert session.start == driveway.at - timedelta(seconds=1220)
    assert session.complete
    assert session.total_cost == pytest.approx(0.6)


def test_a_clock_that_is_set_after_a_restart(driveway: Driveway) -> None:
    """A beginning from before the restart was noted by a clock that was right."""
    driveway.after(10, HERE)
    driveway.watch(3600)
    driveway.restart()
    driveway.set_clock(-1800)
    driveway.after(10)
    driveway.set_clock(1800)
    driveway.after(10)
    assert driveway.log.present is not None
    assert driveway.log.present.duration(driveway.at) == 3620


def test_a_car_that_is_full_while_the_clock_is_set(driveway: Driveway) -> None:
    """Ten minutes are ten minutes."""
    driveway.after(10, CHARGING)
    driveway.watch(600, watts=6000)
    driveway.after(10, HERE, blocked_by=BlockedBy.VEHICLE)
    driveway.set_clock(3600)
    assert driveway.watch(FULL_AFTER.total_seconds() - 10, blocked_by=BlockedBy.VEHICLE) == []
    assert driveway.after(10, blocked_by=BlockedBy.VEHICLE) == ["full"]


def test_the_first_look_tells_of_nothing() -> None:
    """What was so before anybody looked did not happen now."""
    place = Driveway()
    place.state = CHARGING
    assert place.look(blocked_by=BlockedBy.NOTHING, on_fallback=True) == []
    assert place.log.present is not None
    assert not place.log.present.complete


def test_a_session_under_way_begins_where_the_charger_says() -> None:
    """What the charger counted before the first look belongs to it."""
    place = Driveway(counter=20_000)
    place.state = CHARGING
    place.look(told_energy=5000, told_duration=1800)
    session = place.log.present
    assert session is not None
    assert session.energy == 5000
    assert session.start == BEGIN - timedelta(minutes=30)


def test_energy_is_the_counters_over_a_restart(driveway: Driveway) -> None:
    """A restart in mid-session loses no energy and begins no session."""
    driveway.after(10, CHARGING)
    driveway.watch(600, watts=6000)
    driveway.restart()
    assert driveway.counter is not None
    driveway.counter += 3000
    assert driveway.after(1800, CHARGING) == []
    driveway.watch(600, watts=6000)
    driveway.after(10, AWAY)
    assert driveway.one().energy == pytest.approx(5000)


def test_what_began_meanwhile_is_told_on_return(driveway: Driveway) -> None:
    """A car that came while the link was away; its energy counts from where the counter stood."""
    assert driveway.counter is not None
    driveway.restart()
    driveway.counter += 4000
    happened = driveway.after(7200, CHARGING, told_duration=3000, told_energy=4000)
    assert happened == ["connected", "started"]
    session = driveway.log.present
    assert session is not None
    assert session.energy == 4000
    assert session.start == driveway.at - timedelta(seconds=3000)
    assert not session.complete


def test_what_ended_meanwhile_is_told_on_return(driveway: Driveway) -> None:
    """A car that left while the link was away."""
    driveway.after(10, CHARGING)
    driveway.watch(600, watts=6000)
    driveway.restart()
    assert driveway.counter is not None
    driveway.counter += 2000
    assert driveway.after(7200, AWAY, told_duration=1200) == ["stopped", "finished"]
    session = driveway.one()
    assert session.energy == pytest.approx(3000)
    assert session.end == session.start + timedelta(seconds=1200)
    assert not session.complete


def test_another_car_meanwhile_is_another_session(driveway: Driveway) -> None:
    """The charger counts from anew: the first car's energy and the second's stay apart."""
    driveway.after(10, CHARGING, told_energy=0)
    driveway.watch(600, watts=6000, told_energy=1000)
    seen = driveway.at
    assert driveway.counter is not None
    driveway.counter += 2000 + 700
    happened = driveway.after(7200, CHARGING, told_energy=700, told_duration=600)
    assert happened == ["stopped", "finished", "connected", "started"]
    first = driveway.one()
    assert first.energy == pytest.approx(3000)
    assert first.end == seen
    second = driveway.log.present
    assert second is not None
    assert second.energy == pytest.approx(700)
    assert second.start == driveway.at - timedelta(seconds=600)


def test_energy_of_unobserved_sessions_is_not_the_next_cars(driveway: Driveway) -> None:
    """What others charged in between is not put on the car that is found."""
    assert driveway.counter is not None
    driveway.counter += 9000
    driveway.after(86_400, CHARGING, told_energy=400)
    assert driveway.log.present is not None
    assert driveway.log.present.energy == 400


def test_a_late_counter_still_counts(driveway: Driveway) -> None:
    """A counter that is read once a minute brings the rest when the car is gone."""
    driveway.after(10, CHARGING)
    driveway.after(60, AWAY)
    assert driveway.counter is not None
    driveway.counter += 80
    driveway.after(50)
    assert driveway.one().energy == 80
    driveway.counter += 500
    driveway.after(300)
    assert driveway.one().energy == 80, "hours later it is not of this session"
    driveway.after(10, HERE)
    assert driveway.log.present is not None
    assert driveway.log.present.energy == 0


def test_a_counter_that_is_away_for_one_session(driveway: Driveway) -> None:
    """Without a counter the charger's own number stands in, and the next session is not wrong."""
    driveway.more = {"counter": None}
    driveway.after(10, CHARGING, told_energy=0)
    driveway.after(60, CHARGING, told_energy=2000)
    driveway.after(10, AWAY, told_energy=2000)
    assert driveway.one().energy == 2000
    driveway.more = {}
    assert driveway.counter is not None
    driveway.counter += 2000
    driveway.after(10, HERE)
    assert driveway.log.present is not None
    assert driveway.log.present.energy == 0


def test_a_counter_that_goes_back_for_a_moment_is_not_believed(driveway: Driveway) -> None:
    """A meter that boots tells nonsense; one that was replaced goes on from there."""
    driveway.after(10, CHARGING)
    driveway.watch(600, watts=6000)
    driveway.after(10, counter=0)
    driveway.after(10)
    assert driveway.log.present is not None
    assert driveway.log.present.energy == pytest.approx(1000)
    driveway.counter = 5.0
    driveway.watch(60, watts=6000)
    assert driveway.log.present.energy == pytest.approx(1000 + 50, abs=1)


def test_full_is_told_once(driveway: Driveway) -> None:
    """A car that asks for nothing for ten minutes after charging is full; a short pause is not."""
    driveway.after(10, CHARGING)
    driveway.watch(600, watts=6000)
    waiting: dict[str, Any] = {"blocked_by": BlockedBy.VEHICLE}
    driveway.after(10, HERE, **waiting)
    assert Happening.FULL not in driveway.watch(300, **waiting)
    driveway.after(10, CHARGING, blocked_by=BlockedBy.NOTHING)
    driveway.after(10, HERE, **waiting)
    told = driveway.watch(2 * FULL_AFTER.total_seconds(), **waiting)
    assert told.count("full") == 1


def test_a_car_that_never_charged_is_not_full(driveway: Driveway) -> None:
    """It waits for its departure time, or has been plugged in with a full battery."""
    driveway.after(10, HERE)
    assert "full" not in driveway.watch(3600, blocked_by=BlockedBy.VEHICLE)


def test_reasons_come_and_go(driveway: Driveway) -> None:
    """A change of the reason is a new one; not knowing it is no change."""
    driveway.look(blocked_by=BlockedBy.NO_VEHICLE)
    assert driveway.after(10, HERE, blocked_by=BlockedBy.PAUSED) == ["connected", "blocked"]
    assert driveway.after(10, blocked_by=None) == []
    (found,) = driveway.log.note(
        Observation(at=driveway.at, state=HERE, blocked_by=BlockedBy.NOT_AUTHORISED)
    )
    assert found.reason is BlockedBy.NOT_AUTHORISED
    assert driveway.after(10, CHARGING, blocked_by=BlockedBy.NOTHING) == ["started", "unblocked"]


def test_a_charger_that_lost_us(driveway: Driveway) -> None:
    """It is told also where it is seen only afterwards, when the link is back."""
    driveway.look(on_fallback=False)
    driveway.restart()
    assert driveway.after(600, on_fallback=True) == ["control_lost"]
    assert driveway.after(10, on_fallback=False) == ["control_regained"]


def test_a_fault_is_no_departure(driveway: Driveway) -> None:
    """In its error state a charger does not tell whether a car is there."""
    driveway.after(10, CHARGING)
    assert driveway.after(10, ChargingState.ERROR, blocked_by=BlockedBy.FAULT) == ["blocked"]
    assert driveway.log.present is not None
    assert driveway.after(10, CHARGING, blocked_by=BlockedBy.NOTHING) == ["unblocked"]


def test_what_the_sun_gave_is_not_bought(driveway: Driveway) -> None:
    """Half from the roof: half of the price."""
    driveway.after(10, CHARGING)
    driveway.watch(1800, watts=10_000, price=0.40, solar_share=0.5)
    driveway.after(10, AWAY)
    session = driveway.one()
    assert session.solar_share == pytest.approx(0.5)
    assert session.total_cost == pytest.approx(5 * 0.5 * 0.40)


def test_a_price_that_comes_late_counts(driveway: Driveway) -> None:
    """After a restart the price may be known some minutes later than the counter."""
    driveway.after(10, CHARGING)
    driveway.watch(600, watts=6000)
    driveway.watch(10, watts=6000, price=0.30)
    driveway.after(10, AWAY, price=0.30)
    session = driveway.one()
    assert session.energy is not None
    assert session.total_cost == pytest.approx(session.energy / 1000 * 0.30)


def test_a_cost_that_is_half_known_is_not_told(driveway: Driveway) -> None:
    """A price that was away for an hour is not made up from the next one."""
    driveway.after(10, CHARGING)
    driveway.watch(3600, watts=6000)
    driveway.watch(600, watts=6000, price=0.30)
    driveway.after(10, AWAY)
    assert driveway.one().total_cost is None


def test_a_plug_that_was_moved_is_no_session(driveway: Driveway) -> None:
    """A few seconds without energy leave no row."""
    driveway.after(10, HERE)
    assert driveway.after(20, AWAY) == ["finished"]
    assert driveway.log.finished == []


def test_five_years_are_kept(driveway: Driveway) -> None:
    """What is older is forgotten, the rest stays over restarts."""
    for _ in range(12):
        driveway.after(86_400 * 180, CHARGING)
        driveway.watch(60, watts=6000)
        driveway.after(10, AWAY)
    assert len(driveway.log.finished) == 11
    kept = [one.energy for one in driveway.log.finished]
    driveway.restart()
    assert [one.energy for one in driveway.log.finished] == kept
    assert len(driveway.log.latest(10)) == 10
    assert driveway.log.latest(1) == driveway.log.finished[-1:]


def test_a_crash_between_two_files_ends_no_session_twice(driveway: Driveway) -> None:
    """The finished sessions are stored first: what is in there is not open any more."""
    driveway.after(10, CHARGING)
    driveway.watch(60, watts=6000)
    before = driveway.log.dump_state()
    driveway.after(10, AWAY)
    stored = json.loads(json.dumps([before, driveway.log.dump_finished()]))
    driveway.log = driveway.new_log()
    driveway.log.restore_state(*stored)
    assert driveway.after(60, AWAY) == []
    assert driveway.one().energy == pytest.approx(100)


def test_a_month_holds_what_ended_in_it(driveway: Driveway) -> None:
    """A night over the end of the month belongs to the month in which the car left."""
    driveway.after(10, CHARGING)
    driveway.watch(60, watts=6000)
    driveway.after(86_400, AWAY)
    november = driveway.log.between(
        datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    )
    december = driveway.log.between(
        datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    )
    assert (len(november), len(december)) == (0, 1)


def test_the_card_is_kept(driveway: Driveway) -> None:
    """Who authorised is known for a moment only, with some chargers."""
    driveway.after(10, CHARGING, authorised_by="…4F2A")
    driveway.watch(600, watts=6000)
    driveway.after(10, AWAY)
    assert driveway.one().authorised_by == "…4F2A"


@pytest.mark.parametrize(
    ("token", "shown"), [("04A1B2C3D4E5F6", "…E5F6"), ("abcd", "abcd"), (" 12345 ", "…2345")]
)
def test_cards_are_shortened(token: str, shown: str) -> None:
    """Enough to know it by, too little to copy it."""
    assert shortened(token) == shown


def test_nothing_said_changes_nothing(driveway: Driveway) -> None:
    """A charger that does not answer has no car that left."""
    driveway.after(10, CHARGING)
    driveway.state = None
    assert driveway.watch(3600) == []
    assert driveway.log.present is not None
