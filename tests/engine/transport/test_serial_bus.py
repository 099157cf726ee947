"""A line on which late answers do no harm, and life signs do not wait."""

import asyncio
from collections.abc import Callable
from typing import Any, cast, override

import pytest
from modbus_connection import (
    IllegalDataAddressError,
    ModbusConnectionError,
    ModbusError,
    ModbusProtocolError,
    ModbusTimeoutError,
    ModbusUnit,
)

from custom_components.voltrail.engine.transport.overdue_answers import LATEST, ORDER, Overdue, Read
from custom_components.voltrail.engine.transport.serial_bus import (
    DEAF_AFTER,
    SETTLE,
    LifeSign,
    QuietLines,
    SerialBus,
    SerialBusUnit,
)
from tests.fake_time import in_fake_time

type Answer = list[int] | Exception


class FakeUnit:
    """A unit whose answers are laid out; it notes when it was asked for what."""

    def __init__(self) -> None:
        self.connected = True
        self.answers: list[Answer | None] = []
        self.asked: list[tuple[float, str, int]] = []
        self.takes = 0.01
        self.timeout: float | None = None
        self.disconnects = 0
        self.at_once = 0
        self.most_at_once = 0
        self.about_to_answer: Callable[[], object] | None = None
        self.title = "a unit"

    def require_timeout(self, seconds: float | None) -> None:
        """Take note of a time-out."""
        self.timeout = seconds

    async def disconnect(self) -> None:
        """Drop the link."""
        self.disconnects += 1
        self.connected = False

    async def read_holding_registers(self, address: int, count: int) -> list[int]:
        """Answer what is laid out, or as many registers as were asked for."""
        return await self._answer("holding", address, count)

    async def read_input_registers(self, address: int, count: int) -> list[int]:
        """Answer likewise."""
        return await self._answer("input", address, count)

    async def write_register(self, address: int, value: int) -> None:
        """Take one word."""
        await self._answer("write", address, value)

    async def write_registers(self, address: int, values: list[int]) -> None:
        """Take several words."""
        await self._answer("write", address, len(values))

    async def read_coils(self, address: int, count: int) -> list[bool]:
        """Have no coils."""
        raise NotImplementedError(address, count)

    async def _answer(self, what: str, address: int, count: int) -> list[int]:
        self.asked.append((round(_now(), 3), what, address))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        answer = self.answers.pop(0) if self.answers else None
        try:
            await asyncio.sleep(1.0 if isinstance(answer, ModbusTimeoutError) else self.takes)
        finally:
            self.at_once -= 1
        if self.about_to_answer is not None:
            self.about_to_answer()
        self.connected = True
        if isinstance(answer, Exception):
            raise answer
        return [address] * count if answer is None else answer

    @property
    def times(self) -> list[float]:
        """When it was asked."""
        return [moment for moment, _, _ in self.asked]

    @property
    def addresses(self) -> list[int]:
        """What it was asked for."""
        return [address for _, _, address in self.asked]


class Sign(LifeSign):
    """A life sign that is late when it is told so."""

    unit_id = 50
    running = True
    urgent = True

    def __init__(self) -> None:
        self.overdue = False
        self.said: list[float] = []
        self.risks: list[bool] = []

    @override
    def late(self, *, risky: bool) -> bool:
        self.risks.append(risky)
        return self.overdue

    @override
    async def renew(self) -> object:
        self.said.append(_now())
        self.overdue = False
        return None


def _now() -> float:
    return asyncio.get_running_loop().time()


def on_a_line(fake: FakeUnit, line: SerialBus | None = None, unit_id: int = 50) -> ModbusUnit:
    """Return the unit, on a line, with a time-out of a second."""
    unit = (line or SerialBus()).unit(cast("ModbusUnit", fake), unit_id).as_unit()
    unit.require_timeout(1.0)
    return unit


LOST = ModbusTimeoutError("no answer")


# -- one after the other --


@in_fake_time
async def test_one_exchange_at_a_time() -> None:
    """Whatever is asked at once is asked in turn; the answers find their way."""
    fake = FakeUnit()
    unit = on_a_line(fake)
    answers = await asyncio.gather(*(unit.read_holding_registers(n, 2) for n in range(5)))
    assert answers == [[n, n] for n in range(5)]
    await unit.read_input_registers(9, 1)
    await unit.write_register(7, 1)
    await unit.write_registers(8, [1, 2])
    assert [what for _, what, _ in fake.asked][5:] == ["input", "write", "write"]
    assert fake.most_at_once == 1


