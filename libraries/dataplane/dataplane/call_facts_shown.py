"""What a caller is told about its call: in the headers of a plain reply, in the last comment of a stream."""

from itertools import product

import msgspec

from chassis.errors import ErrorKind, MarketplaceError
from dataplane.call_records import Settled
from dataplane.live_call import LiveCall
from dataplane.pricing import NANODOLLARS, dollars
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
    return _BEGIN_LINES % _begin_shown(call, left)


def reply_lines(content_type: bytes, call: LiveCall, settled: Settled, left: Left) -> bytes:
    """All lines above a plain reply: its type's, those of `begin_lines`, and in lines named x-marketplace-... the facts
    of the call, which was just settled; `left` is of `rates_left`.
    """
    usage, cost, added, (tokens, money), requests = settled.usage, settled.cost, call.added, call.left, left[0]
    # Amounts of money are never negative here; written as two numbers they cost half of what their texts would.
    spent = (b"unknown",) if cost is None else (cost // NANODOLLARS, cost % NANODOLLARS)
    estimated = b"true" if settled.is_estimated else b"false"
    used = (usage.prompt_tokens, usage.completion_tokens, *spent, estimated, added // 1000, added % 1000)
    shown: tuple[int | float | bytes, ...] = (content_type, *_begin_shown(call, left), *used)
    if tokens is not None:
        shown += (tokens,)
    if money is not None:
        shown += (money // NANODOLLARS, money % NANODOLLARS)
    if requests is not None:
        shown += (requests if requests > 0 else 0,)
    return _REPLY_LINES[cost is None, tokens is None, money is None, requests is None] % shown


def _begin_shown(call: LiveCall, left: Left) -> tuple[bytes, bytes, bytes]:
    return call.facts.call_id.encode(), call.passage.reply_lines, rate_lines(call.admitted.rates, left)


def _reply_lines(unpriced: bool, *unlimited: bool) -> bytes:
    dollars_shown = b"%d.%09d"
    lines = [
        b"prompt-tokens: %d",
        b"completion-tokens: %d",
        b"cost-usd: " + (b"%b" if unpriced else dollars_shown),
        b"estimated: %b",
        b"added-ms: %d.%03d",
    ]
    limits = b"quota-remaining-tokens: %d", b"budget-remaining-usd: " + dollars_shown, b"rate-remaining-requests: %d"
    lines += [line for line, absent in zip(limits, unlimited, strict=True) if not absent]
    return b"%b" + _BEGIN_LINES + b"".join([b"x-marketplace-%b\r\n" % line for line in lines])


_BEGIN_LINES = b"x-request-id: %b\r\n%b%b"
# By what there is not: a known cost, and what is left of a quota, of a budget, of a rate.
_REPLY_LINES = {absent: _reply_lines(*absent) for absent in product((False, True), repeat=4)}


def end_comment(call: LiveCall, settled: Settled, left: Left) -> bytes:
    """The same facts as the text of a stream's last comment: `marketplace {json}`. An unknown cost is null there."""
    facts, usage, cost, (tokens, money), requests = call.facts, settled.usage, settled.cost, call.left, left[0]
    shown: dict[str, object] = {
        "request_id": facts.call_id,
        "listing": facts.listing_name,
        "version": facts.listing_version,
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "cost_usd": None if cost is None else dollars(cost),
        "estimated": settled.is_estimated,
        "added_ms": call.added / 1000,
    }
    if tokens is not None:
        shown["quota_remaining_tokens"] = tokens
    if money is not None:
        shown["budget_remaining_usd"] = dollars(money)
    if requests is not None:
        shown["rate_remaining_requests"] = max(0, int(requests))
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
