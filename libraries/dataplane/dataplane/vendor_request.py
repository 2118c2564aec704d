"""The request that goes to the vendor: where, a short list of headers, our credential for its own host only."""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import quote, urlsplit

from dataplane.bounded import make_room
from dataplane.records import Credential, Route
from dataplane.refusals import UpstreamFailed, UpstreamUnreachable
from dataplane.wire_formats.openai.requests import Operation
from wire.origin import Origin

_UNSAFE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+", re.IGNORECASE)
_KEPT_IN_TARGET = "/%:@!$&'()*+,;=~-._"
_MOST_KEPT = 4096


@dataclass(frozen=True, slots=True)
class VendorHead:
    """All of a request's head that every call of a route shares, and where it goes."""

    origin: Origin
    lines: bytes

    def request(self, call_id: str, body: bytes) -> bytes:
        """The whole request."""
        return b"%bx-request-id: %b\r\ncontent-length: %d\r\n\r\n%b" % (self.lines, call_id.encode(), len(body), body)


@dataclass(slots=True)
class VendorHeads:
    """Heads by route, made once for each."""

    _kept: dict[tuple[str, Operation, bool], tuple[Route, VendorHead]] = field(
        default_factory=dict[tuple[str, Operation, bool], tuple[Route, VendorHead]]
    )

    def of(self, route: Route, operation: Operation, stream: bool) -> VendorHead:
        """The head of a call; raises UpstreamFailed where the route's credential is for another host."""
        name = (route.listing_version_id, operation, stream)
        kept = self._kept.get(name)
        if kept is not None and kept[0] is route:
            return kept[1]
        head = vendor_head(route, operation, stream)
        make_room(self._kept, _MOST_KEPT)
        self._kept[name] = (route, head)
        return head


def vendor_head(route: Route, operation: Operation, stream: bool) -> VendorHead:
    """Nothing of the caller's headers is passed on.

    Raises UpstreamFailed where the credential is for another host, UpstreamUnreachable where the endpoint or the
    credential cannot be written into a head.
    """
    url = f"{route.endpoint_url.rstrip('/')}/{operation}"
    origin, target, host = origin_of(url)
    headers = [
        (b"host", host),
        (b"content-type", b"application/json"),
        (b"accept", b"text/event-stream" if stream else b"application/json"),
        (b"accept-encoding", b"identity"),
        (b"user-agent", b"marketplace"),
    ]
    if route.credential is not None:
        headers.append(_credential_header(route.credential, url))
    return VendorHead(origin, b"POST %b HTTP/1.1\r\n" % target + b"".join(map(_line, headers)))


@lru_cache(maxsize=1024)
def origin_of(url: str) -> tuple[Origin, bytes, bytes]:
    """Origin, request target and Host of a URL."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}[parts.scheme]
        host = (parts.hostname or "").encode("idna").decode()
    except (ValueError, KeyError, UnicodeError) as error:
        raise UpstreamUnreachable("The listing's endpoint is not an http or https URL.") from error
    if not host:
        raise UpstreamUnreachable("The listing's endpoint names no host.")
    target = quote(parts.path or "/", safe=_KEPT_IN_TARGET)
    if parts.query:
        target += "?" + quote(parts.query, safe=_KEPT_IN_TARGET + "?")
    shown = f"[{host}]" if ":" in host else host
    named = shown if parts.port is None else f"{shown}:{port}"
    return Origin(host, port, parts.scheme == "https"), target.encode("ascii"), named.encode("ascii")


def _line(header: tuple[bytes, bytes]) -> bytes:
    name, value = header
    if not _NAME.fullmatch(name) or _UNSAFE.search(value):
        raise UpstreamUnreachable("A header of the listing's credential is not a valid header.")
    return name + b": " + value + b"\r\n"


def _credential_header(credential: Credential, url: str) -> tuple[bytes, bytes]:
    address = urlsplit(url)
    if credential.host.lower() not in {(address.hostname or "").lower(), address.netloc.lower()}:
        raise UpstreamFailed("The listing's credential is registered for another host; its publisher must mend it.")
    return credential.header.lower().encode("ascii"), credential.value.encode("latin-1")
