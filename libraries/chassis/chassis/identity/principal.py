"""The person or service account behind a request, as its verified token says."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Principal:
    """Who asks. The request sees rows of `tenant` alone; roles are names whose meaning is the service's."""

    account_id: str
    roles: frozenset[str]
    tenant: str | None
    tenant_slug: str | None
    tenant_role: str | None
    epoch: int
    expires_at: datetime

    def has_role(self, *names: str) -> bool:
        """Whether one of the platform roles is held."""
        return not self.roles.isdisjoint(names)
