"""Vendors over HTTP/1.1 connections of our own: pooled per origin, verified, no redirects, no cookies, no proxies."""

import asyncio
import re
import ssl
from collections import deque
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import quote, urlsplit

from dataplane.ports import UpstreamRequest, UpstreamResponse
from dataplane.refusals import UpstreamUnreachable
from dataplane.vendor_connection import VendorConnection
from dataplane.vetted_addresses import VettedAddresses

# Vendors close idle connections after 5 s and more; a request on one just being closed could not be tried again.
_LONGEST_IDLE = 4.0
_UNSAFE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+", re.IGNORECASE)
_KEPT_IN_TARGET = "/%:@!$&'()*+,;=~-._"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a connection goes."""

    host: str
    port: int
    tls: bool


@dataclass(slots=True)
class _Pool:
    slots: asyncio.Semaphore
    idle: deque[VendorConnection] = field(default_factory=deque[VendorConnection])

    def take(self, now: float) -> VendorConnection | None:
        """The connection used last, if it is still fit; stale ones are dropped."""
        while self.idle:
            connection = self.idle.pop()
            if connection.is_usable and now - connection.idle_since < _LONGEST_IDLE:
                return connection
            connection.drop()
        return None

    def released(self, connection: VendorConnection, reusable: bool) -> None:
        """Take a connection back, or note that its place is free."""
        if reusable:
            self.idle.append(connection)
        self.slots.release()


@dataclass(slots=True)
class PooledUpstream:
    """Sends on the connection used last; at most `connections` to one origin, others wait for their turn.

    Connects only to addresses that `vet` lets pass, and to just those that it saw.
    """

    connections: int = 256
    connect_seconds: float = 5.0
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    vet: VettedAddresses = field(default_factory=VettedAddresses)
    _pools: dict[Origin, _Pool] = field(default_factory=dict[Origin, _Pool])

    async def send(self, request: UpstreamRequest) -> UpstreamResponse:
        """The answer once its head is here; raises UpstreamUnreachable where nothing was sent, UpstreamFailed else."""
        origin, target, host = _address(request.url)
        head = _head(target, host, request)
        pool = self._pools.setdefault(origin, _Pool(asyncio.Semaphore(self.connections)))
        connection = await self._connection(origin, pool)
        return await connection.exchange(head + request.body)

    async def close(self) -> None:
        """Drop every idle connection."""
        for pool in self._pools.values():
            while pool.idle:
                pool.idle.pop().drop()

    async def _connection(self, origin: Origin, pool: _Pool) -> VendorConnection:
        try:
            async with asyncio.timeout(self.connect_seconds):
                await pool.slots.acquire()
        except TimeoutError as error:
            raise UpstreamUnreachable("Too many calls to this provider at the same time.", retry_after=1.0) from error
        try:
            return pool.take(asyncio.get_running_loop().time()) or await self._connect(origin, pool)
        except BaseException:
            pool.slots.release()
            raise

    async def _connect(self, origin: Origin, pool: _Pool) -> VendorConnection:
        try:
            async with asyncio.timeout(self.connect_seconds):
                return await self._first_of(await self.vet(origin.host, origin.port), origin, pool)
        except (OSError, TimeoutError, UnicodeError) as error:
            raise UpstreamUnreachable("No connection to the provider could be made.") from error

    async def _first_of(self, addresses: list[str], origin: Origin, pool: _Pool) -> VendorConnection:
        loop = asyncio.get_running_loop()
        failure = OSError("no address")
        for address in addresses:
            try:
                _, connection = await loop.create_connection(
                    lambda: VendorConnection(pool.released),
                    address,
                    origin.port,
                    ssl=self.tls if origin.tls else None,
                    server_hostname=origin.host if origin.tls else None,
                )
            except OSError as error:
                failure = error
            else:
                return connection
        raise failure


@lru_cache(maxsize=1024)
def _address(url: str) -> tuple[Origin, bytes, bytes]:
    """Origin, request target and Host of a URL."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}[parts.scheme]
        host = (parts.hostname or "").encode("idna").decode()
    except (ValueError, KeyError, UnicodeError) as error:
        raise UpstreamUnreachable("The listing's endpoint is not an http or https URL.") from error
    if not host:
        raise UpstreamUnreachable("The listing's endpoint names no host.")
    target = quote(parts.path or "/", safe=_KEPT_IN_TARGET)
    if parts.query:
        target += "?" + quote(parts.query, safe=_KEPT_IN_TARGET + "?")
    shown = f"[{host}]" if ":" in host else host
    named = shown if parts.port is None else f"{shown}:{port}"
    return Origin(host, port, parts.scheme == "https"), target.encode("ascii"), named.encode("ascii")


def _head(target: bytes, host: bytes, request: UpstreamRequest) -> bytes:
    lines = [b"POST " + target + b" HTTP/1.1\r\nhost: " + host]
    for name, value in request.headers:
        if not _NAME.fullmatch(name) or _UNSAFE.search(value):
            raise UpstreamUnreachable("A header of the listing's credential is not a valid header.")
        lines.append(name + b": " + value)
    lines.append(b"content-length: %d\r\n\r\n" % len(request.body))
    return b"\r\n".join(lines)
