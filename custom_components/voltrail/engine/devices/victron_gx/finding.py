"""Finding out which devices a GX has.

Modbus offers no list of them, and every miss is a line in the log of the GX. So the search
is done once: one register per type and likely unit id, the likely ones first, paced, and ended
early for types of which a house has one. A hundred are asked at once, what is left a few at a time
later on. What it found is kept until the user asks for a new search.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Self

MOST_PROBES: Final = 100
LARGEST_UNIT: Final = 255

GX_UNIT: Final = 100
"""The GX itself, and every device with VRM instance 0."""

_INSTANCES: Final[Mapping[int, int]] = {
    GX_UNIT: 0,
    **{unit: unit + 58 for unit in range(204, 215)},
    **{unit: unit + 65 for unit in range(215, 223)},
    **dict(zip(range(223, 231), (277, 278, 512, 279, 276, 275, 274, 273), strict=True)),
    **dict(zip(range(231, 240), (295, 294, 293, 296, 292, 291, 290, 289, 288), strict=True)),
    **{unit: 503 - unit for unit in range(242, 248)},
}
"""Unit ids that stand for an instance above 255; every other one stands for itself."""

# Where the ports of the different GX models appear.
_CERBO_VE_DIRECT: Final = (226, 224, 223)
_MULTIPLUS_VE_DIRECT: Final = (229, 230)
_USB: Final = (239, 238, 237, 236)
_OLD_VE_DIRECT: Final = (245, 247, 243)
_VE_CAN: Final = (GX_UNIT, 1, 2)


class DiscoveredService(NamedTuple):
    """One device behind the GX."""

    service: str
    unit_id: int
    instance: int

    @property
    def key(self) -> str:
        """What tells it from every other one, as the GX lists it."""
        return f"{self.service}_{self.unit_id}"

    @classmethod
    def at(cls, service: str, unit_id: int) -> Self:
        """Return a device by what it takes to ask for it."""
        # Instance 0 is asked for at 100: to many a proxy 0 means "everybody".
        unit_id = unit_id or GX_UNIT
        return cls(service, unit_id, _INSTANCES.get(unit_id, unit_id))


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where a type of device usually is."""

    likely: tuple[int, ...]
    further: tuple[int, ...] = ()
    """Looked at when the system's own values say that there is one, or at the end."""
    single: bool = False
    """A house has one of these: the first hit ends the search."""


PLACES: Final[Mapping[str, Places]] = {
    "hub4": Places(likely=(GX_UNIT,), single=True),
    "vebus": Places(likely=(227, 228, 242, 246, 239, 238), further=(237, 236, 235), single=True),
    "battery": Places(
        likely=(225, *_CERBO_VE_DIRECT, GX_UNIT, 1, *_USB[:2]),
        further=(*_MULTIPLUS_VE_DIRECT, *_OLD_VE_DIRECT, 2, *_USB[2:]),
    ),
    "solarcharger": Places(
        likely=(*_CERBO_VE_DIRECT, *_VE_CAN, *_MULTIPLUS_VE_DIRECT, *_USB[:2]),
        further=(*_OLD_VE_DIRECT, 3, *_USB[2:]),
    ),
    "grid": Places(likely=(30, 40, 31), further=(41, 32), single=True),
    "pvinverter": Places(likely=(20, 21, 30, 31, 40), further=(22, 23, 32, 41)),
    "evcharger": Places(likely=(40, 41), further=(42,)),
    "generator": Places(likely=(GX_UNIT, 1)),
    "tank": Places(likely=(20, 21, 22), further=(23, 24, 25)),
    "temperature": Places(likely=(20, 21, 22, 24), further=(23, 25)),
    "inverter": Places(likely=(GX_UNIT, 226, 224), further=(223, 1, 239)),
    "multi": Places(likely=(GX_UNIT, 1), further=(2,)),
    "acsystem": Places(likely=(GX_UNIT,), single=True),
    "charger": Places(likely=(GX_UNIT, 226), further=(1, 224, 239)),
    "acload": Places(likely=(30, 31, 40), further=(32, 41)),
    "genset": Places(likely=(40, GX_UNIT), further=(1, 41), single=True),
    "dcgenset": Places(likely=(40, GX_UNIT), further=(1,), single=True),
    "alternator": Places(likely=(GX_UNIT, 226), further=(1, 239)),
    "dcdc": Places(likely=(GX_UNIT, 226), further=(224, 239)),
    "dcload": Places(likely=(226, 239), further=(224, 238)),
    "dcsource": Places(likely=(226, 239), further=(224, 238)),
    "dcsystem": Places(likely=(226, 239), further=(224, 238)),
    "fuelcell": Places(likely=(226, GX_UNIT), further=(239,)),
    "gps": Places(likely=(GX_UNIT,), further=(1, 2), single=True),
    "meteo": Places(likely=(30, 20), further=(31,), single=True),
    "digitalinput": Places(likely=(1, 2), further=(3, 4, 10)),
    "pulsemeter": Places(likely=(1, 2), further=(3, 4)),
    "pump": Places(likely=(GX_UNIT,), single=True),
    "heatpump": Places(likely=(40, 30), further=(41,), single=True),
    "motordrive": Places(likely=(GX_UNIT,), further=(1,)),
}
"""Where to look, the commonest types first. Anything else is for the user to name."""

BEHIND: Final = frozenset(PLACES)
"""The types of devices behind the GX: all but the GX itself and its settings."""


