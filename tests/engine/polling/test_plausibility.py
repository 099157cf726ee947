"""What a device answers soundly, and what is read again before anything of it is believed."""

import asyncio
import logging
import struct
from collections.abc import Awaitable, Callable
from typing import override

import pytest
from modbus_connection import ModbusConnectionError
from modbus_connection.mock import MockModbusConnection, MockModbusUnit
from modbus_connection.model import Component, float32, integer, string, uint32

from custom_components.voltrail.engine.model.errors import GarbledAnswerError, LinkDownError
from custom_components.voltrail.engine.model.parts import Identity
from custom_components.voltrail.engine.model.points import Quantity, Tier, measure, phases, text
from custom_components.voltrail.engine.polling import plausibility
from custom_components.voltrail.engine.polling.polled_device import Cadence, PolledDevice
from tests.fake_time import run

NAME, METER, STATE, SIGNED, SESSION, FLOATS = 0, 100, 200, 300, 400, 500
COUNTED = 6_200_000


class Name(Component):
    """Who it is."""

    serial = text(string(NAME, 2))


class Meter(Component):
    """What it measures."""

    register_ranges = ((METER, METER + 9),)

    voltage_l1, voltage_l2, voltage_l3 = phases(
        integer, (METER, METER + 1, METER + 2), Quantity.VOLTAGE, signed=False
    )
    current_l1, current_l2, current_l3 = phases(
        integer, (METER + 3, METER + 4, METER + 5), Quantity.CURRENT, signed=False
    )
    energy_charged = measure(uint32(METER + 6), Quantity.ENERGY)
    sessions = measure(uint32(METER + 8), Quantity.TOTAL_COUNT, tier=Tier.DETAIL)


class State(Component):
    """What it does, and the temperature inside."""

    state = measure(integer(STATE), Quantity.COUNT)
    temperature = measure(integer(STATE + 1), Quantity.TEMPERATURE)


class Signed(Component):
    """One number that may be -1."""

    power = measure(integer(SIGNED), Quantity.POWER)


class Session(Component):
    """What this session has had so far."""

    register_ranges = ((SESSION, SESSION + 3),)

    session_energy = measure(uint32(SESSION), Quantity.SESSION_ENERGY)
    session_duration = measure(uint32(SESSION + 2), Quantity.DURATION)


class Floats(Component):
    """What a meter without numbers answers."""

    register_ranges = ((FLOATS, FLOATS + 3),)

    reserve = measure(float32(FLOATS), Quantity.RATIO)
    level = measure(float32(FLOATS + 2), Quantity.RATIO)


class Station(PolledDevice):
    """A made-up charger of 22 kW."""

    @property
    @override
    def largest_power(self) -> float:
        return 22_000.0

    @override
    async def _async_setup(self) -> None:
        unit = self.modbus_unit
        self.name = self.add("name", Name(unit), Cadence.IDENTITY)
        await self.name.async_update(notify=False)
        self.state = self.add("state", State(unit), Cadence.MEASUREMENTS)
        self.signed = self.add("signed", Signed(unit), Cadence.MEASUREMENTS)
        self.session = self.add("session", Session(unit), Cadence.MEASUREMENTS)
        self.meter = self.add("meter", Meter(unit), Cadence.MEASUREMENTS)
        self.floats = self.add("floats", Floats(unit), Cadence.SETTINGS)

    @property
    @override
    def identity(self) -> Identity:
        return Identity(manufacturer="Nobody", model="Station", serial=self.name.serial)


def _words(value: int) -> list[int]:
    return [value >> 16, value & 0xFFFF]


def _meter(energy: int = COUNTED, sessions: int = 40, **others: int) -> list[int]:
    names = ("u1", "u2", "u3", "i1", "i2", "i3")
    usual = {"u1": 230, "u2": 231, "u3": 229, "i1": 10, "i2": 10, "i3": 10} | others
    return [usual[name] for name in names] + _words(energy) + _words(sessions)


class Wire:
    """The registers of the station, and every read of them."""

    def __init__(self) -> None:
        self.link = MockModbusConnection()
        self.unit: MockModbusUnit = self.link.for_unit(1)
        self.reads: list[int] = []
        self.damage: Callable[[int, list[int]], list[int]] | None = None
        """Makes something else of an answer, by its address."""
        self._usual = {
            NAME: [0x4C30, 0x3031],
            METER: _meter(),
            STATE: [3, 21],
            SIGNED: [7],
            SESSION: [0, 5000, 0, 600],
            FLOATS: [*struct.unpack(">2H", struct.pack(">f", 12.5)), 0x3F80, 0],
        }
        self.mend()
        self._read = self.unit.read_holding_registers
        self.unit.read_holding_registers = self._answer  # type: ignore[method-assign]

    async def _answer(self, address: int, count: int) -> list[int]:
        self.reads.append(address)
        words = list(await self._read(address, count))
        return words if self.damage is None else self.damage(address, words)

    def put(self, address: int, words: list[int]) -> None:
        """Have registers hold these."""
        self.unit.holding |= dict(enumerate(words, start=address))

    def mend(self) -> None:
        """Have all registers hold what they usually do."""
        for address, words in self._usual.items():
            self.put(address, words)

    def fill(self, word: int) -> None:
        """Have every register but the name hold the same."""
        for address, words in self._usual.items():
            if address >= METER:
                self.put(address, [word] * len(words))


