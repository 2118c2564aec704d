"""Whether a host, however it is written, is a public one: names of inner networks and addresses in any notation."""

import ipaddress
import re
import unicodedata

from chassis.public_addresses import Address, is_public

# Names that never belong to the public, and wildcard DNS that turns a name into any address.
_INNER_SUFFIXES = (
    "localhost", "local", "localdomain", "internal", "intranet", "lan", "home", "corp", "private", "test",
    "example", "invalid", "onion", "home.arpa", "in-addr.arpa", "ip6.arpa", "cluster.local", "nip.io", "sslip.io",
    "xip.io", "localtest.me", "lvh.me", "vcap.me", "lacolhost.com",
)  # fmt: skip
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"0x[0-9a-f]{0,40}|[0-9]{1,40}")


class UnreadableHost(ValueError):
    """The host is neither a name nor an address."""


def refusal_of_host(host: str) -> str | None:
    """Why a host may not be called; None for a public name or address. UnreadableHost when it is neither.

    A public name may still lead to a private address: whoever connects checks the address again.
    """
    plain = plain_host(host)
    address = address_of(plain)
    if address is not None:
        return None if is_public(address) else f"{address} is not a public address"
    if "." not in plain:
        return "a name without a dot belongs to an inner network"
    suffix = next((suffix for suffix in _INNER_SUFFIXES if plain == suffix or plain.endswith(f".{suffix}")), None)
    return f"names under .{suffix} are not public" if suffix else None


def plain_host(host: str) -> str:
    """Lower case, compatibility forms of letters, digits and dots made plain, no final dot, no brackets."""
    plain = unicodedata.normalize("NFKC", host).replace("\u3002", ".").lower()
    if plain.startswith("[") and plain.endswith("]"):
        return plain[1:-1]
    plain = plain.removesuffix(".")
    if not plain.isascii():
        plain = _punycode(plain)
    return plain


def _punycode(name: str) -> str:
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        raise UnreadableHost("the host is not a name that DNS can hold") from None


def address_of(plain: str) -> Address | None:
    """The address that a host spells out in any notation resolvers accept; None for a name."""
    if ":" in plain:
        return _version_six(plain)
    parts = plain.split(".")
    if not _NUMBER.fullmatch(parts[-1]):
        if not plain or len(plain) > 253 or not all(_LABEL.fullmatch(part) for part in parts):
            raise UnreadableHost("the host is neither a name nor an address")
        return None
    return _version_four(parts)


def _version_six(plain: str) -> Address:
    try:
        return ipaddress.IPv6Address(plain.partition("%")[0])
    except ValueError:
        raise UnreadableHost("the host is not an IPv6 address") from None


def _version_four(parts: list[str]) -> Address:
    """One to four numbers, decimal, octal or hexadecimal; the last fills what is left (as inet_aton reads them)."""
    if len(parts) > 4 or not all(_NUMBER.fullmatch(part) for part in parts):
        raise UnreadableHost("the host ends in a number but is not an IPv4 address")
    numbers = [_number(part) for part in parts]
    *leading, last = numbers
    if any(number > 255 for number in leading) or last >= 256 ** (5 - len(parts)):
        raise UnreadableHost("the host is not an IPv4 address: a number is too large")
    value = last + sum(number << (8 * (3 - index)) for index, number in enumerate(leading))
    return ipaddress.IPv4Address(value)


def _number(part: str) -> int:
    try:
        if part.startswith("0x"):
            return int(part[2:] or "0", 16)
        return int(part, 8) if part.startswith("0") else int(part)
    except ValueError:
        raise UnreadableHost("the host is not an IPv4 address: a digit does not fit its base") from None
