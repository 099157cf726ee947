"""Makes a device known over mDNS until ended, as the device itself does."""

import argparse
import asyncio
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
    await asyncio.Event().wait()


def main() -> None:
    """Parse the command line and announce."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.announce", description=__doc__)
    parser.add_argument("type", help="such as _example._tcp.local.")
    parser.add_argument("name")
    parser.add_argument("address")
    asyncio.run(_run(parser.parse_args()))


if __name__ == "__main__":
    main()