@in_fake_time
async def test_an_urgent_sign_overtakes_waiting_requests() -> None:
    """But not what is on the line already, and nobody is forgotten."""
    fake = FakeUnit()
    fake.takes = 0.5
    line = SerialBus()
    quiet = line.unit(cast("ModbusUnit", fake), 50)
    polls = [asyncio.create_task(quiet.read_holding_registers(n, 1)) for n in range(3)]
    await asyncio.sleep(0.1)
    await quiet.saying(Sign()).write_register(99, 1)
    assert fake.addresses[:2] == [0, 99]
    await asyncio.gather(*polls)
    assert fake.addresses == [0, 99, 1, 2]


@in_fake_time
async def test_who_gives_up_waiting_leaves_the_line_to_others() -> None:
    """Cancelled before its turn it is never asked; cancelled on the line it is seen through."""
    fake = FakeUnit()
    fake.takes = 0.5
    unit = on_a_line(fake)
    first, second, third = (
        asyncio.create_task(unit.read_holding_registers(n, 1)) for n in range(3)
    )
    await asyncio.sleep(0.1)
    first.cancel()
    second.cancel()
    await third
    assert fake.addresses == [0, 2]
    assert fake.times[1] == pytest.approx(0.5)
    # And a failure that nobody waits for any more bothers nobody.
    fake.answers = [LOST]
    lone = asyncio.create_task(unit.read_holding_registers(5, 1))
    await asyncio.sleep(0.1)
    lone.cancel()
    await asyncio.sleep(5)
    assert await unit.read_holding_registers(6, 2) == [6, 6]


@in_fake_time
async def test_a_turn_given_to_a_cancelled_request_goes_to_the_next() -> None:
    """Cancelled in the very moment in which the line becomes free."""
    fake = FakeUnit()
    unit = on_a_line(fake)
    first, second, third = (
        asyncio.create_task(unit.read_holding_registers(n, 1)) for n in range(3)
    )
    fake.about_to_answer = lambda: asyncio.get_running_loop().call_soon(second.cancel)
    await first
    fake.about_to_answer = None
    assert await third == [2]
    assert second.cancelled()
    assert fake.addresses == [0, 2]


# -- after an answer that is missing --


@in_fake_time
async def test_silence_after_a_missing_answer() -> None:
    """Whatever is under way arrives while nobody waits for it."""
    fake = FakeUnit()
    unit = on_a_line(fake)
    fake.answers = [LOST]
    with pytest.raises(ModbusTimeoutError):
        await unit.read_holding_registers(1, 4)
    order = asyncio.create_task(unit.write_register(2, 1))
    read = asyncio.create_task(unit.read_holding_registers(3, 2))
    await asyncio.gather(order, read)
    assert fake.addresses == [1, 2, 3]
    assert fake.times[1] == pytest.approx(1.0 + SETTLE)
    # Once somebody is heard again there may be more to come.
    assert fake.times[2] == pytest.approx(fake.times[1] + 0.01 + SETTLE)


@in_fake_time
async def test_another_unit_cannot_be_mistaken() -> None:
    """An answer says whose it is; only the silence is for everybody."""
    line, silent, fake = SerialBus(), FakeUnit(), FakeUnit()
    silent.answers = [LOST]
    with pytest.raises(ModbusTimeoutError):
        await on_a_line(silent, line, 11).read_holding_registers(1, 4)
    await on_a_line(fake, line).read_holding_registers(1, 4)
    assert fake.times == [pytest.approx(1.0 + SETTLE)]


@in_fake_time
async def test_a_landmark_is_read_before_what_could_be_mistaken() -> None:
    """Of another length: when its answer comes, everything older has come or never will."""
    fake = FakeUnit()
    unit = on_a_line(fake)
    await unit.read_holding_registers(1, 2)
    await unit.read_input_registers(2, 6)
    fake.answers = [LOST]
    with pytest.raises(ModbusTimeoutError):
        await unit.read_holding_registers(3, 4)
    assert await unit.read_holding_registers(4, 4) == [4] * 4
    assert fake.addresses == [1, 2, 3, 1, 4]
    # What is missing is settled by that, and the next ones need none.
    assert await unit.read_holding_registers(5, 4) == [5] * 4
    assert fake.addresses[5:] == [5]


@in_fake_time
async def test_another_length_is_a_landmark_by_itself() -> None:
    """Nothing more has to be read where the answer cannot be mistaken."""
    fake = FakeUnit()
    unit = on_a_line(fake)
    fake.answers = [LOST]
    with pytest.raises(ModbusTimeoutError):
        await unit.read_holding_registers(1, 4)
    await unit.read_holding_registers(2, 3)
    assert await unit.read_holding_registers(3, 4) == [3] * 4
    assert fake.addresses == [1, 2, 3]


