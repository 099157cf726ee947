"""The current limit: the trap at 0, what is too little, and what is clamped."""

import math

import pytest

from simulators.mennekes_rtu import Compact, EvseState
from tests.simulators.mennekes_rtu.support import Master, master_of, single


async def _offered(master: Master, charger: Compact, amps: float) -> float:
    await master.limit(amps)
    await master.lead(charger, 12)
    return float(charger.state()["charging.signalled"] or 0)


@pytest.mark.parametrize(("model", "most"), [("Compact 2.0s 11", 16), ("Compact 2.0s 22", 32)])
@pytest.mark.parametrize("zero", [0.0, -0.0, 0.004])
async def test_zero_is_full_power(model: str, most: float, zero: float) -> None:
    """The trap; whoever writes it is remembered."""
    charger = Compact(model=model)
    async with master_of(charger) as master:
        await master.start(charger, 6.5)
        assert charger.full_power_trap == 0
        assert await _offered(master, charger, zero) == most
        assert await master.number(0x0500) == most
        assert charger.full_power_trap == 1
        assert charger.state()["violations.full_power"] == 1


@pytest.mark.parametrize("layout", ["1.00", "1.01", "1.02"])
async def test_older_documents_know_no_zero(layout: str) -> None:
    """There it pauses, and is remembered all the same."""
    charger = Compact(layout=layout)
    async with master_of(charger) as master:
        await master.start(charger)
        assert await _offered(master, charger, 0) == 0
    assert charger.full_power_trap == 1


@pytest.mark.parametrize("amps", [0.01, 1.0, 5.0, 5.99])
async def test_too_little_is_a_pause(amps: float) -> None:
    """Nothing is signalled, and it is not the trap."""
    charger = Compact()
    async with master_of(charger) as master:
        await master.start(charger)
        assert await _offered(master, charger, amps) == 0
        assert await master.word(0x0100) == EvseState.WAITING
        assert await master.number(0x0512) == 0
    assert charger.full_power_trap == 0


async def test_fractions_count() -> None:
    """0.1 A steps and finer."""
    charger = Compact()
    async with master_of(charger) as master:
        await master.start(charger)
        for amps in (7.2, 6.0, 13.37, 15.9):
            assert await _offered(master, charger, amps) == pytest.approx(amps)
            assert await master.number(0x0114) == pytest.approx(amps)


@pytest.mark.parametrize(
    ("charger", "works"),
    [
        (Compact(layout="1.03"), True),
        (Compact(layout="1.02"), False),
        (Compact(layout="1.00"), False),
        (Compact(layout="1.02", six_is_enough=True), True),
        (Compact(layout="1.03", six_is_enough=False), False),
    ],
)
async def test_old_units_need_a_little_more_than_six(charger: Compact, *, works: bool) -> None:
    """6.01 A works everywhere."""
    async with master_of(charger) as master:
        await master.start(charger)
        assert await _offered(master, charger, 6.0) == (6 if works else 0)
        assert await _offered(master, charger, 6.01) == pytest.approx(6.01)


@pytest.mark.parametrize(
    ("states", "most"),
    [
        ({}, 32),
        ({"charger.house_current": 25}, 25),
        ({"charger.evse_code": 3}, 16),
        ({"charger.cable_current": 20}, 20),
        ({"charger.downgraded": True, "charger.downgrade_current": 8}, 8),
        ({"charger.downgraded": True, "charger.downgrade_current": 0}, 0),
    ],
)
async def test_the_charger_clamps_by_itself(states: dict[str, object], most: float) -> None:
    """House, installation, cable and downgrade; a write above them is taken."""
    charger = Compact(model="Compact 2.0s 22")
    charger.set(states)
    async with master_of(charger) as master:
        await master.start(charger)
        assert await _offered(master, charger, 1000) == most
        assert await master.number(0x0302) == 1000
        assert await master.word(0x0102) == (2 if "charger.downgraded" in states else 1)
        if "charger.downgraded" not in states:
            assert await master.number(0x0B00) == most


async def test_the_cable_counts_only_while_it_is_there() -> None:
    """And never when it is the charger's own."""
    charger = Compact(model="Compact 2.0s 22")
    tethered = Compact(model="4You 310 22 C2")
    for box in (charger, tethered):
        box.set({"charger.cable_current": 13})
    async with master_of(charger) as master:
        assert await master.number(0x0B00) == 32
        charger.do("plug_in")
        assert await master.number(0x0B00) == 13
    async with master_of(tethered) as master:
        tethered.do("plug_in")
        assert await master.number(0x0B00) == 32


@pytest.mark.parametrize("amps", [-1.0, -0.1, math.inf, -math.inf, math.nan])
async def test_what_is_no_current_is_refused(amps: float) -> None:
    """And changes nothing."""
    charger = Compact()
    async with master_of(charger) as master:
        await master.start(charger)
        assert await master.refused(0x0302, *single(amps)) == 3
        assert await master.number(0x0302) == 16
    assert charger.full_power_trap == 0


async def test_half_a_number_is_refused() -> None:
    """With both functions, in both registers."""
    charger = Compact()
    async with master_of(charger) as master:
        for address in (0x0302, 0x0303):
            assert await master.refused(address, 0) == 2
            assert await master.refused_one(address, 0) == 2
    assert charger.full_power_trap == 0


async def test_changes_within_five_seconds_are_counted() -> None:
    """The same value again is no change; the first one cannot be too early."""
    charger = Compact()
    async with master_of(charger) as master:
        await master.limit(10)
        for seconds, amps, fast in (
            (5, 11, 0),
            (4.9, 11, 0),
            (0.2, 12, 0),
            (4.9, 13, 1),
            (5, 14, 1),
        ):
            charger.advance(seconds)
            await master.limit(amps)
            assert charger.violations.fast_changes == fast
        await master.limit(15)
        assert charger.violations.fast_changes == 2
