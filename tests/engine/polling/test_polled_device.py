"""The base of every polled device: second chances, and whether it is still the same."""

import math
from collections.abc import Callable, Iterator
from typing import ClassVar, override

import pytest
from modbus_connection import (
    ModbusConnectionError,
    ModbusProtocolError,
    ModbusTimeoutError,
    ModbusUnit,
)
from modbus_connection.exceptions import IllegalDataAddressError
from modbus_connection.mock import MockModbusConnection, MockModbusUnit, ReadEvent
from modbus_connection.model import Component, integer, string

from custom_components.voltrail.engine.model.errors import (
    DeviceRefusedError,
    DeviceSilentError,
    ForbiddenRegisterError,
    GarbledAnswerError,
    LinkDownError,
    WrongDeviceError,
)
from custom_components.voltrail.engine.model.parts import Identity, Part
from custom_components.voltrail.engine.model.points import Quantity, derived, measure, text
from custom_components.voltrail.engine.polling.polled_device import Cadence, PolledDevice

SERIAL, POWER, VOLTAGE, SETTING, EXTRA = 0, 10, 20, 30, 40

UPSTAIRS = Part(key="upstairs", word="floor")


class Name(Component):
    """Who it is."""

    serial = text(string(SERIAL, 2), private=True)


class Power(Component):
    """What it draws."""

    power = measure(integer(POWER), Quantity.POWER)


class Voltage(Component):
    """What it has."""

    voltage = measure(integer(VOLTAGE), Quantity.VOLTAGE)


class Setting(Component):
    """What it is set to."""

    timeout = measure(integer(SETTING), Quantity.DURATION)


class Extra(Component):
    """What few have."""

    current = measure(integer(EXTRA), Quantity.CURRENT)


class View:
    """What is worked out."""

    def __init__(self, device: Lamp) -> None:
        self._device = device

    @derived(Quantity.CURRENT, depends_on=("power", "voltage"))
    def current(self) -> float | None:
        """The quotient."""
        power, voltage = self._device.power.power, self._device.voltage.voltage
        return power / voltage if power is not None and voltage else None

    @derived(Quantity.COUNT, depends_on=("nothing",))
    def absent(self) -> int | None:
        """Never offered: there is no such component."""
        raise AssertionError


class Lamp(PolledDevice):
    """A made-up device."""

    identity_interval: ClassVar[float] = 3600.0
    never_read: ClassVar[frozenset[int]] = frozenset({99})

    def __init__(self, units: Callable[[int], ModbusUnit], unit_id: int) -> None:
        super().__init__(units, unit_id)
        unit = self.modbus_unit
        self.name = self.add("name", Name(unit), Cadence.IDENTITY)
        self.power = self.add("power", Power(unit), Cadence.MEASUREMENTS)
        self.voltage = self.add("voltage", Voltage(unit), Cadence.MEASUREMENTS)
        self.setting = self.add("setting", Setting(unit), Cadence.SETTINGS)
        self.add_view(View(self))
        self.add_view(object(), part=UPSTAIRS)
        self.came_back = 0

    @override
    async def _async_setup(self) -> None:
        await self.name.async_update(notify=False)
        self.answered.add("name")
        await self.add_optional("extra", Extra(self.modbus_unit), Cadence.SETTINGS, part=UPSTAIRS)

    @property
    @override
    def identity(self) -> Identity:
        return Identity(manufacturer="Nobody", model="Lamp", serial=self.name.serial)

    @override
    def reconnected(self) -> None:
        self.came_back += 1


@pytest.fixture
def link() -> MockModbusConnection:
    """Return the link to the lamp."""
    return MockModbusConnection()


@pytest.fixture
def wire(link: MockModbusConnection) -> MockModbusUnit:
    """Return the lamp's registers."""
    unit = link.for_unit(7)
    unit.holding |= {SERIAL: [0x4C30, 0x3031], POWER: 460, VOLTAGE: 230, SETTING: 60}
    unit.fail_read(EXTRA, IllegalDataAddressError())
    return unit


