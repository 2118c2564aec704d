"""The vendor: takes requests, bills what it says it bills, and answers as planned or not at all."""

import asyncio
from dataclasses import dataclass, field
from random import Random
from typing import Any

import msgspec
from simulation.mortality import Mortal
from simulation.plan import PlannedCall
from simulation.witness import Witness

from dataplane.usage import Usage
from wire.errors import Broken, NotSent
from wire.origin import Origin
from wire.outbox import Outbox

# What comes, after how many seconds each: a head, a part of the body, the end, a break.
Parts = list[tuple[float, str, Any]]
_STREAM = [(b"content-type", b"text/event-stream")]
_JSON = [(b"content-type", b"application/json")]
_FRAME = b'data: {"choices":[{"delta":{"content":"word"}}]}\n\n'
_DONE = b"data: [DONE]\n\n"
# A held call goes on for so many of its breaths.
_HELD = 200
READY, SLOW, GONE = "ready.example", "slow.example", "gone.example"


@dataclass
class Vendor:
    """What calls were planned to be, and who watches."""

    dice: Random
    witness: Witness
    planned: dict[str, PlannedCall] = field(default_factory=dict[str, PlannedCall])

    def answer(self, call_id: str) -> Parts:
        """What comes back, after how many seconds each: head, body, end, break; bills as it goes."""
        call, dice = self.planned[call_id], self.dice
        pause = 0.02 + dice.random() * 0.3
        unbilled = self._unbilled(call, pause)
        if unbilled is not None:
            return unbilled
        usage = self._usage(call)
        self.witness.vendor[call_id] = usage
        reported = b"" if call.behaviour == "mute" else b'"usage":%b' % _told(usage)
        if call.streamed:
            return self._stream(call, reported, pause)
        body = b'{"choices":[]%b}' % (b"," + reported if reported else b"")
        parts = [(pause, "head", (200, _JSON)), (0.01, "body", body[:9])]
        if call.behaviour == "cut off":
            return [*parts, (0.01, "break", b"")]
        return [*parts, (0.02, "body", body[9:]), (0.01, "end", b"")]

    def _unbilled(self, call: PlannedCall, pause: float) -> Parts | None:
        if call.behaviour == "refused":
            head = (self.dice.choice((429, 500)), _JSON)
            return [(pause, "head", head), (0.01, "body", b"{}"), (0.01, "end", b"")]
        held: Parts = [(pause, "head", (200, _STREAM)), *[(1.5, "body", b": wait\n\n")] * _HELD]
        answers: dict[str, Parts] = {"silent": [], "broken": [(pause, "break", b"")], "held": held}
        return answers.get(call.behaviour)

    def _usage(self, call: PlannedCall) -> Usage:
        dice = self.dice
        prompt = dice.randint(1, 20)
        cached = dice.choice((0, 0, prompt // 2))
        if call.behaviour == "hidden":
            return Usage(prompt, call.tokens + dice.randint(1, 2_000), cached)
        return Usage(prompt, dice.randint(0, call.tokens), cached)

    def _stream(self, call: PlannedCall, reported: bytes, pause: float) -> Parts:
        frames = call.tokens + 3 if call.behaviour == "endless" else min(call.tokens, 4)
        size = max(1, frames // 3)
        parts: Parts = [(pause, "head", (200, _STREAM))]
        for start in range(0, frames, size):
            parts.append((0.01 + self.dice.random() * 0.2, "body", _FRAME * min(size, frames - start)))
        if call.behaviour == "cut off":
            return [*parts, (0.01, "break", b"")]
        last = b'data: {"choices":[],%b}\n\n' % reported if reported else b""
        return [*parts, (0.01, "body", last + _DONE), (0.01, "end", b"")]


def _told(usage: Usage) -> bytes:
    return msgspec.json.encode(
        {
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "prompt_tokens_details": {"cached_tokens": usage.cached_prompt_tokens},
        }
    )


@dataclass
class VendorLine:
    """A connection of one process to the vendor, for one exchange; also the transport that its outbox writes to."""

    vendor: Vendor
    process: Mortal
    outbox: Outbox
    open: bool = True
    parts: Parts = field(default_factory=Parts)
    taker: Any = None

    def send(self, data: bytes, taker: Any, done: bool = True, bodiless: bool = False) -> None:
        """The request is to leave."""
        self.taker = taker
        self.outbox.post(self, data)  # type: ignore[arg-type]

    def write(self, data: bytes) -> None:
        """The request leaves; its answer comes part by part."""
        call_id = data.partition(b"x-request-id: ")[2].partition(b"\r\n")[0].decode()

        def deed(_: float) -> None:
            self.vendor.witness.request_left(call_id)
            self.parts = self.vendor.answer(call_id)

        self.process.effect("send", deed)
        self._next(self.taker)

    def is_closing(self) -> bool:
        return not self.open

    def take_back(self) -> bool:
        withdrawn = self.outbox.withdraw(self)  # type: ignore[arg-type]
        self.open = self.open and not withdrawn
        return withdrawn

    def drop(self) -> None:
        self.outbox.empty()
        self.open = False

    def unused(self) -> None:
        self.open = False

    def hold(self, wait: bool) -> None:
        """Callers here take their replies as fast as they come."""

    def _next(self, taker: Any) -> None:
        if self.parts:
            delay, kind, what = self.parts.pop(0)
            self.process.loop.call_later(delay, self._give, taker, kind, what)

    def _give(self, taker: Any, kind: str, what: Any) -> None:
        if not self.open:
            return
        self._next(taker)
        if kind == "head":
            taker.head_came(*what)
        elif kind == "body":
            taker.body_came(what)
        else:
            self.open = False
            taker.ended() if kind == "end" else taker.broken(Broken("The connection was reset."))


@dataclass(frozen=True)
class VendorLines:
    """Vendors of the data plane, for one process: a host that is ready, one that is slow, one that is gone."""

    vendor: Vendor
    process: Mortal
    outbox: Outbox

    def idle(self, origin: Origin) -> VendorLine | None:
        return VendorLine(self.vendor, self.process, self.outbox) if origin.host == READY else None

    async def connection(self, origin: Origin) -> VendorLine:
        await asyncio.sleep(0.05)
        if origin.host == GONE:
            raise NotSent("refused")
        return VendorLine(self.vendor, self.process, self.outbox)
