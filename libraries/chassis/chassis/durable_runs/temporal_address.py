"""Where Temporal is, out of one URL: `temporal://host:port/namespace`, `temporal+tls://:secret@host:port/namespace`."""

from dataclasses import dataclass
from urllib.parse import unquote

from chassis.errors import InvalidInput

_SCHEMES = {"temporal": False, "temporal+tls": True}
_DEFAULT_NAMESPACE = "default"


class TemporalUrlRefused(InvalidInput):
    """The URL names no Temporal; the message never shows it, since it may hold a key."""

    code = "temporal_url_refused"


@dataclass(frozen=True)
class TemporalAddress:
    """`target` is host:port."""

    target: str
    namespace: str = _DEFAULT_NAMESPACE
    tls: bool = False
    secret: str | None = None

    def __repr__(self) -> str:
        return f"TemporalAddress({self.target}/{self.namespace})"


def is_temporal(url: str) -> bool:
    """Whether the URL's scheme means Temporal."""
    return url.partition("://")[0] in _SCHEMES


def temporal_address(url: str) -> TemporalAddress:
    """The address that a URL names. Raises TemporalUrlRefused."""
    scheme, _, rest = url.partition("://")
    credentials, _, place = rest.rpartition("@")
    target, _, namespace = place.partition("/")
    host, _, port = target.rpartition(":")
    if scheme not in _SCHEMES or not host or not port.isdigit():
        raise TemporalUrlRefused("A Temporal URL is temporal://host:port/namespace, or temporal+tls://.")
    secret = unquote(credentials.partition(":")[2]) or None
    return TemporalAddress(target, unquote(namespace.strip("/")) or _DEFAULT_NAMESPACE, _SCHEMES[scheme], secret)
