"""A call as it comes in: who calls what, whether it may, and then its exchange with the vendor.

Where all that is asked is known already, the call leaves within the callback that completed its request. Where a key,
a route, a lease or a connection must be waited for, the same steps run in a task of the call's own.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from chassis.errors import MarketplaceError
from dataplane.admission import Admitted, CallRequest, Refused
from dataplane.call_ledger import CallLedger, facts_of
from dataplane.call_limits import CallLimits
from dataplane.door_paths import Call
from dataplane.ended_calls import TOO_MANY_AT_ONCE
from dataplane.failed_call import fail, refusal_lines
from dataplane.key_check import SentKey
from dataplane.lease_keeper import LeaseKeeper
from dataplane.live_call import LiveCall
from dataplane.passages import Passage, Passages, model_asked
from dataplane.ports import Routes, Vendors
from dataplane.records import KeyRecord, Route
from dataplane.refusals import ModelNotFound, RequestInvalid, RequestTooLarge, UpstreamUnreachable
from dataplane.surroundings import Surroundings
from dataplane.token_estimates import estimated_tokens
from dataplane.vendor_exchange import VendorExchange
from dataplane.wire_formats.openai.errors import error_body
from dataplane.wire_formats.openai.requests import (
    OpenAiRequest,
    body_for,
    completion_bound,
    prompt_bound,
    read_request,
)
from wire.client_connection import ClientConnection
from wire.errors import NotSent, TooManyAtOnce
from wire.exchange import Exchange

_log = logging.getLogger("dataplane")
# No name is longer: a team's slug, a listing's name and a version. What is asked for is kept for a while.
_LONGEST_MODEL = 512


class Internal(MarketplaceError):
    """Something of ours broke; the log says what."""


@dataclass(slots=True)
class CallParts:
    """What calls are made with. Keys, routes, leases and vendors are ports; time and ids are arguments."""

    passages: Passages
    keeper: LeaseKeeper
    ledger: CallLedger
    vendors: Vendors
    around: Surroundings
    now: Callable[[], int]
    limits: CallLimits = field(default_factory=CallLimits)
    waiting: set["asyncio.Task[None]"] = field(default_factory=set["asyncio.Task[None]"])


class IncomingCall:
    """Receives one call's request."""

    __slots__ = ("_arrived", "_call_id", "_caller", "_flight", "_key", "_parts", "_waiting", "_what", "most_body")

    def __init__(self, parts: CallParts, caller: Exchange, what: Call, call_id: str, key: SentKey) -> None:
        self._parts = parts
        self._caller = caller
        self._what = what
        self._call_id = call_id
        self._key = key
        self._arrived = parts.now()
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
            self._refuse(error)
            return
        parts = self._parts
        self._waiting = task = asyncio.get_running_loop().create_task(self._after_waiting(body))
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

    def _at_once(self, body: bytes) -> bool:
        """Send the call if nothing has to be waited for; raises what refuses it."""
        parts = self._parts
        of_key = parts.passages.of_key(self._key, self._arrived)
        if of_key is None:
            return False
        request = read_request(self._what.operation, body)
        passage = parts.passages.known(of_key, self._what, request)
        if passage is None:
            return False
        connection = parts.vendors.idle(passage.head.origin)
        if connection is None:
            return False
        asked = _asked(passage, request)
        decision = parts.keeper.try_admit(asked)
        if isinstance(decision, Admitted):
            self._send(connection, self._live(passage, request, asked, decision))
            return True
        connection.unused()
        if isinstance(decision, Refused):
            raise decision.error
        return False

    async def _after_waiting(self, body: bytes) -> None:
        try:
            await self._step_by_step(body)
        except Exception as error:
            self._refuse(error)

    async def _step_by_step(self, body: bytes) -> None:
        parts = self._parts
        key = await parts.passages.authenticate(self._key, self._arrived)
        request = read_request(self._what.operation, body)
        route = await resolved(parts.passages.routes, key, *model_asked(self._what, request))
        passage = parts.passages.made(key, route, request)
        asked = _asked(passage, request)
        call = self._live(passage, request, asked, await parts.keeper.admit(asked))
        try:
            connection = await parts.vendors.connection(passage.head.origin)
        except BaseException as error:
            self._not_sent(call, error)
            raise _unreachable(error) from error
        self._send(connection, call)

    def _live(self, passage: Passage, request: OpenAiRequest, asked: CallRequest, admitted: Admitted) -> LiveCall:
        estimate = min(asked.prompt_bound, estimated_tokens(len(request.members.body)))
        facts = facts_of(self._call_id, self._arrived, passage.terms, admitted, estimate)
        return LiveCall(passage, facts, admitted, request, asked.completion_bound)

    def _send(self, connection: ClientConnection, call: LiveCall) -> None:
        flight = VendorExchange(call, self._caller, self._parts.around)
        passage = call.passage
        flight.start(connection, passage.head.request(self._call_id, body_for(call.request, passage.terms.route)))
        self._flight = flight

    def _not_sent(self, call: LiveCall, error: BaseException) -> None:
        """No connection: the call is on the books as one that never left."""
        parts = self._parts
        refusal = _unreachable(error)
        if isinstance(refusal, MarketplaceError):
            reason = TOO_MANY_AT_ONCE if isinstance(error, TooManyAtOnce) else refusal.code
            parts.around.release(call, refusal.http_status, reason)
        else:
            parts.ledger.forget(call.facts, call.admitted)

    def _refuse(self, error: Exception) -> None:
        if not isinstance(error, MarketplaceError):
            _log.error("a call broke", exc_info=error, extra={"request_id": self._call_id})
            error = Internal("Something broke on our side; the request id tells us what.")
        fail(self._caller, error, self._call_id)


async def resolved(routes: Routes, key: KeyRecord, model: str, version: str) -> Route:
    """The route of a name; raises ModelNotFound, for a name longer than any without asking."""
    known = len(model) + len(version) <= _LONGEST_MODEL
    route = await routes.resolve(key, model, version) if known else None
    if route is None:
        raise not_found(model)
    return route


def not_found(model: str) -> ModelNotFound:
    """The refusal of a model that is not there for this caller."""
    return ModelNotFound(f"The model '{model[:200]}' does not exist or this key may not call it.", param="model")


def _asked(passage: Passage, request: OpenAiRequest) -> CallRequest:
    """What the call asks for: its worst case."""
    route = passage.terms.route
    return CallRequest(passage.terms, prompt_bound(request, route), completion_bound(request, route))


def _unreachable(error: BaseException) -> BaseException:
    """What the caller is told where no connection could be made; other errors as they are."""
    if isinstance(error, TooManyAtOnce):
        return UpstreamUnreachable("Too many calls to this provider at the same time.", retry_after=1.0)
    if isinstance(error, NotSent):
        return UpstreamUnreachable("No connection to the provider could be made.")
    return error
