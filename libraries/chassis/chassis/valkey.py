"""The Valkey or Redis client: short deadlines, never a hang, and our error when it does not answer."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from pydantic import SecretStr
from redis.asyncio import Redis, RedisCluster, Sentinel
from redis.asyncio.cluster import ClusterNode
from redis.exceptions import RedisClusterException, RedisError

from chassis.errors import Unavailable
from chassis.valkey_address import Kind, ValkeyAddress, address_of

TIMEOUT_SECONDS = 0.25
CONNECTIONS = 10
# What the client raises where nobody answers; of a cluster without a node it is no RedisError.
VALKEY_ERRORS = (RedisError, RedisClusterException, OSError)
# A script's keys all lie in one slot (they carry the same {tag}), so that the same call works on a cluster.
Valkey = Redis | RedisCluster


class ValkeyUnavailable(Unavailable):
    """Valkey does not answer in time; callers fall back as their failure table says."""

    code = "valkey_unavailable"


@asynccontextmanager
async def open_valkey(url: SecretStr, *, name: str) -> AsyncGenerator[Valkey]:
    """A client with a pool of its own that lives as long as the process. Raises ValkeyUrlRefused.

    Nothing is connected yet: a primary behind sentinels is asked for with each new connection, so that a fail-over
    needs no restart.
    """
    address = address_of(url.get_secret_value())
    options: dict[str, Any] = {
        "client_name": name,
        "socket_timeout": TIMEOUT_SECONDS,
        "socket_connect_timeout": TIMEOUT_SECONDS,
        "max_connections": CONNECTIONS,
    }
    client, sentinels = _client(address, options)
    try:
        yield client
    finally:
        await client.aclose()
        for sentinel in sentinels:
            await sentinel.aclose()


async def ping(client: Valkey) -> None:
    """Raise ValkeyUnavailable where it does not answer."""
    try:
        await client.ping()  # pyright: ignore[reportUnknownMemberType, reportGeneralTypeIssues]
    except VALKEY_ERRORS as error:
        raise ValkeyUnavailable("Valkey does not answer.") from error


def _client(address: ValkeyAddress, options: dict[str, Any]) -> tuple[Valkey, list[Redis]]:
    """The client, and what must be closed beside it."""
    if address.kind is Kind.SINGLE:
        return Redis.from_url(address.url, **options), []  # pyright: ignore[reportUnknownMemberType]
    credentials = {"username": address.username, "password": address.password, "ssl": address.tls}
    if address.kind is Kind.CLUSTER:
        nodes = [ClusterNode(host, port) for host, port in address.nodes]
        return RedisCluster(startup_nodes=nodes, **credentials, **options), []
    sentinel = Sentinel(
        address.nodes,
        sentinel_kwargs={
            "socket_timeout": TIMEOUT_SECONDS,
            "socket_connect_timeout": TIMEOUT_SECONDS,
            "password": address.sentinel_password,
        },
        **credentials,
        **options,
    )
    primary: Redis = sentinel.master_for(address.primary, db=address.database)  # pyright: ignore[reportUnknownMemberType]
    return primary, sentinel.sentinels