@pytest.fixture
def lamp(link: MockModbusConnection, wire: MockModbusUnit) -> Iterator[Lamp]:
    """Return the device."""
    device = Lamp(lambda _: wire, 7)
    yield device
    device.close()
    link.simulate_connection_lost()


class Flaky:
    """Fails the reads of an address so many times; says which addresses were read."""

    def __init__(self, wire: MockModbusUnit, monkeypatch: pytest.MonkeyPatch) -> None:
        self.failing: dict[int, list[Exception]] = {}
        self.meanwhile: dict[int, Callable[[], None]] = {}
        self.asked: list[int] = []
        self._read = wire.read_holding_registers
        monkeypatch.setattr(wire, "read_holding_registers", self.read)

    async def read(self, address: int, count: int) -> list[int]:
        """Fail, or read what there is."""
        self.asked.append(address)
        if (meanwhile := self.meanwhile.pop(address, None)) is not None:
            meanwhile()
        if errors := self.failing.get(address):
            raise errors.pop(0)
        return await self._read(address, count)


@pytest.fixture
def flaky(wire: MockModbusUnit, monkeypatch: pytest.MonkeyPatch) -> Flaky:
    """Return what makes reads fail."""
    return Flaky(wire, monkeypatch)


# -- second chances ------------------------------------------------------------


@pytest.mark.parametrize("err", [ModbusTimeoutError(), ModbusProtocolError()])
async def test_a_lost_answer_is_asked_for_once_more(
    lamp: Lamp, flaky: Flaky, err: Exception
) -> None:
    """Whether it is the first, another, or the only one that is asked for."""
    await lamp.identify()
    for address, cadence in ((POWER, "measurements"), (VOLTAGE, "measurements")):
        flaky.asked.clear()
        flaky.failing[address] = [err]
        await lamp.poll(Cadence(cadence))
        # On a new link it says first who it is.
        assert flaky.asked[-3:] == [POWER, VOLTAGE, address]
        assert not lamp.failures
    flaky.failing[SETTING] = [err]
    await lamp.poll(Cadence.SETTINGS)
    assert flaky.asked[-2:] == [SETTING, SETTING]
    assert not lamp.failures
    assert lamp.available({"power", "voltage", "setting"})


async def test_two_lost_answers_are_a_lost_device(lamp: Lamp, flaky: Flaky) -> None:
    """Nothing is asked for that would only add up time-outs."""
    await lamp.identify()
    flaky.asked.clear()
    for address in (POWER, VOLTAGE, SERIAL):
        flaky.failing[address] = [ModbusTimeoutError()]
    with pytest.raises(DeviceSilentError):
        await lamp.poll(Cadence.MEASUREMENTS)
    # As long as it is away it is asked for one thing; who it is comes first on a new link.
    with pytest.raises(DeviceSilentError):
        await lamp.poll(Cadence.MEASUREMENTS)
    assert flaky.asked == [POWER, VOLTAGE, SERIAL]


async def test_the_only_one_that_is_asked_is_asked_twice(lamp: Lamp, flaky: Flaky) -> None:
    """One lost answer says nothing about the device."""
    await lamp.update()
    flaky.asked.clear()
    flaky.failing[SETTING] = [ModbusTimeoutError()] * 2
    with pytest.raises(DeviceSilentError):
        await lamp.poll(Cadence.SETTINGS)
    assert flaky.asked == [SETTING, SETTING]


