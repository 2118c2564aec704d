"""Where requests go."""

from typing import NamedTuple


class Origin(NamedTuple):
    """Scheme, host and port; hosts in ASCII, IPv6 addresses without brackets. A tuple: each request looks one up."""

    host: str
    port: int
    tls: bool = False
