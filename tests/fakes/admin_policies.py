"""Admin's policies in memory."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from admin.policies.ports import PolicyFilter
from admin.policies.rules import Policy, PolicyVersion
from admin.policies.simulating import in_force
from dataplane.policy_bundle import ActivePolicy, PolicyBundle, bundle_of


@dataclass
class FakePolicies:
    """Policies, versions and the bundle's count."""

    policies: dict[str, Policy] = field(default_factory=dict[str, Policy])
    written: dict[tuple[str, int], PolicyVersion] = field(default_factory=dict[tuple[str, int], PolicyVersion])
    bundle_version: int = 0

    async def add(self, policy: Policy) -> bool:
        if any(there.name == policy.name for there in self.policies.values()):
            return False
        self.policies[policy.policy_id] = policy
        return True

    async def count(self) -> int:
        return len(self.policies)

    async def find(self, policy_id: str) -> Policy | None:
        return self.policies.get(policy_id)

    async def find_for_change(self, policy_id: str) -> Policy | None:
        return self.policies.get(policy_id)

    async def list_newest(self, wanted: PolicyFilter, limit: int) -> list[Policy]:
        found = [one for one in self.policies.values() if wanted.state in {None, one.state}]
        return sorted(found, key=lambda one: one.policy_id, reverse=True)[:limit]

    async def change(self, policy: Policy) -> None:
        self.policies[policy.policy_id] = policy

    async def add_version(self, version: PolicyVersion) -> None:
        self.written[version.policy_id, version.version] = version

    async def version(self, policy_id: str, version: int) -> PolicyVersion | None:
        return self.written.get((policy_id, version))

    async def versions(self, policy_id: str) -> list[PolicyVersion]:
        found = [one for (policy, _), one in self.written.items() if policy == policy_id]
        return sorted(found, key=lambda one: one.version, reverse=True)

    async def set_state(self, version: PolicyVersion, state: str, changed_by: str, at: datetime) -> None:
        changed = replace(version, state=state, changed_by=changed_by, changed_at=at)
        self.written[version.policy_id, version.version] = changed

    async def next_bundle_version(self) -> int:
        self.bundle_version += 1
        return self.bundle_version

    async def bundle(self) -> PolicyBundle:
        return bundle_of(self.bundle_version, await self.active())

    async def active(self) -> list[ActivePolicy]:
        found = [(one, one.active_version) for one in self.policies.values()]
        return [in_force(one, self.written[one.policy_id, version]) for one, version in found if version is not None]