async def test_who_keeps_failing_gets_no_second_chance(lamp: Lamp, flaky: Flaky) -> None:
    """It takes down only its own values, is told once, and says why it fails now."""
    await lamp.update()
    flaky.failing[VOLTAGE] = [ModbusProtocolError()] * 3
    await lamp.poll(Cadence.MEASUREMENTS)
    assert isinstance(lamp.failures["voltage"], GarbledAnswerError)
    assert lamp.available({"power"})
    assert not lamp.available({"power", "voltage"})
    flaky.asked.clear()
    await lamp.poll(Cadence.MEASUREMENTS)
    assert flaky.asked == [POWER, VOLTAGE]
    flaky.failing[VOLTAGE] = [IllegalDataAddressError()]
    await lamp.poll(Cadence.MEASUREMENTS)
    assert isinstance(lamp.failures["voltage"], DeviceRefusedError)
    await lamp.poll(Cadence.MEASUREMENTS)
    assert not lamp.failures
    assert lamp.reading("current").read() == 2


async def test_listeners_hear_of_a_whole_poll(lamp: Lamp, wire: MockModbusUnit) -> None:
    """Whoever works something out of two blocks sees both of the same moment."""
    await lamp.update()
    seen: list[object] = []
    lamp.power.add_update_listener(lambda: seen.append(lamp.voltage.voltage))
    wire.holding |= {POWER: 1, VOLTAGE: 240}
    await lamp.poll(Cadence.MEASUREMENTS)
    assert seen == [240]


# -- whether it is still the same ----------------------------------------------


OTHER = [0x4C30, 0x3032]


async def test_after_a_lost_link_it_says_who_it_is(
    lamp: Lamp, link: MockModbusConnection, wire: MockModbusUnit
) -> None:
    """Addresses get reused: another device is refused until the right one is back."""
    await lamp.update()
    first = wire.holding[SERIAL]
    link.simulate_connection_lost()
    wire.holding[SERIAL] = OTHER
    for _ in range(2):
        with pytest.raises(WrongDeviceError, match="expected L001, found L002"):
            await lamp.poll(Cadence.MEASUREMENTS)
    assert lamp.came_back == 0
    wire.holding[SERIAL] = first
    await lamp.poll(Cadence.MEASUREMENTS)
    await lamp.poll(Cadence.MEASUREMENTS)
    assert lamp.came_back == 1


async def test_a_link_that_is_lost_while_it_says_so(
    lamp: Lamp, link: MockModbusConnection, flaky: Flaky
) -> None:
    """What it said then was said on a link that is gone."""
    await lamp.update()
    link.simulate_connection_lost()
    flaky.meanwhile[SERIAL] = link.simulate_connection_lost
    flaky.asked.clear()
    await lamp.poll(Cadence.SETTINGS)
    await lamp.poll(Cadence.SETTINGS)
    await lamp.poll(Cadence.SETTINGS)
    assert flaky.asked == [SERIAL, SETTING, SERIAL, SETTING, SETTING]


async def test_who_does_not_say_who_it_is_may_be_anybody(
    lamp: Lamp, link: MockModbusConnection, flaky: Flaky
) -> None:
    """Nothing else is read of it."""
    await lamp.update()
    link.simulate_connection_lost()
    flaky.asked.clear()
    flaky.failing[SERIAL] = [IllegalDataAddressError()] * 2
    with pytest.raises(DeviceRefusedError):
        await lamp.poll(Cadence.MEASUREMENTS)
    assert flaky.asked == [SERIAL, SERIAL]


async def test_another_device_behind_a_link_that_held(
    lamp: Lamp, wire: MockModbusUnit, flaky: Flaky
) -> None:
    """It comes out when the identity is due, whether somebody looks at that or not."""
    await lamp.update()
    wire.holding[SERIAL] = OTHER
    lamp._identity_due = -math.inf
    with pytest.raises(WrongDeviceError):
        await lamp.poll(Cadence.SETTINGS, ())
    lamp._identity_due = -math.inf
    wire.holding[SERIAL] = [0x4C30, 0x3031]
    await lamp.poll(Cadence.SETTINGS, ())
    flaky.asked.clear()
    lamp._identity_due = -math.inf
    flaky.failing[SERIAL] = [IllegalDataAddressError()] * 2
    await lamp.poll(Cadence.SETTINGS, ())
    assert flaky.asked == [SERIAL, SERIAL]
    assert set(lamp.failures) == {"name"}


