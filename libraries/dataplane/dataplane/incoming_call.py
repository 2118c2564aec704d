"""A call as it comes in: who calls what, whether it may, and then its exchange with the vendor.

Where all that is asked is known already, the call leaves within the callback that completed its request; else it waits
in a task of its own (`waiting_call.py`).
"""

import asyncio

from dataplane.admission import Admitted, CallRequest, Refused, admit_and_refill
from dataplane.call_ledger import facts_of
from dataplane.call_parts import CallParts
from dataplane.door_paths import Call
from dataplane.failed_call import fail, refusal_lines, told
from dataplane.key_check import SentKey
from dataplane.live_call import LiveCall
from dataplane.passages import Passage
from dataplane.ports import VendorConnection
from dataplane.refusals import RequestInvalid, RequestTooLarge
from dataplane.token_estimates import estimated_tokens
from dataplane.vendor_exchange import VendorExchange
from dataplane.waiting_call import after_waiting
from dataplane.wire_formats.openai.errors import error_body
from dataplane.wire_formats.openai.requests import (
    OpenAiRequest,
    body_for,
    completion_bound,
    prompt_bound,
    read_request,
)
from wire.exchange import Exchange


class IncomingCall:
    """Receives one call's request."""

    __slots__ = ("_call_id", "_caller", "_flight", "_parts", "_waiting", "arrived_at", "key", "most_body", "what")

    def __init__(self, parts: CallParts, caller: Exchange, what: Call, call_id: str, key: SentKey) -> None:
        self._parts = parts
        self._caller = caller
        self.what = what
        self._call_id = call_id
        self.key = key
        self.arrived_at = parts.now()
        self._flight: VendorExchange | None = None
        self._waiting: asyncio.Task[None] | None = None
        self.most_body = parts.limits.body_bytes

    def arrived(self, data: bytes) -> None:
        """Never: the body is collected."""

    def complete(self, body: bytes) -> None:
        """The request is whole."""
        try:
            if self._at_once(body):
                return
        except Exception as error:
            self.refuse(error)
            return
        parts = self._parts
        self._waiting = task = asyncio.get_running_loop().create_task(after_waiting(self, parts, body))
        parts.waiting.add(task)
        task.add_done_callback(parts.waiting.discard)

    def gone(self) -> None:
        """The caller left: in whichever window that was, nothing goes on for it."""
        if self._flight is not None:
            self._flight.caller_left()
        elif self._waiting is not None:
            self._waiting.cancel()

    def room(self, has_room: bool) -> None:
        """Whether the caller takes its reply as fast as it comes."""
        if self._flight is not None:
            self._flight.caller_has_room(has_room)

    def refusal(self, status: int, reason: str) -> tuple[bytes, bytes]:
        """What the engine refuses, in OpenAI's shape."""
        error = (RequestTooLarge if status == 413 else RequestInvalid)(reason)
        return refusal_lines(error, self._call_id), error_body(error)

    def asked(self, passage: Passage, request: OpenAiRequest) -> CallRequest:
        """What the call asks for: its worst case."""
        route = passage.terms.route
        return CallRequest(passage.terms, prompt_bound(request, route), completion_bound(request, route))

    def live(self, passage: Passage, request: OpenAiRequest, asked: CallRequest, admitted: Admitted) -> LiveCall:
        """The call once it was let in."""
        estimate = min(asked.prompt_bound, estimated_tokens(len(request.members.body)))
        facts = facts_of(self._call_id, self.arrived_at, passage.terms, admitted, estimate)
        return LiveCall(passage, facts, admitted, request, asked.completion_bound)

    def send(self, connection: VendorConnection, call: LiveCall) -> None:
        """Begin the exchange with its vendor; raises JournalUnavailable."""
        flight = VendorExchange(call, self._caller, self._parts.around)
        passage = call.passage
        flight.start(connection, passage.head.request(self._call_id, body_for(call.request, passage.terms.route)))
        self._flight = flight

    def refuse(self, error: Exception) -> None:
        """Tell the caller why not; what broke here is for the log alone."""
        fail(self._caller, told(error, "a call broke", self._call_id), self._call_id)

    def _at_once(self, body: bytes) -> bool:
        """Send the call if nothing has to be waited for; raises what refuses it."""
        parts = self._parts
        of_key = parts.passages.of_key(self.key, self.arrived_at)
        if of_key is None:
            return False
        request = read_request(self.what.operation, body)
        passage = parts.passages.known(of_key, self.what, request, self.arrived_at)
        if passage is None:
            return False
        connection = parts.vendors.idle(passage.head.origin)
        if connection is None:
            return False
        asked = self.asked(passage, request)
        # As the keeper's `try_admit`, which is not compiled.
        decision = admit_and_refill(parts.ledger.state, asked, parts.now(), parts.keeper.refill_low)
        if isinstance(decision, Admitted):
            self.send(connection, self.live(passage, request, asked, decision))
            return True
        connection.unused()
        if isinstance(decision, Refused):
            raise decision.error
        return False
