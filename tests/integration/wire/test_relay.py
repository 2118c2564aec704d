"""Requests handed on to a server: what it is told, what the caller gets, and what happens where one of them fails."""

import asyncio

import psutil
import pytest
from fixtures.scripted_upstream import OK, Conversation, always_ok, once
from fixtures.wire_line import HOST, chunked_post, get, post, until
from fixtures.wire_relay import relay_house

from wire.limits import ClientLimits, ServerLimits
from wire.relay import RelayLimits

SOON = 0.3
_LARGE = 32 << 20
_HUGE = RelayLimits(body_bytes=1 << 30)


async def _echo(conversation: Conversation) -> None:
    while True:
        _, body = await conversation.request()
        conversation.says(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
        await conversation.writer.drain()


async def test_a_head_is_made_anew_and_only_what_is_end_to_end_goes_on() -> None:
    async with relay_house(always_ok) as world:
        hop = b"Connection: keep-alive, X-Mine , host\r\nX-Mine: 1\r\nTE: x\r\nUpgrade-Not: 1\r\n"
        kept = b"X-Kept:  two words \r\nX-Forwarded-For: 1.2.3.4\r\nvia: 1.0 before\r\nProxy-Connection: x\r\n"
        reply = await world.house.asks(get("/a/%2e?b=c", hop + kept))
        assert (reply.status, reply.body) == (200, b"ok")
        assert (
            world.upstream.received
            == (
                b"GET /a/%%2e?b=c HTTP/1.1\r\nhost: upstream.test:%d\r\nupgrade-not: 1\r\nx-kept: two words\r\n"
                b"via: 1.0 before\r\nx-forwarded-for: 127.0.0.1\r\nvia: 1.1 relay.test\r\n\r\n"
            )
            % world.upstream.origin.port
        )
        assert world.passages[0].statuses == [200]


async def test_a_response_comes_back_without_what_is_one_hop_s() -> None:
    answer = (
        b"HTTP/1.1 203 Other\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 1\r\nDate: never\r\nX-Own: kept\r\n"
        b"Set-Cookie: a\r\nSet-Cookie: b\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-trailer: 1\r\n\r\n"
    )
    async with relay_house(once(answer)) as world:
        reply = await world.house.asks(get("/"))
        assert (reply.status, reply.body) == (203, b"ok")
        assert set(reply.headers) == {"date", "x-own", "set-cookie", "transfer-encoding"}
        assert reply.headers["date"] != "never"


@pytest.mark.parametrize("size", [0, 1, 60_000, 70_000, 2_000_000])
async def test_bodies_go_both_ways_whole_whatever_their_size(size: int) -> None:
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    async with relay_house(_echo) as world:
        line = await world.house.line()
        assert (await line.asks(post("/", body))).body == body
        pieces = [body[start : start + 9999] for start in range(0, size, 9999)]
        assert (await line.asks(chunked_post("/", *pieces))).body == body
        assert len(world.upstream.conversations) == 1
        assert world.relay.large == 0


async def test_a_request_without_a_body_says_no_length_and_one_with_an_empty_body_does() -> None:
    async with relay_house(always_ok) as world:
        await world.house.asks(get("/"))
        assert b"content-length" not in world.upstream.received
        await world.house.asks(post("/", b""))
        assert b"content-length: 0\r\n" in world.upstream.received


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204),
        (b"HTTP/1.1 304 Not Modified\r\netag: x\r\ncontent-length: 9\r\n\r\n", 304),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", 200),
        (b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", 404),
    ],
)
async def test_responses_without_a_body_keep_the_caller_in_step(answer: bytes, status: int) -> None:
    async def script(conversation: Conversation) -> None:
        while True:
            await conversation.request()
            conversation.says(answer)

    async with relay_house(script) as world:
        line = await world.house.line()
        assert [(await line.asks(get("/"))).status for _ in range(3)] == [status] * 3


