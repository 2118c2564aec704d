"""What a reply says of the listing that was called."""

from email.utils import formatdate
from urllib.parse import quote

from dataplane.records import Route
from wire.reply_head import header_lines

HeaderList = list[tuple[bytes, bytes]]

_MICROSECONDS = 1_000_000


def route_lines(route: Route) -> bytes:
    """What is said of the listing, as header lines: the same for every call of a route."""
    return header_lines(
        [
            (b"x-marketplace-listing", _safe(route.full_name)),
            (b"x-marketplace-listing-id", _safe(route.listing_id)),
            (b"x-marketplace-version", _safe(route.version)),
            *end_announced(route),
        ]
    )


def end_announced(route: Route) -> HeaderList:
    """RFC 9745, RFC 8594 and RFC 5829: since when a listing is deprecated, until when it works, and what follows it."""
    headers: HeaderList = []
    if route.deprecated_at is not None:
        headers.append((b"deprecation", b"@%d" % (route.deprecated_at // _MICROSECONDS)))
    if route.sunset_at is not None:
        headers.append((b"sunset", formatdate(route.sunset_at / _MICROSECONDS, usegmt=True).encode()))
    if route.successor:
        model = quote(route.successor, safe="/:")
        headers.append((b"link", f'</v1/models/{model}>; rel="successor-version"'.encode("ascii")))
    return headers


def _safe(text: str) -> bytes:
    """Header text: printable ASCII, anything else as a question mark."""
    return bytes(code if 32 <= code < 127 else 63 for code in text.encode("ascii", "replace"))
