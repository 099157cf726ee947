"""What an amsreader publishes as JSON, already decoded by itself."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from . import it_net
from .clock import unix_moment
from .makers import maker_of_list
from .message import ListKind, Message, Meter, Number
from .texts import clean

#: Its short names. The power factors are left out: in which scale they come is not known.
_POWERS: Final = {
    "P": "power_imported",
    "PO": "power_exported",
    "Q": "reactive_power_imported",
    "QO": "reactive_power_exported",
}
_PER_PHASE: Final = {
    "P": "power_imported",
    "PO": "power_exported",
    "I": "current",
    "U": "voltage",
}
_COUNTERS: Final = {
    "tPI": "energy_imported",
    "tPO": "energy_exported",
    "tQI": "reactive_energy_imported",
    "tQO": "reactive_energy_exported",
}
_NAMES: Final = _POWERS | {
    f"{key}{phase}": f"{name}_l{phase}" for key, name in _PER_PHASE.items() for phase in (1, 2, 3)
}
#: In kWh and kvarh.
_THOUSANDS: Final = _COUNTERS | {
    f"{key}{phase}": f"{_COUNTERS[key]}_l{phase}" for key in ("tPI", "tPO") for phase in (1, 2, 3)
}
_LARGEST: Final = 10**12


def message_of(document: Mapping[str, Any]) -> Message | None:
    """Return the message in a document of an amsreader; ``None`` if it has no readings.

    Most of its formats put the values in an object of their own; one has them flat.
    """
    inner = document.get("data")
    data: Mapping[str, Any] = inner if isinstance(inner, dict) else document
    readings: dict[str, Number] = {}
    for factor, names in ((1, _NAMES), (1000, _THOUSANDS)):
        for key, name in names.items():
            if (value := _number(data.get(key), factor)) is not None:
                readings[name] = value
    if not readings:
        return None
    model = _text(data.get("type"))
    it_net.leave_out_unmeasured(readings, model)
    version = _text(data.get("lv"))
    meter = Meter(
        manufacturer=maker_of_list(version),
        model=model,
        serial=_text(data.get("meterId")),
        list_version=version,
    )
    clock = data.get("rtc")
    return Message(
        meter=meter,
        belongs_to=meter if meter.serial else None,
        kind=_kind(readings),
        timestamp=unix_moment(clock) if isinstance(clock, int) and clock > 0 else None,
        readings=readings,
    )


def _kind(readings: dict[str, Number]) -> ListKind:
    if readings.keys() == {"power_imported"}:
        return ListKind.POWER
    return ListKind.HOURLY if "energy_imported" in readings else ListKind.VALUES


def _number(value: Any, factor: int) -> Number | None:
    """Return a number in its unit; decimals come as ``Decimal``, so that 1.1 kWh are 1100 Wh."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    number = Decimal(value)
    # Compared only: arithmetic on a number with a huge exponent raises.
    if not -_LARGEST <= number <= _LARGEST:
        return None
    number *= factor
    return int(number) if number == int(number) else float(number)


def _text(value: Any) -> str | None:
    return clean(value.encode("ascii", "replace")) if isinstance(value, str) else None
