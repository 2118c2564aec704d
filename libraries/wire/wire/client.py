"""Connections to servers, pooled per origin: the one used last is used next, at most so many at once."""

import asyncio
import ssl
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from wire.client_connection import ClientConnection
from wire.errors import NotSent, TooManyAtOnce
from wire.known_heads import KnownHeads
from wire.limits import ClientLimits
from wire.origin import Origin
from wire.response_head import ResponseHead
from wire.ticker import NEVER, Ticker

# Addresses of a host; raises OSError, UnicodeError or NotSent where there are none that may be connected to.
Resolve = Callable[[str, int], Awaitable[list[str]]]


@dataclass(slots=True)
class _Pool:
    """The connections to one origin."""

    client: "Client"
    idle: list[ClientConnection] = field(default_factory=list[ClientConnection])
    taken: int = 0
    waiting: deque["asyncio.Future[None]"] = field(default_factory=deque["asyncio.Future[None]"])

    def take(self) -> ClientConnection | None:
        """An idle connection that is still fit, the one used last first."""
        idle = self.idle
        while idle:
            connection = idle.pop()
            connection.deadline = NEVER
            if not connection.is_closing():
                self.taken += 1
                return connection
            self.client.ticker.forget(connection)
        return None

    def released(self, connection: ClientConnection, reusable: bool) -> None:
        """Take a connection back, or note that its place is free."""
        client = self.client
        if reusable and not client.closed:
            connection.deadline = client.now() + client.limits.idle_seconds
            self.idle.append(connection)
        else:
            client.ticker.forget(connection)
            connection.drop()
        self.give_place()

    def stale(self, connection: ClientConnection) -> None:
        """Forget an idle connection."""
        self.client.ticker.forget(connection)
        if connection in self.idle:
            self.idle.remove(connection)

    def give_place(self) -> None:
        """One fewer is taken."""
        self.taken -= 1
        if self.waiting:
            self.wake_next()

    def wake_next(self) -> None:
        """Who waits longest may go."""
        while self.waiting:
            waiter = self.waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return


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
    _pools: dict[Origin, _Pool] = field(default_factory=dict[Origin, _Pool])

    def idle(self, origin: Origin) -> ClientConnection | None:
        """A connection that is ready now, or None: then `connection` makes one. Whoever gets one uses or drops it."""
        pool = self._pools.get(origin)
        return None if pool is None else pool.take()

    async def connection(self, origin: Origin) -> ClientConnection:
        """A connection, at the latest after `connect_seconds`; raises NotSent."""
        pool = self._pools.setdefault(origin, _Pool(self))
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
        return connection

    def close(self) -> None:
        """Drop every idle connection; those in use are dropped when they are done."""
        self.closed = True
        for pool in self._pools.values():
            while pool.idle:
                connection = pool.idle.pop()
                self.ticker.forget(connection)
                connection.drop()

    async def _place(self, pool: _Pool) -> None:
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

    async def _connect(self, origin: Origin, pool: _Pool) -> ClientConnection:
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
