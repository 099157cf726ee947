"""A day as a picture: sun, house, car, order and reasons, as SVG and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

WIDTH: Final = 960
HEIGHT: Final = 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 16, 34, 76
_POINTS: Final = 480
_BAND: Final = 14
_COLOURS: Final = ("#e8a33d", "#5b7c99", "#2f9e62", "#b5485d", "#7a5ea8")
_REASONS: Final = ("#2f9e62", "#9fb3c8", "#e8a33d", "#b5485d", "#7a5ea8", "#5b7c99", "#c9b458")


@dataclass(frozen=True, slots=True)
class Curve:
    """A line: its name, and its values in W at the moments of the picture."""

    name: str
    values_w: Sequence[float | None]
    dashed: bool = False


def draw(
    title: str, hours: Sequence[float], curves: Sequence[Curve], reasons: Sequence[str] = ()
) -> str:
    """Return the picture of a day; ``hours`` are the moments, ``reasons`` why at each of them."""
    begin, end = hours[0], max(hours[-1], hours[0] + 1 / 60)
    known = [value for curve in curves for value in curve.values_w if value is not None]
    low, high = min(0.0, *known, 0.0), max(1000.0, *known, 0.0)
    plot = _Plot(begin, end, low, high)
    step = max(1, len(hours) // _POINTS)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12">'
    )
    parts = [
        head,
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{_LEFT}" y="20" font-size="15">{escape(title)}</text>',
        *plot.grid(),
    ]
    for place, curve in enumerate(curves):
        colour = _COLOURS[place % len(_COLOURS)]
        parts.append(plot.line(hours, curve, step, colour))
        x = _LEFT + place * 150
        parts.append(f'<rect x="{x}" y="{HEIGHT - 24}" width="12" height="4" fill="{colour}"/>')
        parts.append(f'<text x="{x + 18}" y="{HEIGHT - 18}">{escape(curve.name)}</text>')
    parts += plot.band(hours, reasons)
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


@dataclass(frozen=True, slots=True)
class _Plot:
    begin: float
    end: float
    low: float
    high: float

    def x(self, hour: float) -> float:
        """Return where a moment stands."""
        share = (hour - self.begin) / (self.end - self.begin)
        return round(_LEFT + share * (WIDTH - _LEFT - _RIGHT), 1)

    def y(self, watts: float) -> float:
        """Return where a power stands."""
        share = (watts - self.low) / (self.high - self.low)
        return round(HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM), 1)

    def grid(self) -> list[str]:
        """Return lines for every 2 kW and every two hours."""
        lines = []
        for watts in range(int(self.low // 2000) * 2000, int(self.high) + 1, 2000):
            y = self.y(watts)
            if y > HEIGHT - _BOTTOM:
                continue
            lines.append(
                f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y}" y2="{y}" stroke="#e3e7eb"/>'
                f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{watts // 1000} kW</text>'
            )
        lines.extend(
            f'<text x="{self.x(hour)}" y="{HEIGHT - _BOTTOM + 34}" '
            f'text-anchor="middle">{hour % 24:02}:00</text>'
            for hour in range(int(self.begin) + 1, int(self.end) + 1, 2)
        )
        return lines

    def line(self, hours: Sequence[float], curve: Curve, step: int, colour: str) -> str:
        """Return a curve; a gap in what is known is a gap in the line."""
        path: list[str] = []
        pen_down = False
        for place in range(0, len(hours), step):
            value = curve.values_w[place]
            if value is None:
                pen_down = False
                continue
            path.append(f"{'L' if pen_down else 'M'}{self.x(hours[place])} {self.y(value)}")
            pen_down = True
        dashes = ' stroke-dasharray="4 3"' if curve.dashed else ""
        return f'<path d="{" ".join(path)}" fill="none" stroke="{colour}"{dashes}/>'

    def band(self, hours: Sequence[float], reasons: Sequence[str]) -> list[str]:
        """Return a strip with the reasons, and their names where there is room."""
        parts: list[str] = []
        colours = {
            reason: _REASONS[place % len(_REASONS)]
            for place, reason in enumerate(dict.fromkeys(reasons))
        }
        begin = 0
        top = HEIGHT - _BOTTOM + 4
        for place in range(1, len(reasons) + 1):
            if place < len(reasons) and reasons[place] == reasons[begin]:
                continue
            reason = reasons[begin]
            left = self.x(hours[begin])
            width = round(self.x(hours[place - 1]) - left, 1)
            parts.append(
                f'<rect x="{left}" y="{top}" width="{max(width, 0.5)}" height="{_BAND}" '
                f'fill="{colours[reason]}"><title>{escape(reason)}</title></rect>'
            )
            if width > 7 * len(reason):
                parts.append(
                    f'<text x="{left + 3}" y="{top + 11}" font-size="10" fill="#ffffff">'
                    f"{escape(reason.replace('_', ' '))}</text>"
                )
            begin = place
        return parts
