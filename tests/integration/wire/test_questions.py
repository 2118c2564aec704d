"""What a server asks on its own account: a whole answer in time, or an error of the engine's."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from fixtures.scripted_upstream import Conversation, at_loopback, scripted_upstream
from fixtures.wire_line import until

from wire.client import Client
from wire.errors import Broken, NotSent
from wire.origin import Origin
from wire.question import asked
from wire.ticker import Ticker


@asynccontextmanager
async def _client() -> AsyncGenerator[Client]:
    ticker = Ticker()
    ticker.start()
    client = Client(at_loopback, ticker)
    yield client
    client.close()
    ticker.stop()


async def test_answers_come_whole_and_over_one_connection() -> None:
    async def two_kinds(conversation: Conversation) -> None:
        for answer in (
            b"200 OK\r\ncontent-length: 100000\r\n\r\n" + b"x" * 100_000,
            b"503 No\r\ncontent-length: 0\r\n\r\n",
        ):
            await conversation.request()
            conversation.says(b"HTTP/1.1 " + answer)
        await conversation.request()

    async with scripted_upstream(two_kinds) as upstream, _client() as client:
        assert await asked(client, upstream.origin, "/openapi.json", 5) == (200, b"x" * 100_000)
        assert await asked(client, upstream.origin, "/ready", 5) == (503, b"")
        [conversation] = upstream.conversations
        head = b"GET /%b HTTP/1.1\r\nhost: upstream.test:%d\r\n\r\n"
        port = upstream.origin.port
        assert conversation.received == head % (b"openapi.json", port) + head % (b"ready", port)


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"])
async def test_an_answer_that_is_not_whole_in_time_is_given_up_with_its_connection(begun: bytes) -> None:
    async def silence(conversation: Conversation) -> None:
        await conversation.request()
        conversation.says(begun)
        await conversation.reader.read()

    async with scripted_upstream(silence) as upstream, _client() as client:
        with pytest.raises(Broken, match="in time"):
            await asked(client, upstream.origin, "/", 0.1)
        await until(lambda: upstream.ended)
        assert client.idle(upstream.origin) is None


async def test_an_answer_without_an_end_and_one_that_breaks_off_are_errors() -> None:
    async def flood(conversation: Conversation) -> None:
        await conversation.request()
        conversation.says(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            conversation.says(b"x" * (1 << 20))
            await conversation.writer.drain()

    async def cut(conversation: Conversation) -> None:
        await conversation.request()
        conversation.says(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf")

    for script, said in ((flood, "larger"), (cut, "broke")):
        async with scripted_upstream(script) as upstream, _client() as client:
            with pytest.raises(Broken, match=said):
                await asked(client, upstream.origin, "/", 5)


async def test_where_nobody_listens_nothing_was_sent(free_tcp_port: int) -> None:
    async with _client() as client:
        with pytest.raises(NotSent):
            await asked(client, Origin("nobody.test", free_tcp_port), "/", 5)
