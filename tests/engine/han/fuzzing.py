"""Inputs of every kind for the decoder: valid ones, spoilt, cut, mixed; and plain noise."""

from random import Random
from typing import Final

from custom_components.voltrail.engine.han import HanReader, Message, PayloadReader, Reason
from simulators.ams_han.catalogue import METERS
from simulators.ams_han.wire import crc_arc, crc_x25
from tests.engine.han.support import BUSY, encoded, reader

WIRES: Final = [
    encoded(name, list_name, BUSY)
    for name, kind in METERS.items()
    for list_name in kind.lists(kind.identity)
]


class Fuzzer:
    """Makes inputs of all kinds from valid ones, and knows which of them may pass."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311 - noise, not secrets
        self.streams = [reader(), HanReader()]
        self.payloads = PayloadReader(encryption_key=bytes(16))
        self.cases = 0
        self.messages = 0
        #: Inputs that raised something.
        self.raised: list[str] = []
        #: Inputs that gave a message which no good frame explains.
        self.wrong: list[str] = []

    def run(self, cases: int) -> None:
        """Throw so many inputs at the decoder, and note what should not have happened."""
        for _ in range(cases):
            data = self._input()
            self.cases += 1
            try:
                self._try(data)
            except Exception as error:  # noqa: BLE001 - that none is raised is what is tested
                self.raised.append(f"{error!r} from {data.hex()}")

    def _try(self, data: bytes) -> None:
        target = self.random.choice(self.streams)
        if self.random.random() < 0.01:
            target.restart()
        messages = self._feed(target, data)
        good = _good_units(data) if messages else 0
        if len(messages) > good:
            self.wrong.append(f"{len(messages)} messages from {good} good frames: {data.hex()}")
        self.messages += len(messages)
        if self.random.random() < 0.3:
            self._publish(data)

    @property
    def reasons(self) -> set[Reason]:
        """Why anything was dropped so far."""
        journals = [self.payloads.journal, *(target.journal for target in self.streams)]
        return {reason for journal in journals for reason in journal.dropped}

    def _feed(self, target: HanReader, data: bytes) -> list[Message]:
        messages = []
        at = 0
        while at < len(data):
            size = self.random.choice((1, 7, 64, 64, 500))
            messages += target.feed(data[at : at + size])
            at += size
        return messages + target.silence()

    def _publish(self, data: bytes) -> None:
        random = self.random
        form = random.randrange(5)
        if form == 1:
            data = data.hex().encode("ascii")
        elif form == 2:
            data = b'{"data": "' + data.hex().encode("ascii") + b'"}'
        elif form == 3:
            data = b"\x08\xdc\xd9\x02" + data
        elif form == 4:
            data = data[random.randrange(len(data)) :] if data else data
        payload = self.payloads.read(data)
        self.messages += len(payload.messages)

    def _input(self) -> bytes:
        random = self.random
        if random.random() < 0.1:
            return random.randbytes(random.randrange(200))
        data = bytearray(random.choice(WIRES))
        if random.random() < 0.3:
            data += random.choice(WIRES)
        for _ in range(random.choice((1, 1, 1, 2, 4, 16))):
            at = random.randrange(len(data) + 1)
            match random.randrange(6):
                case 0 | 1 if at < len(data):
                    data[at] ^= 1 << random.randrange(8)
                case 2 if at < len(data):
                    data[at] = random.choice((0x7E, 0x7D, 0x0A, 0x0D, 0xA0, 0x68, 0x2F, 0, 255))
                case 3:
                    del data[at : at + random.randrange(1, 10)]
                case 4:
                    data[at:at] = random.randbytes(random.randrange(1, 10))
                case _:
                    other = random.choice(WIRES)
                    start = random.randrange(len(other))
                    data[at:at] = other[start : start + random.randrange(60)]
        return bytes(data)


def _good_units(data: bytes) -> int:
    """How many messages may be in it: frames with right checks, wherever they begin."""
    # A flag from the case before may open the first frame.
    data = b"~" + data
    count = 0
    for candidate in {data, data.replace(b"\r\n", b"\n")}:
        count += sum(_good_hdlc(candidate, at) for at in range(len(candidate)))
        count += sum(_good_long_frame(candidate, at) for at in range(len(candidate)))
    count += sum(_good_telegram(data, at) for at in range(len(data)) if data[at] == 0x2F)
    # A ciphered message without a frame has no check but its tag.
    return count + data.startswith(b"~\xdb\x08")


def _good_hdlc(data: bytes, at: int) -> bool:
    if data[at] != 0x7E or len(data) < at + 3 or data[at + 1] >> 4 != 0xA:
        return False
    end = at + 1 + ((data[at + 1] & 7) << 8 | data[at + 2])
    frame = data[at + 1 : end]
    return data[end : end + 1] == b"~" and len(frame) > 2 and crc_x25(frame[:-2]) == frame[-2:]


def _good_long_frame(data: bytes, at: int) -> bool:
    if data[at] != 0x68 or data[at + 3 : at + 4] != b"h" or data[at + 1] != data[at + 2]:
        return False
    end = at + 4 + data[at + 1]
    return data[end + 1 : end + 2] == b"\x16" and data[end] == sum(data[at + 4 : end]) & 0xFF


def _good_telegram(data: bytes, at: int) -> bool:
    for end in range(at + 1, len(data)):
        if data[end] != 0x21 or data[end - 1] not in b"\r\n\0":
            continue
        text = data[at : end + 1].replace(b"\0", b"\n")
        tail = data[end + 1 : end + 5]
        if tail.strip(b"\r\n\0") == b"" or tail[:1] in b"\r\n\0":
            return True
        try:
            if len(tail) == 4 and int(tail, 16) == crc_arc(text):
                return True
        except ValueError:
            continue
    return False
