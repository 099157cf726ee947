"""From the unit id of a request to the device instances it may mean."""

from typing import Final

#: What a unit id means where it is not the instance itself.
_TABLE: Final[dict[int, int]] = {
    100: 0,
    **{unit: 262 + unit - 204 for unit in range(204, 215)},
    **{unit: 280 + unit - 215 for unit in range(215, 223)},
    223: 277,
    224: 278,
    225: 512,
    226: 279,
    227: 276,
    228: 275,
    229: 274,
    230: 273,
    231: 295,
    232: 294,
    233: 293,
    234: 296,
    235: 292,
    236: 291,
    237: 290,
    238: 289,
    239: 288,
    242: 261,
    243: 260,
    244: 259,
    245: 258,
    246: 257,
    247: 256,
}

#: Completed in server 48.
_SINCE_48: Final = frozenset({*range(204, 223), 244})


def listed(unit_id: int, server: int) -> int | None:
    """Return the instance the table gives for a unit id."""
    if server < 48 and unit_id in _SINCE_48:
        return None
    return _TABLE.get(unit_id)


def candidates(unit_id: int, server: int) -> list[int]:
    """Return the instances a unit id may mean, in the order they are tried.

    Until server 87 the table alone decided, which hid a device whose instance is a listed id.
    """
    instance = listed(unit_id, server)
    if server < 88:
        return [unit_id if instance is None else instance]
    return [unit_id] if instance is None else [unit_id, instance]


def unit_of(instance: int, server: int) -> int | None:
    """Return the unit id that reaches an instance; None for those that none reaches."""
    if instance == 0:
        return 100
    for unit_id in _TABLE:
        if listed(unit_id, server) == instance:
            return unit_id
    return instance if instance <= 255 else None
