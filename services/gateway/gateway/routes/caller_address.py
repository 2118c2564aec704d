"""Whose request it is: the other end of the connection, or whom a trusted load balancer there names."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

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
        """The last address of the way here that no trusted proxy has; the first one where all are trusted."""
        if not self._trusts(peer):
            return peer
        named = [value.decode("latin-1") for name, value in headers if name == b"x-forwarded-for"]
        way = [word.strip() for word in ",".join(named).split(",") if word.strip()]
        for address in reversed(way):
            if not self._trusts(address):
                return address if _is_address(address) else peer
        return way[0] if way else peer

    def _trusts(self, address: str) -> bool:
        if self.everybody:
            return True
        return bool(self.networks) and _is_address(address) and any(ip_address(address) in net for net in self.networks)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
