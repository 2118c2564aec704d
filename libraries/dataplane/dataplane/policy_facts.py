"""What policies decide by: facts of the key, the listing and one call."""

import msgspec

from dataplane.price import Price
from dataplane.records import KeyRecord, Route

_HOUR = 3_600_000_000
_DOLLAR = 1_000_000_000
_LOW, _MEDIUM = 1 * _DOLLAR, 10 * _DOLLAR


class Asked(msgspec.Struct, frozen=True):
    """The circumstances of one call; None is a fact that nobody told. `at` is microseconds since 1970 UTC."""

    tokens: int
    at: int
    operation: str | None = None
    streamed: bool | None = None


class PolicyFacts(msgspec.Struct, frozen=True):
    """Everything of policy.cedarschema for one call. An empty text or a None is not known.

    A policy that asks for what is not known cannot be decided, and its fail mode speaks.
    """

    key_id: str
    account_id: str
    team_id: str
    team_slug: str
    listing_id: str
    listing_name: str
    listing_version: str
    listing_team_id: str
    listing_team_slug: str
    provider: str
    host: str
    tags: tuple[str, ...]
    price_class: str
    visibility: str
    version_state: str
    model: str
    operation: str | None
    streamed: bool | None
    estimated_tokens: int
    hour: int


def facts_of(key: KeyRecord, route: Route, asked: Asked) -> PolicyFacts:
    """The facts of one call."""
    return PolicyFacts(
        key.key_id,
        key.account_id,
        key.team_id,
        key.team_slug,
        route.listing_id,
        route.full_name,
        route.version,
        route.team_id,
        route.team_slug,
        route.declared_provider,
        route.provider,
        route.tags,
        price_class(route.price),
        route.visibility,
        route.state,
        route.upstream_model,
        asked.operation,
        asked.streamed,
        asked.tokens,
        asked.at // _HOUR % 24,
    )


def price_class(price: Price | None) -> str:
    """By the dearer of both kinds of token, in dollars per million: free, low (up to 1), medium (up to 10), high.

    A price that is not known is its own class, never free.
    """
    if price is None or price.prompt is None or price.completion is None:
        return "unknown"
    dearest = max(price.prompt, price.completion)
    if dearest == 0 and price.per_request == 0:
        return "free"
    if dearest <= _LOW:
        return "low"
    return "medium" if dearest <= _MEDIUM else "high"
