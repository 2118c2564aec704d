"""The messages of one run: signals kept until asked for, each taken once, and the request to cancel."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from chassis.durable_runs.errors import RunCancelled
from chassis.durable_runs.port import Json

Receive = Callable[[timedelta], Awaitable[Json | None]]

CANCEL_MESSAGE: Json = {"cancel": True}


def signal_message(name: str, payload: Json, idempotency_key: str) -> Json:
    """A signal as it travels to the run."""
    return {"name": name, "payload": payload, "key": idempotency_key}


class Inbox:
    """Takes messages from a recorded source, so that a replay sees the same ones in the same order."""

    def __init__(self, receive: Receive, clock: Callable[[], datetime]) -> None:
        self._receive = receive
        self._clock = clock
        self._kept: list[Json] = []
        self._seen: set[tuple[str, str]] = set()
        self.deaf = False

    async def take(self, name: str | None, deadline: datetime) -> Json | None:
        """The payload of the next signal of this name, or None at the deadline; no name waits for the time alone."""
        for index, message in enumerate(self._kept):
            if message["name"] == name:
                return self._kept.pop(index)["payload"]
        while (message := await self._receive(self._left(deadline))) is not None:
            if "cancel" in message:
                self.cancel()
            elif self._is_new(message):
                if message["name"] == name:
                    return message["payload"]
                self._kept.append(message)
        return None

    def cancel(self) -> None:
        """Raise RunCancelled, the first time only and never after `ignore_cancel`."""
        if not self.deaf:
            self.deaf = True
            raise RunCancelled("the run was cancelled")

    def _left(self, deadline: datetime) -> timedelta:
        return max(timedelta(0), deadline - self._clock())

    def _is_new(self, message: Json) -> bool:
        key = (message["name"], message["key"])
        if key in self._seen:
            return False
        self._seen.add(key)
        return True
