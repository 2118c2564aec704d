"""Starts and ends an ASGI application: the lifespan protocol, and the state that its requests get."""

import asyncio
from collections.abc import Mapping
from typing import Any

from wire.asgi import Application, Message


class LifespanFailed(Exception):
    """The application did not start, or did not end as it should; its own error is the cause."""


class Lifespan:
    """One application's life: `start` once, then `stop` once."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._told: asyncio.Queue[Message] = asyncio.Queue()
        self._answers: asyncio.Queue[Message] = asyncio.Queue()
        self._life: asyncio.Future[None] | None = None

    async def start(self) -> Mapping[str, Any]:
        """What the application gives each of its requests as their state. Raises LifespanFailed."""
        state: dict[str, Any] = {}
        scope: Message = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": state}
        self._life = asyncio.ensure_future(self._application(scope, self._told.get, self._answers.put))
        await self._pass(self._life, "startup")
        return state

    async def stop(self) -> None:
        """Let the application close what it opened. Raises LifespanFailed."""
        life, self._life = self._life, None
        if life is not None:
            await self._pass(life, "shutdown")
            await life

    async def _pass(self, life: "asyncio.Future[None]", event: str) -> None:
        self._told.put_nowait({"type": f"lifespan.{event}"})
        answering = asyncio.ensure_future(self._answers.get())
        await asyncio.wait({answering, life}, return_when=asyncio.FIRST_COMPLETED)
        if answering.done() and answering.result()["type"] == f"lifespan.{event}.complete":
            return
        answering.cancel()
        await asyncio.wait({life})
        raise LifespanFailed(f"The application failed at its {event}.") from life.exception()
