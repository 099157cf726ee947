"""The register tables, as tables, and against the official list where it is at hand."""

import csv
import re
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest

from simulators.victron_gx.address_map import address_map
from simulators.victron_gx.fields import Coding, Field
from simulators.victron_gx.firmware import NEWEST_SERVER, OLDEST_SERVER, Firmware
from simulators.victron_gx.tables import TABLES
from simulators.victron_gx.unit_ids import candidates, listed, unit_of

#: Beside the project, on machines of people who have it.
OFFICIAL: Final = Path(__file__).parents[4] / "shared" / "data" / "victron"

needs_the_official_list = pytest.mark.skipif(
    not OFFICIAL.is_dir(), reason="the official register list is not beside the project"
)

#: Registers and writable registers of each service in the newest list, fillers left out.
SIZES: Final = {
    "vebus": (142, 49),
    "battery": (106, 3),
    "solarcharger": (55, 2),
    "system": (71, 2),
    "settings": (37, 36),
    "hub4": (3, 1),
    "grid": (33, 1),
    "pvinverter": (25, 4),
    "charger": (17, 3),
    "motordrive": (6, 0),
    "gps": (7, 0),
    "tank": (7, 1),
    "inverter": (56, 2),
    "genset": (40, 2),
    "temperature": (15, 1),
    "pulsemeter": (3, 1),
    "digitalinput": (5, 1),
    "generator": (11, 3),
    "meteo": (6, 1),
    "evcharger": (23, 7),
    "acload": (22, 1),
    "fuelcell": (11, 0),
    "alternator": (21, 2),
    "dcsource": (12, 1),
    "dcload": (12, 1),
    "dcsystem": (13, 1),
    "multi": (106, 9),
    "pump": (1, 0),
    "dcdc": (12, 2),
    "acsystem": (32, 6),
    "dcgenset": (26, 2),
    "heatpump": (7, 1),
    "platform": (6, 6),
}

#: What the list calls computed has a type of its own in the server.
COMPUTED: Final = {
    777: "int16",
    3214: "uint16",
    5202: "uint16",
    830: "uint64",
    834: "uint32",
}

#: These have been there for longer than the official list, which goes by path, has it: the path got
#: another name, or the server began to work the value out itself.
RENAMED: Final = {
    ("solarcharger", 777): 0,
    ("genset", 3214): 0,
    ("genset", 3215): 0,
    ("dcgenset", 5202): 70,
    ("vebus", 205): 83,
    ("vebus", 209): 83,
}


def _official_type(field: Field) -> str:
    """Write a type as the official list does."""
    match field.coding:
        case Coding.TEXT:
            return f"string[{field.count}]"
        case Coding.FILLER:
            return f"reserved[{field.count}]"
        case Coding.SIGNED:
            return f"int{16 * field.count}"
        case _:
            return f"uint{16 * field.count}"


def _newest() -> dict[tuple[str, int], Field]:
    entries = address_map(NEWEST_SERVER).entries
    return {(entry.service, entry.field.address): entry.field for entry in entries}


def _official_rows() -> list[list[str]]:
    text = (OFFICIAL / "attributes.csv").read_text(encoding="utf-8")
    return [line.split(",") for line in text.splitlines()]


def test_every_service_has_all_its_registers() -> None:
    """Counted per service, and in all."""
    fields = address_map(NEWEST_SERVER).entries
    real = [entry for entry in fields if entry.field.coding is not Coding.FILLER]
    counted = Counter(entry.service for entry in real)
    writable = Counter(entry.service for entry in real if entry.field.writable)
    assert {kind: (counted[kind], writable[kind]) for kind in TABLES} == SIZES
    assert (len(real), len(fields) - len(real)) == (949, 54)


def test_no_rows_of_the_newest_list_overlap() -> None:
    """Those of some older releases do, which is the next test."""
    fields = [entry.field for entry in address_map(NEWEST_SERVER).entries]
    for before, after in pairwise(fields):
        assert before.end <= after.address


def test_overlaps_are_those_of_the_older_releases() -> None:
    """An overlap breaks reads across it, so it matters when it came and went."""
    found: dict[tuple[int, int], list[int]] = defaultdict(list)
    for server in range(OLDEST_SERVER, NEWEST_SERVER + 1):
        fields = [entry.field for entry in address_map(server).entries]
        for before, after in pairwise(fields):
            assert before.address != after.address
            if before.end > after.address:
                found[before.address, after.address].append(server)
    assert {pair: (servers[0], servers[-1]) for pair, servers in found.items()} == {
        (870, 871): (59, 95),
        (1318, 1319): (42, 94),
        (2716, 2717): (75, 88),
        (5428, 5429): (71, 95),
    }


def test_the_map_grows_with_every_release() -> None:
    """Newer releases have more values, though some addresses changed their meaning."""
    sizes = [len(address_map(server).entries) for server in (41, 53, 74, 85, 93, 96, 101)]
    assert sizes == sorted(sizes)
    assert (sizes[0], sizes[-1]) == (626, 1003)


