"""One clear and one broken day as pictures."""

from pathlib import Path

from custom_components.voltrail.engine.charging.day_picture import Curve, draw

from . import days
from .driving import Driven, drive
from .plant import HOUSES, Charger, Meter

_EVERY_S = 20


class Watcher:
    """Notes what the controller does while it drives a day."""

    def __init__(self, law: Driven) -> None:
        self.law = law
        self.car_w: list[float] = []
        self.order_w: list[float] = []
        self.reasons: list[str] = []

    def second(self, second: int, meter: Meter, charger: Charger, *, fresh: bool) -> None:
        """Let it drive, and note the outcome now and then."""
        self.law.second(second, meter, charger, fresh=fresh)
        if second % _EVERY_S:
            return
        told = self.law.explanation
        assert told is not None
        car = told.chargers["car"]
        self.car_w.append(charger.draw_w)
        self.order_w.append(car.order_a * car.level * 230)
        self.reasons.append(str(car.reason))


def draw_days(folder: Path) -> list[Path]:
    """Draw them into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    house, paths = HOUSES["whole"], []
    for kind in ("clear", "broken"):
        day = days.make(kind, "picture")
        watcher = Watcher(Driven(house, 2))
        drive(day, house, watcher)
        picked = range(0, len(day.sun_w), _EVERY_S)
        hours = [(days.START_S + second) / 3600 for second in picked]
        loads = [sum(load[second] for load in day.loads_w) for second in picked]
        path = folder / f"charging-{kind}.svg"
        curves = [
            Curve("sun", [day.sun_w[second] for second in picked]),
            Curve("house", loads),
            Curve("car", watcher.car_w),
            Curve("order", watcher.order_w, dashed=True),
        ]
        title = {"clear": "A clear day", "broken": "A day with broken clouds"}[kind]
        path.write_text(draw(title, hours, curves, watcher.reasons), "utf-8")
        paths.append(path)
    return paths
