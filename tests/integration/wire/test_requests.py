"""What a caller gets for what it sends: framing, order, bounds."""

import asyncio

import pytest
from fixtures.wire_line import HOST, chunked_post, get, post, until, wire_house

from wire.limits import ServerLimits


async def test_a_connection_is_kept_for_the_next_request() -> None:
    async with wire_house() as house:
        line = await house.line()
        for word in (b"one", b"two", b"three"):
            reply = await line.asks(post("/echo", word))
            assert (reply.status, reply.body) == (200, word)
            assert "connection" not in reply.headers
        assert house.server.connections == 1


async def test_pipelined_requests_are_answered_in_their_order() -> None:
    async with wire_house() as house:
        line = await house.line()
        line.send(get("/kept") + post("/echo", b"2") + chunked_post("/echo", b"3"))
        await until(lambda: house.desk.visits)
        await asyncio.sleep(0.02)
        assert len(house.desk.visits) == 1
        house.desk.visits[0].exchange.reply(200, b"", b"1")
        assert [(await line.reply()).body for _ in range(3)] == [b"1", b"2", b"3"]


async def test_a_pipelined_body_that_comes_later_is_read_when_its_turn_comes() -> None:
    async with wire_house() as house:
        line = await house.line()
        head, body = post("/echo", b"late body")[:-9], b"late body"
        line.send(get("/kept") + head)
        await until(lambda: house.desk.visits)
        line.send(body)
        await asyncio.sleep(0.02)
        house.desk.visits[0].exchange.reply(200, b"", b"first")
        assert [(await line.reply()).body for _ in range(2)] == [b"first", b"late body"]


@pytest.mark.parametrize(("path", "status"), [("/early", 403), ("/echo", 200)])
async def test_many_pipelined_requests_after_a_slow_one_are_all_answered(path: str, status: int) -> None:
    async with wire_house() as house:
        line = await house.line()
        line.send(get("/kept") + get(path) * 200)
        await until(lambda: house.desk.visits)
        house.desk.visits[0].exchange.reply(200, b"", b"first")
        assert [(await line.reply()).status for _ in range(201)] == [200, *[status] * 200]


async def test_more_pipelined_requests_than_may_wait_are_refused() -> None:
    async with wire_house(ServerLimits(pipelined=3)) as house:
        line = await house.line()
        line.send(get("/kept") + get("/echo") * 10)
        await until(lambda: house.desk.visits)
        house.desk.visits[0].exchange.reply(200, b"", b"")
        assert [(await line.reply()).status for _ in range(5)] == [200, 200, 200, 200, 429]
        assert await line.rest() == b""


@pytest.mark.parametrize("path", ["/echo", "/sink"])
async def test_a_body_is_asked_for_with_100_continue(path: str) -> None:
    async with wire_house() as house:
        line = await house.line()
        line.send(post(path, b"", b"expect: 100-continue\r\n").replace(b"length: 0", b"length: 4"))
        assert (await line.reply()).status == 100
        line.send(b"body")
        assert (await line.reply()).status == 200


async def test_a_refused_request_is_not_asked_for_its_body() -> None:
    async with wire_house() as house:
        big = post("/echo", b"", b"expect: 100-continue\r\n").replace(b"length: 0", b"length: 9999999")
        assert (await house.asks(big)).status == 413
        assert (await house.asks(post("/early", b"", b"expect: 100-continue\r\n"))).status == 403


async def test_another_expectation_is_refused() -> None:
    async with wire_house() as house:
        assert (await house.asks(post("/echo", b"", b"expect: wonders\r\n"))).status == 417


async def test_a_body_that_came_with_its_head_is_not_asked_for() -> None:
    async with wire_house() as house:
        line = await house.line()
        line.send(post("/echo", b"", b"expect: 100-continue\r\n"))
        assert (await line.reply()).status == 200


async def test_head_is_answered_like_get_without_the_body() -> None:
    async with wire_house() as house:
        line = await house.line()
        for path in ("/large/500", "/large/500?chunked"):
            reply = await line.asks(get(path).replace(b"GET", b"HEAD"))
            assert (reply.status, reply.body) == (200, b"")
        assert (await line.asks(get("/echo"))).status == 200


@pytest.mark.parametrize("status", [204, 304])
async def test_a_reply_without_a_body_leaves_the_connection_in_step(status: int) -> None:
    async with wire_house() as house:
        line = await house.line()
        reply = await line.asks(get(f"/echo?{status}"))
        assert (reply.status, "content-length" in reply.headers) == (status, False)
        line.send(get("/kept"))
        await until(lambda: len(house.desk.visits) == 2)
        exchange = house.desk.visits[1].exchange
        exchange.begin(status, b"", 5)
        exchange.write(b"five!")
        exchange.end()
        reply = await line.reply()
        assert ("content-length" in reply.headers) == (status == 304)
        assert (await line.asks(post("/echo", b"in step"))).body == b"in step"


