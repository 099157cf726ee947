"""What the installer decided about a device."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Options:
    """Settings that come from a person and not from the device."""

    max_current: float | None = None
    """The most a charger may draw per phase at this house, in ampere."""
    scan_interval: float = 10.0
    """Seconds between two polls of the measurements."""
    zone: tzinfo | None = None
    """The time zone of the house; that of the program, if nothing is said."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """What the family asks for beyond that, by the keys of its option fields."""
