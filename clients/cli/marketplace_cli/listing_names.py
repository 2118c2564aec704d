"""A listing by its id or by `team/name`, and its runs: which id is meant."""

import re

from chassis.errors import NotFound
from marketplace_cli.api_client import ApiClient, Json

_ID = re.compile(r"lst_[0-9a-f]{32}", re.ASCII)
_RUN = re.compile(r"ver_[0-9a-f]{32}", re.ASCII)


def listing_id(api: ApiClient, named: str) -> str:
    """The id of what everybody may see. Raises NotFound."""
    if _ID.fullmatch(named):
        return named
    reply = api.post("/api/v1/search", {"query": named, "limit": 50}, repeatable=True)
    for hit in reply["hits"]:
        if hit["name"] == named:
            return str(hit["id"])
    raise NotFound(f"There is no listing {named}: `marketplace search` finds names, `team/name` is the whole of one.")


def own_listing_id(api: ApiClient, named: str) -> str:
    """The id among the own team's listings, in whatever state; the team's part of the name may be left out."""
    return named if _ID.fullmatch(named) else str(own_listing(api, named)["listing_id"])


def own_listing(api: ApiClient, named: str) -> Json:
    """The own team's listing as its publisher sees it, by its name. Raises NotFound."""
    for one in api.items("/api/v1/services", 1000, q=named.rpartition("/")[2]):
        if named in {one["name"], one["name"].partition("/")[2]}:
            return one
    raise NotFound(f"Your team has no listing {named}: `marketplace listings` shows them.")


def run_id_of(api: ApiClient, named: str) -> str:
    """A run by its id, by the listing's name (its newest run), or by `name@version`. Raises NotFound."""
    if _RUN.fullmatch(named):
        return named
    if _ID.fullmatch(named):
        return _run_of(api.get(f"/api/v1/services/{named}/publication")["newest"], named)
    name, _, version = named.partition("@")
    try:
        listing = own_listing(api, name)
    except NotFound:
        raise NotFound(
            f"There is no run and no listing of your team named {named}: `marketplace listings` shows the names,"
            " `publish` tells each run's id."
        ) from None
    if not version:
        return _run_of(listing["newest"], named)
    return _run_of(api.get(f"/api/v1/services/{listing['listing_id']}/versions/{version}"), named)


def _run_of(version: Json, named: str) -> str:
    if version["state"] == "catalogue_only":
        raise NotFound(f"{named} was imported into the catalogue, and no run published it.")
    return str(version["run_id"])
