"""The route of the name that a caller asks for."""

from dataplane.lease_keeper import LeaseKeeper
from dataplane.ports import Routes
from dataplane.records import KeyRecord, Route
from dataplane.refusals import ModelNotFound
from dataplane.request_rates import counted

# No name is longer: a team's slug, a listing's name and a version. What is asked for is kept for a while.
_LONGEST_MODEL = 512


async def resolved(routes: Routes, key: KeyRecord, model: str, version: str) -> Route:
    """The route of a name; raises ModelNotFound, for a name longer than any without asking."""
    known = len(model) + len(version) <= _LONGEST_MODEL
    route = await routes.resolve(key, model, version) if known else None
    if route is None:
        raise not_found(model)
    return route


async def resolved_for_a_call(routes: Routes, keeper: LeaseKeeper, key: KeyRecord, model: str, version: str) -> Route:
    """The same, within the key's rates where the route is not in memory; raises RateLimited too.

    The request is counted before anybody is asked, so that a key which asks for many names at once cannot ask faster
    than it may call. For a call that has a route it is put back: that one is counted where it is let in, next.
    """
    route = routes.known(key, model, version)
    if route is None:
        rates = await counted(keeper, key)
        route = await resolved(routes, key, model, version)
        keeper.state.rates.put_back_request(rates)
    return route


def not_found(model: str) -> ModelNotFound:
    """The refusal of a model that is not there for this caller."""
    return ModelNotFound(f"The model '{model[:200]}' does not exist or this key may not call it.", param="model")
