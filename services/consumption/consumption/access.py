"""Who may do what in consumption."""

from chassis.web.access import AccessRule

READ_KEYS = AccessRule("keys.read", tenant_roles=frozenset({"owner", "admin", "member", "viewer"}))
MANAGE_KEYS = AccessRule("keys.manage", tenant_roles=frozenset({"owner", "admin", "member"}))
READ_USAGE = AccessRule("usage.read", tenant_roles=frozenset({"owner", "admin", "member", "viewer"}))
