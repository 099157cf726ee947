"""Simulated devices that together have everything a family can have.

What a device offers depends on its generation, its firmware and its settings. The pages in
docs/ speak of all of them, so each family is met here in every form that makes a difference.
"""

import importlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from unittest.mock import patch

from custom_components.voltrail.engine.devices.family import Family
from custom_components.voltrail.engine.library import connect
from custom_components.voltrail.engine.model.options import Options
from custom_components.voltrail.engine.polling.base_device import BaseDevice
from simulators.alfen import DataSource, Eve
from simulators.device import SimulatedDevice
from simulators.mennekes_rtu import Compact
from simulators.mennekes_tcp import Charger4X, ChargerEcu, ChargerHcc3
from simulators.server import serve
from simulators.victron_evcs import ChargingStation
from simulators.victron_gx import everything
from simulators.victron_gx.unit_ids import unit_of

type Meeting = Callable[[], AbstractAsyncContextManager[BaseDevice]]


@dataclass(frozen=True, kw_only=True)
class Specimen:
    """A device in one of the forms of its family."""

    group: str = ""
    """The generation; empty where a family has one only."""
    since: str = ""
    """What this form needs that the one before it in its group does not."""
    only: str = ""
    """When there is what only this form has, where it stands beside the others."""
    meet: Meeting


def load(key: str) -> Family:
    """Return a family by its key, whether it is offered yet or not."""
    module = importlib.import_module(f"custom_components.voltrail.engine.devices.{key}")
    family = module.FAMILY
    assert isinstance(family, Family)
    return family


def _simulated(key: str, build: Callable[[], SimulatedDevice], **extra: Any) -> Meeting:
    @asynccontextmanager
    async def meet() -> AsyncIterator[BaseDevice]:
        device = build()
        async with (
            serve(device) as server,
            connect(
                load(key), f"{server.host}:{server.port}", options=Options(extra=extra)
            ) as found,
        ):
            await found.update()
            yield found

    return meet


def _master() -> SimulatedDevice:
    charger = Charger4X(model="4Business 710 11 C2")
    charger.set({"network.mode": 1})
    return charger


def _gx(*, without: tuple[str, ...] = ()) -> Meeting:
    gx = everything()
    # What is at a GX is named here, so that nothing has to be searched for.
    services = ", ".join(
        f"{service.kind} {unit_of(service.instance, gx.server)}"
        for service in gx.services.values()
        if service.kind not in ("system", "settings", "platform", *without)
    )
    meet = _simulated(
        "victron_gx",
        lambda: gx,
        services=services,
        write=True,
        ac_phases=3,
        ac_current=25,
        battery="lifepo4_16s",
        dc_current=150,
    )
    component = importlib.import_module(
        "custom_components.voltrail.engine.devices.victron_gx.component"
    )

    @asynccontextmanager
    async def complete() -> AsyncIterator[BaseDevice]:
        # Whether a phase or a sensor is missing is a matter of the house, not of the family.
        with patch.object(component.GxComponent, "missing", return_value=False):
            async with meet() as found:
                yield found

    return complete


@asynccontextmanager
async def _meter() -> AsyncIterator[BaseDevice]:
    listen = load("ams_han").listen
    assert listen is not None
    yield listen(Options())


SPECIMENS: Final[dict[str, Callable[[], tuple[Specimen, ...]]]] = {
    "mennekes_tcp": lambda: (
        Specimen(
            group="4X",
            meet=_simulated("mennekes_tcp", lambda: Charger4X(protocol="1.1")),
        ),
        Specimen(group="4X", since="protocol 1.5", meet=_simulated("mennekes_tcp", _master)),
        Specimen(
            group="ECU",
            meet=_simulated("mennekes_tcp", lambda: ChargerEcu(firmware="5.12")),
        ),
        Specimen(
            group="ECU",
            since="firmware 5.22",
            meet=_simulated("mennekes_tcp", lambda: ChargerEcu(firmware="5.22")),
        ),
        Specimen(
            group="ECU",
            since="firmware 5.32",
            meet=_simulated("mennekes_tcp", lambda: ChargerEcu(model="CC613", firmware="5.33")),
        ),
        Specimen(
            group="HCC3",
            meet=_simulated("mennekes_tcp", lambda: ChargerHcc3(any_unit=True)),
        ),
    ),
    "mennekes_rtu": lambda: tuple(
        Specimen(
            since="" if layout == "1.00" else f"layout {layout}",
            meet=_simulated("mennekes_rtu", partial(Compact, layout=layout)),
        )
        for layout in ("1.00", "1.01", "1.02", "1.03")
    ),
    "alfen": lambda: (
        Specimen(meet=_simulated("alfen", lambda: Eve(sockets=2, source=DataSource.SCN))),
    ),
    "victron_gx": lambda: (
        Specimen(meet=_gx()),
        Specimen(only="where no grid meter is fitted", meet=_gx(without=("grid",))),
        Specimen(only="where no battery tells by itself", meet=_gx(without=("battery",))),
    ),
    "victron_evcs": lambda: (
        Specimen(
            meet=_simulated("victron_evcs", lambda: ChargingStation(firmware="000120ff")),
        ),
        Specimen(
            since="firmware 1.21",
            meet=_simulated("victron_evcs", lambda: ChargingStation(firmware="00012101")),
        ),
        Specimen(since="firmware 1.22", meet=_simulated("victron_evcs", ChargingStation)),
    ),
    "ams_han": lambda: (Specimen(meet=_meter),),
}
"""Every form of every family, the oldest of a group first."""
