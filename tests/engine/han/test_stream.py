"""What holds for any stream: however it is cut, whatever comes, however much."""

import tracemalloc
from itertools import pairwise
from random import Random
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.voltrail.engine.han import HanReader, Reason
from simulators.ams_han.faults import through_brick
from simulators.ams_han.wire import KAMSTRUP, hdlc, segments
from tests.engine.han.fuzzing import WIRES, Fuzzer
from tests.engine.han.support import reader, simulated

FUZZ_CASES: Final = 20_000
#: What a reader may hold whatever comes in. See `HanReader`.
BOUND: Final = 128 * 1024

SEGMENTS: Final = b"".join(
    segments(KAMSTRUP, simulated("kamstrup-tn").send("2").frames[0][9:-3], 90)
)

_pieces = st.one_of(
    st.sampled_from([*WIRES, SEGMENTS]),
    st.sampled_from(WIRES).map(through_brick),
    st.sampled_from(WIRES).flatmap(lambda wire: st.integers(0, len(wire)).map(lambda n: wire[:n])),
    st.sampled_from(
        [b"~", b"~~", b"~\xa0", b"~\xa7\xff", b"/", b"/ABC5", b"\x68\x10\x10\x68", b"\r"]
    ),
    st.binary(max_size=40),
)


@given(
    pieces=st.lists(_pieces, min_size=1, max_size=6),
    cuts=st.lists(st.integers(0, 3000), max_size=40),
)
@settings(max_examples=400, deadline=None)
def test_pieces_do_not_matter(pieces: list[bytes], cuts: list[int]) -> None:
    """In pieces of any size a stream says the same, and explains the same."""
    stream = b"".join(pieces)
    whole, cut = reader(), reader()
    at_once = whole.feed(stream) + whole.silence()
    places = sorted({0, len(stream), *(place for place in cuts if place < len(stream))})
    piecewise = [
        message for start, end in pairwise(places) for message in cut.feed(stream[start:end])
    ]
    piecewise += cut.silence()
    assert piecewise == at_once
    assert cut.journal.as_dict() == whole.journal.as_dict()
    assert cut.take_drops() == whole.take_drops()


@given(st.lists(_pieces, min_size=1, max_size=6).map(b"".join))
@settings(max_examples=100, deadline=None)
def test_single_bytes_do_not_matter(stream: bytes) -> None:
    """Not even one byte at a time."""
    whole, bytewise = reader(), reader()
    at_once = whole.feed(stream) + whole.silence()
    one_by_one = [message for byte in stream for message in bytewise.feed(bytes((byte,)))]
    assert one_by_one + bytewise.silence() == at_once
    assert bytewise.journal.as_dict() == whole.journal.as_dict()


class TestMemory:
    """A reader stays small."""

    @pytest.mark.parametrize(
        "hostile",
        [
            bytes(range(256)),
            b"~\xa7\xff\x41\x08\x83\x13",
            b"/ABC5",
            b"/ABC5\r\n1-0:1.7.0(0000.007*kW)\r\n",
            b"\x68\xff\xff\x68\x53",
            b"\xdb\x08KAM12345\x82\x0f\xf0",
            hdlc(KAMSTRUP, bytes(1900), more=True),
            hdlc(KAMSTRUP, b"\xe0\x40\x00\x01\x00\x00\x82\x07\x00" + bytes(1792)),
            through_brick(WIRES[0])[:-1],
            WIRES[1],
        ],
        ids=range(10),
    )
    def test_whatever_comes_without_end(self, hostile: bytes) -> None:
        """A lot of the same, in one piece and in small ones."""
        stream = hostile * (300_000 // len(hostile))
        fresh = reader()
        tracemalloc.start()
        try:
            _count(fresh, stream)
            for start in range(0, len(stream), 1000):
                _count(fresh, stream[start : start + 1000])
            held, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert held < BOUND

    def test_many_lists_unknown_codes_and_drops(self) -> None:
        """What is remembered for diagnostics is little as well."""
        random = Random(3)  # noqa: S311 - codes, not secrets
        fresh = reader()
        tracemalloc.start()
        try:
            for number in range(3000):
                code = bytes((1, 0, random.randrange(256), number & 0xFF, 9, 255))
                item = b"\x02\x02\x09\x06" + code + b"\x0a\x05hello"
                power = bytes.fromhex("020309060100010700ff060000000702020f00161b")
                filler = b"\x0a" + bytes((number % 100,)) + b"x" * (number % 100)
                body = b"\x01\x03" + item + power + filler
                fresh.feed(hdlc(KAMSTRUP, b"\xe6\xe7\x00\x0f" + bytes(5) + body))
            held, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert fresh.journal.messages == 3000
        assert fresh.journal.skipped == 3000 + 30
        assert len(fresh.journal.unknown_codes) == 64
        assert held < BOUND


def _count(target: HanReader, data: bytes) -> None:
    """Feed and keep nothing."""
    for message in target.feed(data):
        assert message.readings


def test_no_input_does_harm() -> None:
    """Nothing is raised, nothing grows, and nothing with a wrong check comes out.

    `python benchmarks/han.py --fuzz 2000000` does the same for the patient.
    """
    fuzzer = Fuzzer(seed=20260105)
    fuzzer.run(FUZZ_CASES // 4)
    tracemalloc.start()
    try:
        fuzzer.run(FUZZ_CASES // 4)
        first, _ = tracemalloc.get_traced_memory()
        fuzzer.run(FUZZ_CASES // 2)
        last, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert fuzzer.raised == []
    assert fuzzer.wrong == []
    assert fuzzer.cases == FUZZ_CASES
    assert fuzzer.messages > FUZZ_CASES / 20
    assert last < first + BOUND
    assert peak < 1024 * 1024
    # The first three take more luck; the last one takes a machine without the package.
    assert fuzzer.reasons >= set(Reason) - {
        Reason.SEGMENT,
        Reason.UNKNOWN_LIST,
        Reason.IMPLAUSIBLE,
        Reason.ENCRYPTED_WITHOUT_LIBRARY,
    }
