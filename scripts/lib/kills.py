"""End a real Home Assistant in the middle of an order, start it again, and look at the registers.

It talks to simulated chargers over real sockets. The moments are those of the order itself: it is
on the disk and not sent yet, it arrives at the charger, it was answered and is not confirmed on
the disk yet. Then the newest order has to be in force, or the lower of two where nobody can know
whether it got through.
"""

import argparse
import asyncio
import logging
import os
import signal
import socket
import sys
import tempfile
import time
import urllib.error
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException
from itertools import cycle, product
from pathlib import Path
from typing import Final

from scripts.lib.demo_entries import Place, set_up
from scripts.lib.home_assistant import HomeAssistant, NotReadyError
from simulators.alfen import Eve
from simulators.charger import SimulatedCharger
from simulators.mennekes_rtu import Compact
from simulators.mennekes_tcp import Charger4X
from simulators.server import serve
from simulators.traffic import Request

ORDERS: Final = (8.0, 13.0, 0.0, 16.0, 10.0, 6.0, 14.0)
SETTLED: Final = 40.0
"""Seconds after a start within which the order is in force."""
STEP: Final = 0.25
SIGNALS: Final = (signal.SIGKILL, signal.SIGTERM)
MOMENTS: Final = ("on the disk", "arrives", "answered", "a second later")


@dataclass(kw_only=True)
class Charger:
    """A simulated charger, and where Home Assistant keeps what was asked of it."""

    name: str
    family: str
    device: SimulatedCharger
    in_force: Callable[[], float]
    entry_id: str = ""
    entity_id: str = ""
    asked: float = 0.0


def _chargers() -> list[Charger]:
    amtron, compact, eve = Charger4X(), Compact(fallback=6, dynamic_phases=True), Eve()
    (socket_1,) = eve.sockets
    hems = amtron.hems
    for device in (amtron, compact, eve):
        device.plug_in()
    return [
        Charger(
            name="4Business",
            family="mennekes_tcp",
            device=amtron,
            in_force=lambda: float(
                hems.safe_current if hems.timed_out else hems.current_tenths / 10
            ),
        ),
        Charger(
            name="Compact", family="mennekes_rtu", device=compact, in_force=compact.ems.allowed
        ),
        Charger(name="Alfen", family="alfen", device=eve, in_force=lambda: socket_1.applied),
    ]


