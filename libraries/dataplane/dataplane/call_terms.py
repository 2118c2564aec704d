"""What all calls of one key to one route have in common: made once, and shared by them."""

from dataclasses import dataclass

from dataplane.policy import key_allows
from dataplane.price import Price
from dataplane.pricing import price_in_force
from dataplane.records import KeyRecord, Route

# Of CallFacts, in its order: from the key's id to the model.
Names = tuple[str, str, str, str, str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class CallTerms:
    """Follows from the two records and the kind of call alone.

    `price` is None where calls are refused for want of one, `allowed` says whether the key's own rules let it call the
    route at all, `names` are those that are written down of every call.
    """

    key: KeyRecord
    route: Route
    operation: str | None
    streamed: bool | None
    price: Price | None
    price_estimated: bool
    allowed: bool
    names: Names


def terms_of(key: KeyRecord, route: Route, operation: str | None = None, streamed: bool | None = None) -> CallTerms:
    """The terms of this kind of call; None is a fact that nobody told."""
    price, estimated = price_in_force(route.price, route.estimate_price, route.unknown_price)
    names = (
        *(key.key_id, key.team_id, key.account_id),
        *(route.listing_id, route.listing_version_id, route.full_name, route.version),
        *(route.provider, route.upstream_model),
    )
    return CallTerms(key, route, operation, streamed, price, estimated, key_allows(key, route) is None, names)
