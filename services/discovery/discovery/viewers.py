"""Who looks, out of the token of a request; without a token it is anyone."""

from typing import Annotated, Any

from fastapi import Depends

from chassis.identity.principal import Principal
from chassis.web.access import OptionalCaller
from discovery.indexing.rules import ANYONE, Viewer


def viewer_of(principal: Principal | None) -> Viewer:
    """Signed in: the workspace, and the private listings of the active team."""
    if principal is None:
        return ANYONE
    return Viewer(signed_in=True, team_ids=frozenset({principal.tenant} if principal.tenant else ()))


async def viewer_of_request(principal: OptionalCaller) -> Viewer:
    """A token that does not hold is refused, not taken for nobody's."""
    return viewer_of(principal)


CurrentViewer = Annotated[Viewer, Depends(viewer_of_request)]
# Beside the bearer token that the document derives: none at all.
TOKEN_OPTIONAL: dict[str, Any] = {"security": [{}]}
