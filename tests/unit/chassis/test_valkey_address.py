"""What a Valkey or Redis URL may name, and what is refused without showing it."""

import pytest

from chassis.valkey_address import Kind, ValkeyUrlRefused, address_of


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("redis://:secret@host:6379/3", "redis://:secret@host:6379/3"),
        ("valkey://host", "redis://host"),
        ("valkeys://host", "rediss://host"),
        ("unix://user:secret@/run/valkey.sock?db=1", "unix://user:secret@/run/valkey.sock?db=1"),
    ],
)
def test_one_server_keeps_its_url(url: str, plain: str) -> None:
    address = address_of(url)
    assert (address.kind, address.url) == (Kind.SINGLE, plain)


def test_sentinels_are_named_with_the_primary_that_they_watch() -> None:
    address = address_of("redis+sentinel://ann:p%40ss@one:26380,two/rates?db=2&sentinel_password=other")
    assert address.nodes == (("one", 26380), ("two", 26379))
    assert (address.kind, address.primary, address.database) == (Kind.SENTINEL, "rates", 2)
    assert (address.username, address.password, address.tls) == ("ann", "p@ss", False)
    assert address.sentinel_password == "other"


def test_a_cluster_is_named_by_some_of_its_nodes() -> None:
    address = address_of("rediss+cluster://:secret@one:7000,two:7001")
    assert address.nodes == (("one", 7000), ("two", 7001))
    assert (address.kind, address.username, address.password, address.tls) == (Kind.CLUSTER, None, "secret", True)


@pytest.mark.parametrize(
    "url",
    [
        "http://:secret@host",
        "unix+cluster://:secret@/run/x",
        "redis+sentinel://:secret@one:26379",
        "redis+cluster://:secret@one:port",
        "redis+cluster://:secret@one:700000",
        "redis+cluster://:secret@one:7000,",
        "redis+sentinel://:secret@one/rates?db=two",
        "secret",
    ],
)
def test_what_names_no_server_is_refused_without_showing_the_password(url: str) -> None:
    with pytest.raises(ValkeyUrlRefused) as refused:
        address_of(url)
    assert "secret" not in str(refused.value)


def test_an_address_shows_no_password() -> None:
    assert "secret" not in repr(address_of("redis+cluster://:secret@one:7000"))
