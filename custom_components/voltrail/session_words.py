"""A charging session as automations and dashboards are told of it."""

from typing import Any

from homeassistant.util import dt as dt_util

from .engine.charging.sessions import Session


def described(session: Session) -> dict[str, Any]:
    """Return what is known of a session, in kWh and minutes; what is not known is left out."""
    end = session.end or dt_util.utcnow()
    share = session.solar_share
    told = {
        "start": session.start.isoformat(),
        "end": None if session.end is None else session.end.isoformat(),
        "duration": round(session.duration(end) / 60, 1),
        "charging_time": round(session.charging_time / 60, 1),
        "energy": _kilo(session.energy, 3),
        "counter_start": _kilo(session.first, 3),
        "counter_end": _kilo(session.last, 3),
        "highest_power": _kilo(session.highest_power, 2),
        "phases": session.phases,
        "solar_share": None if share is None else round(share * 100),
        "cost": None if session.total_cost is None else round(session.total_cost, 2),
        "card": session.authorised_by,
        "complete": session.complete,
    }
    return {key: value for key, value in told.items() if value is not None}


def _kilo(value: float | None, decimals: int) -> float | None:
    return None if value is None else round(value / 1000, decimals)
