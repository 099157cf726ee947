"""Gensets that speak: AC ones of Fischer Panda, ComAp, Deep Sea, DSE and others, and DC ones."""

from collections.abc import Iterator
from typing import ClassVar

from ....model.controls import Control
from ....model.points import (
    Aspect,
    Quantity,
    Tier,
    derived,
    enumerated,
    flag,
    measure,
    phases,
    text,
)
from ..block_controls import BlockControls
from ..component import DcComponent, GxComponent, phase_sum
from ..fields import UNTIL_SEEN, code, each, int16, int32, row, string, uint16, yes
from ..identities import identity
from ..service import Energy, Service, main, reserved, settings
from ..service_device import ServiceDevice
from ..states import EngineState
from ..write_limits import SWITCH


class Engine(GxComponent):
    """What AC and DC gensets share."""

    served_with: ClassVar = {"error_active": "error_summary"}

    @derived(Aspect.PROBLEM, tier=Tier.MAIN)
    def error_active(self) -> bool | None:
        """Whether the genset reports any error."""
        # Computed since server 1.0.90: 0, or something while there is any error text. The long
        # list of codes in the document is of the past.
        summary = self._values.get("error_summary")
        return None if summary is None else bool(summary)


class Genset(Engine, tier=Tier.DETAIL):
    """The engine, and what it gives."""

    voltage_l1, voltage_l2, voltage_l3 = phases(
        uint16, (3200, 3201, 3202), Quantity.VOLTAGE, scale=10, tier=Tier.MAIN
    )
    current_l1, current_l2, current_l3 = phases(
        int16, (3203, 3204, 3205), Quantity.CURRENT, scale=10, tier=Tier.MAIN
    )
    frequency = measure(uint16(3209, 100, since=70), Quantity.FREQUENCY)
    engine_state = enumerated(code(3213, EngineState), tier=Tier.MAIN)
    error_summary = uint16(3214, since=90)
    remote_start_enabled = flag(yes(3215, since=63))
    engine_load = measure(uint16(3216), Quantity.RATIO)
    engine_speed = measure(uint16(3217), Quantity.ROTATION)
    operating_time = measure(uint16(3218, 0.01), Quantity.DURATION)
    coolant_temperature = measure(int16(3219, 10, zero=UNTIL_SEEN), Quantity.TEMPERATURE)
    winding_temperature = measure(int16(3220, 10, zero=UNTIL_SEEN), Quantity.TEMPERATURE)
    exhaust_temperature = measure(int16(3221, 10, zero=UNTIL_SEEN), Quantity.TEMPERATURE)
    starter_voltage = measure(uint16(3222, 100, zero=UNTIL_SEEN), Quantity.VOLTAGE)
    # Past the safeguards of start/stop: people may be working at the engine.
    direct_start = flag(yes(3223, setting=SWITCH), tier=Tier.EXPERT)
    oil_pressure = measure(int16(3224, since=48, zero=UNTIL_SEEN), Quantity.PRESSURE)
    oil_temperature = measure(int16(3228, since=61, zero=UNTIL_SEEN), Quantity.TEMPERATURE)
    power_l1, power_l2, power_l3 = phases(
        int32,
        (3230, 3232, 3234),
        Quantity.POWER,
        since=78,
        before=each(int16, 3206, 3207, 3208),
        tier=Tier.MAIN,
    )
    power_factor_l1, power_factor_l2, power_factor_l3 = phases(
        int16, (3236, 3237, 3238), Quantity.POWER_FACTOR, scale=1000, since=79, tier=Tier.EXPERT
    )
    power_factor = measure(int16(3239, 1000, since=79), Quantity.POWER_FACTOR, tier=Tier.EXPERT)
    power = phase_sum("power", tier=Tier.MAIN)


class GensetErrors(GxComponent, tier=Tier.EXPERT):
    """What is wrong, in the genset's own codes."""

    error_1, error_2, error_3, error_4, error_5, error_6, error_7, error_8 = (
        text(string(address, 16, since=67), number=number) for number, address in row(5000, 8, 16)
    )


def _controls(device: ServiceDevice) -> Iterator[Control]:
    yield from BlockControls(device, Genset).switch("direct_start", tier=Tier.EXPERT)


GENSET = Service(
    "genset",
    "Genset",
    3200,
    (identity(3250, product=3212), main(Genset), settings("errors", GensetErrors)),
    fillers=reserved((3210, 2), (3225, 3), (3229, 1), (3240, 10)),
    # They have no counter.
    energies=(
        Energy(Genset, power=lambda device: device.the(Genset).power, positive="energy_produced"),
    ),
    controls=_controls,
)


class DcGenset(DcComponent, Engine, tier=Tier.DETAIL):
    """The engine, and what it gives to the battery and to DC loads."""

    engine_state = enumerated(code(5201, EngineState, since=70), tier=Tier.MAIN)
    error_summary = uint16(5202, since=90)
    # Offered as writable elsewhere; the server refuses.
    remote_start_enabled = flag(yes(5203, since=70))
    # Past the safeguards of start/stop: people may be working at the engine.
    direct_start = flag(yes(5204, since=70, setting=SWITCH), tier=Tier.EXPERT)
    voltage = measure(uint16(5205, 100, since=70), Quantity.VOLTAGE, tier=Tier.MAIN)
    current = measure(int16(5206, 10, since=70), Quantity.CURRENT, tier=Tier.MAIN)
    engine_load = measure(uint16(5207, since=70), Quantity.RATIO)
    engine_speed = measure(uint16(5208, since=70), Quantity.ROTATION)
    operating_time = measure(uint16(5209, 0.01, since=70), Quantity.DURATION)
    coolant_temperature = measure(int16(5210, 10, since=70, zero=UNTIL_SEEN), Quantity.TEMPERATURE)
    winding_temperature = measure(int16(5211, 10, since=70, zero=UNTIL_SEEN), Quantity.TEMPERATURE)
    exhaust_temperature = measure(int16(5212, 10, since=70, zero=UNTIL_SEEN), Quantity.TEMPERATURE)
    starter_voltage = measure(uint16(5213, 100, since=70, zero=UNTIL_SEEN), Quantity.VOLTAGE)
    oil_pressure = measure(int16(5214, since=70, zero=UNTIL_SEEN), Quantity.PRESSURE)
    heatsink_temperature = measure(int16(5215, 10, since=70, zero=UNTIL_SEEN), Quantity.TEMPERATURE)
    oil_temperature = measure(int16(5216, since=70, zero=UNTIL_SEEN), Quantity.TEMPERATURE)


class DcGensetErrors(GxComponent, tier=Tier.EXPERT):
    """What is wrong, in the genset's own codes."""

    error_1, error_2, error_3, error_4, error_5, error_6, error_7, error_8 = (
        text(string(address, 16, since=70), number=number) for number, address in row(5218, 8, 16)
    )


def _dc_controls(device: ServiceDevice) -> Iterator[Control]:
    yield from BlockControls(device, DcGenset).switch("direct_start", tier=Tier.EXPERT)


DCGENSET = Service(
    "dcgenset",
    "DC genset",
    5200,
    (
        identity(5350, product=5200, since=70),
        main(DcGenset),
        settings("errors", DcGensetErrors),
    ),
    since=70,
    fillers=reserved((5217, 1), (5346, 4)),
    energies=(
        Energy(
            DcGenset, power=lambda device: device.the(DcGenset).power, positive="energy_produced"
        ),
    ),
    controls=_dc_controls,
)