@in_fake_time
async def test_a_late_answer_spoils_the_landmark_and_nothing_else() -> None:
    """The landmark gets what belongs to the older request: that is noticed by its length."""
    fake = FakeUnit()
    unit = on_a_line(fake)
    await unit.read_holding_registers(1, 2)
    await unit.read_holding_registers(2, 6)
    fake.answers = [LOST, [3, 3, 3, 3], None]
    with pytest.raises(ModbusTimeoutError):
        await unit.read_holding_registers(3, 4)
    with pytest.raises(ModbusProtocolError, match="4 registers instead of 2"):
        await unit.read_holding_registers(4, 4)
    # Now one of two registers is owed as well: the landmark is another one.
    assert await unit.read_holding_registers(4, 4) == [4] * 4
    assert fake.addresses == [1, 2, 3, 1, 2, 4]


@in_fake_time
async def test_without_a_landmark_nothing_is_read_that_could_be_mistaken() -> None:
    """The same may be asked again, its old answer is as good; anything else has to wait."""
    fake = FakeUnit()
    unit = on_a_line(fake)
    fake.answers = [LOST]
    with pytest.raises(ModbusTimeoutError):
        await unit.read_holding_registers(1, 4)
    assert await unit.read_holding_registers(1, 4) == [1] * 4
    with pytest.raises(ModbusTimeoutError, match="may still answer"):
        await unit.read_holding_registers(2, 4)
    assert fake.addresses == [1, 1]
    await asyncio.sleep(LATEST)
    assert await unit.read_holding_registers(2, 4) == [2] * 4


@in_fake_time
async def test_a_refusal_may_be_that_of_an_older_request() -> None:
    """It has no length, so it is only believed once nothing older is owed any more."""
    fake = FakeUnit()
    unit = on_a_line(fake)
    await unit.read_holding_registers(1, 2)
    await unit.read_holding_registers(2, 6)
    fake.answers = [LOST, IllegalDataAddressError()]
    with pytest.raises(ModbusTimeoutError):
        await unit.read_holding_registers(3, 4)
    assert await unit.read_holding_registers(4, 3) == [4] * 3
    assert fake.addresses == [1, 2, 3, 4, 1, 4]
    # With nothing owed it is what it says.
    fake.answers = [IllegalDataAddressError()]
    with pytest.raises(IllegalDataAddressError):
        await unit.read_holding_registers(5, 3)


@in_fake_time
async def test_a_landmark_that_is_refused_is_none_any_more() -> None:
    """A device may cease to serve something; then something else has to do."""
    fake = FakeUnit()
    unit = on_a_line(fake)
    await unit.read_holding_registers(1, 2)
    await unit.read_holding_registers(2, 6)
    fake.answers = [LOST, IllegalDataAddressError()]
    with pytest.raises(ModbusTimeoutError):
        await unit.read_holding_registers(3, 4)
    assert await unit.read_holding_registers(4, 4) == [4] * 4
    assert fake.addresses == [1, 2, 3, 1, 2, 4]


@in_fake_time
async def test_where_every_length_is_owed_the_beginning_of_a_block_is_a_landmark() -> None:
    """A line that doubles every answer owes one of every length; it is clear after one read."""
    fake = FakeUnit()
    unit = on_a_line(fake)
    await unit.read_holding_registers(1, 4)
    await unit.read_holding_registers(2, 6)
    fake.answers = [LOST, LOST]
    for address, count in ((1, 4), (2, 6)):
        with pytest.raises(ModbusTimeoutError):
            await unit.read_holding_registers(address, count)
    assert await unit.read_holding_registers(3, 4) == [3] * 4
    assert fake.addresses == [1, 2, 1, 2, 2, 3]
    assert await unit.read_holding_registers(4, 6) == [4] * 6


@in_fake_time
async def test_a_device_that_serves_no_beginnings_is_not_asked_for_ever() -> None:
    """Each is refused once; then there is no landmark, and the line waits."""
    fake = FakeUnit()
    unit = on_a_line(fake)
    await unit.read_holding_registers(1, 4)
    fake.answers = [LOST, *[IllegalDataAddressError() for _ in range(9)]]
    with pytest.raises(ModbusTimeoutError):
        await unit.read_holding_registers(1, 4)
    for _ in range(2):
        with pytest.raises(ModbusTimeoutError, match="may still answer"):
            await unit.read_holding_registers(3, 4)
    # Two, three: a single register could be the confirmation of an order.
    assert fake.addresses == [1, 1, 1, 1]


