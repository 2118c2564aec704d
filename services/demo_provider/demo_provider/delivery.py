"""Gives an answer to its end or until the caller leaves, and closes its account in the ledger either way."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime

from starlette.types import Receive, Scope, Send

from chassis.clock import Clock, rfc3339
from demo_provider.faults.rules import Behaviour, Fault
from demo_provider.ledger.ports import Ledger
from demo_provider.ledger.rules import LedgerLine
from demo_provider.signals import DemoSignals

HANG_SECONDS = 600.0


@dataclass(frozen=True)
class Frame:
    """Bytes that leave together, and the completion tokens in them."""

    body: bytes
    tokens: int


@dataclass(frozen=True)
class Answer:
    """What is to be given: the head, the frames, and the ledger line it would close with."""

    media_type: str
    frames: list[Frame]
    length: int | None
    line: LedgerLine


@dataclass
class Delivery:
    """An ASGI answer that is counted."""

    answer: Answer
    behaviour: Behaviour
    clock: Clock
    ledger: Ledger
    signals: DemoSignals
    sent_tokens: int = 0
    sent_bytes: int = 0
    finished: bool = False

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Give, and watch for the caller to leave, whichever ends first."""
        giving = asyncio.ensure_future(self._give(send))
        leaving = asyncio.ensure_future(_left(receive))
        try:
            await asyncio.wait({giving, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            giving.cancel()
            leaving.cancel()
            await asyncio.gather(giving, leaving, return_exceptions=True)
            await asyncio.shield(self._close(self.clock.now()))

    async def _give(self, send: Send) -> None:
        await asyncio.sleep(self.behaviour.latency_ms / 1000)
        if self.behaviour.fault is Fault.HANG:
            await asyncio.sleep(HANG_SECONDS)
        await send({"type": "http.response.start", "status": 200, "headers": self._headers()})
        frames = self.answer.frames
        broken = self.behaviour.fault in {Fault.CUT, Fault.STALL}
        for frame in _half(frames) if broken else frames:
            await self._give_frame(frame, send)
        if self.behaviour.fault is Fault.STALL:
            await asyncio.sleep(HANG_SECONDS)
        if not broken:
            await send({"type": "http.response.body", "body": b""})
            self.finished = True

    async def _give_frame(self, frame: Frame, send: Send) -> None:
        if frame.tokens and self.answer.line.streamed and self.behaviour.pace_ms:
            await asyncio.sleep(self.behaviour.pace_ms / 1000)
        await send({"type": "http.response.body", "body": frame.body, "more_body": True})
        self.sent_tokens += frame.tokens
        self.sent_bytes += len(frame.body)

    def _headers(self) -> list[tuple[bytes, bytes]]:
        headers = [(b"content-type", self.answer.media_type.encode())]
        if self.answer.length is None:
            return [*headers, (b"cache-control", b"no-cache")]
        return [*headers, (b"content-length", str(self.answer.length).encode())]

    async def _close(self, now: datetime) -> None:
        line = replace(
            self.answer.line,
            completion_tokens=self.sent_tokens,
            body_bytes=self.sent_bytes,
            finished=self.finished,
            closed_at=rfc3339(now),
        )
        self.signals.closed(line)
        await self.ledger.append(line)


def _half(frames: list[Frame]) -> list[Frame]:
    """The first half: of the frames of a stream, or of the bytes of a whole answer."""
    if len(frames) > 1:
        return frames[: len(frames) // 2]
    whole = frames[0]
    return [Frame(whole.body[: len(whole.body) // 2], whole.tokens)]


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
