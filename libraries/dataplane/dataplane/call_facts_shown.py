"""What a caller is told about its call: in the headers of a plain reply, in the last comment of a stream."""

from email.utils import formatdate
from urllib.parse import quote

import msgspec
from msgspec import UNSET, UnsetType

from chassis.errors import ErrorKind, MarketplaceError
from dataplane.call_records import Settled
from dataplane.leases import LeaseBook
from dataplane.live_call import LiveCall
from dataplane.pricing import dollars
from dataplane.rate_headers import Left, rate_lines
from dataplane.records import Route
from wire.reply_head import header_lines

HeaderList = list[tuple[bytes, bytes]]

_MICROSECONDS = 1_000_000
_MOST_KEPT = 4096
_kept_lines: dict[str, tuple[Route, bytes]] = {}
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
    return b"x-request-id: %b\r\n%b%b" % (call.facts.call_id.encode(), _route_lines(call.route), limits)


def _route_lines(route: Route) -> bytes:
    """What does not change while a route stays; kept for as many as are in use."""
    kept = _kept_lines.get(route.listing_version_id)
    if kept is not None and kept[0] is route:
        return kept[1]
    lines = header_lines(
        [
            (b"x-marketplace-listing", _safe(route.full_name)),
            (b"x-marketplace-listing-id", _safe(route.listing_id)),
            (b"x-marketplace-version", _safe(route.version)),
            *end_announced(route),
        ]
    )
    if len(_kept_lines) >= _MOST_KEPT:
        _kept_lines.clear()
    _kept_lines[route.listing_version_id] = (route, lines)
    return lines


def end_announced(route: Route) -> HeaderList:
    """RFC 9745, RFC 8594 and RFC 5829: since when a listing is deprecated, until when it works, and what follows it."""
    headers: HeaderList = []
    if route.deprecated_at is not None:
        headers.append((b"deprecation", b"@%d" % (route.deprecated_at // _MICROSECONDS)))
    if route.sunset_at is not None:
        headers.append((b"sunset", formatdate(route.sunset_at / _MICROSECONDS, usegmt=True).encode()))
    if route.successor:
        model = quote(route.successor, safe="/:")
        headers.append((b"link", f'</v1/models/{model}>; rel="successor-version"'.encode("ascii")))
    return headers


class EndFacts(msgspec.Struct, frozen=True):
    """What is known when a call is settled; money as decimal strings, unknown as null, UNSET where no limit is."""

    prompt_tokens: int
    completion_tokens: int
    cost_usd: str | None
    estimated: bool
    # What governance added before the vendor was asked.
    added_ms: float
    quota_remaining_tokens: int | UnsetType = UNSET
    budget_remaining_usd: str | UnsetType = UNSET
    rate_remaining_requests: int | UnsetType = UNSET


def facts_at_end(call: LiveCall, settled: Settled, leases: LeaseBook, left: Left) -> EndFacts:
    """The facts of a call that was just settled; `left` is what `rates_left` says."""
    usage, cost = settled.usage, settled.cost
    tokens, money = leases.least_left(call.key.scopes)
    requests = left[0]
    return EndFacts(
        usage.prompt_tokens,
        usage.completion_tokens,
        None if cost is None else dollars(cost),
        settled.is_estimated,
        max(0, call.moments.sent - call.moments.arrived) / 1000,
        UNSET if tokens is None else tokens,
        UNSET if money is None else dollars(money),
        UNSET if requests is None else max(0, int(requests)),
    )


def end_lines(facts: EndFacts) -> bytes:
    """The facts of the end as header lines named x-marketplace-..."""
    lines = _END_LINES % (
        facts.prompt_tokens,
        facts.completion_tokens,
        (facts.cost_usd or "unknown").encode(),
        b"true" if facts.estimated else b"false",
        facts.added_ms,
    )
    if facts.quota_remaining_tokens is not UNSET:
        lines = b"%bx-marketplace-quota-remaining-tokens: %d\r\n" % (lines, facts.quota_remaining_tokens)
    if facts.budget_remaining_usd is not UNSET:
        lines = b"%bx-marketplace-budget-remaining-usd: %b\r\n" % (lines, facts.budget_remaining_usd.encode())
    if facts.rate_remaining_requests is not UNSET:
        lines = b"%bx-marketplace-rate-remaining-requests: %d\r\n" % (lines, facts.rate_remaining_requests)
    return lines


_END_LINES = (
    b"x-marketplace-prompt-tokens: %d\r\nx-marketplace-completion-tokens: %d\r\nx-marketplace-cost-usd: %b\r\n"
    b"x-marketplace-estimated: %b\r\nx-marketplace-added-ms: %.3f\r\n"
)


def end_comment(call: LiveCall, facts: EndFacts) -> bytes:
    """The same facts as the text of a stream's last comment: `marketplace {json}`."""
    named = {"request_id": call.facts.call_id, "listing": call.route.full_name, "version": call.route.version}
    return b"marketplace " + msgspec.json.encode(named)[:-1] + b"," + msgspec.json.encode(facts)[1:]


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


def _safe(text: str) -> bytes:
    """Header text: printable ASCII, anything else as a question mark."""
    return bytes(code if 32 <= code < 127 else 63 for code in text.encode("ascii", "replace"))
