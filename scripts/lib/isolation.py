"""A network of our own: a loopback, and nothing behind it.

For runs that must neither be reached nor reach anything, whatever the machine is
connected to, and that may take any port.
"""

import fcntl
import os
import socket
import struct
from pathlib import Path
from typing import Final

_GET_FLAGS: Final = 0x8913  # SIOCGIFFLAGS
_SET_FLAGS: Final = 0x8914  # SIOCSIFFLAGS
_UP_WITH_MULTICAST: Final = 0x1001  # IFF_UP | IFF_MULTICAST

_NEW_ADDRESS: Final = 20  # RTM_NEWADDR
_NEW_ROUTE: Final = 24  # RTM_NEWROUTE
_CREATE_AND_TELL: Final = 0x605  # NLM_F_REQUEST | NLM_F_ACK | NLM_F_EXCL | NLM_F_CREATE
_MAIN_TABLE: Final = 254
_LINK_SCOPE: Final = 253


class IsolationError(Exception):
    """No network of our own can be had on this machine."""


def isolate(address: str | None = None) -> None:
    """Leave this process, and everything it starts, with a loopback and no other network.

    With an address such as 192.168.1.2 the loopback has that one too, and is all of its
    network: whoever listens at 192.168.1.50 is reached there.

    Call it before the first thread is started. Works as root, and as a plain user where
    the kernel lets users make namespaces.
    """
    try:
        if os.geteuid() == 0:
            os.unshare(os.CLONE_NEWNET)
        else:
            user, group = os.geteuid(), os.getegid()
            os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNET)
            Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
            Path("/proc/self/uid_map").write_text(f"0 {user} 1", encoding="ascii")
            Path("/proc/self/gid_map").write_text(f"0 {group} 1", encoding="ascii")
        _raise_loopback()
        if address is not None:
            _give_loopback(address)
        _route_multicast_to_loopback()
    except OSError as err:
        message = f"cannot make a network namespace: {err}"
        raise IsolationError(message) from err


def _raise_loopback() -> None:
    """Bring the interface up; a new namespace has it, but down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh14x", b"lo", 0)
        (flags,) = struct.unpack_from("h", fcntl.ioctl(control, _GET_FLAGS, request), 16)
        wanted = struct.pack("16sh14x", b"lo", flags | _UP_WITH_MULTICAST)
        fcntl.ioctl(control, _SET_FLAGS, wanted)


def _give_loopback(address: str) -> None:
    loopback = socket.if_nametoindex("lo")
    request = struct.pack("BBBBI", socket.AF_INET, 24, 0, 0, loopback)
    request += struct.pack("HH4s", 8, 1, socket.inet_aton(address))  # IFA_ADDRESS
    request += struct.pack("HH4s", 8, 2, socket.inet_aton(address))  # IFA_LOCAL
    _tell_kernel(_NEW_ADDRESS, request)


def _route_multicast_to_loopback() -> None:
    """Send 224.0.0.0/4 to the loopback.

    Home Assistant's HTTP client resolves names by mDNS. Where multicast has no way to
    go, that client is not even created, and every integration that wants it fails.
    """
    loopback = socket.if_nametoindex("lo")
    route = struct.pack("BBBBBBBBI", socket.AF_INET, 4, 0, 0, _MAIN_TABLE, 4, _LINK_SCOPE, 1, 0)
    route += struct.pack("HH4s", 8, 1, socket.inet_aton("224.0.0.0"))  # RTA_DST
    route += struct.pack("HHI", 8, 4, loopback)  # RTA_OIF
    _tell_kernel(_NEW_ROUTE, route)


def _tell_kernel(kind: int, request: bytes) -> None:
    header = struct.pack("IHHII", 16 + len(request), kind, _CREATE_AND_TELL, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as kernel:
        kernel.bind((0, 0))
        kernel.send(header + request)
        (error,) = struct.unpack_from("i", kernel.recv(4096), 16)
    if error:
        raise OSError(-error, os.strerror(-error))
