"""The route of the name that a caller asks for."""

from dataplane.ports import Routes
from dataplane.records import KeyRecord, Route
from dataplane.refusals import ModelNotFound

# No name is longer: a team's slug, a listing's name and a version. What is asked for is kept for a while.
_LONGEST_MODEL = 512


async def resolved(routes: Routes, key: KeyRecord, model: str, version: str) -> Route:
    """The route of a name; raises ModelNotFound, for a name longer than any without asking."""
    known = len(model) + len(version) <= _LONGEST_MODEL
    route = await routes.resolve(key, model, version) if known else None
    if route is None:
        raise not_found(model)
    return route


def not_found(model: str) -> ModelNotFound:
    """The refusal of a model that is not there for this caller."""
    return ModelNotFound(f"The model '{model[:200]}' does not exist or this key may not call it.", param="model")
