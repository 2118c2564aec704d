"""Whether a key may call a listing at all: pure rules over the two records."""

from collections.abc import Callable

from chassis.errors import MarketplaceError
from dataplane.records import PERMISSION_CALL, KeyRecord, Route
from dataplane.refusals import ModelNotFound, PermissionMissing

Policy = Callable[[KeyRecord, Route, int], MarketplaceError | None]


def key_allows(record: KeyRecord, route: Route, now: int) -> MarketplaceError | None:
    """The key's own rules: permission to call, and its lists of listings and models."""
    del now
    if PERMISSION_CALL not in record.permissions:
        return PermissionMissing(f"This key may not call models; it needs the permission '{PERMISSION_CALL}'.")
    if record.allowed_listings and route.listing_id not in record.allowed_listings:
        return _hidden(route)
    if record.allowed_models and not record.allowed_models & {route.full_name, route.upstream_model}:
        return _hidden(route)
    return None


def may_see(record: KeyRecord, route: Route) -> bool:
    """Whether a listing belongs into this key's list of models."""
    return key_allows(record, route, 0) is None


def _hidden(route: Route) -> MarketplaceError:
    return ModelNotFound(f"The model '{route.full_name}' does not exist or this key may not call it.", param="model")
