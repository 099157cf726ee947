"""What the connection and its chargers show, out of the last decision."""

from typing import Protocol

from ...model.points import Aspect, Quantity, Tier, Value, derived
from ..controller import ChargerExplanation, Explanation, Reason

_KEPT: tuple[str, ...] = ("connection",)


class Deciding(Protocol):
    """Who decides, as far as a view needs it."""

    @property
    def explanation(self) -> Explanation | None:
        """The last decision."""

    def today(self, key: str, name: str, total: int) -> int:
        """Return what a counter of a charger has counted since midnight."""


class FuseView:
    """The main fuse: only where one is guarded."""

    def __init__(self, device: Deciding) -> None:
        self._device = device

    def _headroom(self, phase: int) -> float | None:
        told = self._device.explanation
        rooms = () if told is None else told.headroom_a
        return rooms[phase - 1] if len(rooms) >= phase else None

    @derived(Quantity.CURRENT, phase=1, depends_on=_KEPT, tier=Tier.DETAIL)
    def headroom_l1(self) -> float | None:
        """What is free on phase L1."""
        return self._headroom(1)

    @derived(Quantity.CURRENT, phase=2, depends_on=_KEPT, tier=Tier.DETAIL)
    def headroom_l2(self) -> float | None:
        """What is free on phase L2."""
        return self._headroom(2)

    @derived(Quantity.CURRENT, phase=3, depends_on=_KEPT, tier=Tier.DETAIL)
    def headroom_l3(self) -> float | None:
        """What is free on phase L3."""
        return self._headroom(3)

    @derived(Quantity.RATIO, depends_on=_KEPT, tier=Tier.DETAIL)
    def warmth(self) -> float | None:
        """How warm the most careful breaker would be; it may trip from 128."""
        told = self._device.explanation
        return round(100 * max(told.warmth)) if told is not None and told.warmth else None

    @derived(Aspect.PROBLEM, depends_on=_KEPT)
    def overload(self) -> bool | None:
        """Whether a phase carries more than its fuse is made for."""
        told = self._device.explanation
        return None if told is None or not told.headroom_a else told.overload


class WindowView:
    """The limit on a mean: only where there is one."""

    def __init__(self, device: Deciding) -> None:
        self._device = device

    @derived(Quantity.POWER, depends_on=_KEPT, tier=Tier.DETAIL)
    def window_mean(self) -> float | None:
        """The mean of this window if the power stays as it is."""
        told = self._device.explanation
        return None if told is None else told.window_mean_w

    @derived(Quantity.POWER, depends_on=_KEPT, tier=Tier.DETAIL)
    def window_limit(self) -> float | None:
        """What the mean is kept below."""
        told = self._device.explanation
        return None if told is None else told.window_limit_w


class ConnectionView:
    """What every connection shows."""

    def __init__(self, device: Deciding) -> None:
        self._device = device

    @derived(Quantity.POWER, depends_on=_KEPT)
    def surplus(self) -> float | None:
        """What the cars could take without anything bought; negative where it is short."""
        told = self._device.explanation
        if told is None or told.surplus_low_w is None or told.surplus_high_w is None:
            return None
        return round((told.surplus_low_w + told.surplus_high_w) / 2)

    @derived(Aspect.PLAIN, depends_on=_KEPT, tier=Tier.DETAIL)
    def reserving(self) -> bool | None:
        """Whether a charger starts or changes phases: what it will need is spoken for."""
        told = self._device.explanation
        return None if told is None else told.reserving


def _towards(level: int, towards: int) -> str:
    """Return where an account leads to, as a word."""
    if not towards:
        return "pause"
    if not level:
        return "start"
    return "one" if towards == 1 else "three"


class ChargerControlView:
    """What one charger under control shows."""

    def __init__(self, device: Deciding, key: str) -> None:
        self._device = device
        self._key = key

    @property
    def told(self) -> ChargerExplanation | None:
        """The last decision on this charger."""
        explanation = self._device.explanation
        return None if explanation is None else explanation.chargers.get(self._key)

    @derived(Reason, depends_on=_KEPT)
    def reason(self) -> Reason | None:
        """Why the charger does what it does."""
        return None if self.told is None else self.told.reason

    def details(self) -> dict[str, Value]:
        """Return the numbers behind the reason."""
        told, whole = self.told, self._device.explanation
        if told is None or whole is None:
            return {}
        would = next((order for order in whole.would if order.charger == self._key), None)
        current = told.order_a if would is None else would.current_a
        found: dict[str, Value] = {"observing": whole.observing}
        if current:
            found |= {"current": current, "phases": told.level if would is None else would.phases}
        if told.towards is not None and told.account_wh >= 1:
            found |= {
                "account": round(told.account_wh),
                "price": round(told.price_wh),
                "towards": _towards(told.level, told.towards),
            }
        if told.phase is not None:
            found["phase"] = f"L{told.phase + 1}"
        if told.next_start is not None:
            found["next_start"] = told.next_start
        if told.until is not None:
            found["until"] = told.until
        return found

    @derived(Quantity.SESSION_ENERGY, depends_on=_KEPT)
    def solar_energy(self) -> float | None:
        """What the car of this session got from the sun."""
        return None if self.told is None else self.told.sun_wh

    @derived(Quantity.SESSION_ENERGY, depends_on=_KEPT)
    def grid_energy(self) -> float | None:
        """What it got from the grid and from the house battery."""
        return None if self.told is None else self.told.grid_wh

    @derived(Quantity.RATIO, depends_on=_KEPT)
    def solar_share(self) -> float | None:
        """The sun's part of it."""
        told = self.told
        if told is None or told.energy_wh <= 0:
            return None
        return round(min(100.0, 100 * told.sun_wh / told.energy_wh))

    def _today(self, name: str, total: int | None) -> int | None:
        return None if total is None else self._device.today(self._key, name, total)

    @derived(Quantity.COUNT, depends_on=_KEPT, tier=Tier.DETAIL)
    def starts_today(self) -> int | None:
        """How often the car was started today."""
        return self._today("starts", self.starts_total)

    @derived(Quantity.TOTAL_COUNT, depends_on=_KEPT, tier=Tier.DETAIL)
    def starts_total(self) -> int | None:
        """How often cars were started."""
        return None if self.told is None else self.told.starts_total

    @derived(Quantity.COUNT, depends_on=_KEPT, tier=Tier.DETAIL)
    def phase_switches_today(self) -> int | None:
        """How often the phases were changed today."""
        return self._today("phase_switches", self.phase_switches_total)

    @derived(Quantity.TOTAL_COUNT, depends_on=_KEPT, tier=Tier.DETAIL)
    def phase_switches_total(self) -> int | None:
        """How often the phases were changed."""
        return None if self.told is None else self.told.switches_total
