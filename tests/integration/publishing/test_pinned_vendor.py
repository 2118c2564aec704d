"""Probes over real sockets: what an endpoint may not do to us."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from fixtures.conversations import listening
from pydantic import SecretStr

from publishing.probes.errors import EndpointAddressRefused, EndpointUnreachable
from publishing.probes.pinned_client import MAX_BYTES, PinnedVendor
from publishing.probes.ports import Target

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def endpoint(answer: Answer) -> AsyncGenerator[tuple[str, list[bytes]]]:
    """A raw server on a free port, and the request heads it saw."""
    heads: list[bytes] = []

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        await answer(reader, writer)
        await writer.drain()

    async with listening(converse) as port:
        yield f"127.0.0.1:{port}", heads


def answering(text: bytes) -> Answer:
    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(text)

    return answer


async def ask(place: str, *, host: str | None = None, deadline: float = 5.0, stream: bool = False):
    async def resolver(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    name = f"{host}:{place.partition(':')[2]}" if host else place
    vendor = PinnedVendor({name}, deadline, resolver)
    call = vendor.stream if stream else vendor.post
    return await call(Target(f"http://{name}/v1", "m", SecretStr("key")), "/chat/completions", {})


async def test_the_connection_goes_to_the_vetted_address_under_the_endpoints_name() -> None:
    async with endpoint(answering(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")) as (place, heads):
        reply = await ask(place, host="vendor.internal")
    assert (reply.status, reply.text) == (200, "{}")
    head = heads[0].lower()
    assert head.startswith(b"post /v1/chat/completions ")
    assert f"host: vendor.internal:{place.partition(':')[2]}".encode() in head
    assert b"authorization: bearer key" in head


async def test_a_redirect_is_an_answer_and_never_followed() -> None:
    moved = b"HTTP/1.1 307 Moved\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n"
    async with endpoint(answering(moved)) as (place, heads):
        assert (await ask(place)).status == 307
    assert len(heads) == 1


@pytest.mark.parametrize("stream", [False, True])
async def test_an_endless_answer_is_cut(stream: bool) -> None:
    async def flood(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        chunk = b"data: {}\n\n" * 5000
        for _ in range(MAX_BYTES // len(chunk) * 3):
            writer.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            await writer.drain()

    async with endpoint(flood) as (place, _):
        with pytest.raises(EndpointUnreachable, match="longer"):
            await ask(place, stream=stream)


async def test_a_silent_endpoint_ends_at_the_deadline() -> None:
    async def silence(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(5)

    async with endpoint(silence) as (place, _):
        with pytest.raises(EndpointUnreachable, match="within"):
            await ask(place, deadline=0.2)


@pytest.mark.parametrize("text", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nshort"])
async def test_what_is_not_http_is_unreachable(text: bytes) -> None:
    async with endpoint(answering(text)) as (place, _):
        with pytest.raises(EndpointUnreachable):
            await ask(place)


async def test_a_compressed_bomb_is_not_unpacked() -> None:
    bomb = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\n\x1f\x8b\x08\x00"
    async with endpoint(answering(bomb)) as (place, heads):
        assert len((await ask(place)).text) <= 4
    assert b"accept-encoding: identity" in heads[0].lower()


async def test_a_closed_port_and_a_strange_name_are_told_apart() -> None:
    async with endpoint(answering(b"")) as (place, _):
        pass
    with pytest.raises(EndpointUnreachable):
        await ask(place)
    with pytest.raises(EndpointAddressRefused):
        await PinnedVendor(frozenset(), 1).post(Target(f"http://{place}/v1", "m", None), "/x", {})
    with pytest.raises(EndpointUnreachable):
        await PinnedVendor(frozenset({"nowhere.invalid:80"}), 5).post(
            Target("http://nowhere.invalid/v1", "m", None), "/x", {}
        )
