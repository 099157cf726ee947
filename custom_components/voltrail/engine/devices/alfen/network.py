"""The smart charging network: limits for all stations together.

In this mode the charger takes the network's limits instead of those of the sockets. Each
phase has a set-point with a validity of its own.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from ...charging.charge_point import MINIMUM_CURRENT, unconfirmed_write
from ...model.controls import Bounds, Control, NumberControl
from ...model.errors import VoltrailError
from ...model.points import Aspect, Quantity, Tier, derived
from ...polling.polled_device import Problem
from .registers import Network
from .set_point import NOT_TAKEN, UNASKED_INTERVAL, WRITE_SETTING, SetPoint, order
from .troubles import troubles

if TYPE_CHECKING:
    from .device import Alfen

PHASES: Final = (1, 2, 3)

CONTROL_WORDS: Final = {"number": {"network_ems_limit_phase"}}
"""The words of the controls below, whose keys are made per phase."""


class NetworkLimits:
    """What an energy manager asks of the network."""

    def __init__(self, device: Alfen, block: Network) -> None:
        self._device = device
        self._block = block
        self._wishes: dict[int, float] = {}
        self._set_points = {phase: self._set_point(phase) for phase in PHASES}

    def _set_point(self, phase: int) -> SetPoint:
        block = self._block
        return SetPoint(
            read=lambda: getattr(block, f"network_ems_limit_l{phase}"),
            remaining=lambda: getattr(block, f"network_validity_l{phase}"),
            write=partial(self._write, phase),
            look=lambda: self._device.look("network"),
            changed=self._device.keep_memory,
        )

    async def _write(self, phase: int, amps: float) -> None:
        # Each phase in a request of its own: whether one request over all three is taken
        # is not documented (UNCONFIRMED).
        await self._device.meet()
        await order(
            lambda: self._block.write(f"network_ems_limit_l{phase}", amps), setting=WRITE_SETTING
        )

    @property
    def enabled(self) -> bool:
        """Whether the network listens to an energy manager."""
        return self._block.network_control_enabled is True

    @property
    def asked(self) -> bool:
        """Whether somebody asked for a limit of the network."""
        return bool(self._wishes)

    @derived(Aspect.PROBLEM, depends_on=("network",), tier=Tier.EXPERT)
    def network_safe_current_active(self) -> bool | None:
        """Whether the network is on its own on one of its phases."""
        if self._block.network_control_enabled is None:
            return None
        return self.enabled and self._any("network_validity", lambda left: left == 0)

    @property
    def paused(self) -> bool | None:
        """Whether a limit on one of the phases is too low to charge with."""
        return self._any("network_ems_limit", lambda amps: amps < MINIMUM_CURRENT)

    def _any(self, name: str, applies: Callable[[float], bool]) -> bool | None:
        """Whether something applies to a phase; None if the block or a phase tells nothing."""
        values = [getattr(self._block, f"{name}_l{phase}") for phase in PHASES]
        if not self._device.available(("network",)) or None in values:
            return None
        return any(applies(value) for value in values)

    # -- orders --

    def bounds(self) -> Bounds:
        """Return what a phase of the network may be given.

        No document names an upper bound. One station's worth is safe; for more the
        installer has to say how much.
        """
        most = self._device.options.extra.get("network_max_current")
        return Bounds(
            minimum=0,
            maximum=self._device.highest_current if most is None else float(most),
            step=0.1,
        )

    async def set_limit(self, phase: int, amps: float) -> None:
        """Limit one phase of the network."""
        amps = self.bounds().accept(amps)
        with unconfirmed_write(lambda: self._may_be_lowered(phase, amps), unless=NOT_TAKEN):
            await self._set_points[phase].put(amps)
        self._keep(phase, amps)

    def _may_be_lowered(self, phase: int, amps: float) -> None:
        """Take note that a limit may be in force: a lower one is never raised again unasked."""
        wanted = self._wanted(phase)
        if wanted is not None and amps < wanted:
            self._keep(phase, amps)

    def _keep(self, phase: int, amps: float) -> None:
        self._wishes[phase] = amps
        self._device.keep_memory()

    def _wanted(self, phase: int) -> float | None:
        target = self._wishes.get(phase)
        if target is None or not self.enabled:
            return None
        bounds = self.bounds()
        return bounds.accept(min(target, bounds.maximum))

    # -- keeping it in force --

    @property
    def interval(self) -> float:
        """Seconds between two renewals."""
        intervals = [self._set_points[phase].interval for phase in self._wishes]
        return min(intervals, default=UNASKED_INTERVAL)

    async def renew(self) -> None:
        """Look at what is in force, and renew it if it is still what was asked for."""
        if not self.asked:
            return
        await self._device.meet()
        await self._device.look("network")
        await self._tend(due=True)

    async def reconcile(self) -> None:
        """After a poll: assert what got lost, and renew what runs low."""
        if self._device.available(("network",)):
            await self._tend(due=False)

    async def _tend(self, *, due: bool) -> None:
        failed: VoltrailError | None = None
        for phase, set_point in self._set_points.items():
            try:
                await set_point.tend(partial(self._wanted, phase), due=due)
            except VoltrailError as err:
                failed = failed or err
            if set_point.taken_over and self._wishes.pop(phase, None) is not None:
                self._device.keep_memory()
        if failed is not None:
            raise failed

    # -- what a person should put right --

    def problems(self) -> Iterator[Problem]:
        """Yield what stands in the way of reliable limits."""
        if self.enabled:
            yield from troubles(tuple(self._set_points.values()))

    # -- memory --

    def dump_state(self) -> dict[str, Any]:
        """Return what has to survive a restart."""
        return {
            str(phase): {"wish": self._wishes.get(phase), "sent": self._set_points[phase].sent}
            for phase in PHASES
        }

    def restore_state(self, memory: Mapping[str, Any]) -> None:
        """Take back what :meth:`recall` returned before a restart."""
        for phase in PHASES:
            kept = memory.get(str(phase), {})
            if kept.get("wish") is not None:
                self._wishes[phase] = kept["wish"]
            self._set_points[phase].sent = kept.get("sent")

    # -- controls --

    def controls(self) -> Iterator[Control]:
        """Yield one number per phase."""
        for phase in PHASES:
            yield NumberControl(
                key=f"network_ems_limit_l{phase}",
                depends_on=("network",),
                phase=f"L{phase}",
                quantity=Quantity.CURRENT,
                bounds=self.bounds,
                read=_reader(self._block, phase),
                write=_writer(self, phase),
                usable=lambda: self.enabled,
            )


def _reader(block: Network, phase: int) -> Callable[[], float | None]:
    return lambda: getattr(block, f"network_ems_limit_l{phase}")


def _writer(limits: NetworkLimits, phase: int) -> Callable[[float], Awaitable[None]]:
    return partial(limits.set_limit, phase)
