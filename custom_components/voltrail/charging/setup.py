"""From what the entry and its sub-entries hold to what the engine is told of the connection."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.util import slugify
from homeassistant.util.dt import get_default_time_zone

from ..const import CHARGING, CONF_FAMILY
from ..engine.charging.connection import ConnectionSetup, SeatSetup
from ..engine.charging.controller import Distribution, MeanLimit, Mode
from ..engine.model.charging import MINIMUM_CURRENT
from ..engine.model.parts import Identity, Part
from . import const

type Charger = tuple[str, str | None]
"""A charge point: what the unique ids of its device begin with, and the key of its part."""


def is_charging(entry: ConfigEntry[Any]) -> bool:
    """Whether an entry controls chargers, and is no device."""
    return bool(entry.data.get(CONF_FAMILY) == CHARGING)


def charger_of(data: Mapping[str, Any]) -> Charger:
    """Return which charge point a sub-entry is about."""
    return data[const.CONF_CHARGER], data.get(const.CONF_PART)


def seat_key(subentry: ConfigSubentry) -> str:
    """Return the name of a charger within its connection; it survives a removal."""
    identity, part = charger_of(subentry.data)
    return slugify(identity if part is None else f"{identity} {part}")


def seats(entry: ConfigEntry[Any]) -> dict[str, ConfigSubentry]:
    """Return the sub-entries of chargers by the names of their chargers."""
    own = entry.get_subentries_of_type(const.CHARGER)
    return {seat_key(one): one for one in (*own, *entry.get_subentries_of_type(const.OTHER))}


def distributions(entry: ConfigEntry[Any]) -> dict[str, ConfigSubentry]:
    """Return the sub-distributions by the ids of their sub-entries."""
    found = entry.get_subentries_of_type(const.DISTRIBUTION)
    return {one.subentry_id: one for one in found}


def connection_setup(entry: ConfigEntry[Any]) -> ConnectionSetup:
    """Return what the engine is told of the connection."""
    data = entry.data
    boards = distributions(entry)
    limit = data.get(const.CONF_MEAN_LIMIT)
    zone = get_default_time_zone()
    battery = data.get(const.CONF_BATTERY_MOST)
    return ConnectionSetup(
        title=entry.title,
        seats=tuple(_seat(key, one, boards) for key, one in seats(entry).items()),
        phases=int(data.get(const.CONF_PHASES, 3)),
        fuse_a=float(data.get(const.CONF_FUSE) or 0) if _guarded(data) else 0.0,
        margin_a=float(data.get(const.CONF_MARGIN, 2)),
        limit=None if not limit else MeanLimit(limit, int(data[const.CONF_WINDOW]) * 60, zone),
        distributions=tuple(
            Distribution(key, float(one.data[const.CONF_FUSE]), float(one.data[const.CONF_MARGIN]))
            for key, one in boards.items()
        ),
        battery_w=float(battery) if battery and data.get(const.CONF_BATTERY_POWER) else None,
        panels_w=data.get(const.CONF_PANELS),
        prices=bool(data.get(const.CONF_PRICES)),
        observing=bool(data.get(const.CONF_OBSERVER)),
        zone=zone,
    )


def _guarded(data: Mapping[str, Any]) -> bool:
    """Whether the fuse can be guarded: the currents are measured."""
    return bool(data.get(const.CONF_CURRENTS[0]))


def _seat(key: str, subentry: ConfigSubentry, boards: Mapping[str, Any]) -> SeatSetup:
    data = subentry.data
    board = data.get(const.CONF_DISTRIBUTION)
    capacity = data.get(const.CONF_CAPACITY)
    switches = data.get(const.CONF_SWITCHES)
    return SeatSetup(
        part=Part(
            key=key,
            word="charger",
            identity=Identity(manufacturer="Voltrail", model="", name=subentry.title),
        ),
        rotation=const.ROTATIONS[data.get(const.CONF_ROTATION, "l1_l2_l3")],
        phases=int(data.get(const.CONF_CHARGER_PHASES, 3)),
        priority=int(data.get(const.CONF_PRIORITY, 1)),
        limit_a=data.get(const.CONF_LIMIT),
        fallback_a=max(float(data.get(const.CONF_FALLBACK) or 0), MINIMUM_CURRENT),
        default_mode=Mode(data.get(const.CONF_DEFAULT_MODE, Mode.SOLAR)),
        measured=data.get(const.CONF_MEASURED, True),
        full_minimum=data.get(const.CONF_FULL_MINIMUM, False),
        latest_slots=not data.get(const.CONF_EARLY_SLOTS, False),
        capacity_wh=None if capacity is None else capacity * 1000,
        switches_a_day=None if switches is None else int(switches),
        distribution=board if board in boards else None,
        car_percent=bool(data.get(const.CONF_CAR_CHARGE)),
    )
