"""From a planned answer to its delivery: one place for waits, faults asked for and the ledger line."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request

from chassis.clock import Clock, rfc3339
from demo_provider.answers.plan import Choice, Plan
from demo_provider.delivery import Answer, Delivery, Frame
from demo_provider.errors import Broken, Overloaded, Throttled
from demo_provider.faults.rules import Behaviour, Fault, steered
from demo_provider.ledger.ports import Ledger
from demo_provider.ledger.rules import LedgerLine
from demo_provider.signals import DemoSignals

_CLIENT_ID_LENGTH = 200


@dataclass(frozen=True)
class Call:
    """One request that was let in: who it is, when it came, and how its answer behaves."""

    request_id: str
    client_request_id: str | None
    operation: str
    opened: datetime
    behaviour: Behaviour

    def plan(self, model: str, prompt_tokens: int, choices: tuple[Choice, ...] = ()) -> Plan:
        """The answer under this request's id."""
        return Plan(self.request_id, int(self.opened.timestamp()), model, prompt_tokens, choices)


@dataclass(frozen=True)
class Serving:
    """What every answer needs."""

    usual: Behaviour
    steerable: bool
    clock: Clock
    ledger: Ledger
    signals: DemoSignals

    def let_in(self, request: Request, operation: str) -> Call:
        """The call of a request. Raises the refusal that the demo was told to give."""
        behaviour = steered(self.usual, request.headers) if self.steerable else self.usual
        if behaviour.fault is Fault.LIMITED:
            raise Throttled("The demo was told to refuse: wait a second.", retry_after=1)
        if behaviour.fault is Fault.OVERLOADED:
            raise Overloaded("The demo was told to be overloaded.", retry_after=1)
        if behaviour.fault is Fault.ERROR:
            raise Broken("The demo was told to fail.")
        shown = request.headers.get("x-client-request-id") or request.headers.get("x-request-id")
        client = shown[:_CLIENT_ID_LENGTH] if shown else None
        return Call(request.scope["request_id"], client, operation, self.clock.now(), behaviour)

    def whole(self, call: Call, plan: Plan, body: dict[str, Any]) -> Delivery:
        """The delivery of an answer in one piece."""
        raw = _written(body)
        frames = [Frame(raw, plan.completion_tokens)]
        return self._delivery(call, Answer("application/json", frames, len(raw), _line(call, plan, streamed=False)))

    def streamed(self, call: Call, plan: Plan, chunks: Iterator[tuple[dict[str, Any], int]]) -> Delivery:
        """The delivery of an answer as server-sent events."""
        frames = [Frame(b"data: " + _written(body) + b"\n\n", tokens) for body, tokens in chunks]
        frames.append(Frame(b"data: [DONE]\n\n", 0))
        kind = "text/event-stream; charset=utf-8"
        return self._delivery(call, Answer(kind, frames, None, _line(call, plan, streamed=True)))

    def _delivery(self, call: Call, answer: Answer) -> Delivery:
        return Delivery(answer, call.behaviour, self.clock, self.ledger, self.signals)


def _written(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _line(call: Call, plan: Plan, *, streamed: bool) -> LedgerLine:
    return LedgerLine(
        request_id=call.request_id,
        client_request_id=call.client_request_id,
        operation=call.operation,
        model=plan.model,
        streamed=streamed,
        prompt_tokens=plan.prompt_tokens,
        completion_tokens=0,
        body_bytes=0,
        finished=False,
        opened_at=rfc3339(call.opened),
        closed_at="",
    )
