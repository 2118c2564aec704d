"""Callers that are slow, stuck or gone cost bounded time and memory."""

import asyncio
import resource

import psutil
import pytest
from fakes.wire_desk import Visit
from fixtures.wire_line import HOST, Line, chunked_post, get, post, until, wire_house

from wire.limits import ServerLimits

SOON = 0.3
_LARGE = 64 << 20


def _handles() -> int:
    return psutil.Process().num_fds()


def _memory() -> int:
    return psutil.Process().memory_info().rss


async def _is_let_go(line: Line) -> None:
    assert await line.rest() == b""


async def test_an_idle_connection_is_closed() -> None:
    async with wire_house(ServerLimits(idle_seconds=SOON)) as house:
        line = await house.line()
        await line.asks(get("/echo"))
        await _is_let_go(line)
        await until(lambda: not house.server.connections)


async def test_who_waits_for_a_reply_is_not_late_however_long_it_takes() -> None:
    async with wire_house(ServerLimits(idle_seconds=SOON, head_seconds=SOON, body_seconds=SOON)) as house:
        line = await house.line()
        # The second one's head is known.
        for _ in range(2):
            line.send(post("/kept", b"x"))
            await asyncio.sleep(3 * SOON)
            house.desk.visits.pop().exchange.reply(200, b"", b"")
            assert (await line.reply()).status == 200
        await _is_let_go(line)


@pytest.mark.parametrize("first", [b"", b"GET", b"GET / HTTP/1.1\r\nhost: h\r\nx-slow: "])
async def test_a_head_that_does_not_come_ends_the_connection(first: bytes) -> None:
    async with wire_house(ServerLimits(head_seconds=SOON)) as house:
        line = await house.line()
        line.send(first)
        await _is_let_go(line)


async def test_a_head_fed_byte_by_byte_gets_no_more_time_than_another() -> None:
    async with wire_house(ServerLimits(head_seconds=SOON)) as house:
        line = await house.line()
        line.send(b"GET / HTTP/1.1\r\n" + HOST)
        dripping = asyncio.create_task(_drip(line))
        await until(lambda: house.server.connections)
        await until(lambda: not house.server.connections)
        dripping.cancel()


async def test_a_second_head_that_stops_half_way_is_not_given_an_idle_connection_s_time() -> None:
    async with wire_house(ServerLimits(head_seconds=SOON, idle_seconds=1000)) as house:
        line = await house.line()
        line.send(get("/kept") + b"GET /echo HT")
        await until(lambda: house.desk.visits)
        house.desk.visits[0].exchange.reply(200, b"", b"")
        assert (await line.reply()).status == 200
        await _is_let_go(line)


@pytest.mark.parametrize("path", ["/echo", "/sink"])
async def test_a_body_that_does_not_come_is_refused_with_408(path: str) -> None:
    async with wire_house(ServerLimits(body_seconds=SOON)) as house:
        reply = await house.asks(post(path, b"x" * 10)[:-1])
        assert (reply.status, reply.headers["connection"]) == (408, "close")
        assert house.desk.visits[0].is_gone
        assert (await house.asks(chunked_post(path, b"x", tail=b""))).status == 408
        assert house.server.in_flight == 0


async def test_a_refused_upload_can_still_read_its_refusal() -> None:
    async with wire_house() as house:
        line = await house.line()
        line.send(post("/echo", b"x" * (8 << 20)))
        assert (await line.reply()).status == 413
        await _is_let_go(line)


async def test_a_caller_who_goes_on_sending_after_its_refusal_is_cut_off() -> None:
    async with wire_house(ServerLimits(linger_seconds=SOON)) as house:
        line = await house.line()
        line.send(post("/early", b"").replace(b"length: 0", b"length: 9000000000"))
        assert (await line.reply()).status == 403
        dripping = asyncio.create_task(_drip(line))
        await until(lambda: not house.server.connections)
        dripping.cancel()


@pytest.mark.parametrize("path", [f"/large/{_LARGE}", f"/large/{_LARGE}?chunked"])
async def test_a_slow_reader_holds_the_reply_back_and_little_memory(path: str) -> None:
    async with wire_house() as house:
        line = await house.line()
        line.writer.transport.pause_reading()  # pyright: ignore[reportAttributeAccessIssue]
        before = _memory()
        line.send(get(path))
        await until(lambda: house.desk.visits and house.desk.visits[0].rooms)
        await asyncio.sleep(SOON)
        visit = house.desk.visits[0]
        assert visit.to_write > _LARGE // 2
        assert _memory() - before < 8 << 20
        line.writer.transport.resume_reading()  # pyright: ignore[reportAttributeAccessIssue]
        assert len((await line.reply()).body) == _LARGE


async def test_a_reader_who_stops_is_let_go_and_one_who_is_slow_is_not() -> None:
    async with wire_house(ServerLimits(write_seconds=SOON)) as house:
        slow, stopped = await house.line(), await house.line()
        stopped.writer.transport.pause_reading()  # pyright: ignore[reportAttributeAccessIssue]
        stopped.send(get(f"/large/{_LARGE}"))
        await until(lambda: house.desk.visits)
        slow.send(get(f"/large/{_LARGE}"))
        taken = 0
        while not house.desk.visits[0].is_gone:
            taken += len(await slow.reader.read(1 << 20))
            await asyncio.sleep(0.02)
        assert house.server.connections == 1
        while taken < _LARGE:
            taken += len(await slow.reader.read(1 << 20))