async def test_head_is_handed_on_as_head() -> None:
    async with relay_house(once(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n", hangs_up=False)) as world:
        line = await world.house.line()
        reply = await line.asks(get("/").replace(b"GET", b"HEAD"))
        assert (reply.status, reply.headers["content-length"]) == (200, "500")
        assert (await line.asks(get("/").replace(b"GET", b"HEAD"))).status == 200


async def test_a_stream_reaches_its_caller_event_by_event() -> None:
    go_on = asyncio.Event()

    async def script(conversation: Conversation) -> None:
        await conversation.request()
        conversation.says(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
        conversation.says(b"data: 1\n\n")
        await go_on.wait()
        conversation.says(b"data: 2\n\n")

    async with relay_house(script) as world:
        line = await world.house.line()
        line.send(get("/"))
        async with asyncio.timeout(10):
            await line.reader.readuntil(b"data: 1\n\n")
        go_on.set()
        async with asyncio.timeout(10):
            assert (await line.reader.readuntil(b"0\r\n\r\n")).endswith(b"data: 2\n\n\r\n0\r\n\r\n")


async def test_a_slow_caller_slows_the_server_down_and_costs_little_memory() -> None:
    async def script(conversation: Conversation) -> None:
        await conversation.request()
        conversation.says(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % _LARGE)
        for _ in range(_LARGE >> 16):
            conversation.says(b"x" * (1 << 16))
            await conversation.writer.drain()
            written.append(1 << 16)
        await conversation.reader.read()

    written: list[int] = []
    async with relay_house(script, server_limits=ServerLimits(write_seconds=60)) as world:
        line = await world.house.line()
        line.writer.transport.pause_reading()  # pyright: ignore[reportAttributeAccessIssue]
        before = psutil.Process().memory_info().rss
        line.send(get("/"))
        await asyncio.sleep(SOON)
        assert sum(written) < 24 << 20
        assert psutil.Process().memory_info().rss - before < 12 << 20
        line.writer.transport.resume_reading()  # pyright: ignore[reportAttributeAccessIssue]
        assert len((await line.reply()).body) == _LARGE


async def test_a_slow_server_slows_the_upload_down_and_costs_little_memory() -> None:
    go_on = asyncio.Event()

    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await go_on.wait()
        await conversation.reader.readexactly(_LARGE)
        conversation.says(OK)
        await conversation.reader.read()

    async with relay_house(script, _HUGE) as world:
        line = await world.house.line()
        body = post("/", b"x" * _LARGE)
        before = psutil.Process().memory_info().rss
        for start in range(0, len(body), 1 << 16):
            line.send(body[start : start + (1 << 16)])
            if line.writer.transport.get_write_buffer_size() > 8 << 20:
                break
            await asyncio.sleep(0)
        assert psutil.Process().memory_info().rss - before < 24 << 20
        go_on.set()
        line.send(body[start + (1 << 16) :])
        assert (await line.reply()).status == 200


async def test_an_answer_before_the_upload_ends_reaches_the_caller() -> None:
    async def script(conversation: Conversation) -> None:
        await conversation.head()
        conversation.says(b"HTTP/1.1 409 Conflict\r\ncontent-length: 2\r\n\r\nno")
        await conversation.reader.read()

    async with relay_house(script, _HUGE) as world:
        line = await world.house.line()
        line.send(post("/", b"x" * _LARGE)[: 1 << 20])
        reply = await line.reply()
        assert (reply.status, reply.body, reply.headers["connection"]) == (409, b"no", "close")
        await until(lambda: world.upstream.ended)
        assert world.relay.large == 0


async def test_a_body_over_the_bound_is_refused_before_or_while_it_comes() -> None:
    async with relay_house(always_ok, RelayLimits(body_bytes=100_000)) as world:
        assert (await world.house.asks(post("/", b"x" * 100_001))).status == 413
        assert world.upstream.conversations == []
        assert (await world.house.asks(chunked_post("/", b"x" * 60_000, b"x" * 60_000))).status == 413


async def test_large_bodies_beyond_the_most_wait_for_a_place_and_are_refused_in_the_end() -> None:
    limits = RelayLimits(large_bodies=1, small_bytes=10, place_seconds=SOON)
    async with relay_house(_echo, limits) as world:
        first, second, third = [await world.house.line() for _ in range(3)]
        first.send(post("/", b"x" * 100)[:-1])
        await until(lambda: world.relay.large)
        assert (await second.asks(post("/", b"x" * 100))).status == 503
        third.send(post("/", b"y" * 100))
        await until(lambda: len(world.relay.waiting) > 1)
        first.send(b"x")
        assert [(await line.reply()).body for line in (first, third)] == [b"x" * 100, b"y" * 100]
        assert world.relay.large == 0


@pytest.mark.parametrize("size", [5, 100])
async def test_a_body_that_stalls_is_refused(size: int) -> None:
    limits = RelayLimits(small_bytes=10, small_seconds=SOON, large_seconds=SOON)
    async with relay_house(always_ok, limits) as world:
        assert (await world.house.asks(post("/", b"x" * size)[:-1])).status == 408
        await until(lambda: world.upstream.ended == len(world.upstream.conversations))
        assert world.relay.large == 0


async def _hangs_up_after_one(conversation: Conversation) -> None:
    await conversation.request()
    conversation.says(OK)
    await conversation.request()


@pytest.mark.parametrize(
    ("request_bytes", "status", "asked"),
    [(get("/"), 200, 2), (get("/").replace(b"GET", b"DELETE"), 502, 1), (post("/", b"x"), 502, 1)],
)
async def test_a_kept_connection_that_was_closed_costs_readers_nothing(
    request_bytes: bytes, status: int, asked: int
) -> None:
    async with relay_house(_hangs_up_after_one) as world:
        line = await world.house.line()
        assert (await line.asks(request_bytes)).status == 200
        assert (await line.asks(request_bytes)).status == status
        assert len(world.upstream.conversations) == asked


@pytest.mark.parametrize(
    "answer",
    [b"", b"rubbish\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx", b"HTTP/1.1 200"],
)
async def test_a_server_that_breaks_off_before_its_answer_is_502(answer: bytes) -> None:
    async with relay_house(once(answer)) as world:
        line = await world.house.line()
        assert [(await line.asks(post("/", b"x"))).status for _ in range(2)] == [502, 502]


@pytest.mark.parametrize("framing", [b"content-length: 100", b"transfer-encoding: chunked"])
async def test_a_server_that_breaks_off_in_its_answer_breaks_the_caller_s_connection(framing: bytes) -> None:
    answer = b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n5\r\nhello\r\n"
    async with relay_house(once(answer)) as world:
        line = await world.house.line()
        line.send(get("/"))
        got = await line.rest()
        assert got.startswith(b"HTTP/1.1 200 OK")
        assert not got.endswith(b"0\r\n\r\n")


async def test_a_server_that_is_not_there_is_503_and_one_that_says_nothing_504() -> None:
    async def silent(conversation: Conversation) -> None:
        await conversation.reader.read()

    async with relay_house(silent, RelayLimits(silence_seconds=SOON)) as world:
        assert (await world.house.asks(get("/"))).status == 504
        await until(lambda: world.upstream.ended)
    async with relay_house(silent) as world:
        world.upstream.origin = type(world.upstream.origin)("upstream.test", 1)
        assert (await world.house.asks(get("/"))).status == 503


async def test_a_server_that_stops_in_its_answer_ends_the_caller_s_connection() -> None:
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhello"
    async with relay_house(once(answer, hangs_up=False), RelayLimits(silence_seconds=SOON)) as world:
        line = await world.house.line()
        line.send(get("/"))
        assert (await line.rest()).endswith(b"\r\n\r\nhello")


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhello"])
async def test_the_server_hears_when_the_caller_leaves(answer: bytes) -> None:
    async with relay_house(once(answer, hangs_up=False)) as world:
        line = await world.house.line()
        line.send(get("/"))
        await until(lambda: world.upstream.received)
        line.leave()
        await until(lambda: world.upstream.ended)
        assert (world.house.server.in_flight, world.relay.tasks) == (0, set())


async def test_the_server_hears_when_the_caller_leaves_in_its_upload() -> None:
    async with relay_house(always_ok, RelayLimits(small_bytes=10)) as world:
        line = await world.house.line()
        line.send(post("/", b"x" * 1000)[:-1])
        await until(lambda: world.upstream.conversations)
        line.leave()
        await until(lambda: world.upstream.ended)
        assert world.relay.large == 0


async def test_a_request_waits_for_its_permission_and_a_refused_one_reaches_nobody() -> None:
    async with relay_house(_echo) as world:
        world.permission = asyncio.get_running_loop().create_future()
        line = await world.house.line()
        line.send(post("/", b"waits"))
        await until(lambda: world.passages)
        await asyncio.sleep(0.02)
        assert world.upstream.conversations == []
        world.permission.set_result(None)
        assert (await line.reply()).body == b"waits"
        world.permission = asyncio.get_running_loop().create_future()
        world.permission.set_result((429, b"retry-after: 1\r\n", b"later"))
        reply = await line.asks(get("/"))
        assert (reply.status, reply.headers["retry-after"]) == (429, "1")
        assert len(world.upstream.conversations) == 1


@pytest.mark.parametrize("framing", [b"content-length: 5\r\n\r\nhello", b"\r\nhello"])
async def test_a_response_may_be_amended_before_it_goes_back(framing: bytes) -> None:
    async with relay_house(once(b"HTTP/1.1 405 No\r\n" + framing)) as world:
        reply = await world.house.asks(get("/"))
        assert (reply.status, reply.headers["allow"], reply.body) == (405, "GET", b"hello")


@pytest.mark.parametrize("head_is_known", [False, True])
async def test_a_caller_who_leaves_before_its_response_is_amended_breaks_no_other_s(head_is_known: bool) -> None:
    answer = asyncio.Event()

    async def says_no_or_waits(conversation: Conversation) -> None:
        while True:
            head, _ = await conversation.request()
            if b"/slow" in head:
                await answer.wait()
                conversation.says(OK)
            else:
                conversation.says(b"HTTP/1.1 405 No\r\ncontent-length: 5\r\n\r\nhello")

    async with relay_house(says_no_or_waits) as world:
        if head_is_known:
            await world.house.asks(get("/"))
        world.amendment = asyncio.Event()
        leaving, other = await world.house.line(), await world.house.line()
        leaving.send(get("/"))
        await until(lambda: len(world.passages) > head_is_known and world.passages[-1].statuses)
        other.send(get("/slow"))
        await until(lambda: b"/slow" in world.upstream.received)
        leaving.leave()
        await until(lambda: world.relay.tasks == set())
        answer.set()
        assert (await other.reply()).body == b"ok"
        assert len(world.upstream.conversations) == 1


async def test_max_forwards_is_counted_down_and_ends_here_at_nought() -> None:
    async with relay_house(always_ok) as world:
        line = await world.house.line()
        ask = b"%b / HTTP/1.1\r\n" + HOST + b"max-forwards: %d\r\n\r\n"
        assert (await line.asks(ask % (b"OPTIONS", 2))).status == 200
        assert b"max-forwards: 1\r\n" in world.upstream.received
        assert (await line.asks((ask % (b"OPTIONS", 2)).replace(b": 2", b": " + b"7" * 5000))).status == 200
        assert b"max-forwards: 999999999\r\n" in world.upstream.received
        assert (await line.asks(ask % (b"OPTIONS", 0))).status == 204
        assert (await line.asks(ask % (b"TRACE", 0))).status == 501
        assert world.upstream.received.count(b"HTTP/1.1") == 2


async def test_a_fault_of_ours_while_a_request_is_made_keeps_no_connection() -> None:
    async with relay_house(always_ok, client_limits=ClientLimits(connections=2)) as world:
        assert (await world.house.asks(get("/"))).status == 200
        for _ in range(5):
            world.permission = asyncio.get_running_loop().create_future()
            world.permission.set_result(None)
            assert (await world.house.asks(get("/", b"x-breaks: 1\r\n"))).status == 500
        world.permission = None
        assert (await world.house.asks(get("/", b"x-breaks: 1\r\n"))).status == 500
        assert (await world.house.asks(get("/"))).status == 200
        assert len(world.upstream.conversations) == 1


async def test_pipelined_requests_come_back_in_their_order() -> None:
    async with relay_house(_echo) as world:
        line = await world.house.line()
        line.send(b"".join(post("/", b"%d" % number) for number in range(50)))
        assert [(await line.reply()).body for _ in range(50)] == [b"%d" % number for number in range(50)]


async def test_a_thousand_cuts_leave_nothing_behind() -> None:
    async with relay_house(_echo, RelayLimits(small_bytes=10)) as world:
        await world.house.asks(get("/"))
        for number in range(1000):
            line = await world.house.line()
            line.send((get("/"), post("/", b"x" * 99), post("/", b"x" * 99)[:-1], post("/", b"xx")[:-1])[number % 4])
            for _ in range(number % 7):
                await asyncio.sleep(0)
            line.leave()
        await until(lambda: not world.house.server.in_flight and world.house.server.connections <= 1)
        assert (world.relay.large, len(world.relay.waiting)) == (0, 0)
        await until(lambda: not world.relay.tasks)
        assert len(world.house.ticker._watched) <= 1
        assert (await world.house.asks(post("/", b"well"))).body == b"well"
