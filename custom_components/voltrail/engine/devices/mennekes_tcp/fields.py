"""Register forms that both profiles share."""

from modbus_connection.model import NumberField, int32, uint32

NEVER = "00:00:00"
"""What a time of day shows where there was none yet."""

NOT_MEASURED = 0xFFFF_FFFF
"""What a 32-bit meter register holds while there is no value; it also flashes up on
firmware 5.33.9, where it would show as -1 W or 4.29 GW."""


def meter(address: int, *, scale: float = 1.0) -> NumberField[float]:
    """Declare a 32-bit register of the energy meter."""
    return int32(address, scale=scale, nan=NOT_MEASURED)


def unsigned_meter(address: int, *, scale: float = 1.0) -> NumberField[float]:
    """Declare a meter register of the ECU profile, whose document has it unsigned."""
    return uint32(address, scale=scale, nan=NOT_MEASURED)


def clock(address: int) -> NumberField[str]:
    """Declare a time of day, packed BCD ``00 HH MM SS``, without date and zone.

    The byte layout follows from the document's text and was never captured
    (UNCONFIRMED), so anything that is not a valid time reads as unknown.
    """
    return NumberField(address, count=2, signed=False, convert=_time_of_day)


def calendar(address: int) -> NumberField[str]:
    """Declare a date, packed BCD ``00 DD MM YY``."""
    return NumberField(address, count=2, signed=False, convert=_date)


def _pairs(raw: int) -> tuple[int, int, int] | None:
    digits = f"{raw:08x}"
    if not digits.isdecimal() or not digits.startswith("00"):
        return None
    return int(digits[2:4]), int(digits[4:6]), int(digits[6:8])


def _time_of_day(raw: int) -> str | None:
    match _pairs(raw):
        case (hours, minutes, seconds) if hours < 24 and minutes < 60 and seconds < 60:
            return f"{hours:02}:{minutes:02}:{seconds:02}"
        case _:
            return None


def _date(raw: int) -> str | None:
    match _pairs(raw):
        case (day, month, year) if 1 <= day <= 31 and 1 <= month <= 12:
            return f"20{year:02}-{month:02}-{day:02}"
        case _:
            return None
