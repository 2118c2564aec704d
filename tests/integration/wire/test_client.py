"""The engine's client: how it pools, where it connects, and what it takes for a response."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from fakes.collecting_taker import CollectingTaker, asked, sent
from fixtures.certificates import tls_pair
from fixtures.scripted_upstream import (
    OK,
    Conversation,
    Script,
    ScriptedUpstream,
    always_ok,
    at_loopback,
    once,
    scripted_upstream,
)
from fixtures.wire_line import until, wire_house

from wire.client import Client, Resolve
from wire.errors import Broken, NotSent, TooManyAtOnce
from wire.limits import ClientLimits
from wire.origin import Origin
from wire.ticker import Ticker

REQUEST = b"GET / HTTP/1.1\r\nhost: upstream\r\n\r\n"


@asynccontextmanager
async def _client(
    limits: ClientLimits | None = None, resolve: Resolve = at_loopback, tls: ssl.SSLContext | None = None
) -> AsyncGenerator[Client]:
    ticker = Ticker()
    ticker.start()
    client = Client(resolve, ticker, limits or ClientLimits(), tls or ssl.create_default_context())
    yield client
    client.close()
    ticker.stop()


@asynccontextmanager
async def _pair(
    script: Script = always_ok, limits: ClientLimits | None = None
) -> AsyncGenerator[tuple[ScriptedUpstream, Client]]:
    async with scripted_upstream(script) as upstream, _client(limits) as client:
        yield upstream, client


def _has_none_ready(client: Client, origin: Origin) -> bool:
    connection = client.idle(origin)
    if connection is not None:
        connection.unused()
    return connection is None


async def test_the_connection_used_last_is_used_next() -> None:
    async with _pair() as (upstream, client):
        pair = [await sent(client, upstream.origin, REQUEST) for _ in range(2)]
        await asyncio.gather(*(taker.whole for _, taker in pair))
        last = client.idle(upstream.origin)
        assert last is not None
        last.unused()
        for _ in range(5):
            assert client.idle(upstream.origin) is last
            last.unused()
        assert await asked(client, upstream.origin, REQUEST) == (200, b"ok")
        assert len(upstream.conversations) == 3, "two, and one that was made ahead"


async def test_a_request_that_has_not_left_can_be_taken_back_and_its_connection_be_used() -> None:
    async with _pair() as (upstream, client):
        connection = await client.connection(upstream.origin)
        connection.send(REQUEST, CollectingTaker())
        assert connection.take_back()
        assert client.idle(upstream.origin) is connection
        taker = CollectingTaker()
        connection.send(REQUEST, taker)
        await taker.whole
        assert (taker.status, taker.body, len(upstream.conversations)) == (200, b"ok", 1)
        assert not connection.take_back()
        assert client.idle(upstream.origin) is connection


async def test_a_connection_its_server_closed_is_not_used_again() -> None:
    async with _pair(once(OK)) as (upstream, client):
        for number in range(1, 4):
            assert await asked(client, upstream.origin, REQUEST) == (200, b"ok")
            await until(lambda wanted=number: upstream.ended == wanted)
            await until(lambda: _has_none_ready(client, upstream.origin))
        assert len(upstream.conversations) == 3


async def test_an_idle_connection_is_given_up_before_its_server_may_close_it() -> None:
    async with _pair(limits=ClientLimits(idle_seconds=0.1)) as (upstream, client):
        await asked(client, upstream.origin, REQUEST)
        await until(lambda: upstream.ended == 1)
        assert client.idle(upstream.origin) is None


async def test_where_two_are_in_use_the_next_finds_one_ready() -> None:
    async with _pair() as (upstream, client):
        alone = await client.connection(upstream.origin)
        await asyncio.sleep(0.05)
        assert len(upstream.conversations) == 1, "one alone is used again and again"
        second = await client.connection(upstream.origin)
        await until(lambda: len(upstream.conversations) == 3)
        await asyncio.sleep(0.05)
        third = client.idle(upstream.origin)
        assert third is not None
        await until(lambda: len(upstream.conversations) == 4)
        await asyncio.sleep(0.05)
        assert len(upstream.conversations) == 4
        for one in (alone, second, third):
            one.unused()
        assert await asked(client, upstream.origin, REQUEST) == (200, b"ok")


@pytest.mark.parametrize("failure", [NotSent("no more"), OSError("no route"), RuntimeError("whatever it was")])
async def test_a_server_that_takes_no_more_is_not_asked_ahead_again_and_again(failure: Exception) -> None:
    tries = 0

    async def failing_at_last(host: str, port: int) -> list[str]:
        nonlocal tries
        tries += 1
        if tries > 2:
            raise failure
        return await at_loopback(host, port)

    async with scripted_upstream(always_ok) as upstream, _client(resolve=failing_at_last) as client:
        pair = [await client.connection(upstream.origin) for _ in range(2)]
        for _ in range(20):
            await asyncio.sleep(0.002)
            assert client.idle(upstream.origin) is None
        assert tries == 3
        for one in pair:
            one.unused()


async def test_one_that_is_made_ahead_takes_no_place_of_those_who_filled_all_meanwhile() -> None:
    ready, waiting = asyncio.Event(), asyncio.Event()

    async def slow_ahead(host: str, port: int) -> list[str]:
        task = asyncio.current_task()
        assert task is not None
        if "_make_ahead" in repr(task):
            waiting.set()
            await ready.wait()
        return await at_loopback(host, port)

    limits = ClientLimits(connections=3)
    async with scripted_upstream(always_ok) as upstream, _client(limits, slow_ahead) as client:
        taken = [await client.connection(upstream.origin) for _ in range(3)]
        await waiting.wait()
        ready.set()
        await asyncio.sleep(0.05)
        assert client.idle(upstream.origin) is None
        for one in taken:
            one.unused()


async def test_a_client_that_is_closed_keeps_nothing_that_was_made_ahead() -> None:
    async with scripted_upstream(always_ok) as upstream:
        async with _client() as client:
            for _ in range(2):
                await client.connection(upstream.origin)
        await asyncio.sleep(0.05)
        assert client.idle(upstream.origin) is None


async def test_who_finds_every_connection_taken_waits_for_one() -> None:
    async with _pair(limits=ClientLimits(connections=1)) as (upstream, client):
        held = await client.connection(upstream.origin)
        waiting = [asyncio.create_task(asked(client, upstream.origin, REQUEST)) for _ in range(3)]
        await asyncio.sleep(0.02)
        assert not any(task.done() for task in waiting)
        held.unused()
        assert await asyncio.gather(*waiting) == [(200, b"ok")] * 3
        assert len(upstream.conversations) == 1


async def test_who_waits_too_long_is_told_so_and_nobody_loses_a_place() -> None:
    async with _pair(limits=ClientLimits(connections=1, connect_seconds=0.1)) as (upstream, client):
        held = await client.connection(upstream.origin)
        with pytest.raises(TooManyAtOnce):
            await client.connection(upstream.origin)
        given_up = asyncio.create_task(client.connection(upstream.origin))
        waiting = asyncio.create_task(client.connection(upstream.origin))
        await asyncio.sleep(0.02)
        held.unused()
        given_up.cancel()
        (await waiting).unused()


async def test_only_the_addresses_that_the_resolver_gave_are_connected_to() -> None:
    calls: list[tuple[str, int]] = []

    async def vetted(host: str, port: int) -> list[str]:
        calls.append((host, port))
        if host == "inner.test":
            raise NotSent("leads to a private address")
        return ["127.0.0.1"]

    async with scripted_upstream(always_ok) as upstream, _client(resolve=vetted) as client:
        for _ in range(3):
            assert await asked(client, upstream.origin, REQUEST) == (200, b"ok")
        assert calls == [("upstream.test", upstream.origin.port)]
        with pytest.raises(NotSent, match="private"):
            await client.connection(Origin("inner.test", upstream.origin.port))
        assert len(upstream.conversations) == 1


async def test_a_server_that_is_not_there_is_nothing_sent() -> None:
    async with scripted_upstream(always_ok) as upstream:
        pass
    async with _client() as client:
        with pytest.raises(NotSent):
            await client.connection(upstream.origin)


async def test_a_certificate_that_is_not_for_this_host_is_refused(tmp_path: Path) -> None:
    server_side, caller_side = tls_pair(tmp_path)
    async with wire_house(tls=(server_side, caller_side)) as house, _client(tls=caller_side) as client:
        here = Origin("localhost", house.server.port, tls=True)
        assert await asked(client, here, b"GET /echo HTTP/1.1\r\nhost: localhost\r\n\r\n") == (200, b"")
        with pytest.raises(NotSent):
            await client.connection(Origin("elsewhere.test", house.server.port, tls=True))


@pytest.mark.parametrize(
    "answer",
    [
        b"rubbish\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nbad name: x\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" * 5000,
        b"HTTP/1.1 200 OK\r\n" + b"x-many: " + b"x" * 100_000 + b"\r\n\r\n",
        b"",
    ],
)
async def test_what_is_no_response_is_never_taken_for_one(answer: bytes) -> None:
    async with _pair(once(answer)) as (upstream, client):
        with pytest.raises(Broken):
            await asked(client, upstream.origin, REQUEST)
        assert client.idle(upstream.origin) is None


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, b"ok"),
        (b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" * 3 + OK, b"ok"),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", b"until the end"),
        (b"HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nold", b"old"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\nx-trailer: 1\r\n\r\n", b"ok"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n", b""),
    ],
)
async def test_every_way_to_frame_a_response_is_understood(answer: bytes, body: bytes) -> None:
    async with _pair(once(answer)) as (upstream, client):
        _, taker = await sent(client, upstream.origin, REQUEST)
        await taker.whole
        assert taker.body == body
        assert not [name for name, _ in taker.headers if name in (b"link", b"x-trailer")]


async def test_a_response_to_head_has_no_body_whatever_it_says() -> None:
    async with _pair(once(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", hangs_up=False)) as (upstream, client):
        connection = await client.connection(upstream.origin)
        connection.send(REQUEST.replace(b"GET", b"HEAD"), taker := CollectingTaker(), bodiless=True)
        await taker.whole
        assert (taker.status, taker.body) == (200, b"")


async def test_bytes_after_a_response_belong_to_no_request() -> None:
    async with _pair(once(OK + OK.replace(b"ok", b"no"), hangs_up=False)) as (upstream, client):
        for number in range(1, 4):
            assert await asked(client, upstream.origin, REQUEST) == (200, b"ok")
            await until(lambda wanted=number: upstream.ended == wanted)
        assert len(upstream.conversations) == 3


class _AsksAgain(CollectingTaker):
    """Sends its next request as soon as it has its answer, as a pipeline of requests does."""

    def __init__(self, client: Client, origin: Origin) -> None:
        super().__init__()
        self._client, self._origin = client, origin
        self.next: CollectingTaker | None = None

    def ended(self) -> None:
        super().ended()
        connection = self._client.idle(self._origin)
        if connection is not None:
            connection.send(REQUEST, taker := CollectingTaker())
            self.next = taker


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("chunked", [False, True])
async def test_bytes_after_a_response_belong_to_no_request_that_follows_at_once(times: int, chunked: bool) -> None:
    answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" if chunked else OK
    async with _pair(once(answer + OK.replace(b"ok", b"no") * times, hangs_up=False)) as (upstream, client):
        connection = await client.connection(upstream.origin)
        connection.send(REQUEST, taker := _AsksAgain(client, upstream.origin))
        await taker.whole
        assert (taker.body, taker.next) == (b"ok", None)
        await until(lambda: upstream.ended == 1)


async def test_an_answer_that_comes_before_its_request_has_left_is_none() -> None:
    async with _pair(always_ok) as (upstream, client):
        assert await asked(client, upstream.origin, REQUEST) == (200, b"ok")
        connection, taker = await sent(client, upstream.origin, REQUEST)
        connection.data_received(OK.replace(b"ok", b"no"))
        with pytest.raises(Broken, match="before it was asked"):
            await taker.whole
        assert client.idle(upstream.origin) is None


async def test_a_response_without_a_length_that_is_cut_off_is_not_whole() -> None:
    cut = asyncio.Event()

    async def resets(conversation: Conversation) -> None:
        await conversation.request()
        conversation.says(b"HTTP/1.1 200 OK\r\n\r\nhalf")
        await cut.wait()
        linger = struct.pack("ii", 1, 0)
        conversation.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        conversation.writer.transport.abort()

    async with _pair(resets) as (upstream, client):
        _, taker = await sent(client, upstream.origin, REQUEST)
        await until(lambda: taker.body == b"half")
        cut.set()
        with pytest.raises(Broken):
            await taker.whole


async def test_an_answer_before_the_request_is_whole_is_heard_and_the_connection_not_kept() -> None:
    async def early(conversation: Conversation) -> None:
        await conversation.head()
        conversation.says(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
        await conversation.reader.read()

    async with _pair(early) as (upstream, client):
        connection = await client.connection(upstream.origin)
        head = b"POST / HTTP/1.1\r\nhost: u\r\ncontent-length: 100000\r\n\r\n"
        connection.send(head, taker := CollectingTaker(), done=False)
        await taker.whole
        connection.send_more(b"x" * 1000, done=False)
        assert (taker.status, taker.body) == (413, b"no")
        assert client.idle(upstream.origin) is None
        await until(lambda: upstream.ended == 1)


async def test_a_response_is_read_as_slowly_as_it_is_taken() -> None:
    size = 64 << 20

    async def large(conversation: Conversation) -> None:
        await conversation.request()
        conversation.says(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size >> 16):
            conversation.says(b"x" * (1 << 16))
            await conversation.writer.drain()
        await conversation.reader.read()

    async with _pair(large) as (upstream, client):
        connection, taker = await sent(client, upstream.origin, REQUEST)
        await taker.head
        connection.hold(wait=True)
        await asyncio.sleep(0.2)
        assert len(taker.body) < 2 << 20
        connection.drop()
        await until(lambda: upstream.ended == 1)


async def test_responses_of_many_lengths_are_each_read_whole_on_one_connection() -> None:
    bodies = [b"x" * size for size in (2, 2, 3, 0, 700, 2, 90_000, 2)]

    async def changing(conversation: Conversation) -> None:
        for number, body in enumerate(bodies):
            await conversation.request()
            hint = b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" if number == 3 else b""
            conversation.says(b"%bHTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (hint, len(body), body))
        await conversation.reader.read()

    async with _pair(changing) as (upstream, client):
        for body in bodies:
            _, taker = await sent(client, upstream.origin, REQUEST)
            await taker.whole
            assert (taker.status, taker.body) == (200, body)
            assert taker.headers == [(b"content-length", b"%d" % len(body))]
        assert len(upstream.conversations) == 1
