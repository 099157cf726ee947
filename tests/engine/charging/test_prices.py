"""Prices out of the shapes that sources give, on the days on which the clock is changed."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.voltrail.engine.charging.controller import Slot
from custom_components.voltrail.engine.charging.prices import (
    joined,
    read_attributes,
    read_hour_names,
    read_items,
    read_mapping,
    read_numbers,
    scale_of,
)

OSLO = ZoneInfo("Europe/Oslo")
AUTUMN, SPRING = date(2026, 10, 25), date(2027, 3, 28)
AT_ONE = datetime(2026, 10, 25, 1, tzinfo=UTC)
AT_ONE_SPRING = datetime(2027, 3, 28, 1, tzinfo=UTC)


def hour(slots: tuple[Slot, ...], at: datetime) -> float | None:
    """Return the price that holds at a moment."""
    return next((slot.price for slot in slots if slot.start <= at < slot.end), None)


@pytest.mark.parametrize(
    ("day", "minutes", "count", "first", "last", "at_one", "total"),
    [
        (AUTUMN, 60, 25, "2026-10-24T22:00", "2026-10-25T22:00", 0.003, 0.300),
        (AUTUMN, 15, 100, "2026-10-24T22:00", "2026-10-25T22:45", 0.012, 4.950),
        (SPRING, 60, 23, "2027-03-27T23:00", "2027-03-28T21:00", 0.002, 0.253),
        (SPRING, 15, 92, "2027-03-27T23:00", "2027-03-28T21:45", 0.008, 4.186),
    ],
)
@pytest.mark.parametrize("shape", ["numbers", "utc", "local", "offset", "epoch", "mapping", "zone"])
def test_whole_days(  # noqa: PLR0917 - a row of the table
    day: date,
    minutes: int,
    count: int,
    first: str,
    last: str,
    at_one: float,
    total: float,
    shape: str,
) -> None:
    """Every shape gives the same slots on a day of 25 hours and on one of 23."""
    begin = datetime.fromisoformat(first).replace(tzinfo=UTC)
    starts = [begin + timedelta(minutes=minutes * place) for place in range(count)]
    prices = [place / 1000 for place in range(count)]
    slots = read_shape(shape, starts, prices, day)
    assert len(slots) == count
    assert slots[0].start == begin
    assert slots[-1].start == datetime.fromisoformat(last).replace(tzinfo=UTC)
    assert hour(slots, datetime(day.year, day.month, day.day, 1, tzinfo=UTC)) == at_one
    assert sum(slot.price for slot in slots) == pytest.approx(total)
    assert all(slot.end - slot.start == timedelta(minutes=minutes) for slot in slots)


def read_shape(
    shape: str, starts: list[datetime], prices: list[float], day: date
) -> tuple[Slot, ...]:
    """Give the same day to a reader in one of the shapes."""
    pairs = list(zip(starts, prices, strict=True))
    offset = starts[0].astimezone(OSLO).utcoffset()
    match shape:
        case "numbers":
            return read_numbers(prices, day, OSLO)
        case "mapping":
            return read_mapping({at.astimezone(OSLO).isoformat(): one for at, one in pairs}, OSLO)
        case "utc":
            items: list[Any] = [{"start": at.isoformat(), "price": one} for at, one in pairs]
        case "local":
            items = [
                {"start_time": at.astimezone(OSLO).isoformat(), "price": one} for at, one in pairs
            ]
        case "offset":
            assert offset is not None
            items = [{"time": str(at.astimezone(OSLO)), "price": one} for at, one in pairs]
        case "epoch":
            items = [{"start": at.timestamp(), "price": str(one)} for at, one in pairs]
        case _:
            items = [{"start": at.astimezone(OSLO), "value": one} for at, one in pairs]
    return read_items(items, OSLO)


def test_a_source_that_forgot_the_fold() -> None:
    """Of two items with the same local time the second is the later one."""
    item = {"time": datetime(2026, 10, 25, 2, tzinfo=OSLO), "value": 0.002}
    slots = read_items([item, {**item, "value": 0.003}], OSLO)
    assert [slot.price for slot in slots] == [0.002, 0.003]
    assert slots[1].start == AT_ONE


def test_quarters_that_forgot_the_fold() -> None:
    """So it is with quarters, where four of them come twice."""
    items = [
        {"time": datetime(2026, 10, 25, 2, 15 * quarter, tzinfo=OSLO), "value": value}
        for value in (1.0, 2.0)
        for quarter in range(4)
    ]
    slots = read_items(items, OSLO)
    assert [slot.price for slot in slots] == [1.0] * 4 + [2.0] * 4
    assert slots[-1].start == AT_ONE + timedelta(minutes=45)


def test_amounts_in_tenths_of_a_millionth() -> None:
    """One source writes integers and hides them in a mapping."""
    item = {"start_date": "2026-10-25T01:00:00.000000Z", "price_tax_included": {"amount": 30000}}
    assert hour(read_items([item], OSLO), AT_ONE) == pytest.approx(0.003)


def test_a_start_that_is_a_second_late() -> None:
    """Starts are floored to the minute."""
    item = {
        "start_time": "2026-10-25T01:00:01+00:00",
        "end_time": "2026-10-25T02:00:00+00:00",
        "per_kwh": 0.003,
    }
    assert read_items([item], OSLO) == (Slot(AT_ONE, AT_ONE + timedelta(hours=1), 0.003),)


def test_names_of_hours() -> None:
    """The second 02:00 of autumn has a name of its own, and spring has no 02:00 at all."""
    autumn = {"price_02h": 0.002, "price_02h_d": 0.003, "price_next_day_00h": 0.1}
    slots = read_hour_names(autumn, AUTUMN, OSLO)
    assert hour(slots, AT_ONE) == 0.003
    assert hour(slots, AT_ONE - timedelta(hours=1)) == 0.002
    assert slots[-1].start == datetime(2026, 10, 25, 23, tzinfo=UTC)
    spring = read_hour_names({"price_01h": 0.001, "price_03h": 0.002}, SPRING, OSLO)
    assert hour(spring, AT_ONE_SPRING) == 0.002
    assert hour(spring, AT_ONE_SPRING - timedelta(hours=1)) == 0.001


def test_bare_numbers_must_fill_the_day() -> None:
    """24 numbers for a day of 25 hours say nothing about any of its hours."""
    assert read_numbers([1.0] * 24, AUTUMN, OSLO) == ()
    assert len(read_numbers([1.0] * 25, AUTUMN, OSLO)) == 25
    assert len(read_numbers([1.0] * 23, SPRING, OSLO)) == 23


@pytest.mark.parametrize(
    ("unit", "scale"),
    [
        ("NOK/kWh", 1),
        ("EUR/MWh", 0.001),
        ("Øre/kWh", 0.01),
        ("ct/kWh", 0.01),
        ("p/Wh", 10),
        ("", 1),
    ],
)
def test_units(unit: str, scale: float) -> None:
    """Currency or cents before the stroke, the energy behind it."""
    assert scale_of(unit) == pytest.approx(scale)


def test_attributes_are_recognised() -> None:
    """Today and tomorrow are joined; a message, a null and a text are no prices."""
    today = [{"start": "2026-10-25T00:00:00+00:00", "value": 100}]
    tomorrow = [{"start": "2026-10-25T01:00:00+00:00", "value": None}, {"message": "not yet"}]
    read = read_attributes(
        {"raw_today": today, "raw_tomorrow": tomorrow}, zone=OSLO, day=AUTUMN, unit="EUR/MWh"
    )
    assert [slot.price for slot in read] == [0.1]
    assert read_attributes({"prices": "[a text]"}, zone=OSLO, day=AUTUMN) == ()
    assert (
        read_attributes({"today": [2.0] * 25, "tomorrow": []}, zone=OSLO, day=AUTUMN)[3].price == 2
    )
    mapping = {"prices": {"2026-10-25T02:00:00+02:00": 0.002, "2026-10-25T02:00:00+01:00": 0.003}}
    assert hour(read_attributes(mapping, zone=OSLO, day=AUTUMN), AT_ONE) == 0.003


def test_the_whole_list_is_read_where_the_days_are_cut_wrongly() -> None:
    """A source that filters its days in another zone also gives all prices at once."""
    item = {"time": "2026-10-25 02:00:00+02:00", "price": 0.002}
    attributes = {"prices_today": [], "prices": [item]}
    assert len(read_attributes(attributes, zone=OSLO, day=AUTUMN)) == 1


def test_a_hole_stays_a_hole() -> None:
    """Nothing is carried over what the list leaves out."""
    items = [
        {"start": "2026-10-25T00:00:00+00:00", "price": 1},
        {"start": "2026-10-25T01:00:00+00:00", "price": 2},
        {"start": "2026-10-25T02:00:00+00:00", "price": None},
        {"start": "2026-10-25T03:00:00+00:00", "price": -4},
    ]
    slots = read_items(items, OSLO)
    assert hour(slots, AT_ONE + timedelta(hours=1, minutes=30)) is None
    assert slots[-1].price == -4


def test_several_entities_of_one_source() -> None:
    """Each instant is there once, and the last word counts."""
    first = read_items([{"start": "2026-10-25T00:00:00+00:00", "price": 1}], OSLO)
    second = read_items(
        [
            {"start": "2026-10-25T00:30:00+00:00", "price": 2},
            {"start": "2026-10-25T00:00:00+00:00", "price": 3},
        ],
        OSLO,
    )
    assert [(slot.price, slot.end - slot.start) for slot in joined(first, second)] == [
        (3, timedelta(minutes=30)),
        (2, timedelta(minutes=30)),
    ]


@pytest.mark.parametrize(
    "broken", [None, 3, "x", {}, {"start": "soon", "price": 1}, {"start": 1, "price": "x"},
               {"start": True, "price": 1}, {"start": [], "price": 1}, {"start": 5, "price": True},
               {"start": 5, "price": float("nan")}]
)  # fmt: skip
def test_what_is_no_item(broken: Any) -> None:
    """Nothing of it raises."""
    assert read_items([broken], OSLO) == ()


def test_local_text_without_a_zone() -> None:
    """It means the zone of the house; milliseconds are seen by their size."""
    local = read_items([{"datetime": "2026-10-25 05:00:00", "price": 1}], OSLO)
    assert local[0].start == datetime(2026, 10, 25, 4, tzinfo=UTC)
    epoch = read_items([{"start": 1_792_890_000_000, "price": "0.003"}], OSLO)
    assert epoch[0].start == AT_ONE
