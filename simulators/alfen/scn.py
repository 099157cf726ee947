"""The smart charging network: several stations under one limit per phase."""

from dataclasses import dataclass, field

from simulators.alfen.codes import DataSource
from simulators.alfen.setpoint import SetPoint
from simulators.alfen.settings import EmsSettings, ScnSettings
from simulators.meter import Phases


def _three_setpoints() -> tuple[SetPoint, SetPoint, SetPoint]:
    return SetPoint(), SetPoint(), SetPoint()


@dataclass(kw_only=True)
class Scn(ScnSettings):
    """States named `scn.*`."""

    ems: EmsSettings
    limits: tuple[SetPoint, SetPoint, SetPoint] = field(default_factory=_three_setpoints)

    @property
    def enabled(self) -> bool:
        """Register 1431."""
        return self.ems.source is DataSource.SCN

    @property
    def safe_current(self) -> float:
        """Register 1429."""
        return self.limits[0].safe_current

    @safe_current.setter
    def safe_current(self, amps: float) -> None:
        for limit in self.limits:
            limit.safe_current = amps

    @property
    def validity(self) -> float:
        """How long a limit holds, in seconds; not readable over Modbus."""
        return self.limits[0].validity

    @validity.setter
    def validity(self, seconds: float) -> None:
        for limit in self.limits:
            limit.validity = seconds

    @property
    def others(self) -> Phases:
        """What the other stations draw."""
        return self.others_l1, self.others_l2, self.others_l3

    @property
    def in_force(self) -> Phases:
        """Registers 1411 to 1415; zeros without a network, as in the sample."""
        if not self.enabled:
            return (0.0, 0.0, 0.0)
        l1, l2, l3 = (limit.current for limit in self.limits)
        return l1, l2, l3

    def left(self, phases: int, sharing: int) -> float:
        """Return what a socket on this many phases may draw when `sharing` of them want some.

        How a real network shares is not in the document; equal parts are as good as any.
        """
        free = [limit - others for limit, others in zip(self.in_force, self.others, strict=True)]
        return max(0.0, min(free[:phases])) / max(1, sharing)

    def forget(self) -> None:
        """Lose limits and validities."""
        for limit in self.limits:
            limit.forget()

    def step(self, seconds: float) -> None:
        """Let the limits grow older, each by itself."""
        for limit in self.limits:
            limit.step(seconds)
