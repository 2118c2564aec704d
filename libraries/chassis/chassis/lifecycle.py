"""The life of a process: open its units, serve their doors, run their tasks, drain on SIGTERM, close in reverse."""

import asyncio
import gc
import logging
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Protocol

import uvicorn
import uvloop
from starlette.types import ASGIApp

from chassis.bounded_http import BoundedHttpProtocol
from chassis.errors import MarketplaceError
from chassis.health import Readiness
from chassis.logs import configure_logs
from chassis.open_files import allow_many_open_files
from chassis.rpc.server import NOT_SERVING, SERVING, GrpcDoor

DRAIN_SECONDS = 5.0
# Watching streams never end by themselves; unary calls are over well before.
STREAM_GRACE_SECONDS = 1.0
_log = logging.getLogger("lifecycle")


@dataclass(frozen=True)
class HttpDoor:
    """An ASGI application and where it listens.

    `trusted_proxies` are the addresses whose `X-Forwarded-For` is believed, with commas; empty believes nobody's.
    """

    app: ASGIApp
    host: str
    port: int
    trusted_proxies: str = "127.0.0.1"


class Door(Protocol):
    """A door that serves itself, on whatever it is built."""

    async def open(self) -> None:
        """Listen; raises OSError where that cannot be."""
        ...

    async def close(self, seconds: float) -> None:
        """Take no further request, and wait at most so long for those under way."""
        ...


@dataclass(frozen=True)
class Unit:
    """One service's share of a process: doors to serve, tasks that run until the end, and the readiness to drain."""

    name: str
    http: Sequence[HttpDoor] = ()
    grpc: Sequence[GrpcDoor] = ()
    doors: Sequence[Door] = ()
    tasks: Sequence[Callable[[], Awaitable[None]]] = ()
    readiness: Readiness | None = None
    # Run when draining starts, before the doors close.
    on_drain: Sequence[Callable[[], Awaitable[None]]] = field(default=())


UnitFactory = Callable[[], AbstractAsyncContextManager[Unit]]


def run(factories: Sequence[UnitFactory], *, log_level: str = "info") -> int:
    """Serve the units in this process until SIGTERM or SIGINT; the process's exit code."""
    configure_logs(log_level)
    allow_many_open_files()
    try:
        return uvloop.run(_serve(factories))
    except MarketplaceError as error:
        print(f"error: {error.message}", file=sys.stderr)
    except OSError as error:
        print(f"error: {error.strerror or error}", file=sys.stderr)
    return 1


class _UvicornServer(uvicorn.Server):
    """A uvicorn server whose process handles the signals itself."""

    def install_signal_handlers(self) -> None:
        """Nothing: `run` decides when to stop."""

    def capture_signals(self) -> Any:
        """No capture: several servers share this process."""
        return _Nothing()


class _Nothing:
    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None


async def _serve(factories: Sequence[UnitFactory]) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        units = [await stack.enter_async_context(factory()) for factory in factories]
        servers = [server for unit in units for server in [await _open_grpc(door) for door in unit.grpc]]
        webs = [_open_http(door) for unit in units for door in unit.http]
        for door in [door for unit in units for door in unit.doors]:
            await door.open()
        serving = [asyncio.create_task(web.serve(sockets=[listening])) for web, listening in webs]
        tasks = [asyncio.ensure_future(task()) for unit in units for task in unit.tasks]
        stopping = asyncio.create_task(stop.wait())
        # Modules, routes and settings stay until the end: the collector need not walk them again and again.
        gc.freeze()
        try:
            finished, _ = await asyncio.wait([stopping, *serving, *tasks], return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _drain(units, servers, [web for web, _ in webs], serving)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    return _exit_code(finished - {stopping})


def _exit_code(ended_early: set[Any]) -> int:
    for task in ended_early:
        fault = task.exception() if not task.cancelled() else None
        if fault is not None:
            _log.error("a part of the process failed", exc_info=fault)
            return 1
    return 1 if ended_early else 0


def _open_http(door: HttpDoor) -> tuple[_UvicornServer, socket.socket]:
    config = uvicorn.Config(
        door.app,
        http=BoundedHttpProtocol,
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=True,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=int(DRAIN_SECONDS),
        proxy_headers=bool(door.trusted_proxies),
        forwarded_allow_ips=door.trusted_proxies,
        backlog=1024,
    )
    listening = socket.socket(socket.AF_INET6 if ":" in door.host else socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((door.host, door.port))
    except OSError as error:
        listening.close()
        raise OSError(error.errno, f"port {door.port} on {door.host}: {error.strerror}") from None
    return _UvicornServer(config), listening


async def _open_grpc(door: GrpcDoor) -> tuple[Any, Any]:
    server, health = door.build()
    await server.start()
    await health.set("", SERVING)
    return server, health


async def _drain(
    units: Sequence[Unit], servers: Sequence[tuple[Any, Any]], webs: Sequence[_UvicornServer], serving: Sequence[Any]
) -> None:
    for unit in units:
        if unit.readiness is not None:
            unit.readiness.draining = True
        for deed in unit.on_drain:
            await deed()
    for _, health in servers:
        await health.set("", NOT_SERVING)
    for web in webs:
        web.should_exit = True
    stops = [server.stop(STREAM_GRACE_SECONDS) for server, _ in servers]
    stops += [door.close(DRAIN_SECONDS) for unit in units for door in unit.doors]
    await asyncio.wait_for(asyncio.gather(*serving, *stops, return_exceptions=True), DRAIN_SECONDS + 1)
