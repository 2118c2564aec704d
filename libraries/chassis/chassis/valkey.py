"""The Valkey or Redis client: short deadlines, never a hang, and our error when it does not answer."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from pydantic import SecretStr
from redis.asyncio import Redis
from redis.exceptions import RedisError

from chassis.errors import Unavailable

TIMEOUT_SECONDS = 0.25


class ValkeyUnavailable(Unavailable):
    """Valkey does not answer in time; callers fall back as their failure table says."""

    code = "valkey_unavailable"


@asynccontextmanager
async def open_valkey(url: SecretStr, *, name: str) -> AsyncGenerator[Redis]:
    """A client with a pool of its own that lives as long as the process."""
    client = Redis.from_url(  # pyright: ignore[reportUnknownMemberType]
        url.get_secret_value(),
        client_name=name,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        max_connections=10,
    )
    try:
        yield client
    finally:
        await client.aclose()


async def ping(client: Redis) -> None:
    """Raise ValkeyUnavailable where it does not answer."""
    try:
        await client.ping()  # pyright: ignore[reportUnknownMemberType, reportGeneralTypeIssues]
    except (RedisError, OSError) as error:
        raise ValkeyUnavailable("Valkey does not answer.") from error
