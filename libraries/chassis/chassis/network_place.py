"""Which addresses are one place, for what is counted by where it comes from."""

from ipaddress import AddressValueError, IPv6Address

# One subscriber has at least so many bits to choose addresses by (RFC 6177); programs change theirs daily (RFC 8981).
_SUBSCRIBER_BITS = 64


def place_of(address: str) -> str:
    """An IPv4 address itself, also one wrapped in IPv6; of IPv6 the network of 64 bits, such as `2001:db8:0:7::/64`.

    The loopback address is itself, and so is text that is no address.
    """
    if ":" not in address:
        return address
    try:
        parsed = IPv6Address(address)
    except AddressValueError:
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    if parsed.is_loopback:
        return str(parsed)
    network = int(parsed) >> _SUBSCRIBER_BITS << _SUBSCRIBER_BITS
    return f"{IPv6Address(network)}/{_SUBSCRIBER_BITS}"
