"""What other integrations call our values: tables with our words, and patterns that find them."""

import csv
import re

import pytest

from custom_components.voltrail.engine.devices import FAMILIES
from custom_components.voltrail.engine.devices.predecessor import Doubt

from .test_project import ROOT
from .vocabulary import vocabulary

PREDECESSORS = {one.table.stem: one for kind in FAMILIES for one in kind.predecessors}
FOUND_OUT = ROOT.parent / "shared" / "data" / "moving-in"
"""What was found out about the old integrations, where it lies beside the repository."""


def found(
    predecessor: str, unique_id: str, entry_id: str | None = None, name: str | None = None
) -> list[tuple[str, Doubt | None]]:
    """Return what a unique id means."""
    matches = PREDECESSORS[predecessor].matches([unique_id], entry_id, name)
    return [(row.path, row.doubt) for _, row in matches]


@pytest.mark.parametrize(
    ("predecessor", "unique_id", "paths"),
    [
        # The key is the longest that fits: "power" ends "total_power" too.
        ("willeja", "01ABC_total_power", ["power"]),
        ("willeja", "01ABC_total_energy", ["energy_charged"]),
        ("nobelp", "01ABC_hems_current_limit", ["current_limit"]),
        ("memphi2", "1234567_evse_state", ["evse_state"]),
        ("sfstar", "225_battery_soc", ["battery_225/state_of_charge"]),
        ("sfstar", "30_grid_L1_power", ["grid_30/power_l1"]),
        ("thastealth", "my_alfen_socket_1_realEnergyDeliveredSum", ["socket_1/energy_charged"]),
        ("leeyuentuen", "alfen_Driveway-meter_reading_socket_1", ["socket_1/energy_charged"]),
        ("leeyuentuen", "alfen_Driveway-sensor", ["socket_1/charging_state"]),
        ("toreamun", "aidon-7359992890941742-active_power_import", ["power_imported"]),
        ("toreamun", "aidon-7359992890941742-active_power_import_total", ["energy_imported"]),
        # A set was printed where the maker should be.
        ("toreamun", "CEID-01ABC-{'AIDON'}6534-active_power_import_total", ["energy_imported"]),
        ("turbokongen", "ams_active_power_import_l1_1234", ["power_imported_l1"]),
        ("turbokongen", "ams_active_energy_import_1234", ["energy_imported"]),
        ("sfstar", "somebody_else", []),
        ("toreamun", "aidon-7359992890941742-meter_type", []),
    ],
)
def test_a_unique_id_is_understood(predecessor: str, unique_id: str, paths: list[str]) -> None:
    """Each old integration makes its unique ids in a way of its own."""
    assert [path for path, _ in found(predecessor, unique_id)] == paths


def test_another_entry_is_not_meant() -> None:
    """Where the id of the entry, or its name, is part of the unique id, it has to be that one."""
    assert found("willeja", "01ABC_total_power", entry_id="01ABC")
    assert not found("willeja", "01ABC_total_power", entry_id="02DEF")
    assert found("thastealth", "a_b_socket_1_VL1-N", name="a_b")
    assert not found("thastealth", "a_b_socket_1_VL1-N", name="a")


@pytest.mark.parametrize(
    ("predecessor", "unique_id", "doubt"),
    [
        ("nobelp", "01ABC_pause_charging", Doubt.INVERTED),
        ("sfstar", "30_grid_L1_energy_forward", Doubt.WRAPS),
        ("sfstar", "30_grid_L2_energy_forward", Doubt.REGISTER),
        ("sfstar", "23_genset_engine_oiltemperature", Doubt.SCALE),
        ("sfstar", "30_acload_L1_power", Doubt.SIGN),
        ("sfstar", "225_battery_capacity", Doubt.UNIT),
        ("sfstar", "40_evcharger_energy_forward", Doubt.MEANING),
        ("thastealth", "a_socket_1_reactiveEnergySum", Doubt.REGISTER),
        ("leeyuentuen", "alfen_a_main_normal_max_current_socket_1", Doubt.MEANING),
        ("willeja", "01ABC_total_energy", None),
    ],
)
def test_what_is_wrong_there_is_doubted(
    predecessor: str, unique_id: str, doubt: Doubt | None
) -> None:
    """A wrong register, another scale or a counter that wraps would spoil our statistics."""
    assert [why for _, why in found(predecessor, unique_id)] == [doubt]


def _word(path: str) -> str:
    """Return the word of a path, as the translations know it."""
    name = path.rpartition("/")[2]
    return re.sub(r"(_l\d(_?(l\d|n))?|_\d+)$", "", name)


@pytest.mark.parametrize("predecessor", PREDECESSORS)
def test_our_side_exists(predecessor: str) -> None:
    """Every path ends in a word that our devices can say."""
    spoken = vocabulary()
    words = {re.sub(r"_(phase|number)$", "", word) for word in spoken.readings}
    for controls in spoken.controls.values():
        words |= {re.sub(r"_(phase|number)$", "", word) for word in controls}
    unknown = {
        row.path
        for row in PREDECESSORS[predecessor].counterparts()
        if not {_word(row.path), row.path.rpartition("/")[2]} & words
    }
    assert not unknown


@pytest.mark.parametrize("predecessor", PREDECESSORS)
def test_a_table_has_no_row_twice(predecessor: str) -> None:
    """A pair is listed once, and every path is one of a part or of the device."""
    rows = [(row.key, row.path) for row in PREDECESSORS[predecessor].counterparts()]
    assert len(rows) == len(set(rows))
    assert all(re.fullmatch(r"(\w+_\{unit\}/|socket_\d/)?\w+", path) for _, path in rows)


@pytest.mark.skipif(not FOUND_OUT.exists(), reason="the facts do not lie beside this clone")
def test_every_counterpart_is_in_a_table() -> None:
    """Nothing that was found out about an old integration is left out here."""
    compared = 0
    for path in FOUND_OUT.glob("*.csv"):
        predecessor = PREDECESSORS.get(path.stem.rpartition(".")[2])
        if predecessor is None:
            continue  # a `modbus:` in YAML leaves no unique ids
        ours = {(row.key, row.path) for row in predecessor.counterparts()}
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                # A serial number is shown as the device's, not as an entity.
                if row["voltrail_path"].rpartition("/")[2] not in ("", "serial_number"):
                    key = "sensor" if row["old_key"] == "(main)" else row["old_key"]
                    assert (key, row["voltrail_path"].replace("{slave}", "{unit}")) in ours
                    compared += 1
    assert compared == 1174
