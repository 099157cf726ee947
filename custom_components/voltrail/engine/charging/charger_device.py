"""The base of polled devices that charge cars: what keeps their charge points at their targets."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, override

from ..model.errors import VoltrailError
from ..model.options import Options
from ..polling.polled_device import Cadence, PolledDevice, Problem, UnitSource
from .charge_point import ChargePoint


class ChargerDevice(PolledDevice):
    """A device with charge points.

    A family takes up its charge points when it has met the device. From then on this base
    restores what they were asked for, reconciles them after every poll, marks them as due
    when the device was away, and lets them give no orders once it was closed.
    """

    def __init__(self, units: UnitSource, unit_id: int, options: Options | None = None) -> None:
        self._points: list[ChargePoint] = []
        self._kept: Mapping[str, Any] = {}
        self._away = False
        super().__init__(units, unit_id, options)

    def take_up(self, point: ChargePoint) -> None:
        """Look after a charge point from now on, and give it back what it was asked for."""
        for former in [known for known in self._points if known.part == point.part]:
            # The device was met half-way before.
            self._points.remove(former)
            self._views = [(view, part) for view, part in self._views if view is not former]
        self._points.append(point)
        self.add_view(point, part=point.part)
        stored = self._kept if point.part is None else self._kept.get(point.part.key)
        if stored:
            point.restore_state(stored)

    @override
    def charge_points(self) -> Iterator[ChargePoint]:
        yield from self._points

    @property
    @override
    def busy(self) -> bool:
        return any(point.lock.busy for point in self._points)

    @property
    @override
    def largest_power(self) -> float:
        if not self._points:
            return super().largest_power
        # Three phases of each point, with mains that are somewhat high.
        return sum(3 * 260.0 * max(point.device_maximum, 32.0) for point in self._points)

    # -- what was asked for --

    @override
    async def poll(self, cadence: Cadence, wanted: Collection[str] | None = None) -> None:
        silence = self.silent_for
        for point in self._points:
            point.note_silence(silence)
        try:
            await super().poll(cadence, wanted)
        except VoltrailError:
            self._away = True
            raise
        if self._away:
            self._away = False
            self.mark()

    @override
    def reconnected(self) -> None:
        # After a reboot, chargers were seen to hold other limits than those last written.
        self.mark()

    def mark(self) -> None:
        """Take note that the device may have forgotten what it was told."""
        for point in self._points:
            point.mark()

    @override
    async def reconcile(self) -> None:
        failed: VoltrailError | None = None
        for point in self._points:
            if not self.available(self.serving(point.current_depends_on, point.part)):
                continue
            try:
                await point.reconcile()
            except VoltrailError as err:
                # The other points are reconciled all the same.
                failed = failed or err
        if failed is not None:
            raise failed

    @override
    def problems(self) -> Iterator[Problem]:
        for point in self._points:
            if point.control.missing:
                yield Problem(key="controller_missing", part=point.part, details={})

    @override
    def close(self) -> None:
        for point in self._points:
            point.close()
        super().close()

    # -- memory --

    @override
    def dump_state(self) -> dict[str, Any]:
        # Without parts the one point's target is all there is.
        whole = any(point.part is None for point in self._points)
        state: dict[str, Any] = {} if whole else dict(self._kept)
        for point in self._points:
            if point.part is None:
                state.update(point.dump_state())
            else:
                state[point.part.key] = point.dump_state()
        return state

    @override
    def restore_state(self, memory: Mapping[str, Any]) -> None:
        self._kept = dict(memory)
