"""A call that waits for a key, a route, a lease or a connection: the steps of any other, in a task of its own."""

from typing import Protocol

from chassis.errors import MarketplaceError
from dataplane.admission import Admitted, CallRequest
from dataplane.call_parts import CallParts
from dataplane.door_paths import Call
from dataplane.ended_calls import TOO_MANY_AT_ONCE
from dataplane.found_route import resolved_for_a_call
from dataplane.key_check import SentKey
from dataplane.live_call import LiveCall
from dataplane.passages import Passage, model_asked
from dataplane.ports import VendorConnection
from dataplane.refusals import UpstreamUnreachable
from dataplane.wire_formats.openai.requests import OpenAiRequest, read_request
from wire.errors import NotSent, TooManyAtOnce


class Waiting(Protocol):
    """A call whose request is whole. `arrived_at` is in microseconds."""

    what: Call
    key: SentKey
    arrived_at: int

    def asked(self, passage: Passage, request: OpenAiRequest) -> CallRequest:
        """What it asks for."""
        ...

    def live(self, passage: Passage, request: OpenAiRequest, asked: CallRequest, admitted: Admitted) -> LiveCall:
        """The call once it was let in."""
        ...

    def send(self, connection: VendorConnection, call: LiveCall) -> None:
        """Begin the exchange with its vendor."""
        ...

    def refuse(self, error: Exception) -> None:
        """Tell the caller why not."""
        ...


async def after_waiting(waiting: Waiting, parts: CallParts, body: bytes) -> None:
    """Send the call, or tell its caller why not."""
    try:
        await _step_by_step(waiting, parts, body)
    except Exception as error:
        waiting.refuse(error)


async def _step_by_step(waiting: Waiting, parts: CallParts, body: bytes) -> None:
    key = await parts.passages.authenticate(waiting.key, waiting.arrived_at)
    request = read_request(waiting.what.operation, body)
    asked_for = model_asked(waiting.what, request)
    route = await resolved_for_a_call(parts.passages.routes, parts.keeper, key, *asked_for)
    passage = parts.passages.made(key, route, request)
    asked = waiting.asked(passage, request)
    call = waiting.live(passage, request, asked, await parts.keeper.admit(asked))
    try:
        connection = await parts.vendors.connection(passage.head.origin)
    except BaseException as error:
        _not_sent(parts, call, error)
        raise _unreachable(error) from error
    waiting.send(connection, call)


def _not_sent(parts: CallParts, call: LiveCall, error: BaseException) -> None:
    """No connection: the call is on the books as one that never left."""
    refusal = _unreachable(error)
    if isinstance(refusal, MarketplaceError):
        reason = TOO_MANY_AT_ONCE if isinstance(error, TooManyAtOnce) else refusal.code
        parts.around.release(call, refusal.http_status, reason)
    else:
        parts.ledger.forget(call.facts, call.admitted)


def _unreachable(error: BaseException) -> BaseException:
    """What the caller is told where no connection could be made; other errors as they are."""
    if isinstance(error, TooManyAtOnce):
        return UpstreamUnreachable("Too many calls to this provider at the same time.", retry_after=1.0)
    if isinstance(error, NotSent):
        return UpstreamUnreachable("No connection to the provider could be made.")
    return error