@pytest.mark.parametrize("request_bytes", [get("/large/4000000", b"connection: close\r\n"), get("/large/4000000")])
async def test_a_last_reply_that_nobody_takes_does_not_hold_its_connection(request_bytes: bytes) -> None:
    async with wire_house(ServerLimits(write_seconds=SOON, idle_seconds=SOON), accept=_AtOnce) as house:
        line = await house.line()
        line.writer.transport.pause_reading()  # pyright: ignore[reportAttributeAccessIssue]
        line.send(request_bytes)
        await until(lambda: house.server.connections)
        await until(lambda: not house.server.connections)


async def test_an_idle_connection_is_closed_also_after_a_reply_that_was_slow_to_leave() -> None:
    async with wire_house(ServerLimits(idle_seconds=SOON), accept=_AtOnce) as house:
        line = await house.line()
        line.writer.transport.pause_reading()  # pyright: ignore[reportAttributeAccessIssue]
        line.send(get("/large/8000000"))
        await asyncio.sleep(0.1)
        line.writer.transport.resume_reading()  # pyright: ignore[reportAttributeAccessIssue]
        assert len((await line.reply()).body) == 8_000_000
        await _is_let_go(line)


async def test_pipelined_requests_wait_while_nobody_takes_the_replies_before() -> None:
    async with wire_house(accept=_AtOnce) as house:
        line = await house.line()
        line.writer.transport.pause_reading()  # pyright: ignore[reportAttributeAccessIssue]
        before = _memory()
        line.send(get("/large/4000000") * 100)
        await asyncio.sleep(SOON)
        assert _memory() - before < 40 << 20
        line.writer.transport.resume_reading()  # pyright: ignore[reportAttributeAccessIssue]
        assert {len((await line.reply()).body) for _ in range(100)} == {4_000_000}


async def test_a_receiver_without_room_holds_the_upload_back() -> None:
    async with wire_house() as house:
        line = await house.line()
        before = _memory()
        body = b"x" * _LARGE
        sending = asyncio.create_task(_send_slowly(line, post("/held", body)))
        await asyncio.sleep(SOON)
        visit = house.desk.visits[0]
        assert visit.size < 2 << 20
        assert _memory() - before - 2 * _LARGE < 16 << 20
        visit.exchange.hold(wait=False)
        assert (await line.reply()).body == b"%d" % _LARGE
        await sending


async def test_a_caller_who_closes_its_side_is_taken_as_gone() -> None:
    async with wire_house() as house:
        line = await house.line()
        line.send(get("/kept"))
        await until(lambda: house.desk.visits)
        line.writer.write_eof()
        await until(lambda: house.desk.visits[0].is_gone)
        assert house.server.in_flight == 0
        house.desk.visits[0].exchange.reply(200, b"", b"nobody")


@pytest.mark.parametrize(
    "sent",
    [
        get("/kept"),
        post("/kept", b"x" * 10)[:-1],
        post("/sink", b"x" * 10)[:-1],
        get("/kept") + get("/echo") * 5,
        get(f"/large/{_LARGE}"),
    ],
)
async def test_a_caller_who_dies_is_forgotten_wherever_its_request_is(sent: bytes) -> None:
    async with wire_house() as house:
        line = await house.line()
        line.send(sent)
        await until(lambda: house.desk.visits)
        line.leave()
        await until(lambda: house.desk.visits[0].is_gone)
        assert (house.server.in_flight, house.server.connections) == (0, 0)


async def test_a_caller_too_many_is_turned_away_and_the_others_served() -> None:
    async with wire_house(ServerLimits(connections=2)) as house:
        lines = [await house.line() for _ in range(2)]
        for line in lines:
            await line.asks(get("/echo"))
        await _is_let_go(await house.line())
        assert (await lines[0].asks(get("/echo"))).status == 200
        lines[0].leave()
        await until(lambda: house.server.connections == 1)
        assert (await house.asks(get("/echo"))).status == 200


async def test_a_thousand_visits_leave_nothing_behind() -> None:
    async with wire_house() as house:
        await house.asks(get("/echo"))
        handles = _handles()
        for number in range(1000):
            line = await house.line()
            line.send((get("/echo"), get("/kept"), post("/kept", b"xx")[:-1], b"GET /")[number % 4])
            await asyncio.sleep(0)
            line.leave()
        await until(lambda: house.server.connections <= 1)
        await until(lambda: _handles() <= handles)
        assert house.server.in_flight == 0
        assert len(asyncio.all_tasks()) == 1


def _AtOnce(exchange: object) -> Visit:  # noqa: N802
    """Writes its whole reply whether there is room or not."""
    visit = Visit(exchange)  # pyright: ignore[reportArgumentType]
    visit.rooms = _AlwaysRoom()
    return visit


class _AlwaysRoom(list[bool]):
    def append(self, has_room: bool) -> None:
        del has_room


async def _drip(line: Line) -> None:
    while True:
        line.send(b"x")
        await asyncio.sleep(0.01)


async def _send_slowly(line: Line, data: bytes) -> None:
    line.send(data)
    await line.writer.drain()


async def test_no_more_callers_are_taken_than_there_are_files_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (266, 266))
    async with wire_house() as house:
        lines = [await house.line() for _ in range(5)]
        assert [(await line.asks(get("/echo"))).status for line in lines] == [200] * 5
        await _is_let_go(await house.line())
        assert (await lines[0].asks(get("/echo"))).status == 200
