"""A call that comes with an Idempotency-Key: made once, and told to everybody who sends it again.

A retry often comes while the first call's end is on its way to the books, some tenths of a second after a connection
broke: it waits for one second at most, and then is told to come again, because a call itself may take minutes.
"""

import asyncio
from dataclasses import dataclass, replace

from chassis.errors import MarketplaceError
from dataplane.call_parts import CallParts
from dataplane.claimed_call import ClaimedJournal, KeptExchange
from dataplane.door_paths import Call
from dataplane.failed_call import fail, refusal_lines, told
from dataplane.idempotency import RepliesUnavailable, refusal_of
from dataplane.incoming_call import IncomingCall
from dataplane.kept_reply import KeptReply
from dataplane.key_check import SentKey
from dataplane.limits import KeyRates
from dataplane.policy import call_refusal
from dataplane.pricing import dollars
from dataplane.rate_headers import rate_lines
from dataplane.records import KeyRecord
from dataplane.reply_claims import Claim, ClaimAnswer, Replies, body_digest, scope_digest
from dataplane.request_rates import counted, within_rates
from dataplane.route_lines import HeaderList
from dataplane.wire_formats.openai.errors import error_body
from wire.exchange import Exchange
from wire.reply_head import header_lines

_REPLAYED = b"idempotent-replayed: true\r\n"
_STREAM = b"content-type: text/event-stream"


@dataclass(frozen=True, slots=True)
class Claiming:
    """What a call under a key is made with."""

    parts: CallParts
    replies: Replies
    idempotency_key: bytes


class IdempotentCall:
    """Receives one call's request, and hands it on where its key can be claimed."""

    __slots__ = ("_call", "_call_id", "_caller", "_claiming", "_journal", "_key", "_task", "most_body")

    def __init__(self, claiming: Claiming, caller: Exchange, what: Call, call_id: str, key: SentKey) -> None:
        parts = claiming.parts
        ledger = parts.ledger
        self._claiming = claiming
        self._caller = caller
        self._call_id = call_id
        self._key = key
        self._task: asyncio.Task[None] | None = None
        self._journal = ClaimedJournal(ledger.journal, ledger.catch_up, call_id)
        books = replace(ledger, journal=self._journal)
        own = replace(parts, ledger=books, around=replace(parts.around, ledger=books))
        self._call = IncomingCall(own, KeptExchange(caller, self._journal), what, call_id, key)
        self.most_body = self._call.most_body

    def arrived(self, data: bytes) -> None:
        """Never: the body is collected."""

    def complete(self, body: bytes) -> None:
        """The request is whole."""
        waiting = self._claiming.parts.waiting
        self._task = task = asyncio.get_running_loop().create_task(self._answer(body))
        waiting.add(task)
        task.add_done_callback(waiting.discard)

    def gone(self) -> None:
        """The caller left: a call that was not sent yet never is."""
        if self._task is not None:
            self._task.cancel()
        self._call.gone()
        self._journal.give_up()

    def room(self, has_room: bool) -> None:
        """Whether the caller takes its reply as fast as it comes."""
        self._call.room(has_room)

    def refusal(self, status: int, reason: str) -> tuple[bytes, bytes]:
        """What the engine refuses, in OpenAI's shape."""
        return self._call.refusal(status, reason)

    async def _answer(self, body: bytes) -> None:
        try:
            await self._claim_and_call(body)
        except Exception as error:
            fail(self._caller, told(error, "a call under a key broke", self._call_id), self._call_id)

    async def _claim_and_call(self, body: bytes) -> None:
        parts = self._claiming.parts
        key = await parts.passages.authenticate(self._key, parts.now())
        refusal = call_refusal(key)
        if refusal is not None:
            raise refusal
        await within_rates(parts.keeper, key)
        claim = self._claim_of(key, body)
        answer = await self._ask(claim)
        if answer.standing == "claimed":
            self._call.complete(body)
            return
        rates = await counted(parts.keeper, key)
        if answer.standing == "in_progress":
            answer = await self._ask_again(claim, answer)
        if answer.standing == "claimed":
            self._call.complete(body)
        elif answer.standing == "kept" and answer.reply is not None:
            self._replay(answer.reply, rate_lines(rates, rates.left(rates.used_at)))
        else:
            self._refuse(answer, rates)

    def _claim_of(self, key: KeyRecord, body: bytes) -> Claim:
        pepper = self._claiming.parts.passages.authenticate.pepper
        scope = scope_digest(pepper, key.key_id, self._caller.head.path, self._claiming.idempotency_key)
        return Claim(key.team_id, scope, body_digest(pepper, body), self._call_id)

    async def _ask_again(self, claim: Claim, answer: ClaimAnswer) -> ClaimAnswer:
        for pause in self._claiming.parts.limits.retry_pauses:
            await asyncio.sleep(pause)
            answer = await self._ask(claim)
            if answer.standing != "in_progress":
                break
        return answer

    async def _ask(self, claim: Claim) -> ClaimAnswer:
        """Claim; where no answer comes, also because the caller left, the claim may stand and is given up."""
        self._journal.asks(claim.team_id)
        try:
            answer = await self._claiming.replies.claim(claim)
        except BaseException as error:
            self._journal.give_up()
            if not isinstance(error, MarketplaceError):
                raise
            said = "Whether this call was made before cannot be asked right now, so it was not made; try again shortly."
            raise RepliesUnavailable(said, retry_after=1.0) from error
        if answer.standing != "claimed":
            self._journal.got_none()
        return answer

    def _replay(self, reply: KeptReply, rate_lines: bytes) -> None:
        """The first call's reply, with its request id and facts, and the limits as they stand now."""
        lines = reply.header_lines + rate_lines + _REPLAYED
        if _STREAM in reply.header_lines.lower():
            self._caller.begin(reply.status, lines)
            self._caller.end(reply.body)
        else:
            self._caller.reply(reply.status, lines, reply.body)

    def _refuse(self, answer: ClaimAnswer, rates: KeyRates) -> None:
        error = refusal_of(answer)
        facts: HeaderList = []
        if answer.standing in ("too_large", "caller_left"):
            facts.append((b"x-marketplace-settled-request-id", answer.call_id.encode("ascii")))
            cost = "unknown" if answer.cost is None else dollars(answer.cost)
            facts.append((b"x-marketplace-cost-usd", cost.encode("ascii")))
        lines = refusal_lines(error, self._call_id) + rate_lines(rates, rates.left(rates.used_at)) + header_lines(facts)
        self._caller.reply(error.http_status, lines, error_body(error))
