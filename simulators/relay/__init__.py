"""A relay between a client and a simulated device that breaks the link in a known way.

The device behind it stays sound: whatever the client sees wrong was done under way. So every
relay can stand before every simulator, over sockets, pseudo-terminals, and in faked time.
"""

from simulators.relay.fault import Fault, Sound
from simulators.relay.link import Link, Relay
from simulators.relay.memory import MemoryRelay
from simulators.relay.sockets import PtyRelay, SocketRelay

__all__ = ["Fault", "Link", "MemoryRelay", "PtyRelay", "Relay", "SocketRelay", "Sound"]
