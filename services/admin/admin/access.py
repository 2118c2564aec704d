"""Every permission of this service, and who has it: platform roles anywhere, team roles in their own team."""

from chassis.identity.principal import Principal
from chassis.web.access import AccessRule

GOVERNORS = frozenset({"super_admin", "admin"})
DECIDERS = GOVERNORS | {"approver"}
WATCHERS = GOVERNORS | {"viewer"}
EVERY_PLATFORM_READER = DECIDERS | WATCHERS
TEAM_LEADERS = frozenset({"owner", "admin"})
TEAM_WORKERS = TEAM_LEADERS | {"member"}
TEAM_PEOPLE = TEAM_WORKERS | {"viewer"}

ACCOUNTS_READ = AccessRule("accounts.read", platform_roles=WATCHERS)
ACCOUNTS_WRITE = AccessRule("accounts.write", platform_roles=GOVERNORS)
TEAMS_CREATE = AccessRule("teams.create", platform_roles=GOVERNORS)
TEAMS_ARCHIVE = AccessRule("teams.archive", platform_roles=GOVERNORS)
TEAM_READ = AccessRule("team.read", platform_roles=EVERY_PLATFORM_READER, tenant_roles=TEAM_PEOPLE)
TEAM_LEAD = AccessRule("team.lead", platform_roles=GOVERNORS, tenant_roles=TEAM_LEADERS)
APPROVALS_READ = AccessRule("approvals.read", platform_roles=EVERY_PLATFORM_READER, tenant_roles=TEAM_PEOPLE)
# A team's leaders decide who gets access to their own listings, and nothing else.
APPROVALS_DECIDE = AccessRule("approvals.decide", platform_roles=DECIDERS, tenant_roles=TEAM_LEADERS)
APPROVALS_COMMENT = AccessRule("approvals.comment", platform_roles=DECIDERS, tenant_roles=TEAM_WORKERS)
POLICIES_READ = AccessRule("policies.read", platform_roles=GOVERNORS)
POLICIES_WRITE = AccessRule("policies.write", platform_roles=GOVERNORS)
AUDIT_READ = AccessRule("audit.read", platform_roles=GOVERNORS)
FIGURES_READ = AccessRule("figures.read", platform_roles=EVERY_PLATFORM_READER, tenant_roles=TEAM_PEOPLE)


def reach_of(caller: Principal, rule: AccessRule) -> str | None:
    """The tenant whose rows the caller may touch under a rule; None reaches across teams."""
    return None if caller.has_role(*rule.platform_roles) else caller.tenant
