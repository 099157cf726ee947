"""Makes a device known over mDNS until ended, as the device itself does."""

import argparse
import asyncio
import signal
import socket

from zeroconf import IPVersion
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf


async def _run(chosen: argparse.Namespace) -> None:
    mdns = AsyncZeroconf(interfaces=[chosen.address], ip_version=IPVersion.V4Only)
    await mdns.async_register_service(
        AsyncServiceInfo(
            chosen.type,
            f"{chosen.name}.{chosen.type}",
            addresses=[socket.inet_aton(chosen.address)],
            port=443,
            server=f"{chosen.name}.local.",
        )
    )
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()
    # Says goodbye, so that nobody remembers the device.
    await mdns.async_unregister_all_services()
    await mdns.async_close()


def main() -> None:
    """Parse the command line and announce."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.announce", description=__doc__)
    parser.add_argument("type", help="such as _example._tcp.local.")
    parser.add_argument("name")
    parser.add_argument("address")
    asyncio.run(_run(parser.parse_args()))


if __name__ == "__main__":
    main()
