"""What looks after all charge points of a device."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, ClassVar, cast, override
from unittest.mock import MagicMock, patch

import pytest
from modbus_connection import ModbusUnit

from custom_components.voltrail.engine.charging.charge_point import ChargePoint
from custom_components.voltrail.engine.charging.charger_device import ChargerDevice
from custom_components.voltrail.engine.model.errors import DeviceSilentError, VoltrailError
from custom_components.voltrail.engine.model.parts import Identity, Part
from custom_components.voltrail.engine.polling.polled_device import Cadence, PolledDevice
from tests.fake_time import in_fake_time

LEFT, RIGHT = (Part(key=f"socket_{number}", word="socket", number=number) for number in (1, 2))


class Point:
    """A charge point that remembers what is done with it."""

    current_depends_on: ClassVar[tuple[str, ...]] = ()

    def __init__(self, part: Part | None, *, fails: bool = False) -> None:
        self.part = part
        self.fails = fails
        self.reconciled = self.marked = 0
        self.state: dict[str, Any] = {"current": 10}

    async def reconcile(self) -> None:
        """Be looked after."""
        self.reconciled += 1
        if self.fails:
            raise DeviceSilentError

    def note_silence(self, seconds: float) -> None:
        """Take note of how long nobody spoke."""

    def mark(self) -> None:
        """Take note that it may have forgotten."""
        self.marked += 1

    def dump_state(self) -> dict[str, Any]:
        """Return what is kept."""
        return self.state

    def restore_state(self, stored: Mapping[str, Any]) -> None:
        """Take it back."""
        self.state = dict(stored)


class Device(ChargerDevice):
    """A device that talks to nobody."""

    def __init__(self) -> None:
        unit = cast("ModbusUnit", MagicMock())
        super().__init__(lambda _: unit, 1)

    @property
    @override
    def identity(self) -> Identity:
        return Identity(manufacturer="Nobody", model="Nothing")

    def with_points(self, *points: Point) -> Device:
        """Take up charge points."""
        for point in points:
            self.take_up(cast("ChargePoint", point))
        return self


@in_fake_time
async def test_one_that_fails_does_not_keep_the_others() -> None:
    """The failure is told once all were looked after."""
    points = Point(LEFT, fails=True), Point(RIGHT)
    device = Device().with_points(*points)
    with pytest.raises(DeviceSilentError):
        await device.reconcile()
    assert [point.reconciled for point in points] == [1, 1]


@in_fake_time
async def test_after_a_silence_everything_is_in_doubt() -> None:
    """Once, with the first poll that is answered; no link need have been lost for that."""
    point = Point(LEFT)
    device = Device().with_points(point)
    answers: list[VoltrailError | None] = [None, DeviceSilentError(), DeviceSilentError()]

    async def poll(*_: object) -> None:
        if answers and (failure := answers.pop(0)) is not None:
            raise failure

    marked = []
    with patch.object(PolledDevice, "poll", poll):
        for _ in range(5):
            with suppress(DeviceSilentError):
                await device.poll(Cadence.MEASUREMENTS)
            marked.append(point.marked)
    assert marked == [0, 0, 0, 1, 1]


def test_a_device_that_is_met_twice_has_each_point_once() -> None:
    """The first meeting was broken off half-way."""
    old, new = Point(LEFT), Point(LEFT)
    device = Device().with_points(old, Point(RIGHT), new)
    points: list[object] = [*device.charge_points()]
    assert old not in points
    assert len(points) == 2
    assert all(view is not old for view, _ in device._views)


def test_what_is_kept_of_a_socket_that_does_not_show_stays_kept() -> None:
    """A station that told of one socket only this time loses nothing of the other."""
    device = Device()
    device.restore_state({"socket_1": {"current": 8}, "socket_2": {"current": 13}})
    device.with_points(Point(LEFT))
    assert device.dump_state() == {"socket_1": {"current": 8}, "socket_2": {"current": 13}}


def test_one_point_without_a_part_is_all_there_is() -> None:
    """Nothing of what was kept before stays beside it."""
    device = Device()
    device.restore_state({"current": 8, "before": {"current": 6}})
    point = Point(None)
    device.with_points(point)
    assert point.state["current"] == 8
    point.state = {"current": 9}
    assert device.dump_state() == {"current": 9}
