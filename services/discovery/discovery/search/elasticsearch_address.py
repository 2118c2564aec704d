"""Where Elasticsearch is, out of one URL: `https://user:password@host:9200/prefix`, or `:api-key@` for a key."""

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from chassis.errors import InvalidInput

_DEFAULT_PREFIX = "listings"


class IndexUrlRefused(InvalidInput):
    """The URL names no Elasticsearch; the message never shows it, since it may hold a password."""

    code = "index_url_refused"


@dataclass(frozen=True)
class ElasticsearchAddress:
    """`node` has no credentials; `prefix` is the alias by which the index is asked."""

    node: str
    prefix: str = _DEFAULT_PREFIX
    user: str = ""
    secret: str = field(default="", repr=False)


def elasticsearch_address(url: str) -> ElasticsearchAddress:
    """The address that a URL names. Raises IndexUrlRefused."""
    parts = urlsplit(url)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    prefix = unquote(parts.path.strip("/")) or _DEFAULT_PREFIX
    if parts.scheme not in {"http", "https"} or not host or port is None or not prefix.replace("-", "").isalnum():
        raise IndexUrlRefused("An index URL is http://host:port/prefix or https://user:password@host:port/prefix.")
    name = f"[{host}]" if ":" in host else host
    node = f"{parts.scheme}://{name}:{port}"
    return ElasticsearchAddress(node, prefix.lower(), unquote(parts.username or ""), unquote(parts.password or ""))
