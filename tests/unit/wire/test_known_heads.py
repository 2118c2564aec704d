"""Heads known by their bytes: what is found is what the parser found, and nothing that is not quite the same."""

from typing import TypeVar

import pytest

from wire.known_heads import HeadsInTurn, KnownHeads, Whole
from wire.limits import ServerLimits
from wire.request_head import RequestHead
from wire.request_reader import RequestReader
from wire.response_head import ResponseHead

POST = (
    b"POST /v1/chat?a=b HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer k\r\nContent-Length: %d\r\nx-b:  two \r\n\r\n%b"
)
GET = b"GET /v1/models HTTP/1.1\r\nhost: here\r\naccept: */*\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nServer: s\r\nContent-Length: %d\r\nContent-Type: text/plain\r\n\r\n%b"
ANSWERED = ResponseHead(200, [(b"server", b"s"), (b"content-type", b"text/plain")])


Head = TypeVar("Head")


class Heads:
    """Collects the heads that the parser finds, and the lengths that they say."""

    def __init__(self) -> None:
        self.found: list[tuple[RequestHead, int | None]] = []

    def request_begins(self) -> None: ...

    def head_arrived(self, head: RequestHead, length: int | None) -> None:
        self.found.append((head, length))

    def body_arrived(self, data: bytes) -> None: ...

    def request_complete(self) -> None: ...


def parsed(data: bytes, known: KnownHeads[RequestHead]) -> tuple[RequestHead, int | None]:
    """The first head in these bytes, as the parser reads it."""
    sink = Heads()
    RequestReader(sink, ServerLimits(), known).feed(data)
    return sink.found[0]


def whole(known: KnownHeads[Head], data: bytes) -> "Whole[Head] | None":
    """What a new connection finds, and just as well one on which something else came before."""
    found = HeadsInTurn(known).whole(data)
    for before in (POST % (5, b"first"), POST % (0, b""), GET, ANSWER % (2, b"ok"), data):
        connection = HeadsInTurn(known)
        connection.whole(before)
        assert connection.whole(data) == found
    return found


def facts(head: RequestHead) -> tuple[object, ...]:
    return (
        *(head.method, head.target, head.path, head.query, head.headers),
        *(head.chunked, head.http10, head.expects_continue, head.wants_close),
    )


def test_a_head_is_known_again_whatever_its_length() -> None:
    known = KnownHeads[RequestHead]()
    first, length = parsed(POST % (5, b"first"), known)
    assert length == 5
    assert whole(known, POST % (5, b"again")) == (first, 5, b"again")
    assert whole(known, POST % (11, b"a long body")) == (first, 11, b"a long body")
    assert whole(known, POST % (0, b"")) == (first, 0, b"")
    other, length = parsed(POST % (11, b"a long body"), KnownHeads())
    assert (facts(other), length) == (facts(first), 11)


def test_a_head_without_a_body_is_known_again() -> None:
    known = KnownHeads[RequestHead]()
    first, _ = parsed(GET, known)
    assert whole(known, GET) == (first, None, b"")


def test_what_is_not_exactly_one_whole_request_is_left_to_the_parser() -> None:
    known = KnownHeads[RequestHead]()
    first = POST % (5, b"first")
    parsed(first, known)
    parsed(GET, known)
    others = (
        *(first[:-1], first + b"x", first + first, first[1:], first[:20], b"\r\n" + first, GET + GET, GET[:-1], b""),
        *(first.replace(b"Bearer k", b"Bearer j"), first.replace(b"Host", b"host"), GET.replace(b"\r\n", b"\n")),
        *(first.replace(b": 5", b": "), (POST % (5, b"")).replace(b": 5", b": "), first[:-5], (POST % (0, b""))[:-4]),
        *(first.replace(b": 5", b": +5"), first.replace(b": 5", b": 5\r\nContent-Length: 5"), GET + b"body"),
    )
    assert [one for one in others if whole(known, one) is not None] == []


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"POST / HTTP/1.1\r\nhost: b\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: b\r\nexpect: 100-continue\r\ncontent-length: 1\r\n\r\nx",
        b"GET / HTTP/1.1\r\nhost: b\r\nconnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: b\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n",
        b"GET / HTTP/1.0\r\nhost: b\r\n\r\n",
        b"\r\nGET / HTTP/1.1\r\nhost: b\r\n\r\n",
        b"\r\n\r\nGET / HTTP/1.1\r\nhost: b\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: b\r\ncontent-length:\t1\r\n\r\nx",
        b"GET / HTTP/1.1\r\nhost: b\r\nx: " + b"y" * 5000 + b"\r\n\r\n",
    ],
)
def test_a_head_that_says_more_than_a_length_is_read_each_time(request_bytes: bytes) -> None:
    known = KnownHeads[RequestHead]()
    parsed(request_bytes, known)
    assert whole(known, request_bytes) is None


def test_the_second_of_two_requests_in_one_piece_is_not_taken_for_the_first() -> None:
    known = KnownHeads[RequestHead]()
    parsed(GET + POST % (2, b"ab"), known)
    assert whole(known, GET) is not None
    assert whole(known, POST % (2, b"ab")) is None


def test_only_so_many_heads_are_kept() -> None:
    known = KnownHeads[RequestHead]()
    for number in range(1025):
        parsed(GET.replace(b"*/*", b"%d" % number), known)
    assert whole(known, GET.replace(b"*/*", b"1024")) is not None
    assert whole(known, GET.replace(b"*/*", b"0")) is None


def test_the_head_of_a_response_is_known_again_whatever_its_length() -> None:
    known = KnownHeads[ResponseHead]()
    known.learn(ANSWER % (2, b"ok"), ANSWERED, 3, 2)
    assert whole(known, ANSWER % (2, b"no")) == (ANSWERED, 2, b"no")
    assert whole(known, ANSWER % (6, b"longer")) == (ANSWERED, 6, b"longer")


def test_a_response_in_pieces_or_with_more_behind_it_is_left_to_the_parser() -> None:
    known = KnownHeads[ResponseHead]()
    answer = ANSWER % (2, b"ok")
    known.learn(answer, ANSWERED, 3, 2)
    known.learn(b"HTTP/1.1 100 Continue\r\n\r\n" + answer, ANSWERED, 3, 2)
    known.learn(ANSWER % (1234567890, b"ok"), ANSWERED, 3, 1234567890)
    others = (
        answer[:-1],
        answer + b"x",
        answer + answer,
        answer[:30],
        answer.replace(b"200", b"500"),
        b"\r\n" + answer,
    )
    assert [one for one in others if whole(known, one) is not None] == []
    assert whole(known, b"HTTP/1.1 100 Continue\r\n\r\n") is None
    assert whole(known, ANSWER % (1234567890, b"ok")) is None


def test_a_connection_knows_a_head_that_others_learn_later_and_each_that_comes_in_turn() -> None:
    known = KnownHeads[RequestHead]()
    connection = HeadsInTurn(known)
    assert connection.whole(GET) is None
    parsed(GET, known)
    parsed(POST % (5, b"first"), known)
    for _ in range(2):
        for data, length in ((GET, None), (POST % (2, b"ab"), 2), (POST % (123, b"c" * 123), 123)):
            found = connection.whole(data)
            assert found is not None
            assert found[1] == length
        assert connection.whole(POST % (2, b"abc")) is None
