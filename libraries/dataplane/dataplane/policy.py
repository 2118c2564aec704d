"""Whether a key may call a listing at all: pure rules over the two records."""

from chassis.errors import MarketplaceError
from dataplane.records import PERMISSION_CALL, PERMISSION_MODELS, KeyRecord, Route
from dataplane.refusals import ModelNotFound, PermissionMissing


def key_allows(record: KeyRecord, route: Route) -> MarketplaceError | None:
    """Why the key's own rules do not let it call a route, or None: permission to call, lists of listings and models."""
    if PERMISSION_CALL not in record.permissions:
        return call_refusal(record)
    return None if covers(record, route) else _hidden(route)


def call_refusal(record: KeyRecord) -> MarketplaceError | None:
    """Why a key may not call anything, or None."""
    if PERMISSION_CALL in record.permissions:
        return None
    return PermissionMissing(f"This key may not call models; it needs the permission '{PERMISSION_CALL}'.")


def listing_refusal(record: KeyRecord) -> MarketplaceError | None:
    """Why a key may not read the list of models, or None."""
    if PERMISSION_MODELS in record.permissions:
        return None
    return PermissionMissing(f"This key may not list models; it needs the permission '{PERMISSION_MODELS}'.")


def may_see(record: KeyRecord, route: Route) -> bool:
    """Whether a listing belongs into this key's list of models."""
    return listing_refusal(record) is None and covers(record, route)


def covers(record: KeyRecord, route: Route) -> bool:
    """Whether the key's lists of listings and of models both mean this route; an empty list means every one."""
    if record.allowed_listings and route.listing_id not in record.allowed_listings:
        return False
    return not record.allowed_models or not record.allowed_models.isdisjoint(route.patterns)


def _hidden(route: Route) -> MarketplaceError:
    return ModelNotFound(f"The model '{route.full_name}' does not exist or this key may not call it.", param="model")
