"""Who may do what in consumption."""

from chassis.identity.principal import Principal
from chassis.web.access import AccessRule

GOVERNORS = frozenset({"super_admin", "admin"})
TEAM_LEADERS = frozenset({"owner", "admin"})
TEAM_WORKERS = TEAM_LEADERS | {"member"}
TEAM_PEOPLE = TEAM_WORKERS | {"viewer"}

READ_KEYS = AccessRule("keys.read", tenant_roles=TEAM_PEOPLE)
MANAGE_KEYS = AccessRule("keys.manage", tenant_roles=TEAM_WORKERS)
READ_USAGE = AccessRule("usage.read", tenant_roles=TEAM_PEOPLE)
SET_TIERS = AccessRule("tiers.set", platform_roles=GOVERNORS)
READ_BUDGETS = AccessRule("budgets.read", platform_roles=GOVERNORS)
SET_BUDGETS = AccessRule("budgets.set", platform_roles=GOVERNORS)
SET_TEAM_BUDGETS = AccessRule("team.budgets.set", tenant_roles=TEAM_LEADERS)
SET_SLA = AccessRule("sla.set", platform_roles=GOVERNORS, tenant_roles=TEAM_LEADERS)
RECONCILE = AccessRule("invoices.reconcile", platform_roles=GOVERNORS)
EXPLAIN_CALLS = AccessRule("calls.explain", platform_roles=GOVERNORS, tenant_roles=TEAM_PEOPLE)
SET_PRICES = AccessRule("prices.set", platform_roles=GOVERNORS)
RECALCULATE = AccessRule("ledger.recalculate", platform_roles=GOVERNORS)
VERIFY_LEDGER = AccessRule("ledger.verify", platform_roles=GOVERNORS)
REQUEST_ACCESS = AccessRule("access.request", tenant_roles=TEAM_PEOPLE)


def sees_all_teams(caller: Principal) -> bool:
    """Whether the caller governs the platform, and so reaches across teams."""
    return caller.has_role(*GOVERNORS)


def leads_team(caller: Principal) -> bool:
    """Whether the caller may touch what others of the team made."""
    return caller.tenant_role in TEAM_LEADERS
