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
    """What is left of the key's rates for requests and tokens; None where there is no limit."""
    rates = call.admitted.rates
    return rates.left(rates.used_at)


def begin_lines(call: LiveCall, left: Left) -> bytes:
    """What is known when a reply begins: request id, limits, listing, version, and whether that will end."""
    limits = rate_lines(call.admitted.rates, left)
    return b"x-request-id: %b\r\n%b%b" % (call.facts.call_id.encode(), call.passage.reply_lines, limits)


def end_lines(call: LiveCall, settled: Settled, left: Left) -> bytes:
    """The facts of a call that was just settled as header lines named x-marketplace-...; `left` is of `rates_left`."""
    usage, cost, (tokens, money), requests = settled.usage, settled.cost, call.left, left[0]
    return b"%b%b%b%b" % (
        _END_LINES
        % (
            usage.prompt_tokens,
            usage.completion_tokens,
            b"unknown" if cost is None else dollars(cost).encode(),
            b"true" if settled.is_estimated else b"false",
            call.added / 1000,
        ),
        b"" if tokens is None else b"x-marketplace-quota-remaining-tokens: %d\r\n" % tokens,
        b"" if money is None else b"x-marketplace-budget-remaining-usd: %b\r\n" % dollars(money).encode(),
        b"" if requests is None else b"x-marketplace-rate-remaining-requests: %d\r\n" % max(0, requests),
    )


_END_LINES = (
    b"x-marketplace-prompt-tokens: %d\r\nx-marketplace-completion-tokens: %d\r\nx-marketplace-cost-usd: %b\r\n"
    b"x-marketplace-estimated: %b\r\nx-marketplace-added-ms: %.3f\r\n"
)


class _EndComment(msgspec.Struct, frozen=True):
    """The same facts by the names of a stream's last comment; an unknown cost is null, UNSET is where no limit is."""

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


def end_comment(call: LiveCall, settled: Settled, left: Left) -> bytes:
    """The same facts as the text of a stream's last comment: `marketplace {json}`."""
    facts, usage, cost, (tokens, money), requests = call.facts, settled.usage, settled.cost, call.left, left[0]
    shown = _EndComment(
        *(facts.call_id, facts.listing_name, facts.listing_version, usage.prompt_tokens, usage.completion_tokens),
        *(None if cost is None else dollars(cost), settled.is_estimated, call.added / 1000),
        UNSET if tokens is None else tokens,
        UNSET if money is None else dollars(money),
        UNSET if requests is None else max(0, int(requests)),
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
