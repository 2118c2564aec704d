"""The door of the call path: OpenAI's paths and /consume, on the engine. Every error leaves in OpenAI's shape."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import unquote

import msgspec

from chassis.errors import MarketplaceError
from dataplane.door_paths import Asked, Call, Models, OneModel, asked
from dataplane.failed_call import fail
from dataplane.idempotency import RepliesUnavailable, idempotency_key_in
from dataplane.idempotent_call import Claiming, IdempotentCall
from dataplane.incoming_call import CallParts, IncomingCall, Internal, not_found, resolved
from dataplane.key_check import SentKey, key_in
from dataplane.model_list import model_body, models_body
from dataplane.policy import listing_refusal, may_see
from dataplane.refusals import Draining
from dataplane.reply_claims import Replies
from wire.exchange import Exchange, Receiver

_log = logging.getLogger("dataplane")
# What this door notes on a head.
_WHO_ASKS_WHAT = "who asks what"


@dataclass(slots=True)
class CallDoor:
    """Accepts requests for the call path."""

    parts: CallParts
    new_call_id: Callable[[], str]
    draining: bool = False
    replies: Replies | None = None

    def accept(self, exchange: Exchange) -> Receiver:
        """Take a request whose head is here; a stranger is refused before its body is read."""
        call_id = self.new_call_id()
        head = exchange.head
        noted: tuple[Asked, SentKey, bytes | None] | None = head.notes.get(_WHO_ASKS_WHAT)
        try:
            if noted is None:
                what = asked(head.method.decode("ascii"), _text(head.path))
                key = self.parts.passages.authenticate.sent(key_in(head.headers))
                once = idempotency_key_in(head.headers) if isinstance(what, Call) else None
                noted = head.notes[_WHO_ASKS_WHAT] = what, key, once
            what, key, once = noted
            if not isinstance(what, Call):
                return _Question(self._answer(what, key), exchange, call_id)
            if self.draining:
                raise Draining("This process is going down; send the request again.", retry_after=1.0)
            if once is not None:
                return IdempotentCall(self._claiming(once), exchange, what, call_id, key)
        except MarketplaceError as error:
            fail(exchange, error, call_id)
            return _Refused()
        return IncomingCall(self.parts, exchange, what, call_id, key)

    def _claiming(self, idempotency_key: bytes) -> Claiming:
        if self.replies is None:
            raise RepliesUnavailable("This door keeps no replies: send the call without an Idempotency-Key.")
        return Claiming(self.parts, self.replies, idempotency_key)

    async def _answer(self, what: Models | OneModel, sent: SentKey) -> bytes:
        parts = self.parts
        key = await parts.passages.authenticate(sent, parts.now())
        error = listing_refusal(key)
        if error is not None:
            raise error
        if isinstance(what, Models):
            visible = [route for route in await parts.passages.routes.visible(key) if may_see(key, route)]
            return msgspec.json.encode(models_body(visible))
        route = await resolved(parts.passages.routes, key, what.model, what.version)
        if not may_see(key, route):
            raise not_found(what.model)
        return msgspec.json.encode(model_body(route))


class _Refused:
    """Takes no more of a request that was answered already."""

    most_body = 0

    def arrived(self, data: bytes) -> None: ...

    def complete(self, body: bytes) -> None: ...

    def gone(self) -> None: ...

    def room(self, has_room: bool) -> None: ...

    def refusal(self, status: int, reason: str) -> None:
        del status, reason


class _Question:
    """A request without a body whose answer is waited for."""

    __slots__ = ("_answer", "_call_id", "_exchange", "_task", "most_body")

    def __init__(self, answer: Awaitable[bytes], exchange: Exchange, call_id: str) -> None:
        self._answer = answer
        self._exchange = exchange
        self._call_id = call_id
        self._task = asyncio.get_running_loop().create_task(self._reply())
        self.most_body = 0

    def arrived(self, data: bytes) -> None: ...

    def complete(self, body: bytes) -> None: ...

    def gone(self) -> None:
        self._task.cancel()

    def room(self, has_room: bool) -> None: ...

    def refusal(self, status: int, reason: str) -> None:
        del status, reason

    async def _reply(self) -> None:
        try:
            body = await self._answer
        except MarketplaceError as error:
            fail(self._exchange, error, self._call_id)
        except Exception:
            _log.exception("a question about models broke", extra={"request_id": self._call_id})
            fail(self._exchange, Internal("Something broke on our side; the request id tells us what."), self._call_id)
        else:
            headers = b"content-type: application/json\r\nx-request-id: %b\r\n" % self._call_id.encode()
            self._exchange.reply(200, headers, body)


def _text(path: bytes) -> str:
    """A path with its escapes undone, for names with letters of any alphabet."""
    return unquote(path.decode("ascii")) if b"%" in path else path.decode("ascii")
