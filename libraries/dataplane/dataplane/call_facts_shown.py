"""What a caller is told about its call: in the headers of a plain reply, in the last comment of a stream."""

from email.utils import formatdate
from urllib.parse import quote

import msgspec

from chassis.errors import ErrorKind, MarketplaceError
from dataplane.admission import AdmissionState
from dataplane.live_call import LiveCall
from dataplane.pricing import dollars
from dataplane.records import Route

HeaderList = list[tuple[bytes, bytes]]

_MICROSECONDS = 1_000_000
_NEVER_RETRY = frozenset({"insufficient_quota", "budget_exhausted"})


def route_headers(call: LiveCall) -> HeaderList:
    """What is known when a reply begins: request id, listing, version, and whether it will end."""
    route = call.route
    headers = [
        (b"x-request-id", call.facts.call_id.encode()),
        (b"x-marketplace-listing", _safe(route.full_name)),
        (b"x-marketplace-listing-id", _safe(route.listing_id)),
        (b"x-marketplace-version", _safe(route.version)),
    ]
    return headers + end_announced(route)


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


def facts_at_end(call: LiveCall, state: AdmissionState, added_microseconds: int) -> dict[str, object]:
    """What is known when a call is settled; money as decimal strings, unknown as null."""
    settled = call.settled
    if settled is None:
        return {}
    cost = settled.cost
    facts: dict[str, object] = {
        "prompt_tokens": settled.usage.prompt_tokens,
        "completion_tokens": settled.usage.completion_tokens,
        "cost_usd": None if cost is None else dollars(cost),
        "estimated": settled.is_estimated,
        "added_ms": round(added_microseconds / 1000, 3),
    }
    tokens, money = _left(call, state, "tokens"), _left(call, state, "nanodollars")
    if tokens is not None:
        facts["quota_remaining_tokens"] = tokens
    if money is not None:
        facts["budget_remaining_usd"] = dollars(money)
    requests = state.rates.requests_left(call.key.key_id)
    if requests is not None:
        facts["rate_remaining_requests"] = requests
    return facts


def end_headers(facts: dict[str, object]) -> HeaderList:
    """The facts of the end as headers named x-marketplace-..."""
    return [
        (b"x-marketplace-" + name.replace("_", "-").encode(), _shown(value).encode()) for name, value in facts.items()
    ]


def end_comment(call: LiveCall, facts: dict[str, object]) -> bytes:
    """The same facts as the text of a stream's last comment: `marketplace {json}`."""
    whole = {
        "request_id": call.facts.call_id,
        "listing": call.route.full_name,
        "version": call.route.version,
        **facts,
    }
    return b"marketplace " + msgspec.json.encode(whole)


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


def _left(call: LiveCall, state: AdmissionState, unit: str) -> int | None:
    left = [state.leases.left(scope.scope_id) for scope in call.key.scopes if scope.unit == unit]
    return min((amount for amount in left if amount is not None), default=None)


def _shown(value: object) -> str:
    if value is None:
        return "unknown"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _safe(text: str) -> bytes:
    """Header text: printable ASCII, anything else as a question mark."""
    return bytes(code if 32 <= code < 127 else 63 for code in text.encode("ascii", "replace"))