async def test_the_first_one_met_has_to_be_the_expected_one(lamp: Lamp) -> None:
    """A fingerprint that was kept from before counts from the first meeting on."""
    lamp.expected = "L009"
    with pytest.raises(WrongDeviceError):
        await lamp.identify()
    with pytest.raises(WrongDeviceError):
        await lamp.poll(Cadence.MEASUREMENTS)


# -- what it holds -------------------------------------------------------------


async def test_what_it_has_and_what_it_lacks(lamp: Lamp, wire: MockModbusUnit) -> None:
    """A component that is refused is none, and so is a value that is made of one."""
    await lamp.update()
    assert [reading.path for reading in lamp.readings()] == [
        *("serial", "power", "voltage", "timeout", "current")
    ]
    assert lamp.essential == frozenset()
    assert lamp.attention is None
    assert list(lamp.parts()) == [UPSTAIRS]
    rich = Lamp(lambda _: wire, 7)
    wire.fail_read(EXTRA, None)
    wire.holding[EXTRA] = 5
    await rich.identify()
    assert rich.reading("upstairs/current").read() == 5
    assert rich.available({"upstairs_extra"})
    # A part may be away without saying anything about who the device is.
    assert rich.identifying == ("name",)
    rich.close()


async def test_a_device_that_adds_nothing_offers_nothing(lamp: Lamp) -> None:
    """A family says only what is special about its devices."""
    await lamp.update()
    await lamp.reconcile()
    assert not list(lamp.controls())
    assert not list(lamp.charge_points())
    assert not list(lamp.keep_alives())
    assert not list(lamp.problems())
    assert lamp.layout is None
    lamp.restore_state({"anything": 1})
    assert lamp.dump_state() == {}
    with pytest.raises(KeyError):
        lamp.control("current_limit")


async def test_registers_as_they_are(lamp: Lamp, wire: MockModbusUnit) -> None:
    """Any can be read, but for those that must not be asked for."""
    wire.input[5] = 6
    assert await lamp.read_registers(7, POWER, 1) == [460]
    assert await lamp.read_registers(7, 5, 1, space="input") == [6]
    with pytest.raises(ForbiddenRegisterError, match="99"):
        await lamp.read_registers(7, 98, 2)
    assert ReadEvent("holding", 98, 2) not in wire.read_events
    wire.fail_requests(ModbusTimeoutError())
    with pytest.raises(DeviceSilentError):
        await lamp.read_registers(7, POWER, 1)


async def test_a_dump_hides_who_it_is(lamp: Lamp, wire: MockModbusUnit) -> None:
    """And names what could not be read."""
    wire.fail_read(VOLTAGE, IllegalDataAddressError())
    raw, failed = await lamp.read_raw(private=False)
    assert raw[7]["holding"] == {0: 0x5858, 1: 0x5858, POWER: 460, SETTING: 60}
    assert set(failed) == {"voltage"}
    raw, _ = await lamp.read_raw()
    assert raw[7]["holding"][0] == 0x4C30


async def test_it_lets_go_of_the_link(lamp: Lamp, link: MockModbusConnection) -> None:
    """A device that was closed hears of nothing any more."""
    await lamp.update()
    lamp.close()
    link.simulate_connection_lost()
    assert lamp._losses == lamp._met_after


async def test_a_link_that_is_down_is_told_at_once(lamp: Lamp, flaky: Flaky) -> None:
    """No block is to blame, and none is tried in vain."""
    await lamp.update()
    flaky.asked.clear()
    flaky.failing[POWER] = [IllegalDataAddressError()]
    flaky.failing[VOLTAGE] = [ModbusConnectionError()]
    with pytest.raises(LinkDownError):
        await lamp.poll(Cadence.MEASUREMENTS)
    assert flaky.asked == [POWER, VOLTAGE]
    assert not lamp.failures
