"""Where Kafka is and how to sign in there, out of one URL.

`kafka://host:port,host:port`; `kafka+ssl://` for TLS; `user:password@` before the hosts signs in by SASL, with
`?mechanism=PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512` (the default).
"""

import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote

from chassis.errors import InvalidInput

_SCHEMES = {"kafka": False, "kafka+ssl": True}
_MECHANISMS = ("SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN")


class KafkaUrlRefused(InvalidInput):
    """The URL names no Kafka; the message never shows it, since it may hold a password."""

    code = "kafka_url_refused"


@dataclass(frozen=True)
class KafkaAddress:
    """`bootstrap` are some brokers, with commas between them."""

    bootstrap: str
    tls: bool = False
    username: str | None = None
    password: str | None = None
    mechanism: str = _MECHANISMS[0]

    def __repr__(self) -> str:
        return f"KafkaAddress({self.bootstrap})"

    def options(self) -> dict[str, Any]:
        """What each client of aiokafka is opened with."""
        protocol = ("SASL_" if self.username else "") + ("SSL" if self.tls else "PLAINTEXT")
        found: dict[str, Any] = {"bootstrap_servers": self.bootstrap, "security_protocol": protocol}
        if self.tls:
            found["ssl_context"] = ssl.create_default_context()
        if self.username:
            found |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password,
            }
        return found


def kafka_address(url: str) -> KafkaAddress:
    """The address that a URL names. Raises KafkaUrlRefused."""
    scheme, separator, rest = url.partition("://")
    if scheme not in _SCHEMES or not separator:
        raise KafkaUrlRefused("A Kafka URL begins with kafka:// or kafka+ssl://.")
    place, _, query = rest.partition("?")
    credentials, _, hosts = place.rstrip("/").rpartition("@")
    for host in hosts.split(","):
        name, _, port = host.rpartition(":")
        if not name or not port.isdigit():
            raise KafkaUrlRefused("Each host of a Kafka URL is host:port, several with commas between them.")
    mechanism = parse_qs(query).get("mechanism", [_MECHANISMS[0]])[-1]
    if mechanism not in _MECHANISMS:
        raise KafkaUrlRefused(f"The mechanism of a Kafka URL is one of {', '.join(_MECHANISMS)}.")
    username, _, password = credentials.partition(":")
    return KafkaAddress(hosts, _SCHEMES[scheme], unquote(username) or None, unquote(password) or None, mechanism)
