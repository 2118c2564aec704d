"""How large, how many and how long: the bounds of both sides. Bytes and seconds."""

import resource
from dataclasses import dataclass, replace

# For what is no caller's: the listening socket, the journal, other connections of the process.
_OWN_FILES = 256


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

    def within_open_files(self) -> "ServerLimits":
        """As many connections as this process may open files for, each with one to a server behind it.

        Callers too many are let go at once; without files, those who are there could not be served either.
        """
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if files == resource.RLIM_INFINITY:
            return self
        return replace(self, connections=min(self.connections, max(1, (files - _OWN_FILES) // 2)))


@dataclass(frozen=True, slots=True)
class ClientLimits:
    """What a client takes from servers, and how it pools.

    Servers close idle connections after 5 s and more: a request on one just being closed could not be tried again.
    """

    head_bytes: int = 64 << 10
    connections: int = 256
    idle_seconds: float = 4.0
    connect_seconds: float = 5.0
