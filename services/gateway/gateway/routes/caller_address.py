"""Whose request it is: the other end of the connection, or whom a trusted load balancer there names."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from wire.request_head import Headers

_ANYBODY = "*"


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """Addresses and networks whose X-Forwarded-For is believed."""

    networks: Sequence[IPv4Network | IPv6Network] = ()
    everybody: bool = False

    @classmethod
    def of(cls, text: str) -> "TrustedProxies":
        """From addresses and networks with commas between; `*` trusts everybody. Raises ValueError for another word."""
        words = [word.strip() for word in text.split(",") if word.strip()]
        return cls(tuple(ip_network(word) for word in words if word != _ANYBODY), _ANYBODY in words)

    def caller(self, peer: str, headers: Headers) -> str:
        """The last address of the way here that no trusted proxy has; the furthest one where all are trusted.

        What lies beyond a word that is no address is not believed.
        """
        caller = peer
        here = _address(peer)
        for word in reversed(_way(headers)) if self._trusts(here) else ():
            here = _address(word)
            if here is None:
                break
            caller = str(here)
            if not self._trusts(here):
                break
        return caller

    def _trusts(self, address: IPv4Address | IPv6Address | None) -> bool:
        return self.everybody or (address is not None and any(address in network for network in self.networks))


def _way(headers: Headers) -> list[str]:
    named = b",".join(value for name, value in headers if name == b"x-forwarded-for")
    return [word.strip() for word in named.decode("latin-1").split(",") if word.strip()]


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Without a scope, which means something on one machine alone and may hold any letters."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
