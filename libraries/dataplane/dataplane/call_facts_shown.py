"""What a caller is told about its call: in the headers of a plain reply, in the last comment of a stream."""

import msgspec
from msgspec import UNSET, UnsetType

from chassis.errors import ErrorKind, MarketplaceError
from dataplane.call_records import Settled
from dataplane.live_call import LiveCall
from dataplane.pricing import dollars
from dataplane.rate_headers import Left, rate_lines
from dataplane.route_lines import HeaderList

_NEVER_RETRY = frozenset(
    {
        "insufficient_quota",
        "budget_exhausted",
        "policy_denied",
        "idempotency_key_reused",
        "idempotency_outcome_unknown",
        "idempotency_reply_not_kept",
    }
)


def rates_left(call: LiveCall) -> Left:
    """What is left of the key's rates for requests and tokens; None where there is no limit, or none is counted."""
    rates = call.admitted.rates
    return (None, None) if rates is None else rates.left(rates.used_at)


def begin_lines(call: LiveCall, left: Left) -> bytes:
    """What is known when a reply begins: request id, limits, listing, version, and whether that will end."""
    rates = call.admitted.rates
    limits = b"" if rates is None else rate_lines(rates, left)
    return b"x-request-id: %b\r\n%b%b" % (call.facts.call_id.encode(), call.passage.reply_lines, limits)


class EndFacts(msgspec.Struct, frozen=True, gc=False):
    """What is known when a call is settled; money in nano-dollars, an unknown cost as None, UNSET where no limit is."""

    prompt_tokens: int
    completion_tokens: int
    cost: int | None
    estimated: bool
    # What governance added before the vendor was asked.
    added_ms: float
    tokens_left: int | UnsetType
    money_left: int | UnsetType
    requests_left: int | UnsetType


def facts_at_end(call: LiveCall, settled: Settled, left: Left) -> EndFacts:
    """The facts of a call that was just settled; `left` is what `rates_left` says."""
    usage, (tokens, money), requests = settled.usage, call.left, left[0]
    added = call.sent - settled.facts.started_at
    return EndFacts(
        usage.prompt_tokens,
        usage.completion_tokens,
        settled.cost,
        settled.is_estimated,
        added / 1000 if added > 0 else 0.0,
        UNSET if tokens is None else tokens,
        UNSET if money is None else money,
        UNSET if requests is None else int(requests) if requests > 0 else 0,
    )


def end_lines(facts: EndFacts) -> bytes:
    """The facts of the end as header lines named x-marketplace-..."""
    cost, tokens, money, requests = facts.cost, facts.tokens_left, facts.money_left, facts.requests_left
    lines = _END_LINES % (
        facts.prompt_tokens,
        facts.completion_tokens,
        b"unknown" if cost is None else dollars(cost).encode(),
        b"true" if facts.estimated else b"false",
        facts.added_ms,
    )
    if tokens is not UNSET:
        lines = b"%bx-marketplace-quota-remaining-tokens: %d\r\n" % (lines, tokens)
    if money is not UNSET:
        lines = b"%bx-marketplace-budget-remaining-usd: %b\r\n" % (lines, dollars(money).encode())
    if requests is not UNSET:
        lines = b"%bx-marketplace-rate-remaining-requests: %d\r\n" % (lines, requests)
    return lines


_END_LINES = (
    b"x-marketplace-prompt-tokens: %d\r\nx-marketplace-completion-tokens: %d\r\nx-marketplace-cost-usd: %b\r\n"
    b"x-marketplace-estimated: %b\r\nx-marketplace-added-ms: %.3f\r\n"
)


class _EndComment(msgspec.Struct, frozen=True):
    """The same facts as a stream's last comment shows them; money as decimal strings."""

    request_id: str
    listing: str
    version: str
    prompt_tokens: int
    completion_tokens: int
    cost_usd: str | None
    estimated: bool
    added_ms: float
    quota_remaining_tokens: int | UnsetType
    budget_remaining_usd: str | UnsetType
    rate_remaining_requests: int | UnsetType


def end_comment(call: LiveCall, facts: EndFacts) -> bytes:
    """The facts of the end as the text of a stream's last comment: `marketplace {json}`."""
    route, money = call.passage.terms.route, facts.money_left
    shown = _EndComment(
        *(call.facts.call_id, route.full_name, route.version, facts.prompt_tokens, facts.completion_tokens),
        *(None if facts.cost is None else dollars(facts.cost), facts.estimated, facts.added_ms, facts.tokens_left),
        *(UNSET if money is UNSET else dollars(money), facts.requests_left),
    )
    return b"marketplace " + msgspec.json.encode(shown)


def error_headers(error: MarketplaceError) -> HeaderList:
    """When to try again, if ever, in the headers that OpenAI's clients obey; what HTTP itself asks of a refusal."""
    headers: HeaderList = []
    if error.retry_after is not None:
        headers.append((b"retry-after", b"%d" % max(1, -int(-error.retry_after // 1))))
        if error.retry_after <= 60:
            headers.append((b"retry-after-ms", b"%d" % max(1, int(error.retry_after * 1000))))
    if error.code in _NEVER_RETRY:
        headers.append((b"x-should-retry", b"false"))
    if error.kind is ErrorKind.UNAUTHENTICATED:
        headers.append((b"www-authenticate", b"Bearer"))
    if "allow" in error.details:
        headers.append((b"allow", str(error.details["allow"]).encode()))
    return headers
