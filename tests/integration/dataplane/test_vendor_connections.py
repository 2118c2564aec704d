"""Our own connections to vendors: reused where whole, dropped where not, bounded, and safe from what vendors send."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from dataplane.pooled_upstream import PooledUpstream
from dataplane.ports import UpstreamRequest
from dataplane.refusals import UpstreamFailed, UpstreamUnreachable
from dataplane.vetted_addresses import VettedAddresses

_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
_HEADERS = [(b"content-type", b"application/json")]


@dataclass
class _Vendor:
    """Answers each request on a connection with the next of these bytes, then waits or hangs up."""

    answers: Sequence[bytes]
    hangs_up: bool = False
    connections: int = 0
    heads: list[bytes] = field(default_factory=list[bytes])
    lost: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            for answer in self.answers:
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head)
                await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]))
                writer.write(answer)
                await writer.drain()
            if not self.hangs_up:
                await reader.read()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.lost.set()
            writer.close()


@asynccontextmanager
async def _vendor(*answers: bytes, hangs_up: bool = False) -> AsyncGenerator[tuple[_Vendor, str, PooledUpstream]]:
    vendor = _Vendor(answers, hangs_up)
    server = await asyncio.start_server(vendor, "127.0.0.1", 0)
    address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    upstream = PooledUpstream(vet=VettedAddresses(frozenset({address})))
    try:
        yield vendor, f"http://{address}", upstream
    finally:
        await upstream.close()
        server.close()
        await server.wait_closed()


async def _ask(upstream: PooledUpstream, url: str, body: bytes = b"{}") -> tuple[int, bytes]:
    response = await upstream.send(UpstreamRequest(f"{url}/v1/x y?q=1", _HEADERS, body))
    try:
        return response.status, b"".join([chunk async for chunk in response.chunks()])
    finally:
        await response.close()


async def test_a_connection_is_used_again_after_a_whole_answer() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    async with _vendor(_OK, chunked, _OK) as (vendor, url, upstream):
        assert [await _ask(upstream, url) for _ in range(3)] == [(200, b"ok")] * 3
        assert vendor.connections == 1
        assert vendor.heads[0].startswith(b"POST /v1/x%20y?q=1 HTTP/1.1\r\nhost: 127.0.0.1:")


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nX: y\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokgarbage",
    ],
)
async def test_a_connection_with_anything_odd_about_it_is_not_used_again(answer: bytes) -> None:
    async with _vendor(answer, _OK) as (vendor, url, upstream):
        assert await _ask(upstream, url) == (200, b"ok")
        await asyncio.sleep(0.01)
        assert await _ask(upstream, url) == (200, b"ok")
        assert vendor.connections == 2


async def test_interim_answers_are_passed_over() -> None:
    async with _vendor(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + _OK) as (_, url, upstream):
        response = await upstream.send(UpstreamRequest(url, _HEADERS, b""))
        assert response.status == 200
        assert [name for name, _ in response.headers] == [b"content-length"]


async def test_an_answer_without_a_length_ends_with_its_connection() -> None:
    async with _vendor(b"HTTP/1.1 200 OK\r\n\r\nall of it", hangs_up=True) as (vendor, url, upstream):
        assert [await _ask(upstream, url) for _ in range(2)] == [(200, b"all of it")] * 2
        assert vendor.connections == 2


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nok",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000,
    ],
)
async def test_a_broken_answer_is_an_error_and_frees_its_place(answer: bytes) -> None:
    async with _vendor(answer, hangs_up=True) as (_, url, upstream):
        with pytest.raises(UpstreamFailed):
            await asyncio.wait_for(_ask(upstream, url), 2)
        (pool,) = upstream._pools.values()
        assert pool.slots._value == upstream.connections


async def test_closing_an_unread_answer_hangs_up_at_once() -> None:
    async with _vendor(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n" + b"x" * 1000) as (
        vendor,
        url,
        upstream,
    ):
        response = await upstream.send(UpstreamRequest(url, _HEADERS, b""))
        await response.close()
        await asyncio.wait_for(vendor.lost.wait(), 1)


async def test_a_slow_reader_holds_the_vendor_back() -> None:
    size = 64 << 20
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size
    async with _vendor(answer) as (_, url, upstream):
        response = await upstream.send(UpstreamRequest(url, _HEADERS, b""))
        await asyncio.sleep(0.2)
        chunks = response.chunks()
        first = await anext(chunks)
        assert len(first) < 2 << 20
        assert len(first) + sum([len(chunk) async for chunk in chunks]) == size


async def test_a_cancelled_call_hangs_up_and_frees_its_place() -> None:
    async with _vendor(b"") as (vendor, url, upstream):
        asking = asyncio.create_task(_ask(upstream, url))
        await asyncio.sleep(0.05)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        await asyncio.wait_for(vendor.lost.wait(), 1)
        (pool,) = upstream._pools.values()
        assert pool.slots._value == upstream.connections


async def test_calls_beyond_the_most_connections_wait_for_their_turn() -> None:
    async with _vendor(*[_OK] * 50) as (vendor, url, upstream):
        upstream.connections = 2
        replies = await asyncio.gather(*[_ask(upstream, url) for _ in range(20)])
        assert replies == [(200, b"ok")] * 20
        assert vendor.connections == 2


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/v1", "ftp://x/y", "http:///v1", "http://h:99999/", "nonsense"])
async def test_what_cannot_be_reached_is_unreachable(url: str) -> None:
    with pytest.raises(UpstreamUnreachable):
        await PooledUpstream().send(UpstreamRequest(url, _HEADERS, b""))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "127.1", "[::ffff:127.0.0.1]"])
async def test_a_private_address_that_is_not_allow_listed_is_never_connected_to(host: str) -> None:
    async with _vendor(_OK) as (vendor, url, _):
        with pytest.raises(UpstreamUnreachable, match="may not be called"):
            await _ask(PooledUpstream(), url.replace("127.0.0.1", host))
        assert vendor.connections == 0


async def test_a_name_that_leads_to_a_private_address_later_is_not_called() -> None:
    async with _vendor(_OK, _OK) as (vendor, url, _):
        port = url.rpartition(":")[2]

        async def resolve(_host: str, _port: int) -> list[str]:
            return ["127.0.0.1"]

        rebound = VettedAddresses(frozenset({f"127.0.0.1:{port}"}), resolve)
        with pytest.raises(UpstreamUnreachable, match="may not be called"):
            await _ask(PooledUpstream(vet=rebound), f"http://vendor.example:{port}")
        assert vendor.connections == 0
        named = VettedAddresses(frozenset({f"vendor.example:{port}"}), resolve)
        upstream = PooledUpstream(vet=named)
        assert await _ask(upstream, f"http://Vendor.example:{port}") == (200, b"ok")
        await upstream.close()
        assert b"host: vendor.example" in vendor.heads[0].lower()


@pytest.mark.parametrize("value", [b"a\r\nx: y", b"a\nb", b"a\x00"])
async def test_a_header_cannot_smuggle_another(value: bytes) -> None:
    async with _vendor(_OK) as (vendor, url, upstream):
        with pytest.raises(UpstreamUnreachable):
            await upstream.send(UpstreamRequest(url, [(b"authorization", value)], b""))
        assert vendor.connections == 0