def story(tell: Callable[[Wire, Station], Awaitable[None]]) -> None:
    """Tell what happens to a station that was read well before."""

    async def told() -> None:
        wire = Wire()
        station = Station(lambda _: wire.unit, 1)
        for cadence in Cadence:
            await station.poll(cadence)
        assert not station.failures
        wire.reads.clear()
        await tell(wire, station)
        station.close()

    run(told())


async def poll(station: Station, *, times: int = 1, every: float = 5.0) -> None:
    """Poll measurements a few times."""
    for _ in range(times):
        await asyncio.sleep(every)
        await station.poll(Cadence.MEASUREMENTS)


ALL = {"state", "signed", "session", "meter"}


@pytest.mark.parametrize("word", [0, 0xFFFF, 0x7FFF])
def test_a_device_that_is_filled_with_one_word_shows_nothing(word: int) -> None:
    """For 30 s every register holds the same: none of it is shown, and nothing is lost."""

    async def tell(wire: Wire, station: Station) -> None:
        wire.fill(word)
        await poll(station, times=6)
        assert station.failures.keys() == ALL
        assert station.meter.energy_charged == COUNTED
        wire.mend()
        await poll(station)
        assert not station.failures

    story(tell)


def test_what_lasts_is_the_truth(caplog: pytest.LogCaptureFixture) -> None:
    """A house without mains is believed after a minute, and told without alarm."""
    caplog.set_level(logging.INFO)

    async def tell(wire: Wire, station: Station) -> None:
        wire.put(METER, [0] * 10)
        await poll(station, times=11)
        assert station.failures.keys() == {"meter"}
        assert isinstance(station.failures["meter"], GarbledAnswerError)
        await poll(station, times=2)
        assert not station.failures
        assert station.meter.voltage_l1 == 0
        assert [record.levelname for record in caplog.records] == ["INFO", "INFO"]
        # The next time it is known of this block, and believed if the rest of the device is well.
        wire.mend()
        await poll(station)
        wire.put(METER, [0] * 10)
        await poll(station)
        assert station.failures.keys() <= {"meter"}

    story(tell)


def test_zeros_that_may_be_true_pass_at_once() -> None:
    """A state of 0 at 0 °C, a session that begins: they are read again, and the meter with them."""

    async def tell(wire: Wire, station: Station) -> None:
        wire.put(STATE, [0, 0])
        wire.put(SESSION, [0, 0, 0, 0])
        await poll(station)
        assert not station.failures
        assert station.state.state == station.state.temperature == 0
        assert station.session.session_energy == 0
        wire.reads.clear()
        await poll(station)
        # From now on it is nothing new.
        assert wire.reads == [STATE, SIGNED, SESSION, METER]

    story(tell)


def test_a_single_zero_passes_at_once() -> None:
    """No current, nothing counted yet, one phase less: at most it is read twice."""

    async def tell(wire: Wire, station: Station) -> None:
        wire.put(STATE, [0, 21])
        wire.put(SIGNED, [0])
        wire.put(METER, _meter(i1=0, i2=0, i3=0))
        await poll(station)
        assert not station.failures
        assert station.state.state == station.signed.power == station.meter.current_l1 == 0
        wire.reads.clear()
        wire.put(METER, _meter(u2=0, u3=0))
        await poll(station)
        assert not station.failures
        assert (station.meter.voltage_l2, station.meter.voltage_l3) == (0, 0)
        assert wire.reads.count(METER) == 2

    story(tell)


def test_a_phase_that_is_0_for_a_moment_is_read_again() -> None:
    """Nobody sees the 0 V of a connected phase that is there again a moment later."""

    async def tell(wire: Wire, station: Station) -> None:
        answers = iter([_meter(u2=0), _meter(u2=232)])
        wire.damage = lambda address, words: next(answers) if address == METER else words
        await poll(station)
        assert station.meter.voltage_l2 == 232

    story(tell)


def test_a_single_minus_one_is_no_missing_number() -> None:
    """One register that goes to FFFF may be at -1; it is if the device is well."""

    async def tell(wire: Wire, station: Station) -> None:
        wire.put(SIGNED, [0xFFFF])
        await poll(station)
        assert not station.failures
        assert station.signed.power == -1

    story(tell)


