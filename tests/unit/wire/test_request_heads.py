"""What a head must be to be taken, as a table; and that it does not matter how its bytes come."""

import random
from dataclasses import dataclass, field

import pytest

from wire.known_heads import KnownHeads
from wire.limits import ServerLimits
from wire.reply_head import header_lines, status_line
from wire.request_head import RequestHead, RequestRefused
from wire.request_reader import RequestReader

H = b"host: a.test\r\n"


@dataclass
class Sink:
    """What was read, in words."""

    seen: list[object] = field(default_factory=list[object])

    def request_begins(self) -> None:
        self.seen.append("begin")

    def head_arrived(self, head: RequestHead, length: int | None) -> None:
        self.seen.append((head.method, head.target, head.headers, length, head.chunked))

    def body_arrived(self, data: bytes) -> None:
        if isinstance(self.seen[-1], bytes):
            data = self.seen.pop() + data  # pyright: ignore[reportOperatorIssue]
        self.seen.append(data)

    def request_complete(self) -> None:
        self.seen.append("whole")


def read(*parts: bytes) -> list[object]:
    """What a reader finds; a refusal ends it with its status."""
    sink = Sink()
    reader = RequestReader(sink, ServerLimits(), KnownHeads())
    try:
        for part in parts:
            reader.feed(part)
    except RequestRefused as refusal:
        sink.seen.append(refusal.status)
    return sink.seen


def head(*lines: bytes) -> bytes:
    return b"\r\n".join((*lines, b"", b""))


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (head(b"GET / HTTP/1.1"), 400),
        (head(b"GET / HTTP/1.1", b"host: a", b"host: a"), 400),
        (head(b"GET / HTTP/1.1", b"host: a b"), 400),
        (head(b"GET / HTTP/1.1", b"host: a@b"), 400),
        (head(b"GET / HTTP/1.1", b"host: a/b"), 400),
        (head(b"GET http://a@b/ HTTP/1.1", b"host: b"), 400),
        (head(b"GET ftp://b/ HTTP/1.1", b"host: b"), 400),
        (head(b"GET path HTTP/1.1", b"host: b"), 400),
        (head(b"GET * HTTP/1.1", b"host: b"), 400),
        (head(b"CONNECT a:1 HTTP/1.1", b"host: b"), 400),
        (head(b"GET / HTTP/2.0", b"host: b"), 400),
        (head(b"GET / HTTP/1.2", b"host: b"), 400),
        (head(b"GET /"), 400),
        (head(b"GET /\xff HTTP/1.1", b"host: b"), 400),
        (head(b"GET /#part HTTP/1.1", b"host: b"), 400),
        (head(b"GOT / HTTP/1.1", b"host: b"), 400),
        (head(b"GET / HTTP/1.1", b"host : b"), 400),
        (head(b"GET / HTTP/1.1", b" host: b"), 400),
        (head(b"GET / HTTP/1.1", b"host: b", b"x: 1", b" folded"), 400),
        (head(b"GET / HTTP/1.1", b"host: b", b"x: a\0b"), 400),
        (head(b"GET / HTTP/1.1", b"host: b", b"x: a\rb"), 400),
        (head(b"GET / HTTP/1.1", b"host: b", b"x: a\x01b"), 400),
        (head(b"GET / HTTP/1.1", b"host: b", b"x\xff: a"), 400),
        (head(b"GET / HTTP/1.1", b"host: b", b": a"), 400),
        (head(b"GET / HTTP/1.1", b"host: b", b"no colon"), 400),
        (b"GET / HTTP/1.1\nhost: b\n\n", 400),
        (head(b"POST / HTTP/1.1", b"host: b", b"content-length: 1", b"content-length: 1"), 400),
        (head(b"POST / HTTP/1.1", b"host: b", b"content-length: 1, 1"), 400),
        (head(b"POST / HTTP/1.1", b"host: b", b"content-length: +1"), 400),
        (head(b"POST / HTTP/1.1", b"host: b", b"content-length: 0x1"), 400),
        (head(b"POST / HTTP/1.1", b"host: b", b"content-length: -1"), 400),
        (head(b"POST / HTTP/1.1", b"host: b", b"content-length:"), 400),
        (head(b"POST / HTTP/1.1", b"host: b", b"content-length: 99999999999999999999"), 400),
        (head(b"POST / HTTP/1.1", b"host: b", b"content-length: 1", b"transfer-encoding: chunked"), 400),
        (head(b"POST / HTTP/1.1", b"host: b", b"transfer-encoding: gzip, chunked"), 400),
        (head(b"POST / HTTP/1.1", b"host: b", b"transfer-encoding: chunked, gzip"), 400),
        (head(b"POST / HTTP/1.1", b"host: b", b"transfer-encoding: chunked", b"transfer-encoding: chunked"), 400),
        (head(b"POST / HTTP/1.1", b"host: b", b"transfer-encoding: identity"), 400),
        (head(b"POST / HTTP/1.1", b"host: b", b"transfer-encoding: xchunked"), 400),
        (head(b"POST / HTTP/1.1", b"host: b", b"transfer-encoding:\x0bchunked"), 400),
        (head(b"POST / HTTP/1.0", b"host: b", b"transfer-encoding: chunked"), 400),
        (head(b"POST / HTTP/1.1", b"host: b", b"transfer-encoding: chunked") + b"1;\n\r\nx\r\n0\r\n\r\n", 400),
        (head(b"POST / HTTP/1.1", b"host: b", b"transfer-encoding: chunked") + b"1\nx\r\n0\r\n\r\n", 400),
        (head(b"POST / HTTP/1.1", b"host: b", b"transfer-encoding: chunked") + b"0x1\r\nx\r\n0\r\n\r\n", 400),
        (head(b"POST / HTTP/1.1", b"host: b", b"transfer-encoding: chunked") + b"-1\r\nx\r\n0\r\n\r\n", 400),
        (head(b"POST / HTTP/1.1", b"host: b", b"transfer-encoding: chunked") + b"1\r\nxy\r\n0\r\n\r\n", 400),
        (head(b"POST / HTTP/1.1", b"host: b", b"transfer-encoding: chunked") + b"f" * 17 + b"\r\n", 400),
        (head(b"GET / HTTP/1.1", b"host: b", b"expect: 200-ok"), 417),
        (head(b"GET /" + b"x" * 9000 + b" HTTP/1.1", b"host: b"), 414),
        (b"\x16\x03\x01\x02\x00\x01", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    ],
)
def test_a_head_that_breaks_a_rule_is_refused(request_bytes: bytes, status: int) -> None:
    assert read(request_bytes)[-1] == status


