"""Every permission of publishing and who has it; each route names one of these."""

from chassis.identity.principal import Principal
from chassis.web.access import AccessRule

_PUBLISHERS = frozenset({"owner", "admin", "member"})
_TEAM = _PUBLISHERS | {"viewer"}
_PLATFORM = frozenset({"super_admin", "admin", "approver", "viewer"})

PUBLISH = AccessRule("listings.publish", tenant_roles=_PUBLISHERS)
DEPRECATE = AccessRule("listings.deprecate", tenant_roles=_PUBLISHERS)
READ_PUBLICATIONS = AccessRule("listings.read", platform_roles=_PLATFORM, tenant_roles=_TEAM)
READ_RUNS = AccessRule("runs.read", platform_roles=_PLATFORM, tenant_roles=_TEAM)
IMPORT_CATALOGUE = AccessRule(
    "catalogue.import", platform_roles=frozenset({"super_admin", "admin"}), tenant_roles=_PUBLISHERS
)
# What a platform role may look at without being of the team: an approver reads what he approves.
ACROSS_TEAMS = AccessRule("listings.read_across_teams", platform_roles=_PLATFORM)


def view_of(caller: Principal) -> str | None:
    """Whose rows a reader sees: his team's, or all (None) where a platform role lets him look across teams."""
    return None if ACROSS_TEAMS.allows(caller) else caller.tenant
