"""What the installer says about a GX; asked for without a word of Modbus."""

from collections.abc import Mapping
from typing import Final

from ..family import OptionField
from .finding import PLACES, Choice

AC_VOLTAGE: Final = 230.0

BATTERIES: Final[Mapping[str, tuple[float, float]]] = {
    # 2.5 V to 3.65 V a cell.
    "lifepo4_4s": (10.0, 14.6),
    "lifepo4_8s": (20.0, 29.2),
    "lifepo4_16s": (40.0, 58.4),
    # 1.75 V to 2.5 V a cell.
    "lead_acid_12": (10.5, 15.0),
    "lead_acid_24": (21.0, 30.0),
    "lead_acid_48": (42.0, 60.0),
}
"""The voltages that usual batteries are charged and discharged to."""

WRITE_FIELDS: Final = (
    OptionField(key="write", default=False),
    OptionField(key="ac_voltage", default=AC_VOLTAGE, minimum=50, maximum=500, step=1, unit="V"),
    OptionField(key="ac_phases", default=1.0, minimum=1, maximum=3, step=1),
    OptionField(key="ac_current", minimum=1, maximum=1000, step=1, unit="A"),
    OptionField(key="battery", default="custom", choices=("custom", *BATTERIES)),
    OptionField(key="dc_voltage_minimum", minimum=0, maximum=1000, step=0.1, unit="V"),
    OptionField(
        key="dc_voltage_maximum",
        minimum=0,
        maximum=1000,
        above="dc_voltage_minimum",
        step=0.1,
        unit="V",
    ),
    OptionField(key="dc_current", minimum=1, maximum=10000, step=1, unit="A"),
)
"""What guards writing."""

SEARCH_FIELDS: Final = (
    # If the owner names devices before the first search, that search is left out.
    OptionField(
        key="services",
        suggestions=tuple(
            f"{service} {unit_id}"
            for service, places in PLACES.items()
            for unit_id in places.likely
        ),
        check=Choice.parse,
        early=True,
    ),
    OptionField(key="search_again", default=False, target=True),
)
"""What its user says about the devices behind the GX."""

OPTION_FIELDS: Final = (*WRITE_FIELDS, *SEARCH_FIELDS)
