"""A call as it comes in: who calls what, whether it may, and then its exchange with the vendor.

Where all that is asked is known already, the call leaves within the callback that completed its request. Where a key,
a route, a lease or a connection must be waited for, the same steps run in a task of the call's own.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from chassis.errors import MarketplaceError
from dataplane.admission import Admitted, CallRequest, Refused
from dataplane.analytics_buffer import TOO_MANY_AT_ONCE
from dataplane.call_ledger import CallLedger, facts_of
from dataplane.call_limits import CallLimits
from dataplane.door_paths import Call
from dataplane.failed_call import fail, refusal_lines
from dataplane.key_check import Authenticate, SentKey
from dataplane.lease_keeper import LeaseKeeper
from dataplane.live_call import LiveCall, Moments
from dataplane.ports import Routes, Vendors
from dataplane.records import KeyRecord, Route
from dataplane.refusals import ModelNotFound, RequestInvalid, RequestTooLarge, UpstreamFailed, UpstreamUnreachable
from dataplane.token_estimates import estimated_tokens
from dataplane.vendor_exchange import Surroundings, VendorExchange
from dataplane.vendor_request import VendorHeads
from dataplane.wire_formats.openai.errors import error_body
from dataplane.wire_formats.openai.requests import (
    OpenAiRequest,
    body_for,
    completion_bound,
    operation_of,
    prompt_bound,
    read_request,
)
from wire.client_connection import ClientConnection
from wire.errors import NotSent, TooManyAtOnce
from wire.exchange import Exchange
from wire.origin import Origin

_log = logging.getLogger("dataplane")
# No name is longer: a team's slug, a listing's name and a version. What is asked for is kept for a while.
_LONGEST_MODEL = 512


class Internal(MarketplaceError):
    """Something of ours broke; the log says what."""


@dataclass(slots=True)
class CallParts:
    """What calls are made with. Keys, routes, leases and vendors are ports; time and ids are arguments."""

    authenticate: Authenticate
    routes: Routes
    keeper: LeaseKeeper
    ledger: CallLedger
    vendors: Vendors
    around: Surroundings
    now: Callable[[], int]
    limits: CallLimits = field(default_factory=CallLimits)
    heads: VendorHeads = field(default_factory=VendorHeads)
    waiting: set["asyncio.Task[None]"] = field(default_factory=set["asyncio.Task[None]"])


class _Ready(msgspec.Struct, frozen=True):
    """A call that only needs leave and a connection; `data` is the request to its vendor."""

    request: OpenAiRequest
    origin: Origin
    data: bytes
    admission: CallRequest


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
        key = parts.authenticate.known(self._key, self._arrived)
        if key is None:
            return False
        request = read_request(self._what.operation or operation_of(body), body)
        route = parts.routes.known(key, *_model_asked(self._what, request))
        if route is None:
            return False
        ready = self._ready(key, route, request)
        connection = parts.vendors.idle(ready.origin)
        if connection is None:
            return False
        decision = parts.keeper.try_admit(ready.admission)
        if isinstance(decision, Admitted):
            self._send(connection, ready, decision)
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
        key = await parts.authenticate(self._key, self._arrived)
        request = read_request(self._what.operation or operation_of(body), body)
        route = await resolved(parts.routes, key, *_model_asked(self._what, request))
        ready = self._ready(key, route, request)
        admitted = await parts.keeper.admit(ready.admission)
        try:
            connection = await parts.vendors.connection(ready.origin)
        except BaseException as error:
            self._not_sent(ready, admitted, error)
            raise _unreachable(error) from error
        self._send(connection, ready, admitted)

    def _ready(self, key: KeyRecord, route: Route, request: OpenAiRequest) -> _Ready:
        if route.protocol != "openai":
            raise UpstreamFailed(f"The listing speaks '{route.protocol}', which this door does not carry yet.")
        head = self._parts.heads.of(route, request.operation, request.stream)
        data = head.request(self._call_id, body_for(request, route))
        bounds = prompt_bound(request, route), completion_bound(request, route)
        admission = CallRequest(key, route, *bounds, request.operation, request.stream)
        return _Ready(request, head.origin, data, admission)

    def _send(self, connection: ClientConnection, ready: _Ready, admitted: Admitted) -> None:
        flight = VendorExchange(self._live(ready, admitted), self._caller, self._parts.around)
        flight.start(connection, ready.data)
        self._flight = flight

    def _live(self, ready: _Ready, admitted: Admitted) -> LiveCall:
        asked = ready.admission
        estimate = min(asked.prompt_bound, estimated_tokens(len(ready.request.members.body)))
        facts = facts_of(self._call_id, self._arrived, asked, admitted, estimate)
        moments = Moments(self._arrived)
        return LiveCall(facts, admitted, asked.key, asked.route, ready.request, moments, asked.completion_bound)

    def _not_sent(self, ready: _Ready, admitted: Admitted, error: BaseException) -> None:
        """No connection: the call is on the books as one that never left."""
        facts = self._live(ready, admitted).facts
        refusal = _unreachable(error)
        if isinstance(refusal, MarketplaceError):
            reason = TOO_MANY_AT_ONCE if isinstance(error, TooManyAtOnce) else refusal.code
            released = self._parts.ledger.release(facts, admitted, refusal.http_status, reason)
            self._parts.around.ended((released, 0))
        else:
            self._parts.ledger.forget(facts, admitted)

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


def _model_asked(what: Call, request: OpenAiRequest) -> tuple[str, str]:
    """Name and version: from the path where it names a listing, else from the body's model, `name@version`."""
    if what.listing:
        return what.listing, what.version
    if not request.model:
        raise RequestInvalid("The body needs a 'model'.", param="model")
    name, at, version = request.model.rpartition("@")
    return (name, version) if at and name else (request.model, "")


def _unreachable(error: BaseException) -> BaseException:
    """What the caller is told where no connection could be made; other errors as they are."""
    if isinstance(error, TooManyAtOnce):
        return UpstreamUnreachable("Too many calls to this provider at the same time.", retry_after=1.0)
    if isinstance(error, NotSent):
        return UpstreamUnreachable("No connection to the provider could be made.")
    return error
