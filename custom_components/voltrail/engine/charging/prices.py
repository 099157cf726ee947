"""Future prices out of whatever a price source gives: four shapes, and both clock changes.

A list of items with a start; a mapping of times; bare numbers of a local day; names of hours.
Every start becomes UTC before anything is compared: Python holds the first and the second 02:30
of an autumn night for equal as long as both carry the same zone. A hole stays a hole.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Any, Final

from .controller.samples import Slot

_STARTS: Final = (
    "start", "start_time", "from", "starts_at", "startsAt", "start_date", "time", "hour",
    "datetime", "timestamp", "date",
)  # fmt: skip
_ENDS: Final = ("end", "end_time", "till", "ends_at", "end_date")
_PRICES: Final = (
    "value", "price", "total", "total_price", "value_inc_vat", "per_kwh", "price_per_kwh",
    "electricity_price", "price_tax_included",
)  # fmt: skip
_PAIRS: Final = (
    ("raw_today", "raw_tomorrow"),
    ("prices_today", "prices_tomorrow"),
    ("net_prices_today", "net_prices_tomorrow"),
    ("today_interval_prices", "tomorrow_interval_prices"),
    ("today_hourly_prices", "tomorrow_hourly_prices"),
    ("today_total_prices", "tomorrow_total_prices"),
)
_SINGLE: Final = (
    "rates", "prices", "forecast", "forecasts", "data", "all_prices", "upcoming_prices",
)  # fmt: skip
_HOUR_NAME: Final = re.compile(r"price_(next_day_)?(\d\d)h(_d)?")
_MINUTES: Final = frozenset({15, 30, 60})
_CENTS: Final = frozenset({"c", "ct", "cent", "cents", "øre", "öre", "ore", "p"})
_ENERGY: Final = {"wh": 1000.0, "kwh": 1.0, "mwh": 0.001}
_MILLISECONDS: Final = 1e11


@dataclass(frozen=True, slots=True)
class _Raw:
    start: datetime
    end: datetime | None
    price: float
    ambiguous: bool = False


def read_items(items: Iterable[Any], zone: tzinfo, *, scale: float = 1.0) -> tuple[Slot, ...]:
    """Read mappings that say when they begin and what they cost; a message among them is none."""
    return _slots([raw for item in items if (raw := _item(item, zone)) is not None], scale)


def read_mapping(
    prices: Mapping[Any, Any], zone: tzinfo, *, scale: float = 1.0
) -> tuple[Slot, ...]:
    """Read a mapping of times to prices."""
    items = [{"start": start, "price": price} for start, price in prices.items()]
    return read_items(items, zone, scale=scale)


def read_numbers(
    numbers: Sequence[Any], day: date, zone: tzinfo, *, scale: float = 1.0
) -> tuple[Slot, ...]:
    """Read the bare numbers of a local day, as many as it has quarters, halves or hours."""
    first, last = _midnight(day, zone), _midnight(day + timedelta(days=1), zone)
    minutes = (last - first).total_seconds() / 60
    if not numbers or minutes / len(numbers) not in _MINUTES:
        return ()
    step = (last - first) / len(numbers)
    raws = [
        _Raw(first + place * step, first + (place + 1) * step, price)
        for place, number in enumerate(numbers)
        if (price := _price(number)) is not None
    ]
    return _slots(raws, scale)


def read_hour_names(
    attributes: Mapping[str, Any], day: date, zone: tzinfo, *, scale: float = 1.0
) -> tuple[Slot, ...]:
    """Read ``price_02h``, ``price_02h_d`` (the second of an autumn night), ``price_next_day_…``."""
    raws = []
    for name, value in attributes.items():
        found, price = _HOUR_NAME.fullmatch(name), _price(value)
        if found is None or price is None:
            continue
        on = day + timedelta(days=1) if found[1] else day
        local = datetime(on.year, on.month, on.day, int(found[2]), tzinfo=zone)
        start = local.replace(fold=1 if found[3] else 0).astimezone(UTC)
        raws.append(_Raw(start, start + timedelta(hours=1), price))
    return _slots(raws, scale)


def read_attributes(
    attributes: Mapping[str, Any], *, zone: tzinfo, day: date, unit: str = ""
) -> tuple[Slot, ...]:
    """Read a price entity's attributes, whichever of the shapes they have.

    ``day`` is the local day of today; an entity that gives no list at all gives nothing.
    """
    scale = scale_of(unit)
    for names in _PAIRS:
        if "prices_today" in names and isinstance(attributes.get("prices"), list):
            # It filters its days by the zone of the process; the whole list is right.
            continue
        if slots := read_items(_joined(attributes, names), zone, scale=scale):
            return slots
    for name in _SINGLE:
        value = attributes.get(name)
        if isinstance(value, Mapping) and (slots := read_mapping(value, zone, scale=scale)):
            return slots
        if isinstance(value, (list, tuple)) and (slots := read_items(value, zone, scale=scale)):
            return slots
    if slots := read_hour_names(attributes, day, zone, scale=scale):
        return slots
    return _bare_days(attributes, day, zone, scale)


def joined(*lists: Sequence[Slot]) -> tuple[Slot, ...]:
    """Join what several entities of one source gave; each instant once, the last word counts."""
    found = {slot.start: slot for slots in lists for slot in slots}
    return _without_overlap([found[start] for start in sorted(found)])


def scale_of(unit: str) -> float:
    """Return what a price in a unit such as ``Øre/kWh`` is multiplied with to be per kWh."""
    money, _, energy = unit.partition("/")
    scale = 0.01 if money.strip().casefold() in _CENTS else 1.0
    return scale * _ENERGY.get(energy.strip().casefold(), 1.0)


# -- what is inside ----------------------------------------------------------------


def _joined(attributes: Mapping[str, Any], names: Iterable[str]) -> Iterator[Any]:
    for name in names:
        value = attributes.get(name)
        if isinstance(value, (list, tuple)):
            yield from value


def _bare_days(
    attributes: Mapping[str, Any], day: date, zone: tzinfo, scale: float
) -> tuple[Slot, ...]:
    slots: list[Slot] = []
    for offset, name in enumerate(("today", "tomorrow")):
        value = attributes.get(name)
        if isinstance(value, (list, tuple)):
            on = day + timedelta(days=offset)
            slots += read_numbers(value, on, zone, scale=scale)
    return joined(slots)


def _item(item: Any, zone: tzinfo) -> _Raw | None:
    if not isinstance(item, Mapping):
        return None
    start = _first(item, _STARTS)
    price = _price(_first(item, _PRICES))
    moment = _moment(start, zone)
    if moment is None or price is None:
        return None
    end = _moment(_first(item, _ENDS), zone)
    instant, ambiguous = moment
    return _Raw(instant, end[0] if end else None, price, ambiguous)


def _first(item: Mapping[Any, Any], names: Iterable[str]) -> Any:
    return next((item[name] for name in names if item.get(name) is not None), None)


def _price(value: Any) -> float | None:
    if isinstance(value, Mapping):
        # One source counts in tenths of a millionth of the currency, tax included.
        value = value.get("amount")
        return None if value is None else _number(value, 1e-7)
    return _number(value, 1.0)


def _number(value: Any, scale: float) -> float | None:
    if value is None or isinstance(value, bool):
        return None
    try:
        number = float(value) * scale
    except TypeError, ValueError:
        return None
    return number if math.isfinite(number) else None


def _moment(value: Any, zone: tzinfo) -> tuple[datetime, bool] | None:
    """Return the instant, floored to the minute, and whether its local time comes twice."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float)):
        seconds = value / 1000 if value > _MILLISECONDS else value
        return _floored(datetime.fromtimestamp(seconds, UTC)), False
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    named = value.tzinfo is None or isinstance(value.tzinfo, type(zone))
    local = value.replace(tzinfo=zone) if value.tzinfo is None else value
    twice = (
        named
        and not local.fold
        and local.utcoffset() != local.replace(fold=1).utcoffset()
        and local.replace(fold=1).astimezone(UTC) > local.astimezone(UTC)
    )
    return _floored(local.astimezone(UTC)), twice


