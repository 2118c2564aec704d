"""Connections to servers, pooled per origin: the one used last is used next, at most so many at once."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from wire.client_connection import ClientConnection
from wire.errors import NotSent, TooManyAtOnce
from wire.known_heads import KnownHeads
from wire.limits import ClientLimits
from wire.origin import Origin
from wire.pool import Pool
from wire.response_head import ResponseHead
from wire.ticker import Ticker

_AHEAD_AGAIN_SECONDS = 1.0
# Addresses of a host; raises OSError, UnicodeError or NotSent where there are none that may be connected to.
Resolve = Callable[[str, int], Awaitable[list[str]]]


@dataclass(slots=True)
class Client:
    """Gives out connections. Connects only to addresses that `resolve` gives, and to just those; follows nothing."""

    resolve: Resolve
    ticker: Ticker
    limits: ClientLimits = field(default_factory=ClientLimits)
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    closed: bool = False
    now: Callable[[], float] = field(default_factory=lambda: asyncio.get_running_loop().time)
    _known: KnownHeads[ResponseHead] = field(default_factory=KnownHeads[ResponseHead])
    _pools: dict[Origin, Pool] = field(default_factory=dict[Origin, Pool])

    def idle(self, origin: Origin) -> ClientConnection | None:
        """A connection that is ready now, or None: then `connection` makes one. Whoever gets one uses or drops it."""
        pool = self._pools.get(origin)
        if pool is None:
            return None
        connection = pool.take()
        if not pool.idle:
            self._look_ahead(origin, pool)
        return connection

    async def connection(self, origin: Origin) -> ClientConnection:
        """A connection, at the latest after `connect_seconds`; raises NotSent."""
        pool = self._pools.get(origin)
        if pool is None:
            pool = self._pools[origin] = Pool(self.ticker, self.now, self.limits.idle_seconds, self.closed)
        try:
            async with asyncio.timeout(self.limits.connect_seconds):
                await self._place(pool)
        except TimeoutError as error:
            raise TooManyAtOnce("Too many requests to this server at the same time.") from error
        connection = pool.take()
        if connection is not None:
            return connection
        pool.taken += 1
        try:
            async with asyncio.timeout(self.limits.connect_seconds):
                connection = await self._connect(origin, pool)
        except (OSError, TimeoutError, UnicodeError) as error:
            pool.give_place()
            raise NotSent("No connection could be made.") from error
        except BaseException:
            pool.give_place()
            raise
        self.ticker.watch(connection)
        self._look_ahead(origin, pool)
        return connection

    def close(self) -> None:
        """Drop every idle connection; those in use are dropped when they are done."""
        self.closed = True
        for pool in self._pools.values():
            pool.close()
            if pool.ahead is not None:
                pool.ahead.cancel()

    async def _place(self, pool: Pool) -> None:
        while pool.taken >= self.limits.connections:
            waiter = asyncio.get_running_loop().create_future()
            pool.waiting.append(waiter)
            try:
                await waiter
            except asyncio.CancelledError:
                # It was given a place and no longer wants it.
                if waiter.done() and not waiter.cancelled():
                    pool.wake_next()
                raise

    def _look_ahead(self, origin: Origin, pool: Pool) -> None:
        if pool.lacks_one(self.limits.connections):
            pool.ahead = asyncio.get_running_loop().create_task(self._make_ahead(origin, pool))

    async def _make_ahead(self, origin: Origin, pool: Pool) -> None:
        """One that cannot be made, for whatever reason, is missed by nobody: who needs one tries, and says why not."""
        try:
            async with asyncio.timeout(self.limits.connect_seconds):
                connection = await self._connect(origin, pool)
        except Exception:
            pool.not_before = self.now() + _AHEAD_AGAIN_SECONDS
        else:
            pool.made_ahead(connection, self.limits.connections)
        finally:
            pool.ahead = None

    async def _connect(self, origin: Origin, pool: Pool) -> ClientConnection:
        loop = asyncio.get_running_loop()
        failure = OSError("no address")
        for address in await self.resolve(origin.host, origin.port):
            try:
                _, connection = await loop.create_connection(
                    lambda: ClientConnection(pool, self.limits.head_bytes, self._known, self.ticker.outbox),
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
