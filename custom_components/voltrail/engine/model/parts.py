"""The parts of a device, and who a device or a part says it is."""

from dataclasses import dataclass, fields

from .texts import legible


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who a device says it is."""

    manufacturer: str
    model: str
    serial: str | None = None
    firmware: str | None = None
    hardware: str | None = None
    name: str | None = None
    """The name that its owner gave it at the device."""
    variant: str | None = None
    """Which of the family's register layouts it speaks."""

    def __post_init__(self) -> None:
        """Keep what cannot be printed away from titles and from the log."""
        for one in fields(self):
            told = getattr(self, one.name)
            if told is not None:
                object.__setattr__(self, one.name, legible(told))


@dataclass(frozen=True, kw_only=True)
class Part:
    """Something within a device that has values of its own.

    A part without an identity is a logical one (the second socket of a charger);
    a part with one is hardware behind a gateway.
    """

    key: str
    """Stable name in paths: ``socket_2``, ``battery_225``."""
    word: str
    """The word to translate for its name: ``socket``, ``battery``."""
    number: int | None = None
    identity: Identity | None = None
