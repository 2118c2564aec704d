"""What policies need from outside: their rows inside a transaction."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from admin.policies.rules import Policy, PolicyVersion
from dataplane.policy_bundle import ActivePolicy, PolicyBundle


@dataclass(frozen=True)
class PolicyFilter:
    """Which policies are wanted, newest first; None wants all. `before` is a policy id."""

    state: str | None = None
    before: str | None = None


class PolicyStore(Protocol):
    """Policies, their versions and what is in force, inside one transaction."""

    async def add(self, policy: Policy) -> bool:
        """False where the name is taken."""
        ...

    async def count(self) -> int:
        """How many policies there are; others may add none until the transaction ends."""
        ...

    async def find(self, policy_id: str) -> Policy | None:
        """The policy."""
        ...

    async def find_for_change(self, policy_id: str) -> Policy | None:
        """The same, locked until the transaction ends."""
        ...

    async def list_newest(self, wanted: PolicyFilter, limit: int) -> list[Policy]:
        """At most `limit` policies."""
        ...

    async def change(self, policy: Policy) -> None:
        """Write versions, revision and time."""
        ...

    async def add_version(self, version: PolicyVersion) -> None:
        """Write a version and its state."""
        ...

    async def version(self, policy_id: str, version: int) -> PolicyVersion | None:
        """One version."""
        ...

    async def versions(self, policy_id: str) -> list[PolicyVersion]:
        """All versions, newest first."""
        ...

    async def set_state(self, version: PolicyVersion, state: str, changed_by: str, at: datetime) -> None:
        """Write where a version stands."""
        ...

    async def next_bundle_version(self) -> int:
        """Count what is in force one further; whoever changes it waits here for the one before."""
        ...

    async def bundle(self) -> PolicyBundle:
        """All that is in force, as of one moment."""
        ...

    async def active(self) -> list[ActivePolicy]:
        """The policies of the bundle."""
        ...