@asynccontextmanager
async def _house(stack: AsyncExitStack) -> AsyncIterator[tuple[HomeAssistant, list[Charger]]]:
    """Have three chargers and a Home Assistant that knows them."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    hass = HomeAssistant(folder, port=port)
    hass.prepare()
    stack.callback(hass.stop)
    await _start(hass, first=True)
    found = _chargers()
    living = asyncio.create_task(_live(found))
    for one in found:
        server = await stack.enter_async_context(serve(one.device))
        before = await asyncio.to_thread(_numbers, hass)
        place = Place(
            key=one.name,
            title=one.name,
            family=one.family,
            path=("tcp",) if one.family == "mennekes_rtu" else (),
            answers={"host": server.host, "port": server.port},
            area="",
        )
        one.entry_id = await asyncio.to_thread(set_up, hass, place)
        (one.entity_id,) = await asyncio.to_thread(_new_numbers, hass, before)
    try:
        yield hass, found
    finally:
        living.cancel()


def _numbers(hass: HomeAssistant) -> frozenset[str]:
    return frozenset(
        str(state["entity_id"])
        for state in hass.get("/api/states")
        if state["entity_id"].startswith("number.")
        and state["entity_id"].endswith("_current_limit")
        and state["state"] != "unavailable"
    )


def _new_numbers(hass: HomeAssistant, before: frozenset[str]) -> frozenset[str]:
    """Wait until there is another number."""
    for _ in range(80):
        if new := _numbers(hass) - before:
            return new
        time.sleep(STEP)
    message = "there is no number for the limit"
    raise NotReadyError(message)


async def _live(chargers: list[Charger]) -> None:
    """Let the chargers live in real time."""
    while True:
        await asyncio.sleep(STEP)
        for one in chargers:
            one.device.advance(STEP)


async def _start(hass: HomeAssistant, *, first: bool = False) -> None:
    await asyncio.to_thread(hass.start)
    if first:
        await asyncio.to_thread(hass.sign_in, "owner", "owner")
    await asyncio.to_thread(hass.wait_until_running)


async def _order(hass: HomeAssistant, one: Charger, amps: float) -> bool:
    """Ask for a limit; return whether Home Assistant said that it is done."""
    given = {"entity_id": one.entity_id, "value": amps}
    try:
        await asyncio.to_thread(hass.post, "/api/services/number/set_value", given)
    except OSError, HTTPException, urllib.error.URLError:
        return False
    return True


# -- moments -----------------------------------------------------------------


async def _until_on_the_disk(hass: HomeAssistant, one: Charger, _asking: Awaitable[object]) -> None:
    path = hass.folder / ".storage" / f"voltrail.{one.entry_id}"
    before = path.stat().st_mtime_ns if path.exists() else 0
    # There is nothing to wait for but the file, and a moment later is too late.
    while not path.exists() or path.stat().st_mtime_ns == before:  # noqa: ASYNC110
        await asyncio.sleep(0)


async def _until_it_arrives(_: HomeAssistant, one: Charger, _asking: Awaitable[object]) -> None:
    arrived = asyncio.Event()

    def note(_request: Request) -> None:
        arrived.set()

    one.device.watchers.append(note)
    try:
        await arrived.wait()
    finally:
        one.device.watchers.remove(note)


async def _until_answered(_: HomeAssistant, _one: Charger, asking: Awaitable[object]) -> None:
    await asking


async def _until_later(_: HomeAssistant, _one: Charger, asking: Awaitable[object]) -> None:
    await asking
    await asyncio.sleep(1)


type Moment = Callable[[HomeAssistant, Charger, Awaitable[object]], Awaitable[None]]

_UNTIL: Final[Mapping[str, Moment]] = {
    "on the disk": _until_on_the_disk,
    "arrives": _until_it_arrives,
    "answered": _until_answered,
    "a second later": _until_later,
}


# -- one kill ----------------------------------------------------------------


def may_be(before: float, asked: float, *, done: bool | None) -> set[float]:
    """Return what may be in force after a kill; `done` is None where it may never have begun.

    The newest order, or the lower of two as long as it is not confirmed on the disk.
    """
    allowed = {asked, min(before, asked)}
    return allowed | {before} if done is None else allowed


@dataclass(frozen=True, kw_only=True)
class End:
    """How and when Home Assistant ends."""

    how: signal.Signals
    moment: str
    chosen: Charger
    """Whose moment it is; the others are ordered as well."""


async def _kill(hass: HomeAssistant, chargers: list[Charger], end: End, amps: float) -> list[str]:
    """Order of all chargers at once, end Home Assistant at a moment of one; tell what is wrong."""
    assert hass.process is not None
    chosen = end.chosen
    asking = {one.name: asyncio.ensure_future(_order(hass, one, amps)) for one in chargers}
    async with asyncio.timeout(30):
        await _UNTIL[end.moment](hass, chosen, asyncio.shield(asking[chosen.name]))
    os.kill(hass.process.pid, end.how)
    await asyncio.to_thread(hass.process.wait, 60)
    answered = dict(zip(asking, await asyncio.gather(*asking.values()), strict=True))
    hass.stop()
    await asyncio.sleep(2)
    await _start(hass)
    wrong = []
    for one in chargers:
        known = answered[one.name] or one is chosen
        allowed = may_be(one.asked, amps, done=True if known else None)
        found = await _settled(one, allowed)
        if not any(abs(found - amp) < 0.11 for amp in allowed):
            wrong.append(f"{one.name}: {found:g} A, not one of {sorted(allowed)}")
        one.asked = found
    return wrong


async def _settled(one: Charger, allowed: set[float]) -> float:
    """Return what is in force once it stays; at the latest after a while."""
    loop = asyncio.get_running_loop()
    end, since = loop.time() + SETTLED, loop.time()
    before = one.in_force()
    while loop.time() < end:
        await asyncio.sleep(STEP)
        now = one.in_force()
        if now != before or not any(abs(now - amp) < 0.11 for amp in allowed):
            before, since = now, loop.time()
        elif loop.time() - since > 5:
            break
    return one.in_force()


async def _kill_in_a_change_of_phases(hass: HomeAssistant, one: Charger) -> str:
    """End Home Assistant while the relays of a charger switch; tell what is wrong."""
    assert hass.process is not None
    assert isinstance(one.device, Compact)
    ems = one.device.ems
    phases = "three" if ems.single_phase else "one"
    select = one.entity_id.replace("number.", "select.").replace("_current_limit", "_phases")
    given = {"entity_id": select, "option": phases}
    asking = asyncio.ensure_future(
        asyncio.to_thread(hass.post, "/api/services/select/select_option", given)
    )
    before = ems.single_phase
    async with asyncio.timeout(120):
        while ems.single_phase == before and not asking.done():  # noqa: ASYNC110 - the model's
            await asyncio.sleep(0)
    os.kill(hass.process.pid, signal.SIGKILL)
    await asyncio.to_thread(hass.process.wait, 60)
    await asyncio.gather(asking, return_exceptions=True)
    hass.stop()
    await asyncio.sleep(2)
    await _start(hass)
    found = await _settled(one, {one.asked})
    if abs(found - one.asked) >= 0.11:
        return f"{found:g} A, not {one.asked:g}"
    return "" if ems.single_phase != before else "the phases are those of before"


async def run(count: int, say: Callable[[str], None]) -> int:
    """End Home Assistant so many times; return how often an order was lost."""
    failed = 0
    async with AsyncExitStack() as stack:
        hass, chargers = await stack.enter_async_context(_house(stack))
        for one in chargers:
            with suppress(TimeoutError):
                assert await _order(hass, one, 16)
            one.asked = 16.0
        await asyncio.sleep(25)
        plan = [
            End(how=how, moment=moment, chosen=chosen)
            for moment, how, chosen in product(MOMENTS, SIGNALS, chargers)
        ]
        for end, amps, _ in zip(cycle(plan), cycle(ORDERS), range(count), strict=False):
            wrong = await _kill(hass, chargers, end, amps)
            failed += bool(wrong)
            say(
                f"{end.how.name}, {amps:g} A: {end.moment}, {end.chosen.name}:"
                f" {'; '.join(wrong) or 'as it should be'}"
            )
        compact = next(one for one in chargers if isinstance(one.device, Compact))
        # With something in force that a car charges with.
        assert await _order(hass, compact, 12)
        compact.asked = 12.0
        await asyncio.sleep(65)
        for _ in range(2):
            told = await _kill_in_a_change_of_phases(hass, compact)
            failed += bool(told)
            say(f"SIGKILL in a change of phases: {told or 'as it should be'}")
    return failed


def main() -> int:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(prog="scripts/soak kills", description=__doc__)
    parser.add_argument("--count", type=int, default=24, help="of kills in an order of a limit")
    chosen = parser.parse_args()
    # What the simulated chargers say of clients that vanish.
    logging.disable(logging.CRITICAL)
    return asyncio.run(run(chosen.count, lambda text: print(f"voltrail: {text}", flush=True)))


if __name__ == "__main__":
    sys.exit(main())
