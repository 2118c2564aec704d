"""The door of the call path: OpenAI's paths and /consume, on the engine. Every error leaves in OpenAI's shape."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from chassis.errors import MarketplaceError
from dataplane.call_parts import CallParts
from dataplane.door_paths import Asked, Call, asked
from dataplane.failed_call import fail
from dataplane.idempotency import RepliesUnavailable, idempotency_key_in
from dataplane.idempotent_call import Claiming, IdempotentCall
from dataplane.incoming_call import IncomingCall
from dataplane.key_check import SentKey, key_in
from dataplane.model_question import ModelQuestion
from dataplane.refusals import Draining
from dataplane.reply_claims import Replies
from wire.exchange import Exchange, Receiver

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
                return ModelQuestion(self.parts, what, key, exchange, call_id)
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


class _Refused:
    """Takes no more of a request that was answered already."""

    most_body = 0

    def arrived(self, data: bytes) -> None: ...

    def complete(self, body: bytes) -> None: ...

    def gone(self) -> None: ...

    def room(self, has_room: bool) -> None: ...

    def refusal(self, status: int, reason: str) -> None:
        del status, reason


def _text(path: bytes) -> str:
    """A path with its escapes undone, for names with letters of any alphabet."""
    return unquote(path.decode("ascii")) if b"%" in path else path.decode("ascii")
