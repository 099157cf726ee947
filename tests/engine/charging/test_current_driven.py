"""A limit of power on charge points that only know current."""

import asyncio
import math
from typing import override

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.voltrail.engine.charging.current_driven import REST, CurrentDriven
from custom_components.voltrail.engine.model.charging import ChargingState
from custom_components.voltrail.engine.model.errors import (
    BelowMinimumError,
    NotANumberError,
    NoVoltageError,
    OutOfBoundsError,
)
from custom_components.voltrail.engine.model.options import Options
from tests.fake_time import run

CHARGING = ChargingState.CHARGING


class Point(CurrentDriven):
    """A charge point that does what it is told."""

    current_step = 0.1

    def __init__(self, options: Options | None = None) -> None:
        super().__init__(options or Options(), lambda: None)
        self.offered = 0.0
        self.state = ChargingState.NO_VEHICLE
        self.measured: int | None = None
        self.volts: tuple[float | None, float | None, float | None] = (230.0, 230.0, 230.0)

    @property
    @override
    def device_maximum(self) -> float:
        return 16.0

    @property
    @override
    def current_limit(self) -> float | None:
        return self.offered

    @property
    @override
    def charging_allowed(self) -> bool | None:
        return self.offered > 0

    @property
    @override
    def charging_state(self) -> ChargingState | None:
        return self.state

    @property
    @override
    def voltages(self) -> tuple[float | None, float | None, float | None]:
        return self.volts

    @property
    @override
    def active_phases(self) -> int | None:
        return self.measured

    @override
    async def send_current(self, amps: float) -> None:
        self.offered = amps

    @override
    async def send_pause(self) -> None:
        self.offered = 0.0

    async def drive_up(self, phases: int) -> None:
        """A car comes, draws, and is seen."""
        self.measured = phases
        await self.poll(CHARGING)

    async def drive_away(self) -> None:
        """The car leaves."""
        self.measured = None
        await self.poll(ChargingState.NO_VEHICLE)

    async def poll(self, state: ChargingState) -> None:
        """Look at it as after a poll."""
        self.state = state
        await self.reconcile()


def test_the_next_car_gets_no_more_than_the_limit() -> None:
    """A limit set for one phase is not three times as much on three."""

    async def story() -> None:
        point = Point()
        await point.drive_up(1)
        await point.set_power_limit(3680)
        assert point.offered == 16
        await point.drive_away()
        # The next one begins with what fits all phases, or with the least there is.
        assert point.offered == 6
        # A car on three phases could not charge at all with so little.
        await point.drive_up(3)
        assert point.offered == 0
        assert point.target.power == 3680
        # It was no pause that anybody asked for, so it goes with the car that made it.
        await point.poll(ChargingState.CONNECTED)
        assert point.offered == 0
        await point.drive_away()
        assert point.offered == 6
        await point.drive_up(1)
        assert point.offered == 16
        assert (point.target.power, point.target.paused) == (3680, False)

    run(story())


def test_a_pause_that_was_asked_for_is_not_lifted() -> None:
    """Neither one that came on top of a power that was too little, nor one of somebody else."""

    async def story() -> None:
        for foreign in (False, True):
            point = Point()
            await point.drive_up(1)
            await point.set_power_limit(3680)
            await point.drive_up(3)
            assert point.target.too_little
            if foreign:
                point.offered = 9.0
                await point.drive_away()
                assert point.offered == 9
            else:
                await point.pause()
                await point.drive_away()
                assert point.offered == 0
                await point.drive_up(1)
                assert point.offered == 0

    run(story())


def test_a_pause_for_too_little_outlives_a_restart() -> None:
    """And is still none that anybody asked for."""

    async def story() -> None:
        point = Point()
        await point.drive_up(1)
        await point.set_power_limit(3680)
        await point.drive_up(3)
        after = Point()
        after.restore_state(point.dump_state())
        await after.drive_up(3)
        assert after.offered == 0
        await after.drive_up(1)
        assert after.offered == 16

    run(story())


