"""A listing by its id or by `team/name`: which id is meant."""

import re

from chassis.errors import NotFound
from marketplace_cli.api_client import ApiClient

_ID = re.compile(r"lst_[0-9a-f]{32}", re.ASCII)


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
    if _ID.fullmatch(named):
        return named
    for one in api.items("/api/v1/services", 1000, q=named.rpartition("/")[2]):
        if named in {one["name"], one["name"].partition("/")[2]}:
            return str(one["listing_id"])
    raise NotFound(f"Your team has no listing {named}: `marketplace listings` shows them.")
