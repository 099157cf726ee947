"""The declared registers, compared with the register list that the GX executes."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final

import pytest

from custom_components.voltrail.engine.devices.victron_gx.fields import (
    GxNumber,
    GxText,
    variants,
)
from custom_components.voltrail.engine.devices.victron_gx.finding import DiscoveredService
from custom_components.voltrail.engine.devices.victron_gx.server import LADDER, NEWEST, OLDEST
from custom_components.voltrail.engine.devices.victron_gx.service import Service, readable
from custom_components.voltrail.engine.devices.victron_gx.services import BY_KEY, SERVICES
from custom_components.voltrail.engine.devices.victron_gx.services.system import SYSTEM
from custom_components.voltrail.engine.model.points import points_of

LISTS: Final = Path(__file__).parents[5] / "shared" / "data" / "victron"

needs_the_list = pytest.mark.skipif(
    not LISTS.is_dir(), reason="the register list is not beside this checkout"
)

COMPUTED: Final = {
    777: "int16",
    830: "uint64",
    834: "uint32",
    3214: "uint16",
    5202: "uint16",
}
"""Registers that the list calls internal: the form that the server gives them."""


@dataclass(frozen=True)
class Row:
    """One register, as declared here or as listed there."""

    service: str
    address: int
    form: str
    scale: float
    writable: bool


def declared() -> Iterator[Row]:
    """Yield every register that the engine declares."""
    for service in SERVICES:
        for block in service.blocks:
            for field in block.component.declared_fields.values():
                for variant in variants(field):
                    if isinstance(variant, GxNumber):
                        form = variant.form
                        kind = f"{'' if form.signed else 'u'}int{16 * form.words}"
                        scale = variant.document_scale
                    else:
                        kind, scale = f"string[{variant.count}]", 1.0
                    yield Row(
                        block.owner or service.key,
                        variant.address,
                        kind,
                        scale,
                        bool(variant.writable),
                    )


def listed() -> Iterator[Row]:
    """Yield every register of the list but the fillers and what is left out on purpose."""
    with (LISTS / "attributes.csv").open(encoding="utf-8", newline="") as stream:
        for name, path, _, _, address, form, scale, access in csv.reader(stream):
            service = name.rpartition(".")[2]
            if path == "RESERVED" or service == "platform":
                continue
            yield Row(
                service,
                int(address),
                COMPUTED.get(int(address), form),
                float(scale or 1),
                access == "W",
            )


OLD_FORMS: Final = {
    Row("multi", address, "uint16", 10, writable=False)
    for address in (4503, 4504, 4505, 4513, 4514, 4515)
}
"""Forms that registers had before server 1.0.59."""


@needs_the_list
def test_every_register_is_declared_as_listed() -> None:
    """Address, type, width, scale and permission are those of the list; none is missing."""
    ours, theirs = set(declared()), set(listed())
    assert ours - theirs == OLD_FORMS
    assert theirs - ours == set()
    assert len(theirs) == 943


@needs_the_list
def test_every_register_knows_since_when_it_exists() -> None:
    """A register is read from the very server on that first had it."""
    with (LISTS / "register_first_seen.csv").open(encoding="utf-8", newline="") as stream:
        first = {
            (row["service"], int(row["register"])): version(row["first_tag"])
            for row in csv.DictReader(stream)
        }
    for service, variant in registers():
        if Row(service, variant.address, "uint16", 10, writable=False) in OLD_FORMS:
            continue
        # Before it told the firmware, 834 was reserved, and could be read as well.
        told_later = (service, variant.address) == ("system", 834)
        listed_first = 53 if told_later else first[service, variant.address]
        # Every firmware since server 1.0.35 has what is older.
        if isinstance(variant, GxNumber) and variant.until is not None:
            assert variant.until == listed_first - 1
        else:
            assert max(variant.since, OLDEST) == max(listed_first, OLDEST), variant.address


@needs_the_list
def test_every_listed_code_has_a_name() -> None:
    """The states of a register are at least those of the list."""
    for service, codes in listed_codes():
        if service == ("evcharger", 3827):
            # The list has the position the wrong way round, and one too many.
            continue
        register, states = next(
            (variant, states) for owner, variant, states in coded() if (owner, variant) == service
        )
        assert codes <= {member.value for member in states}, register


@needs_the_list
def test_unit_ids_lead_to_the_listed_instances() -> None:
    """The table of unit ids is that of the server."""
    with (LISTS / "unitid2di.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.reader(stream))[1:]
    assert len(rows) == 43
    for unit_id, instance, *_ in rows:
        assert DiscoveredService.at("battery", int(unit_id)).instance == int(instance)


def version(tag: str) -> int:
    """Return the last number of a version tag; 0 for those before 1.0."""
    major, minor, patch = tag.removeprefix("v").split(".")
    return int(patch) if (major, minor) == ("1", "0") else 0


def registers() -> Iterator[tuple[str, GxNumber[Any] | GxText]]:
    """Yield every declared register with its service."""
    for service in SERVICES:
        for block in service.blocks:
            for field in block.component.declared_fields.values():
                for variant in variants(field):
                    yield block.owner or service.key, variant


def coded() -> Iterator[tuple[str, int, type[Enum]]]:
    """Yield every register that holds one of several states."""
    for service in SERVICES:
        for block in service.blocks:
            fields = block.component.declared_fields
            for declaration in points_of(block.component):
                if declaration.point.states is not None and declaration.name in fields:
                    yield (
                        block.owner or service.key,
                        fields[declaration.name].address,
                        declaration.point.states,
                    )


def listed_codes() -> Iterator[tuple[tuple[str, int], set[int]]]:
    """Yield the codes that the list gives for registers that are states here."""
    ours = {(service, address) for service, address, _ in coded()}
    with (LISTS / "attributes.csv").open(encoding="utf-8", newline="") as stream:
        for name, _, _, codes, address, *_ in csv.reader(stream):
            place = name.rpartition(".")[2], int(address)
            if place not in ours:
                continue
            # Ranges such as 51-52 are spelt out here; "Reserved" is no state.
            found = re.findall(r"(?:^|;)\s*(\d+)=(?!Reserved)", codes)
            yield place, {int(number) for number in found}


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.key)
def test_no_read_can_leave_its_service(service: Service) -> None:
    """Runs of addresses of one service hold nothing of another."""
    others = {
        address
        for other, variant in registers()
        if other != service.key
        for address in range(variant.address, variant.address + variant.count)
    }
    for server in (OLDEST, *LADDER):
        for low, high in readable(service, server):
            assert others.isdisjoint(range(low, high + 1))
            # Some servers crash on a read that runs past the last register of all.
            assert high < 5819


def test_the_newest_firmware_is_read_in_large_blocks() -> None:
    """The system is one run of 120 registers, the grid meter one of 58."""
    assert readable(SYSTEM, NEWEST) == ((800, 919), (5400, 5407))
    assert readable(BY_KEY["grid"], NEWEST) == ((2600, 2657),)
    assert readable(BY_KEY["vebus"], NEWEST) == ((3, 147), (200, 247))
    assert readable(BY_KEY["battery"], NEWEST) == ((256, 331), (1282, 1343))


def test_names_end_as_their_meaning_says() -> None:
    """A name ends in its phase or its number exactly when the meaning has one."""
    for service in SERVICES:
        for block in service.blocks:
            for declaration in points_of(block.component):
                name, point = declaration.name, declaration.point
                phase = re.search(r"_(l[123])$", name)
                assert (phase[1].upper() if phase else "") == point.phase, name
                number = re.search(r"_(\d+)$", name)
                if point.number is not None:
                    assert number is not None
                    assert int(number[1]) == point.number
                elif number is not None:
                    # Inputs that are part of the word: energy from input 1 to input 2.
                    assert name.startswith("energy_"), name


def test_a_state_word_always_means_the_same_states() -> None:
    """One word is translated once, whichever device uses it; a device may have fewer of them."""
    meanings: dict[str, list[set[str]]] = {}
    for service in SERVICES:
        for block in service.blocks:
            for declaration in points_of(block.component):
                states = declaration.point.states
                if states is not None:
                    word = declaration.point.word(declaration.name)
                    meanings.setdefault(word, []).append({state.name for state in states})
    for word, names in meanings.items():
        assert max(names, key=len) == set().union(*names), word