def test_numbers_that_are_none_are_not_taken_for_settings() -> None:
    """Some meters say that they have no number with 7FC0 0000."""

    async def tell(wire: Wire, station: Station) -> None:
        wire.put(FLOATS, [0x7FC0, 0, 0x7FC0, 0])
        await station.poll(Cadence.SETTINGS)
        assert station.failures.keys() == {"floats"}
        assert station.floats.reserve == 12.5

    story(tell)


def test_a_damaged_counter_never_shows() -> None:
    """Neither up nor down; and it goes on from where it was, at once."""

    async def tell(wire: Wire, station: Station) -> None:
        for damaged in (COUNTED + 2_000_000, 17):
            wire.put(METER, _meter(energy=damaged))
            await poll(station, times=3)
            assert station.failures.keys() == {"meter"}
            assert station.meter.energy_charged in {COUNTED, COUNTED + 20}
            wire.put(METER, _meter(energy=COUNTED + 20))
            await poll(station)
            assert not station.failures
            assert station.meter.energy_charged == COUNTED + 20

    story(tell)


def test_a_counter_grows_by_what_the_device_can_carry() -> None:
    """After a night without a link it is further; a number of events is counted by the second."""

    async def tell(wire: Wire, station: Station) -> None:
        wire.put(METER, _meter(energy=COUNTED + 22_000 * 10, sessions=60))
        await poll(station, every=36_000)
        assert not station.failures
        wire.put(METER, _meter(energy=COUNTED + 22_000 * 10, sessions=60_000))
        await poll(station)
        assert station.failures.keys() == {"meter"}

    story(tell)


def test_a_counter_that_stays_elsewhere_is_believed() -> None:
    """A meter that was replaced starts from another value, and counts on from there."""

    async def tell(wire: Wire, station: Station) -> None:
        for turn in range(14):
            wire.put(METER, _meter(energy=500 + turn, sessions=2))
            await poll(station)
        assert not station.failures
        assert (station.meter.energy_charged, station.meter.sessions) == (513, 2)

    story(tell)


def test_a_counter_that_jumps_about_is_never_believed() -> None:
    """What is somewhere else each time has not been read several times."""

    async def tell(wire: Wire, station: Station) -> None:
        for turn in range(30):
            wire.put(METER, _meter(energy=COUNTED + 3_000_000 * (1 + turn % 3)))
            await poll(station)
            assert station.meter.energy_charged == COUNTED

    story(tell)


def test_a_counter_at_0_has_no_value() -> None:
    """A device that has just rebooted shows 0 first; what it counted before is still judged by."""

    async def tell(wire: Wire, station: Station) -> None:
        wire.put(METER, _meter(energy=0, sessions=0))
        await poll(station)
        assert not station.failures
        assert station.meter.energy_charged == 0
        wire.put(METER, _meter(energy=2 * COUNTED))
        await poll(station)
        assert station.failures.keys() == {"meter"}
        wire.put(METER, _meter(energy=COUNTED + 5))
        await poll(station)
        assert station.meter.energy_charged == COUNTED + 5

    story(tell)


def test_65535_is_no_current() -> None:
    """A register without a value is not taken for one, however long it stays so."""

    async def tell(wire: Wire, station: Station) -> None:
        wire.put(METER, _meter(i1=0xFFFF))
        await poll(station)
        assert not station.failures
        assert station.meter.current_l1 is None
        assert station.meter.current_l2 == 10

    story(tell)


def test_without_anything_that_cannot_be_0_zeros_are_believed() -> None:
    """Where the meter is away there is nobody to ask: then they are held back with it."""

    async def tell(wire: Wire, station: Station) -> None:
        wire.put(METER, [0] * 10)
        await poll(station)
        wire.put(STATE, [0, 0])
        await poll(station)
        assert station.failures.keys() == {"state", "meter"}
        await poll(station, times=12)
        assert not station.failures
        # Now all of the meter is 0, and speaks against nothing any more.
        wire.put(SESSION, [0] * 4)
        await poll(station)
        assert not station.failures

    story(tell)


def test_a_link_that_is_lost_while_reading_again_is_lost() -> None:
    """The failure of the link is told, not the doubt."""

    async def tell(wire: Wire, station: Station) -> None:
        calls = 0

        def damage(address: int, words: list[int]) -> list[int]:
            nonlocal calls
            calls += address == METER
            if calls > 1:
                raise ModbusConnectionError
            return [0] * len(words)

        wire.damage = damage
        with pytest.raises(LinkDownError):
            await poll(station)

    story(tell)


def test_a_poll_does_not_sort_the_values_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What tells whether an answer can be true is found out with the first one."""

    async def tell(_wire: Wire, station: Station) -> None:
        await poll(station)
        asked: list[object] = []
        for name in ("_counts", "_never_zero"):
            monkeypatch.setattr(plausibility, name, asked.append)
        await poll(station, times=3)
        assert not asked
        assert not station.failures

    story(tell)