@in_fake_time
async def test_an_order_that_is_not_confirmed_may_pass_for_one_register() -> None:
    """One library does not tell a confirmation from an answer that holds one register."""
    fake = FakeUnit()
    unit = on_a_line(fake)
    await unit.read_holding_registers(1, 2)
    fake.answers = [LOST]
    with pytest.raises(ModbusTimeoutError):
        await unit.write_register(2, 1)
    # Its confirmation proves nothing either, as it may be the old one.
    await unit.write_register(2, 1)
    assert await unit.read_holding_registers(3, 1) == [3]
    assert fake.addresses == [1, 2, 2, 1, 3]


@in_fake_time
async def test_an_exchange_that_never_ends_is_ended() -> None:
    """Libraries retry a busy device for a long time; on a line that would be everybody's."""
    fake = FakeUnit()
    fake.takes = 60.0
    unit = on_a_line(fake)
    with pytest.raises(ModbusTimeoutError, match="no answer of unit 50 within"):
        await unit.read_holding_registers(1, 4)
    assert _now() == pytest.approx(1.2)
    assert fake.timeout == 1.0
    unit.require_timeout(None)
    assert fake.timeout is None


# -- a link that is dead --


@in_fake_time
async def test_a_link_on_which_no_device_answers_is_opened_again() -> None:
    """Only if it looks alive, and only after somebody had the time to answer."""
    fake = FakeUnit()
    unit = on_a_line(fake)
    await unit.write_register(1, 1)
    fake.answers = [LOST] * 20
    while not fake.disconnects:
        with pytest.raises(ModbusTimeoutError):
            await unit.write_register(1, 1)
    assert DEAF_AFTER <= _now() < DEAF_AFTER + 2
    fake.answers = []
    await unit.write_register(1, 1)
    assert fake.connected
    assert fake.disconnects == 1


@pytest.mark.parametrize("stubborn", [False, True])
@in_fake_time
async def test_a_link_that_does_not_close_does_not_stop_the_line(stubborn: bool) -> None:  # noqa: FBT001 - a parameter
    """The line goes on after a moment, whether the library heeds its cancellation or not."""
    fake = FakeUnit()
    unit = on_a_line(fake)
    parted = asyncio.Event()

    async def hang() -> None:
        fake.disconnects += 1
        while not parted.is_set():
            try:
                await parted.wait()
            except asyncio.CancelledError:
                if not stubborn:
                    raise

    fake.disconnect = hang  # type: ignore[method-assign]  # it never comes to an end
    await unit.write_register(1, 1)
    fake.answers = [LOST] * 20
    async with asyncio.timeout(60):
        while not fake.disconnects:
            with pytest.raises(ModbusTimeoutError):
                await unit.write_register(1, 1)
        fake.answers = []
        begun = _now()
        await unit.write_register(1, 1)
    assert _now() - begun < 1.5
    parted.set()


@in_fake_time
async def test_a_link_that_cannot_be_opened_owes_nothing() -> None:
    """No answer is under way on it, so nobody has to be silent."""
    fake = FakeUnit()
    fake.connected = False
    unit = on_a_line(fake)
    fake.answers = [ModbusConnectionError("nobody there")]

    async def refuse(_address: int, _count: int) -> list[int]:
        await asyncio.sleep(0.01)
        msg = "nobody there"
        raise ModbusConnectionError(msg)

    fake.read_holding_registers = refuse  # type: ignore[method-assign,assignment]  # closed for now
    begun = _now()
    for _ in range(3):
        with pytest.raises(ModbusConnectionError):
            await unit.read_holding_registers(1, 4)
    assert _now() - begun < SETTLE
    assert not fake.disconnects


# -- life signs --


@in_fake_time
async def test_a_late_sign_goes_before_a_poll() -> None:
    """Before each block of it, if need be; one that nobody keeps going does not count."""
    fake, line, sign = FakeUnit(), SerialBus(), Sign()
    stop = line.attend(sign)
    unit = on_a_line(fake, line)
    sign.overdue = True
    await unit.read_holding_registers(1, 1)
    assert sign.said == [0.0]
    await unit.read_holding_registers(2, 1)
    assert len(sign.said) == 1
    sign.running, sign.overdue = False, True
    await unit.read_holding_registers(3, 1)
    assert len(sign.said) == 1
    sign.running = True
    stop()
    stop()
    await unit.read_holding_registers(4, 1)
    assert len(sign.said) == 1