def _floored(instant: datetime) -> datetime:
    return instant.replace(second=0, microsecond=0)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def _slots(raws: Sequence[_Raw], scale: float) -> tuple[Slot, ...]:
    found: dict[datetime, _Raw] = {}
    for raw in raws:
        if raw.ambiguous and raw.start in found:
            # The hour that comes twice, and a source that forgot which of both it meant.
            later = raw.start + timedelta(hours=1)
            end = raw.end + timedelta(hours=1) if raw.end else None
            found[later] = replace(raw, start=later, end=end)
        else:
            found[raw.start] = raw
    ordered = [found[start] for start in sorted(found)]
    step = _common_step(ordered)
    if step is None:
        return ()
    slots = [
        Slot(
            raw.start,
            raw.end if raw.end is not None and raw.end > raw.start else raw.start + step,
            raw.price * scale,
        )
        for raw in ordered
    ]
    return _without_overlap(slots)


def _common_step(raws: Sequence[_Raw]) -> timedelta | None:
    steps = Counter(later.start - earlier.start for earlier, later in pairwise(raws))
    if steps:
        return min(step for step, count in steps.items() if count == max(steps.values()))
    if not raws:
        return None
    end = raws[0].end
    return end - raws[0].start if end is not None else timedelta(hours=1)


def _without_overlap(slots: Sequence[Slot]) -> tuple[Slot, ...]:
    """End each slot where the next one begins, at the latest."""
    if not slots:
        return ()
    ends = [*(slot.start for slot in slots[1:]), datetime.max.replace(tzinfo=UTC)]
    return tuple(
        replace(slot, end=min(slot.end, end)) for slot, end in zip(slots, ends, strict=True)
    )