@pytest.mark.parametrize(
    ("line", "target", "host"),
    [
        (b"GET /a?b=c", b"/a?b=c", b"a.test"),
        (b"GET http://b.test:80/x?y", b"/x?y", b"b.test:80"),
        (b"GET HTTPS://b.test?y", b"/?y", b"b.test"),
        (b"OPTIONS *", b"*", b"a.test"),
        (b"GET //double//", b"//double//", b"a.test"),
        (b"GET /%2e%2e/", b"/%2e%2e/", b"a.test"),
        (b"DELETE /", b"/", b"a.test"),
    ],
)
def test_a_target_is_brought_to_its_plain_form(line: bytes, target: bytes, host: bytes) -> None:
    [_, (_, found, headers, _, _), end] = read(head(line + b" HTTP/1.1", b"Host:  a.test\t "))  # pyright: ignore
    assert (found, dict(headers)[b"host"], end) == (target, host, "whole")


_STREAM = (
    b"\r\n"
    + head(b"GET /one HTTP/1.1", H[:-2], b"X-Empty:", b"x-space: \t a b \t")
    + head(b"POST /two HTTP/1.1", H[:-2], b"content-length: 11")
    + b"hello world"
    + head(b"PUT /three HTTP/1.1", H[:-2], b"Transfer-Encoding: Chunked")
    + b"5;a=b\r\nhello\r\nA\r\n0123456789\r\n0\r\nx-trailer: t\r\n\r\n"
    + head(b"GET /four HTTP/1.0")
)


@pytest.mark.parametrize("seed", range(200))
def test_it_does_not_matter_how_the_bytes_are_split(seed: int) -> None:
    chance = random.Random(seed)
    cuts = sorted(chance.sample(range(1, len(_STREAM)), chance.randint(1, 60)))
    parts = [_STREAM[start:end] for start, end in zip([0, *cuts], [*cuts, len(_STREAM)], strict=True)]
    assert read(*parts) == read(_STREAM)


def test_one_byte_at_a_time_is_read_like_all_at_once() -> None:
    assert read(*[bytes([byte]) for byte in _STREAM]) == read(_STREAM)
    assert read(_STREAM).count("whole") == 4


@pytest.mark.parametrize("value", [b"a\r\nset-cookie: x", b"a\nb", b"a\rb", b"a\0b"])
def test_a_reply_header_that_would_end_its_line_is_never_written(value: bytes) -> None:
    with pytest.raises(ValueError, match="line end"):
        header_lines([(b"x-a", b"fine"), (b"x-b", value)])


def test_a_status_without_a_name_has_a_line_all_the_same() -> None:
    assert (status_line(200), status_line(599)) == (b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 599 \r\n")
