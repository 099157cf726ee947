"""What the installer may know better than the document."""

from typing import Final

from ..family import OptionField

ONE_PHASE_POWER: Final = 3600.0
"""Up to here the charger uses one phase, unless the installer knows better. No document tells the
border (UNCONFIRMED); with 3725 W it did not change to one phase (firmware 1.5.22)."""

OPTION_FIELDS: Final = (
    OptionField(
        key="one_phase_power",
        default=ONE_PHASE_POWER,
        minimum=1380,
        maximum=4000,
        step=10,
        unit="W",
    ),
)
