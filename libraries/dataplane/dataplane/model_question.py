"""Which models a key may call, and what one of them is: requests without a body whose answer is waited for."""

import asyncio

import msgspec

from dataplane.call_parts import CallParts
from dataplane.door_paths import Models, OneModel
from dataplane.failed_call import fail, told
from dataplane.found_route import not_found, resolved
from dataplane.key_check import SentKey
from dataplane.model_list import model_body, models_body
from dataplane.policy import listing_refusal, may_see
from dataplane.request_rates import counted
from wire.exchange import Exchange


class ModelQuestion:
    """Receives such a request and answers it."""

    __slots__ = ("_call_id", "_exchange", "_task", "most_body")

    def __init__(
        self, parts: CallParts, what: Models | OneModel, sent: SentKey, exchange: Exchange, call_id: str
    ) -> None:
        self._exchange = exchange
        self._call_id = call_id
        self._task = asyncio.get_running_loop().create_task(self._reply(parts, what, sent))
        self.most_body = 0

    def arrived(self, data: bytes) -> None:
        """Never: there is no body."""

    def complete(self, body: bytes) -> None:
        """It is being answered already."""

    def gone(self) -> None:
        """Nobody waits for the answer."""
        self._task.cancel()

    def room(self, has_room: bool) -> None:
        """The answer leaves in one piece."""

    def refusal(self, status: int, reason: str) -> None:
        """The engine's own words will do."""
        del status, reason

    async def _reply(self, parts: CallParts, what: Models | OneModel, sent: SentKey) -> None:
        try:
            body = await _answer(parts, what, sent)
        except Exception as error:
            fail(self._exchange, told(error, "a question about models broke", self._call_id), self._call_id)
        else:
            headers = b"content-type: application/json\r\nx-request-id: %b\r\n" % self._call_id.encode()
            self._exchange.reply(200, headers, body)


async def _answer(parts: CallParts, what: Models | OneModel, sent: SentKey) -> bytes:
    key = await parts.passages.authenticate(sent, parts.now())
    error = listing_refusal(key)
    if error is not None:
        raise error
    await counted(parts.keeper, key)
    if isinstance(what, Models):
        visible = [route for route in await parts.passages.routes.visible(key) if may_see(key, route)]
        return msgspec.json.encode(models_body(visible))
    route = await resolved(parts.passages.routes, key, what.model, what.version)
    if not may_see(key, route):
        raise not_found(what.model)
    return msgspec.json.encode(model_body(route))
