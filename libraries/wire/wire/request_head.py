"""The head of a request, and the rules of RFC 9112 that a parser leaves to us. A head that breaks one is refused."""

import re
from typing import Any

Headers = list[tuple[bytes, bytes]]

# RFC 3986, section 3.2.2 and 3.2.3: a reg-name, an IPv4 address or a bracketed IPv6 address, and a port.
_HOST = re.compile(rb"(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(?::[0-9]{0,5})?")
_DIGITS = re.compile(rb"[0-9]{1,15}")
# What a target may hold beyond what the parser lets through: no white space, control, non-ASCII or fragment.
_TARGET = re.compile(rb"[\x21\x22\x24-\x7e]+")
_ABSOLUTE = re.compile(rb"https?://([^/?]+)", re.IGNORECASE)
_ONCE = frozenset({b"host", b"content-length", b"transfer-encoding", b"content-type", b"authorization"})
_VALUE_FORBIDDEN = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


def length_of(headers: Headers) -> int | None:
    """What Content-Length says, where it was found to be one number."""
    for name, value in headers:
        if name == b"content-length":
            return int(value)
    return None


def size_of(headers: Headers) -> int:
    """Bytes that they take in a message."""
    return sum([len(name) + len(value) + 4 for name, value in headers])


def without_length(headers: Headers) -> Headers:
    """The headers that messages of any length share."""
    return [(name, value) for name, value in headers if name != b"content-length"]


class RequestRefused(Exception):
    """A request that is not taken; the connection ends after the reply."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class RequestHead:
    """Method, target and headers, names in lower case; all but Content-Length, which its exchange knows.

    Not to be changed: requests with the same head share it. `notes` are what its receivers found out about it, each
    under a name of its own; they must follow from the head alone.
    """

    __slots__ = (
        "chunked",
        "expects_continue",
        "headers",
        "http10",
        "method",
        "notes",
        "path",
        "query",
        "target",
    )

    def __init__(self, method: bytes, target: bytes, headers: Headers, http10: bool) -> None:
        self.method = method
        self.target = target
        self.headers = headers
        self.http10 = http10
        self.chunked = False
        self.expects_continue = False
        self.path, _, self.query = target.partition(b"?")
        self.notes: dict[object, Any] = {}

    def get(self, name: bytes) -> bytes:
        """The first value of a header, without the white space around it; empty where there is none."""
        for known, value in self.headers:
            if known == name:
                return value
        return b""

    @property
    def wants_close(self) -> bool:
        """Whether no further request follows; an upgrade is not made, and what follows it is not read."""
        if self.http10:
            return True
        return any(
            (name == b"connection" and b"close" in value.lower()) or name == b"upgrade" for name, value in self.headers
        )


def checked_head(method: bytes, target: bytes, headers: Headers, version: str) -> tuple[RequestHead, int | None]:
    """The head once it keeps the rules, and its body's length where it says one; raises RequestRefused."""
    if version not in ("1.1", "1.0"):
        # 505 would count as a fault of ours, which no caller can bring about.
        raise RequestRefused(400, "This server speaks HTTP/1.1 (RFC 9112, 2.3).")
    path, authority = _origin_form(method, target)
    head = RequestHead(method, path, headers, version == "1.0")
    _read_framing(head)
    length = length_of(headers)
    if head.chunked and length is not None:
        raise RequestRefused(400, "Transfer-Encoding and Content-Length exclude each other (RFC 9112, 6.1).")
    head.headers = without_length(headers)
    if authority:
        _host(head, authority)
        head.headers = [(b"host", authority), *((name, value) for name, value in head.headers if name != b"host")]
    return head, length


def _read_framing(head: RequestHead) -> None:
    """Sections 3.2, 6.1 and 6.3 of RFC 9112: Host, Transfer-Encoding, Content-Length; what comes once comes once."""
    seen: set[bytes] = set()
    for name, value in head.headers:
        if name not in _FRAMING:
            continue
        if name in seen and name in _ONCE:
            raise RequestRefused(400, f"The header '{name.decode()}' comes twice.")
        seen.add(name)
        _FRAMING[name](head, value)
    if b"host" not in seen and not head.http10:
        raise RequestRefused(400, "A request of HTTP/1.1 needs a Host header (RFC 9112, 3.2).")


def _host(head: RequestHead, value: bytes) -> None:
    del head
    if not _HOST.fullmatch(value):
        raise RequestRefused(400, "The Host header is no host (RFC 9112, 3.2).")


def _content_length(head: RequestHead, value: bytes) -> None:
    del head
    if not _DIGITS.fullmatch(value):
        raise RequestRefused(400, "Content-Length is not a number (RFC 9112, 6.3).")


def _transfer_encoding(head: RequestHead, value: bytes) -> None:
    if head.http10:
        raise RequestRefused(400, "HTTP/1.0 has no Transfer-Encoding (RFC 9112, 6.1).")
    if value.lower() != b"chunked":
        raise RequestRefused(400, "The only Transfer-Encoding taken is 'chunked' (RFC 9112, 6.1).")
    head.chunked = True


def _expect(head: RequestHead, value: bytes) -> None:
    if value.lower() != b"100-continue":
        raise RequestRefused(417, "The only expectation met is '100-continue' (RFC 9110, 10.1.1).")
    head.expects_continue = not head.http10


def _nothing(head: RequestHead, value: bytes) -> None:
    del head, value


_FRAMING = {
    b"host": _host,
    b"content-length": _content_length,
    b"transfer-encoding": _transfer_encoding,
    b"expect": _expect,
    b"content-type": _nothing,
    b"authorization": _nothing,
}


def _origin_form(method: bytes, target: bytes) -> tuple[bytes, bytes]:
    """The origin form, and the authority of an absolute form, which counts instead of Host (RFC 9112, 3.2)."""
    if not _TARGET.fullmatch(target):
        raise RequestRefused(400, "The request target holds bytes that no URI has (RFC 9112, 3.2).")
    if target[:1] == b"/" or (target == b"*" and method == b"OPTIONS"):
        return target, b""
    absolute = _ABSOLUTE.match(target)
    if absolute is None or method == b"CONNECT":
        raise RequestRefused(400, "The request target is neither a path nor an http URI (RFC 9112, 3.2).")
    rest = target[absolute.end() :]
    return (rest if rest[:1] == b"/" else b"/" + rest), absolute[1]


def trimmed(value: bytes) -> bytes:
    """A header's value without the white space around it, which is no part of it; raises RequestRefused for controls.

    RFC 9110, 5.5.
    """
    if _VALUE_FORBIDDEN.search(value):
        raise RequestRefused(400, "A header holds a control character (RFC 9110, 5.5).")
    return value.strip(b" \t")