async def test_http_1_0_is_answered_and_closed() -> None:
    async with wire_house() as house:
        for request in (b"GET /large/9 HTTP/1.0\r\n\r\n", b"GET /large/9?chunked HTTP/1.0\r\n\r\n"):
            line = await house.line()
            line.send(request)
            got = await line.rest()
            assert got.endswith(b"\r\n\r\n" + b"x" * 9)
            assert b"connection: close" in got
            assert b"chunked" not in got


async def test_a_chunked_body_arrives_whole_and_its_trailers_are_dropped() -> None:
    async with wire_house() as house:
        line = await house.line()
        tail = b"0\r\nx-trailer: 1\r\nauthorization: sneaky\r\n\r\n"
        assert (await line.asks(chunked_post("/echo", b"ab", b"c" * 5000, tail=tail))).body == b"ab" + b"c" * 5000
        assert [name for name, _ in house.desk.visits[0].exchange.head.headers] == [b"host", b"transfer-encoding"]
        assert (await line.asks(post("/echo", b"next"))).body == b"next"


async def test_close_is_said_and_done_where_the_caller_asks_for_it() -> None:
    async with wire_house() as house:
        line = await house.line()
        assert (await line.asks(get("/echo", b"connection: close\r\n"))).headers["connection"] == "close"
        assert await line.rest() == b""


@pytest.mark.parametrize("body", [b"x" * 11, None])
async def test_a_body_over_the_bound_is_refused_in_the_words_of_its_path(body: bytes | None) -> None:
    async with wire_house() as house:
        house.desk.most_body = 10
        request = post("/echo?own", body) if body else chunked_post("/echo?own", b"x" * 6, b"x" * 6)
        reply = await house.asks(request)
        assert (reply.status, reply.body, reply.headers["connection"]) == (413, b"own words", "close")
        assert (await house.asks(post("/echo", b"x" * 10))).status == 200


async def test_all_large_bodies_together_are_bounded() -> None:
    async with wire_house(ServerLimits(buffered_bytes=100_000)) as house:
        first, second = await house.line(), await house.line()
        first.send(post("/echo", b"x" * 90_000)[:-1])
        await until(lambda: house.desk.visits)
        assert (await second.asks(post("/echo", b"x" * 20_000))).status == 503
        first.send(b"x")
        assert (await first.reply()).status == 200
        assert (await house.asks(post("/echo", b"x" * 90_000))).status == 200


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (get("/" + "x" * 9000), 414),
        (get("/echo", b"x-big: " + b"x" * 70_000 + b"\r\n"), 431),
        (get("/echo", b"".join(b"x-%d: y\r\n" % number for number in range(101))), 431),
        (b"GET /echo HTTP/1.1\r\n" + HOST + b"x-endless: " + b"x" * 500_000, 431),
        (b"\r\n" * 40_000, 431),
        (b"GET /" + b"x" * 500_000, 414),
    ],
)
async def test_a_head_over_its_bounds_is_refused(request_bytes: bytes, status: int) -> None:
    async with wire_house() as house:
        reply = await house.asks(request_bytes)
        assert (reply.status, reply.headers["connection"]) == (status, "close")
        assert house.desk.visits == []


async def test_what_follows_a_refused_request_is_never_served() -> None:
    async with wire_house() as house:
        line = await house.line()
        line.send(get("/echo") + b"GET /echo HTTP/1.1\r\nhost: a b\r\n\r\n" + get("/echo"))
        assert [(await line.reply()).status for _ in range(2)] == [200, 400]
        assert await line.rest() == b""
        assert len(house.desk.visits) == 1


@pytest.mark.parametrize("path", ["/fault", "/fault-later"])
async def test_a_fault_is_the_request_s_alone(path: str) -> None:
    async with wire_house() as house:
        faults: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context["exception"]))
        line = await house.line()
        line.send(get("/kept") + get(path))
        await until(lambda: house.desk.visits)
        house.desk.visits[0].exchange.reply(200, b"", b"first")
        assert [(await line.reply()).status for _ in range(2)] == [200, 500]
        assert [type(fault) for fault in faults] == [ZeroDivisionError]
        assert house.server.in_flight == 0


async def test_a_request_without_a_body_that_is_answered_at_once_leaves_the_connection_open() -> None:
    async with wire_house() as house:
        line = await house.line()
        for _ in range(3):
            reply = await line.asks(get("/early"))
            assert (reply.status, "connection" in reply.headers) == (403, False)


async def test_chunks_that_are_short_for_ever_are_refused_and_some_short_ones_are_not() -> None:
    async with wire_house() as house:
        assert (await house.asks(chunked_post("/echo", *[b"x"] * 4000))).body == b"x" * 4000
        assert (await house.asks(chunked_post("/echo", *[b"x" * 20] * 20_000))).status == 200
        assert (await house.asks(chunked_post("/echo", *[b"x"] * 5000))).status == 400
