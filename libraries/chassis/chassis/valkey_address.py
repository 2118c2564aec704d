"""Where Valkey or Redis is, out of one URL: a single server, one behind sentinels, or a cluster.

`valkey://`, `redis://` and `rediss://` (TLS), `unix://` name one server. `+sentinel` behind the scheme names sentinels,
and the path the primary that they watch: `redis+sentinel://user:password@one:26379,two:26379/primary?db=0`, with
`&sentinel_password=` where the sentinels themselves want one. `+cluster` names some nodes of a cluster:
`rediss+cluster://user:password@one:6379,two:6379`.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qs, unquote, urlsplit

from chassis.errors import InvalidInput

_SCHEME = re.compile(r"(redis|rediss|valkey|valkeys|unix)(?:\+(sentinel|cluster))?")
_DEFAULT_PORTS = {"sentinel": 26379, "cluster": 6379}


class ValkeyUrlRefused(InvalidInput):
    """The URL names no server that we know how to reach; the message never shows it, since it holds a password."""

    code = "valkey_url_refused"


class Kind(StrEnum):
    """How the server that is asked gets found."""

    SINGLE = "single"
    SENTINEL = "sentinel"
    CLUSTER = "cluster"


@dataclass(frozen=True)
class ValkeyAddress:
    """`url` is what a client of a single server takes; `nodes` are the sentinels, or some nodes of the cluster."""

    kind: Kind
    url: str = ""
    nodes: tuple[tuple[str, int], ...] = ()
    primary: str = ""
    sentinel_password: str | None = None
    username: str | None = None
    password: str | None = None
    database: int = 0
    tls: bool = False

    def __repr__(self) -> str:
        return f"ValkeyAddress({self.kind}, {self.nodes})"


def address_of(url: str) -> ValkeyAddress:
    """The address that a URL names. Raises ValkeyUrlRefused."""
    scheme = url.partition("://")[0]
    known = _SCHEME.fullmatch(scheme)
    if known is None or (known[1] == "unix" and known[2]):
        raise ValkeyUrlRefused(
            "A Valkey URL begins with valkey://, redis://, rediss:// or unix://, or has +sentinel or +cluster in it."
        )
    plain = known[1].replace("valkey", "redis")
    if known[2] is None:
        return ValkeyAddress(Kind.SINGLE, url=plain + url[len(scheme) :])
    return _of_many(Kind(known[2]), url, tls=plain == "rediss")


def _of_many(kind: Kind, url: str, *, tls: bool) -> ValkeyAddress:
    parts = urlsplit(url)
    credentials, _, hosts = parts.netloc.rpartition("@")
    username, _, password = credentials.partition(":")
    primary = unquote(parts.path.strip("/"))
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if kind is Kind.SENTINEL and not primary:
        raise ValkeyUrlRefused("A sentinel URL names the watched primary behind its hosts: .../primary.")
    return ValkeyAddress(
        kind,
        nodes=tuple(_node(host, _DEFAULT_PORTS[kind]) for host in hosts.split(",")),
        primary=primary,
        sentinel_password=options.get("sentinel_password"),
        username=unquote(username) or None,
        password=unquote(password) or None,
        database=_number(options.get("db", "0"), "the db of a Valkey URL"),
        tls=tls,
    )


def _node(text: str, default_port: int) -> tuple[str, int]:
    host, separator, port = text.rpartition(":")
    if not separator:
        host, port = text, str(default_port)
    if not host:
        raise ValkeyUrlRefused("Each host of a Valkey URL is host:port, several with commas between them.")
    return host, _number(port, "the port of each host of a Valkey URL")


def _number(text: str, what: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise ValkeyUrlRefused(f"{what[0].upper()}{what[1:]} is a number.")
    return int(text)
