"""Where requests go."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port; hosts in ASCII, IPv6 addresses without brackets."""

    host: str
    port: int
    tls: bool = False