def test_twins_are_numbers_with_the_same_unit() -> None:
    """Registers that show one value in two widths agree on what it is."""
    for table in TABLES.values():
        twins: dict[str, set[str]] = defaultdict(set)
        for field in table.fields:
            twins[field.name].add(field.unit)
        assert {name for name, units in twins.items() if len(units) > 1} == set()


@needs_the_official_list
def test_rows_are_those_of_the_official_list() -> None:
    """Address, service, type, width, scale and access of all rows."""
    ours = {
        key: (_official_type(field), field.scale, field.writable)
        for key, field in _newest().items()
    }
    official = {}
    for service, _, _, _, address, given, scale, access in _official_rows():
        key = (service.removeprefix("com.victronenergy."), int(address))
        kind = COMPUTED[int(address)] if given.startswith("INTERNAL") else given
        reserved = kind.startswith("reserved")
        official[key] = (kind, 1.0 if reserved else float(scale or 1), access == "W")
    assert ours == official


@needs_the_official_list
def test_one_name_is_one_path() -> None:
    """Two registers have one name here exactly when the list gives them one path."""
    names: dict[tuple[str, str], set[str]] = defaultdict(set)
    paths: dict[tuple[str, str], set[str]] = defaultdict(set)
    newest = _newest()
    for full_service, path, _, _, address, *_ in _official_rows():
        service = full_service.removeprefix("com.victronenergy.")
        field = newest[service, int(address)]
        if field.coding is not Coding.FILLER:
            names[service, path].add(field.name)
            paths[service, field.name].add(path)
    assert all(len(same) == 1 for same in names.values())
    assert all(len(same) == 1 for same in paths.values())


@needs_the_official_list
def test_registers_appear_in_the_release_that_first_had_them() -> None:
    """As far back as is simulated; older ones are simply there."""
    ours = {
        key: field.since for key, field in _newest().items() if field.coding is not Coding.FILLER
    }
    official = {}
    with (OFFICIAL / "register_first_seen.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            found = re.fullmatch(r"v(\d+)\.(\d+)\.(\d+)", row["first_tag"])
            assert found is not None
            recent = (int(found[1]), int(found[2])) == (1, 0) and int(found[3]) > OLDEST_SERVER
            key = (row["service"], int(row["register"]))
            official[key] = int(found[3]) if recent else 0
    assert {key for key in official if ours[key] != official[key]} == set(RENAMED)
    assert {key: ours[key] for key in RENAMED} == RENAMED


@needs_the_official_list
def test_unit_ids_are_those_of_the_official_table() -> None:
    """All rows of it, and no other."""
    with (OFFICIAL / "unitid2di.csv").open(encoding="utf-8", newline="") as lines:
        official = {int(row[0]): int(row[1]) for row in csv.reader(lines) if row[0].isdecimal()}
    ours = {unit: listed(unit, NEWEST_SERVER) for unit in range(256)}
    assert {unit: instance for unit, instance in ours.items() if instance is not None} == official


@pytest.mark.parametrize(
    ("version", "server", "register"),
    [
        ("2.90", 41, 0x0290_0000),
        ("2.94", 41, 0x0294_0000),
        ("3.14", 48, 0x0314_0000),
        ("v3.50", 74, 0x0350_0000),
        ("3.66", 80, 0x0366_0000),
        ("3.70~47", 93, 0x0370_002F),
        ("3.80", 101, 0x0380_0000),
    ],
)
def test_a_firmware_carries_a_server(version: str, server: int, register: int) -> None:
    """And shows its digits in hexadecimal."""
    firmware = Firmware.parse(version)
    assert firmware.server == server
    assert firmware.register == register
    assert str(firmware) == version.removeprefix("v")


@pytest.mark.parametrize("version", ["3.7", "three", "2.80"])
def test_other_firmware_is_not_simulated(version: str) -> None:
    """Too old, or no version at all."""
    with pytest.raises(ValueError, match=r"no version|older"):
        _ = Firmware.parse(version).server


def test_unit_ids_lead_to_instances() -> None:
    """The instance itself first since server 88; before, only what the table says."""
    assert candidates(100, 101) == [100, 0]
    assert candidates(100, 87) == [0]
    assert candidates(224, 101) == [224, 278]
    assert candidates(224, 87) == [278]
    assert candidates(40, 41) == [40]
    assert candidates(0, 101) == [0]
    # Completed in server 48.
    assert candidates(204, 47) == [204]
    assert candidates(204, 48) == [262]


@pytest.mark.parametrize(
    ("instance", "unit_id"),
    [(0, 100), (1, 1), (255, 255), (256, 247), (276, 227), (296, 234), (512, 225), (297, None)],
)
def test_instances_are_reached_by_unit_ids(instance: int, unit_id: int | None) -> None:
    """Except those above 255 that the table leaves out."""
    assert unit_of(instance, NEWEST_SERVER) == unit_id
