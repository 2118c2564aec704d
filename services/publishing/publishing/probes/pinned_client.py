"""Vendors over httpx: the name is resolved once, every address is vetted, and the connection goes to the vetted one."""

import asyncio
import socket
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from contextlib import aclosing, asynccontextmanager
from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx

from chassis.public_addresses import is_public
from publishing.probes.errors import EndpointAddressRefused, EndpointUnreachable
from publishing.probes.ports import Json, Reply, StreamedReply, Target
from publishing.validation.addresses import UnreadableHost, refusal_of_host
from publishing.validation.endpoint import host_and_port

MAX_BYTES = 1024 * 1024
MAX_LINE = 256 * 1024
MAX_EVENTS = 10_000
Resolve = Callable[[str, int], Awaitable[list[str]]]


async def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host. Raises EndpointUnreachable."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise EndpointUnreachable("The endpoint's host has no address: check its name.") from None
    return [str(entry[4][0]) for entry in found]


async def vetted_address(url: str, allowlist: Collection[str], resolver: Resolve) -> str:
    """One address that may be called. Every address of the name must be public, unless host:port is allow-listed.

    Raises EndpointAddressRefused or EndpointUnreachable.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    allowed = host_and_port(parts) in allowlist
    try:
        refusal = None if allowed else refusal_of_host(host)
    except UnreadableHost as error:
        refusal = str(error)
    if refusal:
        raise EndpointAddressRefused(f"The endpoint may not be called: {refusal}.")
    addresses = await resolver(host, port)
    if not addresses:
        raise EndpointUnreachable("The endpoint's host has no address: check its name.")
    if not allowed and not all(is_public(ip_address(address.partition("%")[0])) for address in addresses):
        raise EndpointAddressRefused("The endpoint's name leads to an address that is not public.")
    return addresses[0]


class PinnedVendor:
    """Adapter for ports.VendorEndpoint: no redirects, no proxies of the environment, bytes and time bounded."""

    def __init__(self, allowlist: Collection[str], deadline_seconds: float, resolver: Resolve = resolve) -> None:
        self._allowlist = allowlist
        self._deadline = deadline_seconds
        self._resolver = resolver

    async def post(self, target: Target, path: str, body: Json) -> Reply:
        """One call, answered whole."""
        async with self._exchange(target, path, body) as (response, started):
            text = await _bounded_text(response)
            return Reply(response.status_code, text, _milliseconds_since(started))

    async def stream(self, target: Target, path: str, body: Json) -> StreamedReply:
        """One call, answered as server-sent events."""
        events: list[str] = []
        first = 0.0
        async with self._exchange(target, path, body) as (response, started):
            async for event in _events(response):
                first = first or _milliseconds_since(started)
                events.append(event)
            return StreamedReply(response.status_code, tuple(events), first, _milliseconds_since(started))

    @asynccontextmanager
    async def _exchange(self, target: Target, path: str, body: Json) -> AsyncGenerator[tuple[httpx.Response, float]]:
        try:
            async with asyncio.timeout(self._deadline), self._client() as client:
                address = await vetted_address(target.url, self._allowlist, self._resolver)
                request = _pinned(client, httpx.URL(target.url + path), address, target, body)
                started = time.perf_counter()
                async with aclosing(await client.send(request, stream=True)) as response:
                    yield response, started
        except TimeoutError:
            raise EndpointUnreachable(f"The endpoint did not answer within {self._deadline:g} s.") from None
        except httpx.TransportError as error:
            raise EndpointUnreachable(f"The endpoint cannot be called: {type(error).__name__}.") from None
        except (httpx.InvalidURL, httpx.DecodingError):
            raise EndpointUnreachable("The endpoint's address or answer cannot be read.") from None

    def _client(self) -> httpx.AsyncClient:
        """A client of its own for each call: what a connection learnt about one vendor is not kept for the next."""
        return httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=self._deadline)


def _pinned(client: httpx.AsyncClient, url: httpx.URL, address: str, target: Target, body: Json) -> httpx.Request:
    """A request to the address itself; certificate and Host are still the name's."""
    headers = {"host": url.netloc.decode("ascii"), "accept-encoding": "identity"}
    if target.credential is not None:
        headers["authorization"] = f"Bearer {target.credential.get_secret_value()}"
    return client.build_request(
        "POST",
        url.copy_with(host=address.partition("%")[0]),
        json=body,
        headers=headers,
        extensions={"sni_hostname": url.host},
    )


async def _bounded_text(response: httpx.Response) -> str:
    taken = bytearray()
    async for chunk in response.aiter_raw(64 * 1024):
        taken += chunk
        if len(taken) > MAX_BYTES:
            raise EndpointUnreachable(f"The endpoint's answer is longer than {MAX_BYTES:,} bytes.")
    return taken.decode("utf-8", "replace")


async def _events(response: httpx.Response) -> AsyncGenerator[str]:
    """The data of each server-sent event, as far as the limits go."""
    rest, taken, count = b"", 0, 0
    async for chunk in response.aiter_raw(64 * 1024):
        taken += len(chunk)
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                count += 1
                yield line.removeprefix(b"data:").strip().decode("utf-8", "replace")
        if taken > MAX_BYTES or len(rest) > MAX_LINE or count > MAX_EVENTS:
            raise EndpointUnreachable("The endpoint's stream is longer than it may be.")


def _milliseconds_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
