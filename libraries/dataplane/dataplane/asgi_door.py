"""The door of the call path: OpenAI's paths and /consume as one bare ASGI callable."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from chassis.errors import MarketplaceError
from dataplane.admission import CallRequest
from dataplane.call_ledger import CallLedger, facts_of
from dataplane.call_limits import CallLimits
from dataplane.door_paths import Call, Models, OneModel, asked
from dataplane.exchange import Exchange
from dataplane.key_check import Authenticate
from dataplane.lease_keeper import LeaseKeeper
from dataplane.live_call import LiveCall, Moments
from dataplane.model_list import model_body, models_body
from dataplane.policy import may_see
from dataplane.ports import Routes, Upstream
from dataplane.records import KeyRecord, Route
from dataplane.refusals import Draining, ModelNotFound, RequestInvalid, UpstreamFailed
from dataplane.reply_sink import Message, Receive, ReplySink, Send
from dataplane.request_body import read_body
from dataplane.token_estimates import estimated_tokens
from dataplane.vendor_request import vendor_request
from dataplane.wire_formats.openai.requests import (
    OpenAiRequest,
    completion_bound,
    operation_of,
    prompt_bound,
    read_request,
)

_log = logging.getLogger("dataplane")
# No name is longer: a team's slug, a listing's name and a version. What is asked for is kept for a while.
_LONGEST_MODEL = 512
_JSON = (b"content-type", b"application/json")


class _Internal(MarketplaceError):
    """Something of ours broke; the log says what."""


@dataclass(slots=True)
class CallDoor:
    """Serves calls. Keys, routes, leases and the vendor are ports; time and ids are arguments."""

    authenticate: Authenticate
    routes: Routes
    keeper: LeaseKeeper
    ledger: CallLedger
    upstream: Upstream
    now: Callable[[], int]
    new_call_id: Callable[[], str]
    limits: CallLimits = field(default_factory=CallLimits)
    draining: bool = False
    in_flight: int = 0
    _idle: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one HTTP request; every error leaves in OpenAI's shape."""
        arrived = self.now()
        call_id = self.new_call_id()
        sink = ReplySink(send)
        self.in_flight += 1
        try:
            await self._serve(_Arrival(scope, receive, sink, call_id, arrived))
        except MarketplaceError as error:
            await sink.fail(error, call_id)
        except Exception:
            _log.exception("a call broke", extra={"request_id": call_id})
            await sink.fail(_Internal("Something broke on our side; the request id tells us what."), call_id)
        finally:
            self.in_flight -= 1
            if not self.in_flight:
                self._idle.set()

    async def drained(self) -> None:
        """Refuse new calls and wait until those under way have ended."""
        self.draining = True
        while self.in_flight:
            self._idle.clear()
            await self._idle.wait()

    async def _serve(self, arrival: "_Arrival") -> None:
        what = asked(arrival.scope["method"], arrival.scope["path"])
        key = await self.authenticate(arrival.scope["headers"], arrival.arrived)
        match what:
            case Call():
                await self._call(arrival, what, key)
            case OneModel():
                await self._model(arrival, what, key)
            case Models():
                visible = [route for route in await self.routes.visible(key) if may_see(key, route)]
                await self._show(arrival, models_body(visible))

    async def _model(self, arrival: "_Arrival", what: OneModel, key: KeyRecord) -> None:
        route = await self._route(key, what.model, what.version)
        if not may_see(key, route):
            raise _not_found(what.model)
        await self._show(arrival, model_body(route))

    async def _show(self, arrival: "_Arrival", body: dict[str, object]) -> None:
        headers = [_JSON, (b"x-request-id", arrival.call_id.encode())]
        await arrival.sink.whole(200, headers, msgspec.json.encode(body))

    async def _call(self, arrival: "_Arrival", what: Call, key: KeyRecord) -> None:
        if self.draining:
            raise Draining("This process is going down; send the request again.", retry_after=1.0)
        body = await read_body(arrival.receive, self.limits.body_bytes, self.limits.body_seconds)
        if body is None:
            return
        request = read_request(what.operation or operation_of(body), body)
        route = await self._route(key, *_model_asked(what, request))
        call = await self._begin(arrival, key, route, request)
        exchange = Exchange(call, self.ledger, self.upstream, arrival.sink, self.now, self.limits)
        try:
            to_vendor = vendor_request(request, route, arrival.call_id)
        except BaseException:
            self.ledger.forget(call.facts, call.admitted)
            raise
        await _while_caller_stays(arrival.receive, asyncio.create_task(exchange.run(to_vendor)))

    async def _route(self, key: KeyRecord, model: str, version: str) -> Route:
        known = len(model) + len(version) <= _LONGEST_MODEL
        route = await self.routes.resolve(key, model, version) if known else None
        if route is None:
            raise _not_found(model)
        if route.protocol != "openai":
            raise UpstreamFailed(f"The listing speaks '{route.protocol}', which this door does not carry yet.")
        return route

    async def _begin(self, arrival: "_Arrival", key: KeyRecord, route: Route, request: OpenAiRequest) -> LiveCall:
        bound = prompt_bound(request, route)
        completion = completion_bound(request, route)
        admitted = await self.keeper.admit(CallRequest(key, route, bound, completion))
        facts = msgspec.structs.replace(
            facts_of(arrival.call_id, arrival.arrived, key, route, admitted),
            streamed=request.stream,
            prompt_estimate=min(bound, estimated_tokens(len(request.members.body))),
        )
        return LiveCall(facts, admitted, key, route, request, Moments(arrival.arrived), completion)


@dataclass(frozen=True, slots=True)
class _Arrival:
    scope: Message
    receive: Receive
    sink: ReplySink
    call_id: str
    arrived: int


def _model_asked(what: Call, request: OpenAiRequest) -> tuple[str, str]:
    """Name and version: from the path where it names a listing, else from the body's model, `name@version`."""
    if what.listing:
        return what.listing, what.version
    if not request.model:
        raise RequestInvalid("The body needs a 'model'.", param="model")
    name, at, version = request.model.rpartition("@")
    return (name, version) if at and name else (request.model, "")


def _not_found(model: str) -> ModelNotFound:
    return ModelNotFound(f"The model '{model[:200]}' does not exist or this key may not call it.", param="model")


async def _while_caller_stays(receive: Receive, exchange: "asyncio.Task[None]") -> None:
    """Run the exchange to its end, or stop it at once when the caller goes."""
    watch = asyncio.create_task(_caller_goes(receive))
    try:
        await asyncio.wait((exchange, watch), return_when=asyncio.FIRST_COMPLETED)
        if exchange.done():
            exchange.result()
    finally:
        for task in (watch, exchange):
            task.cancel()
        await asyncio.gather(watch, exchange, return_exceptions=True)


async def _caller_goes(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue
