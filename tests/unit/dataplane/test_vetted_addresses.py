"""Where a connection to a vendor may go once its name is resolved."""

import pytest

from dataplane.refusals import UpstreamUnreachable
from dataplane.vetted_addresses import VettedAddresses

PRIVATE = [
    "127.0.0.1",
    "10.0.0.7",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "168.63.129.16",
    "0.0.0.0",
    "255.255.255.255",
    "224.0.0.1",
    "::1",
    "::",
    "fe80::1%eth0",
    "fec0::1",
    "feff::1",
    "fd00:ec2::254",
    "::ffff:127.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
]


def _vet(*addresses: str, allowed: frozenset[str] = frozenset()) -> VettedAddresses:
    async def resolve(_host: str, _port: int) -> list[str]:
        return list(addresses)

    return VettedAddresses(allowed, resolve)


async def test_public_addresses_pass() -> None:
    assert await _vet("93.184.215.14", "2606:2800::1")("api.vendor.com", 443) == ["93.184.215.14", "2606:2800::1"]


@pytest.mark.parametrize("address", PRIVATE)
async def test_a_name_that_leads_inside_is_refused(address: str) -> None:
    with pytest.raises(UpstreamUnreachable, match="may not be called"):
        await _vet(address)("api.vendor.com", 443)


async def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(UpstreamUnreachable, match="may not be called"):
        await _vet("93.184.215.14", "127.0.0.1")("api.vendor.com", 443)


async def test_a_name_without_an_address_is_unreachable() -> None:
    with pytest.raises(UpstreamUnreachable, match="no address"):
        await _vet()("api.vendor.com", 443)


@pytest.mark.parametrize(
    ("host", "port", "entry"),
    [("127.0.0.1", 3010, "127.0.0.1:3010"), ("Vendor.Inner.", 80, "vendor.inner:80"), ("::1", 8000, "[::1]:8000")],
)
async def test_what_is_allow_listed_may_stand_inside(host: str, port: int, entry: str) -> None:
    vet = _vet("127.0.0.1", allowed=frozenset({entry}))
    assert await vet(host, port) == ["127.0.0.1"]
    with pytest.raises(UpstreamUnreachable):
        await vet(host, port + 1)
