"""Our own connections to vendors: reused where whole, dropped where not, bounded, and safe from what vendors send."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from fakes.call_door import a_route
from fakes.collecting_taker import asked, sent
from fixtures.conversations import listening

from dataplane.records import Credential
from dataplane.refusals import UpstreamUnreachable
from dataplane.vendor_request import origin_of, vendor_head
from dataplane.vetted_addresses import VettedAddresses
from wire.client import Client
from wire.errors import Broken, NotSent
from wire.limits import ClientLimits
from wire.ticker import Ticker

_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class _Vendor:
    """Answers each request on a connection with the next of these bytes, then waits or hangs up."""

    answers: Sequence[bytes]
    hangs_up: bool = False
    connections: int = 0
    heads: list[bytes] = field(default_factory=list[bytes])
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    lost: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            for answer in self.answers:
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head)
                self.heard.set()
                await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]))
                writer.write(answer)
                await writer.drain()
            if not self.hangs_up:
                await reader.read()
        finally:
            self.lost.set()


@asynccontextmanager
async def _vendor(*answers: bytes, hangs_up: bool = False) -> AsyncGenerator[tuple[_Vendor, str, Client]]:
    vendor = _Vendor(answers, hangs_up)
    async with listening(vendor) as port:
        upstream = _client(VettedAddresses(frozenset({f"127.0.0.1:{port}"})))
        try:
            yield vendor, f"http://127.0.0.1:{port}", upstream
        finally:
            upstream.close()


def _client(vet: VettedAddresses | None = None, connections: int = 256) -> Client:
    return Client(vet or VettedAddresses(), Ticker(), ClientLimits(connections=connections))


def _request(url: str, body: bytes = b"{}") -> bytes:
    _, target, host = origin_of(f"{url}/v1/x y?q=1")
    return b"POST %b HTTP/1.1\r\nhost: %b\r\ncontent-length: %d\r\n\r\n%b" % (target, host, len(body), body)


async def _ask(upstream: Client, url: str) -> tuple[int, bytes]:
    return await asked(upstream, origin_of(url)[0], _request(url))


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
        _, taker = await sent(upstream, origin_of(url)[0], _request(url))
        await taker.whole
        assert taker.status == 200
        assert [name for name, _ in taker.headers] == [b"content-length"]


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
        with pytest.raises(Broken):
            await asyncio.wait_for(_ask(upstream, url), 10)
        (pool,) = upstream._pools.values()
        assert pool.taken == 0


async def test_closing_an_unread_answer_hangs_up_at_once() -> None:
    async with _vendor(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n" + b"x" * 1000) as (
        vendor,
        url,
        upstream,
    ):
        connection, taker = await sent(upstream, origin_of(url)[0], _request(url))
        await taker.head
        connection.drop()
        await asyncio.wait_for(vendor.lost.wait(), 10)


async def test_a_slow_reader_holds_the_vendor_back() -> None:
    size = 16 << 20
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size
    async with _vendor(answer) as (_, url, upstream):
        connection, taker = await sent(upstream, origin_of(url)[0], _request(url))
        await taker.head
        connection.hold(wait=True)
        await asyncio.sleep(0.2)
        held = len(taker.body)
        await asyncio.sleep(0.2)
        assert len(taker.body) == held < size
        connection.hold(wait=False)
        await taker.whole
        assert len(taker.body) == size


async def test_a_cancelled_call_hangs_up_and_frees_its_place() -> None:
    async with _vendor(b"") as (vendor, url, upstream):
        asking = asyncio.create_task(_ask(upstream, url))
        await asyncio.wait_for(vendor.heard.wait(), 10)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        await asyncio.wait_for(vendor.lost.wait(), 10)
        (pool,) = upstream._pools.values()
        assert pool.taken == 0


async def test_calls_beyond_the_most_connections_wait_for_their_turn() -> None:
    async with _vendor(*[_OK] * 50) as (vendor, url, upstream):
        upstream.limits = ClientLimits(connections=2)
        replies = await asyncio.gather(*[_ask(upstream, url) for _ in range(20)])
        assert replies == [(200, b"ok")] * 20
        assert vendor.connections == 2


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/v1", "ftp://x/y", "http:///v1", "http://h:99999/", "nonsense"])
async def test_what_cannot_be_reached_is_unreachable(url: str) -> None:
    with pytest.raises((UpstreamUnreachable, NotSent)):
        await _ask(_client(VettedAddresses(frozenset({"127.0.0.1:9"}))), url)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "127.1", "[::ffff:127.0.0.1]"])
async def test_a_private_address_that_is_not_allow_listed_is_never_connected_to(host: str) -> None:
    async with _vendor(_OK) as (vendor, url, _):
        with pytest.raises(UpstreamUnreachable, match="may not be called"):
            await _ask(_client(), url.replace("127.0.0.1", host))
        assert vendor.connections == 0


async def test_a_name_that_leads_to_a_private_address_later_is_not_called() -> None:
    async with _vendor(_OK, _OK) as (vendor, url, _):
        port = url.rpartition(":")[2]

        async def resolve(_host: str, _port: int) -> list[str]:
            return ["127.0.0.1"]

        rebound = VettedAddresses(frozenset({f"127.0.0.1:{port}"}), resolve)
        with pytest.raises(UpstreamUnreachable, match="may not be called"):
            await _ask(_client(rebound), f"http://vendor.example:{port}")
        assert vendor.connections == 0
        named = VettedAddresses(frozenset({f"vendor.example:{port}"}), resolve)
        upstream = _client(named)
        assert await _ask(upstream, f"http://Vendor.example:{port}") == (200, b"ok")
        upstream.close()
        await asyncio.sleep(0.01)
        assert b"host: vendor.example" in vendor.heads[0].lower()


@pytest.mark.parametrize("value", ["a\r\nx: y", "a\nb", "a\x00"])
def test_a_credential_cannot_smuggle_another_header(value: str) -> None:
    credential = Credential("vendor.example", "authorization", value)
    with pytest.raises(UpstreamUnreachable):
        vendor_head(a_route(credential=credential), "chat/completions", stream=False)