def test_a_pause_for_too_little_wears_no_relays() -> None:
    """A charger that claims one phase whenever nothing flows, and then uses three."""

    async def story() -> None:
        point = Point()
        await point.drive_up(1)
        await point.set_power_limit(3680)
        pauses = 0
        for _ in range(360):
            going_on = point.offered > 0
            await point.drive_up(3 if going_on else 1)
            pauses += going_on and point.offered == 0
            await asyncio.sleep(10)
        assert 0 < pauses <= 12
        # Once it does what it says, it goes on.
        await asyncio.sleep(REST)
        await point.drive_up(1)
        assert point.offered == 16

    run(story())


def test_the_current_follows_the_phases_both_ways() -> None:
    """And stays on the low side until the car has shown what it uses."""

    async def story() -> None:
        point = Point()
        await point.set_power_limit(5000)
        assert point.offered == pytest.approx(7.2)
        await point.drive_up(1)
        assert point.offered == 16
        await point.drive_up(2)
        assert point.offered == pytest.approx(10.8)
        await point.drive_up(3)
        assert point.offered == pytest.approx(7.2)

    run(story())


@pytest.mark.parametrize(("watts", "begins"), [(3300, 6), (5000, 7.2), (11040, 16)])
def test_the_next_car_begins_within_the_limit(watts: int, begins: float) -> None:
    """The last one used one phase; this one may use three, and nobody waits until it is seen."""

    async def story() -> None:
        point = Point()
        await point.drive_up(1)
        await point.set_power_limit(watts)
        before = point.offered
        await point.drive_away()
        assert point.offered == pytest.approx(begins)
        assert point.target.power == watts
        await point.drive_up(1)
        assert point.offered == before

    run(story())


def test_a_pause_of_the_car_changes_nothing() -> None:
    """The car is still the same one while it rests."""

    async def story() -> None:
        point = Point()
        await point.drive_up(1)
        await point.set_power_limit(2300)
        point.measured = None
        await point.poll(ChargingState.CONNECTED)
        assert point.offered == 10
        await point.pause()
        await point.resume()
        assert point.offered == 10
        await point.set_power_limit(1840)
        assert point.offered == 8

    run(story())


def test_resuming_never_turns_into_a_silent_pause() -> None:
    """With the car unknown the least current has to do, and is fitted afterwards."""

    async def story() -> None:
        point = Point()
        await point.drive_up(1)
        await point.set_power_limit(3000)
        await point.drive_away()
        await point.pause()
        await point.resume()
        assert point.offered == 6
        assert point.target.power == 3000
        await point.drive_up(1)
        assert point.offered == pytest.approx(13)
        await point.pause()
        point.volts = (None, None, None)
        await point.resume()
        assert point.offered == pytest.approx(13)

    run(story())


def test_an_unknown_voltage_does_not_stop_the_car() -> None:
    """The phases changed, and for a moment nobody knows how many amperes that would be."""

    async def story() -> None:
        point = Point()
        await point.set_power_limit(5000)
        point.volts = (None, None, None)
        await point.drive_up(2)
        assert point.offered == pytest.approx(7.2)
        point.volts = (230.0, 230.0, 230.0)
        await point.drive_up(2)
        assert point.offered == pytest.approx(10.8)

    run(story())


def test_a_foreign_limit_is_left_alone() -> None:
    """Who turned it down at the charger meant it."""

    async def story() -> None:
        point = Point()
        await point.set_power_limit(5000)
        point.offered = 6.0
        await point.drive_up(1)
        assert point.offered == 6

    run(story())


def test_amperes_stay_amperes() -> None:
    """A current that was asked for as one does not follow anything."""

    async def story() -> None:
        point = Point()
        await point.set_power_limit(5000)
        await point.set_current_limit(9)
        await point.drive_up(1)
        assert point.offered == 9

    run(story())


def test_a_lower_limit_of_the_installer_holds_for_the_reconciled_target() -> None:
    """Also for what was asked for before it was lowered."""

    async def story() -> None:
        point = Point()
        await point.set_current_limit(13)
        lowered = Point(Options(max_current=10))
        lowered.restore_state(point.dump_state())
        await lowered.resume()
        assert lowered.offered == 10
        # What is sent is lower; what was asked for comes back with the limit.
        assert lowered.target.current == 13

    run(story())


def test_going_on_never_ends_in_a_pause() -> None:
    """Where the installer leaves too little to charge with, it is said."""

    async def story() -> None:
        point = Point(Options(max_current=5))
        with pytest.raises(BelowMinimumError, match="at least 6 A"):
            await point.set_charging(True)
        with pytest.raises(BelowMinimumError):
            await point.resume(5)
        assert not point.target.paused

    run(story())