@dataclass(kw_only=True)
class Search:
    """A search under way: says what to ask next, and is told what came of it."""

    services: frozenset[str] = BEHIND
    """The types that the firmware knows."""
    hinted: frozenset[str] = frozenset()
    """Types that must be there, by the values of the system itself.

    A value other than 0 proves that there is one; a 0 proves nothing.
    """
    only: tuple[DiscoveredService, ...] = ()
    """The devices to ask for, if not all places are to be searched."""
    known: frozenset[DiscoveredService] = frozenset()
    """Devices that need not be asked for."""
    unwanted: frozenset[DiscoveredService] = frozenset()
    """Devices that must not be asked for."""
    repeated: bool = False
    """Whether the server may know devices from before, and find one that returned only at the
    second request."""
    found: list[DiscoveredService] = field(default_factory=list)
    asked: set[DiscoveredService] = field(default_factory=set)
    _missed: dict[str, DiscoveredService] = field(default_factory=dict)
    probes: int = 0
    allowed: int = MOST_PROBES
    """How many probes there may be, until more are allowed."""

    def candidates(self) -> Iterator[DiscoveredService]:
        """Yield what to ask for; call :meth:`answered` before asking for the next one.

        A search that broke off goes on where it was: it is iterated once more.
        """
        for candidate in self._open():
            if self.probes >= self.allowed:
                return
            self.probes += 1
            yield candidate

    def answered(self, candidate: DiscoveredService, *, present: bool | None) -> None:
        """Note whether a device is there; None if that was not told, so that it is left open."""
        if present is None:
            return
        self.asked.add(candidate)
        if present:
            self.found.append(candidate)
        else:
            self._missed.setdefault(candidate.service, candidate)

    def to_ask_again(self) -> Iterator[DiscoveredService]:
        """Yield what may have returned: its first request makes the server look, and is refused.

        So of each type that was not found this is the place that was asked for first.
        """
        for service, candidate in tuple(self._missed.items()):
            if (self.repeated or service in self.hinted) and not self.has(service):
                yield candidate

    @property
    def unfinished(self) -> bool:
        """Whether there are places left, for want of probes."""
        return any(True for _ in self._open())

    def _open(self) -> Iterator[DiscoveredService]:
        for candidate in self.only or self._ordered():
            if not (
                candidate in self.known
                or candidate in self.asked
                or candidate in self.unwanted
                or self._settled(candidate.service)
            ):
                yield candidate

    def _settled(self, service: str) -> bool:
        return PLACES[service].single and self.has(service)

    def has(self, service: str) -> bool:
        """Whether there is a device of this type, as far as known."""
        return any(found.service == service for found in (*self.found, *self.known))

    def _ordered(self) -> Iterator[DiscoveredService]:
        """Yield all places by how likely a device is there.

        First come the types that must be there, then the likeliest place of each type, so that
        no rare one is left out for the further places of a common one.
        """
        searched = {service: PLACES[service] for service in PLACES if service in self.services}
        for service, places in searched.items():
            if service in self.hinted:
                yield from _at(service, places.likely)
                if not self.has(service):
                    yield from _at(service, places.further)
        for service, places in searched.items():
            yield from _at(service, places.likely[:1])
        for service, places in searched.items():
            yield from _at(service, places.likely[1:])
        for service, places in searched.items():
            yield from _at(service, places.further)


def _at(service: str, unit_ids: Iterable[int]) -> Iterator[DiscoveredService]:
    return (DiscoveredService.at(service, unit_id) for unit_id in unit_ids)


def device_of(part_key: str) -> DiscoveredService | None:
    """Return the device that a part is; None if it can be none."""
    service, _, unit_id = part_key.rpartition("_")
    known = service in BEHIND and unit_id.isdecimal() and int(unit_id) <= LARGEST_UNIT
    return DiscoveredService.at(service, int(unit_id)) if known else None


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What the user named: devices to have, and devices not to have."""

    wanted: tuple[DiscoveredService, ...] = ()
    unwanted: frozenset[DiscoveredService] = frozenset()

    @classmethod
    def parse(cls, told: str | Iterable[str] | None) -> Self:
        """Read "battery 225, -solarcharger 224": the type and the unit id of the GX's list.

        Raises ``ValueError`` for what is not a device.
        """
        wanted: list[DiscoveredService] = []
        unwanted: set[DiscoveredService] = set()
        for text in (told,) if isinstance(told, str) else told or ():
            for entry in filter(None, map(str.strip, re.split(r"[,;\n]+", text))):
                found = _device(entry.removeprefix("-"))
                if entry.startswith("-"):
                    unwanted.add(found)
                else:
                    wanted.append(found)
        return cls(wanted=tuple(wanted), unwanted=frozenset(unwanted))


def _device(text: str) -> DiscoveredService:
    # The GX lists a battery as "com.victronenergy.battery" on some of its pages.
    named = text.strip().lower().removeprefix("com.victronenergy.")
    match re.split(r"[\s:=_]+", named):
        case [service, unit] if (
            service in BEHIND and unit.isdecimal() and int(unit) <= LARGEST_UNIT
        ):
            return DiscoveredService.at(service, int(unit))
        case _:
            pass
    msg = f"'{text}' is not a type and a unit id, as in 'battery 225'"
    raise ValueError(msg)


def remembered(stored: Any) -> list[DiscoveredService]:
    """Take back what was stored; whatever is not a device is left out."""
    found: list[DiscoveredService] = []
    for entry in stored if isinstance(stored, list) else ():
        match entry:
            case [str(service), int(unit_id), *_] if service in BEHIND:
                found.append(DiscoveredService.at(service, unit_id))
            case _:
                continue
    return found
