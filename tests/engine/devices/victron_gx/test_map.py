"""The declared registers, compared with the register list that the GX executes."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from custom_components.voltrail.engine.devices.victron_gx.fields import GxNumber, variants
from custom_components.voltrail.engine.devices.victron_gx.finding import Found
from custom_components.voltrail.engine.devices.victron_gx.service import Service, readable
from custom_components.voltrail.engine.devices.victron_gx.services import SERVICES

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

OTHER_SCALE: Final = {71, 72}
"""Listed without a scale, which the server takes for 1."""


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
    Row("multi", address, "uint16", 10, False) for address in (4503, 4504, 4505, 4513, 4514, 4515)
}
"""Forms that registers had before server 1.0.59."""


@needs_the_list
def test_every_register_is_declared_as_listed() -> None:
    """Address, type, width, scale and write permission are those of the list, and none is missing."""
    ours, theirs = set(declared()), set(listed())
    assert ours - theirs == OLD_FORMS
    assert theirs - ours == set()
    assert len(theirs) == 943
