"""Frames: HDLC, wired M-Bus, general block transfer."""

from dataclasses import dataclass, replace
from typing import Final

LLC: Final = b"\xe6\xe7\x00"
FLAG: Final = b"\x7e"


def crc_x25(data: bytes) -> bytes:
    """The check of an HDLC frame, low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0x8408 if crc & 1 else crc >> 1
    return (crc ^ 0xFFFF).to_bytes(2, "little")


def crc_arc(data: bytes) -> int:
    """The check of a P1 telegram."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc


@dataclass(frozen=True, kw_only=True)
class Address:
    """Who talks to whom, and how: the part of an HDLC header that is the same in every frame."""

    destination: bytes
    source: bytes
    control: int = 0x13

    @property
    def wire(self) -> bytes:
        """As it stands in the header."""
        return self.destination + self.source + bytes((self.control,))


AIDON: Final = Address(destination=b"\x41", source=b"\x08\x83")
KAIFA_NO: Final = Address(destination=b"\x01", source=b"\x02\x01", control=0x10)
KAIFA_SE: Final = Address(destination=b"\x01", source=b"\x00\x01", control=0x10)
KAMSTRUP: Final = Address(destination=b"\x2b", source=b"\x21")
KAMSTRUP_ENCRYPTED: Final = Address(destination=b"\x41", source=b"\x03")
LANDIS_GYR_E450: Final = Address(destination=b"\xce\xff", source=b"\x03")
LANDIS_GYR_E570: Final = Address(destination=b"\xce\xfd", source=b"\x03")
LANDIS_GYR_E360: Final = Address(destination=b"\xcf", source=b"\x03")
ISKRAEMECO: Final = Address(destination=b"\xcf", source=b"\x02\x23")


def hdlc(address: Address, information: bytes, *, more: bool = False, flags: bool = True) -> bytes:
    """One HDLC frame. Without information it has no header check."""
    size = 2 + len(address.wire) + (2 + len(information) if information else 0) + 2
    header = (0xA000 | 0x0800 * more | size).to_bytes(2) + address.wire
    frame = header + crc_x25(header) + information if information else header
    frame += crc_x25(frame)
    return FLAG + frame + FLAG if flags else frame


def segments(address: Address, information: bytes, size: int) -> list[bytes]:
    """One message in several HDLC frames of at most `size` bytes of information.

    Only the last one has the final bit in its control byte.
    """
    parts = [information[at : at + size] for at in range(0, len(information), size)]
    unfinished = replace(address, control=address.control & ~0x10)
    return [
        *(hdlc(unfinished, part, more=True) for part in parts[:-1]),
        hdlc(address, parts[-1]),
    ]


def long_frames(data: bytes, size: int = 245) -> list[bytes]:
    """One message in wired M-Bus long frames. Only the low byte of a length is sent."""
    parts = [data[at : at + size] for at in range(0, len(data), size)]
    frames = []
    for number, part in enumerate(parts):
        last = 0x10 if number == len(parts) - 1 else 0
        content = b"\x53\xff" + bytes((number | last,)) + b"\x01\x67" + part
        count = bytes((len(content) & 0xFF,))
        frames.append(
            b"\x68" + count * 2 + b"\x68" + content + bytes((sum(content) & 0xFF,)) + b"\x16"
        )
    return frames


def blocks(apdu: bytes, size: int) -> list[bytes]:
    """One message in parts of a general block transfer."""
    parts = [apdu[at : at + size] for at in range(0, len(apdu), size)]
    return [
        b"\xe0"
        + bytes((0xC0 if number == len(parts) else 0x40,))
        + number.to_bytes(2)
        + b"\x00\x00"
        + _size(part)
        + part
        for number, part in enumerate(parts, start=1)
    ]


def _size(part: bytes) -> bytes:
    return bytes((len(part),)) if len(part) < 0x80 else b"\x82" + len(part).to_bytes(2)


@dataclass(frozen=True, kw_only=True)
class Notification:
    """One list, with all that is put around it."""

    body: bytes
    header: bytes
    address: Address

    @property
    def apdu(self) -> bytes:
        """The list with the header of the notification."""
        return self.header + self.body

    @property
    def information(self) -> bytes:
        """What an HDLC frame carries."""
        return LLC + self.apdu

    @property
    def frame(self) -> bytes:
        """The HDLC frame."""
        return hdlc(self.address, self.information)


def plain_header(clock: bytes = b"\x00", invocation: bytes = b"\x40\x00\x00\x00") -> bytes:
    """The header of a notification; `clock` stands with whatever announces it."""
    return b"\x0f" + invocation + clock
