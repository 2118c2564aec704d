"""Whether an address is one that everybody can reach: the last word before a connection is made."""

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Metadata and host services of clouds that stand on addresses which count as public.
_METADATA = frozenset({ipaddress.ip_address("168.63.129.16"), ipaddress.ip_address("192.0.0.192")})
# Deprecated (RFC 3879) and still in use inside; Python counts it as global.
_SITE_LOCAL = ipaddress.ip_network("fec0::/10")


def is_public(address: Address) -> bool:
    """Globally reachable by unicast, and so is any IPv4 address that is wrapped inside."""
    inner = _wrapped(address) if isinstance(address, ipaddress.IPv6Address) else None
    if inner is not None:
        return is_public(inner)
    if address.is_multicast or address.is_reserved or address in _SITE_LOCAL:
        return False
    return address.is_global and address not in _METADATA


def _wrapped(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour
    if address.teredo:
        return address.teredo[1]
    value = int(address)
    # NAT64 (64:ff9b::/96), IPv4-translated (::ffff:0:0/96) and the old IPv4-compatible form (::/96).
    if value >> 32 in {0x0064FF9B << 64, 0xFFFF << 16, 0}:
        return ipaddress.IPv4Address(value & 0xFFFFFFFF)
    return None
