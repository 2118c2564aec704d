"""How large, how many and how long: the bounds of both sides. Bytes and seconds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """What a server takes from its callers.

    `idle_seconds` runs between requests, `head_seconds` from a head's first byte to its last, `body_seconds` from there
    to the body's last, `write_seconds` while a caller takes nothing of its reply, `linger_seconds` while what a refused
    caller still sends is thrown away. `pipelined` is how many requests may wait on one connection for the reply before
    them. `buffered_bytes` bounds the collected bodies of all connections together.
    """

    head_bytes: int = 64 << 10
    headers: int = 100
    target_bytes: int = 8 << 10
    head_seconds: float = 10.0
    body_seconds: float = 30.0
    idle_seconds: float = 60.0
    write_seconds: float = 30.0
    linger_seconds: float = 2.0
    connections: int = 10_000
    pipelined: int = 256
    buffered_bytes: int = 256 << 20


@dataclass(frozen=True, slots=True)
class ClientLimits:
    """What a client takes from servers, and how it pools.

    Servers close idle connections after 5 s and more: a request on one just being closed could not be tried again.
    """

    head_bytes: int = 64 << 10
    connections: int = 256
    idle_seconds: float = 4.0
    connect_seconds: float = 5.0
