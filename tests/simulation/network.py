"""The network between gateways and consumption: it loses, delays, doubles and reorders what is asked and answered.

`SimulatedChannel` stands where a gRPC channel does, under the real peers, stubs and doors.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import grpc
from simulation.mortality import Mortal

from chassis.errors import KIND_FACTS, ErrorKind, MarketplaceError, Unavailable
from chassis.rpc.server import CODE_METADATA

Doors = dict[str, Callable[[Any, Any], Any]]
_STATUS = {facts.grpc_code: getattr(grpc.StatusCode, facts.grpc_code) for facts in KIND_FACTS.values()}
_GONE = KIND_FACTS[ErrorKind.UNAVAILABLE].grpc_code
_LATE = KIND_FACTS[ErrorKind.TIMED_OUT].grpc_code


@dataclass
class Weather:
    """How bad the network is: chances of loss and of a copy, and the longest delay in seconds."""

    loss: float = 0.0
    copies: float = 0.0
    delay: float = 0.004


@dataclass
class Server:
    """A process of consumption, as the network sees it."""

    process: Mortal
    doors: Doors


@dataclass
class Network:
    """Carries questions to any process of consumption that is there."""

    dice: Random
    weather: Weather
    servers: list[Server] = field(default_factory=list[Server])

    def server(self) -> Server | None:
        """One that is not dead."""
        alive = [server for server in self.servers if not server.process.is_dead]
        return self.dice.choice(alive) if alive else None

    def is_lost(self) -> bool:
        return self.dice.random() < self.weather.loss

    def is_doubled(self) -> bool:
        return self.dice.random() < self.weather.copies

    def delay(self) -> float:
        """Seconds under way; few take long."""
        weather = self.weather
        return weather.delay * self.dice.random() ** 3


def remote_error(code: str, details: str = "", own_code: str = "") -> grpc.aio.AioRpcError:
    """What a failed call raises."""
    trailing = grpc.aio.Metadata((CODE_METADATA, own_code)) if own_code else grpc.aio.Metadata()
    return grpc.aio.AioRpcError(_STATUS[code], grpc.aio.Metadata(), trailing, details)


@dataclass(frozen=True)
class SimulatedChannel:
    """The way of one process to consumption."""

    network: Network
    process: Mortal

    def unary_unary(self, path: str, **_: Any) -> Callable[..., Awaitable[Any]]:
        """A method of a stub."""

        def ask(request: Any, timeout: float, metadata: Any) -> Awaitable[Any]:
            return _Question(self.network, self.process, path, request).ask(timeout)

        return ask

    def unary_stream(self, path: str, **_: Any) -> Callable[..., AsyncIterator[Any]]:
        """A method of a stub that answers with a stream."""

        def watch(request: Any, metadata: Any, wait_for_ready: bool) -> AsyncIterator[Any]:
            return watched(self.network, self.process, path, request)

        return watch


class _Question:
    """One call of a method: it may run at the server never, once, or twice."""

    def __init__(self, network: Network, process: Mortal, path: str, request: Any) -> None:
        self._network = network
        self._process = process
        self._path = path
        self._request = request
        self._answer: asyncio.Future[Any] | None = None
        self._runs: list[asyncio.Task[Any]] = []

    async def ask(self, seconds: float) -> Any:
        loop = self._process.loop
        self._answer = loop.create_future()
        timer = loop.call_later(seconds, self._fail, _LATE)
        self._process.effect(f"ask {self._path.rpartition('/')[2]}", lambda _: self._leave())
        try:
            return await self._answer
        finally:
            timer.cancel()
            for run in self._runs:
                self._cancel(run)

    def _leave(self) -> None:
        network = self._network
        server = network.server()
        if server is None or network.is_lost():
            self._process.loop.call_later(network.delay() + 0.01, self._fail, _GONE)
            return
        for _ in range(2 if network.is_doubled() else 1):
            server.process.loop.call_later(network.delay(), self._arrive, server)

    def _arrive(self, server: Server) -> None:
        self._runs.append(server.process.loop.create_task(self._serve(server)))
        if not self._network.is_lost():
            server.process.buried.append(lambda: self._process.loop.call_later(0.02, self._fail, _GONE))

    async def _serve(self, server: Server) -> None:
        try:
            answer = await server.doors[self._path](self._request, None)
        except MarketplaceError as error:
            facts = KIND_FACTS[error.kind]
            self._send_back(self._fail, facts.grpc_code, str(error), error.code)
        else:
            self._send_back(self._succeed, answer)

    def _send_back(self, deed: Callable[..., None], *arguments: Any) -> None:
        network = self._network
        if network.is_lost():
            deed, arguments = self._fail, (_GONE,)
        self._process.loop.call_later(network.delay(), deed, *arguments)

    def _cancel(self, run: "asyncio.Task[Any]") -> None:
        """Who asks no longer waits: the server hears of it, mostly too late."""
        if not run.done():
            run.get_loop().call_later(self._network.delay(), run.cancel)

    def _succeed(self, answer: Any) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)

    def _fail(self, code: str, details: str = "", own_code: str = "") -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(remote_error(code, details, own_code))


async def watched(network: Network, process: Mortal, path: str, request: Any) -> AsyncIterator[Any]:
    """A stream of a server's: in order, and broken where either side or the network is."""
    server = network.server()
    if server is None or network.is_lost():
        await asyncio.sleep(network.delay() + 0.01)
        raise remote_error(_GONE)
    arrived: asyncio.Queue[Any] = asyncio.Queue()

    async def serve() -> None:
        try:
            async for message in server.doors[path](request, None):
                if network.is_lost():
                    raise Unavailable("The stream broke.")
                process.loop.call_later(0.001, arrived.put_nowait, message)
        except MarketplaceError:
            process.loop.call_later(0.001, arrived.put_nowait, None)

    def begin() -> None:
        run = server.process.loop.create_task(serve())
        process.buried.append(lambda: server.process.loop.call_later(0.05, run.cancel))

    server.process.buried.append(lambda: process.loop.call_later(0.05, arrived.put_nowait, None))
    server.process.loop.call_later(network.delay(), begin)
    while (message := await arrived.get()) is not None:
        yield message
    raise remote_error(_GONE)
