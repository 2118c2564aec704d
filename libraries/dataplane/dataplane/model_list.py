"""Listings as OpenAI's model objects."""

from collections.abc import Sequence
from datetime import UTC, datetime

from dataplane.records import Route

_MICROSECONDS = 1_000_000


def model_body(route: Route) -> dict[str, object]:
    """One model: its id is the listing's full name."""
    body: dict[str, object] = {
        "id": route.full_name,
        "object": "model",
        "created": route.created_at // _MICROSECONDS,
        "owned_by": route.team_slug or route.provider or "marketplace",
        "listing_id": route.listing_id,
        "version": route.version,
    }
    if route.sunset_at is not None:
        body["shutdown_date"] = datetime.fromtimestamp(route.sunset_at / _MICROSECONDS, UTC).date().isoformat()
    return body


def models_body(routes: Sequence[Route]) -> dict[str, object]:
    """The list of models."""
    return {"object": "list", "data": [model_body(route) for route in routes]}