def test_going_on_with_too_little_power_is_said() -> None:
    """A car on three phases cannot charge with what was enough for one; that is no secret."""

    async def story() -> None:
        point = Point()
        await point.drive_up(1)
        await point.set_power_limit(3680)
        await point.drive_up(3)
        assert point.offered == 0
        with pytest.raises(BelowMinimumError, match="at least 6 A"):
            await point.set_charging(True)
        assert point.offered == 0
        assert point.target.power == 3680
        await point.drive_up(1)
        await point.set_charging(True)
        assert point.offered == 16

    run(story())


def test_reconciling_never_sends_more_than_was_asked_for() -> None:
    """Where nobody asks to go on, too little is a pause and no error."""

    async def story() -> None:
        point = Point()
        await point.drive_up(1)
        await point.set_power_limit(3680)
        point.measured = 3
        await point.reapply()
        assert point.offered == 0
        assert point.target.power == 3680

    run(story())


def test_without_voltage_only_a_pause_is_possible() -> None:
    """Nobody knows how many amperes that would be."""

    async def story() -> None:
        point = Point()
        point.volts = (0.0, None, None)
        point.offered = 10.0
        assert point.power_limit is None
        with pytest.raises(NoVoltageError):
            await point.set_power_limit(2000)
        assert point.offered == 10
        await point.set_power_limit(0)
        assert point.offered == 0
        assert point.power_limit == 0

    run(story())


@pytest.mark.parametrize(
    ("watts", "error"),
    [(-1, OutOfBoundsError), (math.inf, NotANumberError), (math.nan, NotANumberError)],
)
def test_out_of_bounds(watts: float, error: type[Exception]) -> None:
    """Refused, and nothing is sent."""

    async def story() -> None:
        point = Point()
        point.offered = 10.0
        with pytest.raises(error):
            await point.set_power_limit(watts)
        assert point.offered == 10

    run(story())


def test_a_limit_is_an_upper_bound() -> None:
    """More than device or installer allow is met by what they allow, and that is shown."""

    async def story() -> None:
        point = Point(Options(max_current=13))
        await point.set_power_limit(12_000)
        assert (point.offered, point.power_limit) == (13, 13 * 690)
        await point.set_current_limit(20)
        assert (point.offered, point.target.current) == (13, 13)
        # The state that is shown then can be written back.
        assert point.power_limit is not None
        await point.set_power_limit(point.power_limit)
        assert point.offered == pytest.approx(13)

    run(story())


def test_a_power_limit_stands_still() -> None:
    """It is shown as it was asked for, whatever the mains do, and never above its maximum."""

    async def story() -> None:
        point = Point()
        await point.set_power_limit(5000)
        for volts in (219.0, 230.4, 244.0):
            point.volts = (volts, volts, volts)
            assert point.power_limit == 5000
        await point.set_current_limit(16)
        assert point.power_limit == 11_040 == point.power_limit_bounds().ceiling

    run(story())


def test_the_bounds_do_not_move_with_mains_and_car() -> None:
    """What an automation may ask for at noon it may ask for at night, whatever car there is."""

    async def story() -> None:
        point = Point()
        for volts, phases in ((224.1, None), (236.7, 3), (229.9, 1)):
            point.volts = (volts, volts, volts)
            point.measured = phases
            assert point.power_bounds().maximum == 11040
            await point.set_power_limit(11040)
            assert point.offered * volts * (phases or 3) <= 11040
        point.volts = (236.7, 0.0, None)
        assert point.power_bounds().maximum == 3680

    run(story())


@given(
    watts=st.integers(0, 11040),
    cars=st.lists(st.sampled_from([1, 2, 3]), max_size=5),
)
def test_no_car_ever_gets_more_than_the_limit(watts: int, cars: list[int]) -> None:
    """Once it is seen, and whatever came before."""

    async def story() -> None:
        point = Point()
        await point.set_power_limit(watts)
        for phases in cars:
            await point.drive_up(phases)
            assert point.offered * 230 * phases <= watts
            assert point.offered == 0 or 6 <= point.offered <= 16
            await point.drive_away()

    run(story())
