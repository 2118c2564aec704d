"""Trying a request against a policy before it is in force."""

import asyncio
from dataclasses import dataclass

from admin.policies.actions import present, present_version
from admin.policies.rules import Policy, PolicyVersion
from admin.work import OpenWork
from dataplane.cedar_engine import CedarRules
from dataplane.policy_bundle import ActivePolicy, Decision, EnforcedBundle, bundle_of, decide
from dataplane.policy_facts import PolicyFacts


@dataclass(frozen=True)
class Trial:
    """Which version is tried, the newest where none is named, and whether what is in force decides too."""

    policy_id: str
    version: int | None
    with_active: bool


@dataclass(frozen=True)
class Outcome:
    """What was decided, and by which version."""

    version: int
    decision: Decision


@dataclass(frozen=True)
class SimulatePolicy:
    """Decide one request as the call path would, were this version in force."""

    open_work: OpenWork

    async def __call__(self, trial: Trial, facts: PolicyFacts) -> Outcome:
        """Changes nothing. Raises PolicyNotFound."""
        async with self.open_work() as work:
            policy = present(await work.policies.find(trial.policy_id))
            number = trial.version or policy.latest_version
            version = present_version(await work.policies.version(policy.policy_id, number))
            active = await work.policies.active() if trial.with_active else []
        others = [each for each in active if each.policy_id != policy.policy_id]
        decision = await asyncio.to_thread(_decide, [*others, in_force(policy, version)], facts)
        return Outcome(version.version, decision)


def in_force(policy: Policy, version: PolicyVersion) -> ActivePolicy:
    """A version as the data plane knows it."""
    return ActivePolicy(
        policy.policy_id, policy.name, version.version, policy.description, version.fail_mode, version.content
    )


def _decide(policies: list[ActivePolicy], facts: PolicyFacts) -> Decision:
    bundle = bundle_of(0, policies)
    return decide(EnforcedBundle(bundle, CedarRules.of(bundle)), facts)