@in_fake_time
async def test_a_sign_that_becomes_late_while_a_request_waits() -> None:
    """It is looked at once more when the turn comes."""
    fake, line, sign = FakeUnit(), SerialBus(), Sign()
    fake.takes = 0.5
    line.attend(sign)
    unit = on_a_line(fake, line)
    first = asyncio.create_task(unit.read_holding_registers(1, 1))
    second = asyncio.create_task(unit.read_holding_registers(2, 1))
    await asyncio.sleep(0.2)
    sign.overdue = True
    await asyncio.gather(first, second)
    assert sign.said == [pytest.approx(0.5)]
    assert fake.addresses == [1, 2]


@in_fake_time
async def test_signs_do_not_wait_for_each_other_in_a_circle() -> None:
    """Two late ones: each goes, and neither of them goes before itself."""
    line = SerialBus()
    fakes = FakeUnit(), FakeUnit()
    signs = Sign(), Sign()
    for number, (fake, sign) in enumerate(zip(fakes, signs, strict=True)):
        line.attend(sign)
        sign.overdue = True
        sign.urgent = number == 0
        await line.unit(cast("ModbusUnit", fake), 50 + number).saying(sign).write_register(9, 1)
    # The one that nobody listens to lets the other one go first.
    assert not signs[1].said
    assert len(signs[0].said) == 1
    assert [fake.addresses for fake in fakes] == [[9], [9]]


@in_fake_time
async def test_what_may_stay_unanswered_is_risky() -> None:
    """A sign is told so, that it may go earlier."""
    fake, line, sign = FakeUnit(), SerialBus(), Sign()
    line.attend(sign)
    unit = on_a_line(fake, line)
    fake.answers = [LOST]
    with pytest.raises(ModbusTimeoutError):
        await unit.read_holding_registers(1, 4)
    assert not any(sign.risks)
    await unit.read_holding_registers(1, 4)
    assert any(sign.risks)
    sign.risks.clear()
    await unit.read_holding_registers(1, 4)
    assert not any(sign.risks)


@in_fake_time
async def test_the_request_that_opens_the_link_sends_the_sign_first() -> None:
    """The first thing a device hears is that somebody is there, late or not."""
    fake, line, sign = FakeUnit(), SerialBus(), Sign()
    line.attend(sign)
    fake.connected = False
    await on_a_line(fake, line).read_holding_registers(1, 4)
    assert sign.said == [0.0]


@in_fake_time
async def test_what_is_known_about_a_unit() -> None:
    """When it was heard, whether it is hard to reach, how often it came back."""
    fake, line = FakeUnit(), SerialBus()
    unit = on_a_line(fake, line)
    assert line.heard_at(50) is None
    assert not line.troubled
    await unit.write_register(1, 1)
    assert line.heard_at(50) == pytest.approx(0.01)
    fake.answers = [LOST] * 6
    for _ in range(6):
        with pytest.raises(ModbusError):
            await unit.write_register(1, 1)
    assert line.troubled
    assert line.returns(50) == 0
    await unit.write_register(1, 1)
    assert line.returns(50) == 1
    await asyncio.sleep(3700)
    assert not line.troubled


# -- the rest --


@in_fake_time
async def test_what_is_about_the_link_is_passed_on_and_nothing_else() -> None:
    """What a line cannot protect is refused rather than let through."""
    fake = FakeUnit()
    unit: Any = on_a_line(fake)
    assert unit.title == "a unit"
    with pytest.raises(NotImplementedError, match="read_coils"):
        await unit.read_coils(1, 1)
    await unit.disconnect()
    assert fake.disconnects == 1


def test_one_line_for_one_link() -> None:
    """Whoever names the same link gets the same line, as long as somebody holds it."""
    lines = QuietLines()
    line = lines.line("/dev/one")
    assert lines.line("/dev/one") is line
    assert lines.line("/dev/two") is not line
    fake = FakeUnit()
    unit = lines.line("/dev/one").over(lambda _: cast("ModbusUnit", fake))(11)
    assert isinstance(unit, SerialBusUnit)
    assert (unit.unit_id, unit.line) == (11, line)


def test_an_answer_is_owed_for_a_minute() -> None:
    """Then it is lost, and cannot be mistaken for anything."""
    now = 0.0
    overdue = Overdue(lambda: now)
    one, other = (Read(space="holding", address=address, count=4) for address in (1, 2))
    assert not overdue.any
    overdue.miss(one)
    overdue.miss(ORDER)
    now = 30.0
    overdue.miss(other)
    assert overdue.doubts(one)
    assert overdue.doubts(Read(space="holding", address=3, count=1))
    now = LATEST + 1
    assert overdue.doubts(one)
    assert not overdue.doubts(other)
    assert not overdue.doubts(Read(space="holding", address=3, count=1))
    now = LATEST + 31
    assert not overdue.any
