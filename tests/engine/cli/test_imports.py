"""What a command imports: a list of what there is needs no event loop and no Modbus."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from custom_components.voltrail.engine.devices import FAMILIES
from custom_components.voltrail.engine.devices.ams_han import ZONES
from custom_components.voltrail.engine.devices.family import Late
from custom_components.voltrail.engine.han import Zone

ROOT = Path(__file__).parents[3]


def imported(*words: str) -> set[str]:
    """Return the modules that a command has imported when it ends."""
    program = (
        "import json, sys; from voltrail.cli import main; main(sys.argv[1:]); "
        "print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize("words", [("families",), ("families", "--json"), ("--help",)])
def test_a_list_needs_no_device(words: tuple[str, ...]) -> None:
    """Families are described by modules that import none of their code."""
    modules = imported(*words)
    heavy = {"asyncio", "modbus_connection", "pymodbus", "tmodbus", "ssl", "csv", "decimal"}
    assert modules & heavy == set()
    ours = {name for name in modules if name.startswith("voltrail")}
    assert not [name for name in ours if name.endswith((".device", ".meter", ".polled_device"))]
    assert not [name for name in ours if name.startswith(("voltrail.han", "voltrail.charging"))]
    # It grows with the families: three modules each.
    assert len(ours) <= 32


def test_a_meter_needs_no_charger() -> None:
    """To decode what a meter sent neither Modbus is needed nor the charging controller."""
    modules = imported("decode", "tests/engine/cli/__init__.py")
    assert not [name for name in modules if name.startswith("voltrail.charging")]
    assert not [
        name for name in modules if name.startswith("voltrail") and name.endswith(".device")
    ]


def test_a_family_says_what_its_code_is() -> None:
    """What is imported late is there, and so are the words that stand for it."""
    for family in FAMILIES:
        family.load()
        assert family.loaded
    assert tuple(Zone) == ZONES
    missing = Late("voltrail", "nothing", "Nothing")
    assert not missing.loaded


def test_a_name_that_a_family_lacks() -> None:
    """A family has its device and nothing else."""
    for family in FAMILIES:
        module = sys.modules[f"custom_components.voltrail.engine.devices.{family.key}"]
        with pytest.raises(AttributeError):
            _ = module.Nothing
