"""Where a connection to a vendor may go: its name is resolved here, and every address of it must be public.

A name that was public when its listing was published may lead to an inner network when it is called.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import ip_address

from chassis.public_addresses import is_public
from dataplane.refusals import UpstreamUnreachable

Resolve = Callable[[str, int], Awaitable[list[str]]]


async def system_addresses(host: str, port: int) -> list[str]:
    """The addresses of a host as this machine resolves it. Raises OSError or UnicodeError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True)
class VettedAddresses:
    """Resolves hosts; `allowed` names those that may stand on a private address, as `host:port`, IPv6 in brackets."""

    allowed: frozenset[str] = frozenset()
    resolve: Resolve = system_addresses

    async def __call__(self, host: str, port: int) -> list[str]:
        """Addresses to connect to, never empty. Raises UpstreamUnreachable, OSError or UnicodeError."""
        addresses = await self.resolve(host, port)
        if not addresses:
            raise UpstreamUnreachable("The provider's host has no address.")
        if not self._is_allowed(host, port) and not all(_is_public(address) for address in addresses):
            raise UpstreamUnreachable("The listing's endpoint leads to an address that may not be called.")
        return addresses

    def _is_allowed(self, host: str, port: int) -> bool:
        plain = host.lower().removesuffix(".")
        return (f"[{plain}]:{port}" if ":" in plain else f"{plain}:{port}") in self.allowed


def _is_public(address: str) -> bool:
    return is_public(ip_address(address.partition("%")[0]))
