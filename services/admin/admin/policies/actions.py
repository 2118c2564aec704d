"""What can be done about policies: write, read, put in force, take out of force."""

import asyncio
from dataclasses import dataclass

from google.protobuf.message import Message

from admin.audit.rules import Entry
from admin.facts import POLICY_TOPIC
from admin.policies.cedar_findings import findings_in
from admin.policies.errors import PolicyInvalid, PolicyNameTaken, PolicyNotFound, TooManyPolicies
from admin.policies.ports import PolicyFilter
from admin.policies.rules import (
    ACTIVE,
    DRAFT,
    MOST_POLICIES,
    RETIRED,
    Policy,
    PolicyVersion,
    Writing,
    require_bounded,
    require_revision,
    with_active,
    with_next_version,
    without_active,
)
from admin.work import OpenWork, Work
from chassis.identity.principal import Principal
from marketplace.events.v1.policy_pb2 import PolicyActivated, PolicyDeactivated

Detail = tuple[Policy, list[PolicyVersion]]


@dataclass(frozen=True)
class CreatePolicy:
    """Write a policy with its first version; nothing is in force by it yet."""

    open_work: OpenWork

    async def __call__(self, caller: Principal, name: str, description: str, writing: Writing) -> Detail:
        """The policy. Raises PolicyInvalid, PolicyNameTaken, TooManyPolicies."""
        await require_valid(writing.content)
        async with self.open_work() as work:
            if await work.policies.count() >= MOST_POLICIES:
                raise TooManyPolicies(f"There are {MOST_POLICIES} policies: add a version to one of them.")
            who, now = caller.account_id, work.now
            policy = Policy(work.new_id("pol"), name, description, DRAFT, None, 1, 1, now, who, now)
            if not await work.policies.add(policy):
                raise PolicyNameTaken(f"There is a policy {name} already: add a version to it, or choose another name.")
            await work.policies.add_version(_version(policy, writing, who))
            await _audit(work, policy, who, "created", 1, writing)
            return policy, await work.policies.versions(policy.policy_id)


@dataclass(frozen=True)
class AddPolicyVersion:
    """Write another version; what is in force stays."""

    open_work: OpenWork

    async def __call__(self, caller: Principal, policy_id: str, writing: Writing) -> Detail:
        """The policy. Raises PolicyInvalid, PolicyNotFound, TooManyPolicies."""
        await require_valid(writing.content)
        async with self.open_work() as work:
            found = present(await work.policies.find_for_change(policy_id))
            policy = with_next_version(found, work.now)
            await work.policies.change(policy)
            await work.policies.add_version(_version(policy, writing, caller.account_id))
            await _audit(work, policy, caller.account_id, "version_added", policy.latest_version, writing)
            return policy, await work.policies.versions(policy_id)


@dataclass(frozen=True)
class ListPolicies:
    """List policies, newest first."""

    open_work: OpenWork

    async def __call__(self, wanted: PolicyFilter, limit: int) -> list[Policy]:
        """At most `limit` policies."""
        async with self.open_work() as work:
            return await work.policies.list_newest(wanted, limit)


@dataclass(frozen=True)
class ReadPolicy:
    """Read a policy with its versions, newest first."""

    open_work: OpenWork

    async def __call__(self, policy_id: str) -> Detail:
        """Raises PolicyNotFound."""
        async with self.open_work() as work:
            return present(await work.policies.find(policy_id)), await work.policies.versions(policy_id)


@dataclass(frozen=True)
class ReadPolicyVersion:
    """Read what one version says."""

    open_work: OpenWork

    async def __call__(self, policy_id: str, version: int) -> PolicyVersion:
        """Raises PolicyNotFound."""
        async with self.open_work() as work:
            return present_version(await work.policies.version(policy_id, version))


@dataclass(frozen=True)
class ActivatePolicy:
    """Put a version in force instead of the one that is; an earlier one rolls back."""

    open_work: OpenWork

    async def __call__(self, caller: Principal, policy_id: str, version: int, expected: int | None) -> Detail:
        """The policy. Raises PolicyNotFound, PolicyChanged, TooManyPolicies."""
        async with self.open_work() as work:
            found = present(await work.policies.find_for_change(policy_id))
            require_revision(found, expected)
            chosen = present_version(await work.policies.version(policy_id, version))
            if found.active_version == version:
                return found, await work.policies.versions(policy_id)
            await _retire_active(work, found, caller.account_id)
            policy = with_active(found, version, work.now)
            await work.policies.change(policy)
            await work.policies.set_state(chosen, ACTIVE, caller.account_id, work.now)
            bundle_version = await work.policies.next_bundle_version()
            require_bounded(await work.policies.active())
            fact = PolicyActivated(
                policy_id=policy_id,
                name=policy.name,
                version=version,
                bundle_version=bundle_version,
                activated_by=caller.account_id,
            )
            await _tell(work, policy, fact)
            await _audit(work, policy, caller.account_id, "activated", version)
            return policy, await work.policies.versions(policy_id)


@dataclass(frozen=True)
class DeactivatePolicy:
    """Take a policy out of force."""

    open_work: OpenWork

    async def __call__(self, caller: Principal, policy_id: str, expected: int | None) -> Detail:
        """The policy. Raises PolicyNotFound, PolicyChanged, PolicyNotActive."""
        async with self.open_work() as work:
            found = present(await work.policies.find_for_change(policy_id))
            require_revision(found, expected)
            policy = without_active(found, work.now)
            await _retire_active(work, found, caller.account_id)
            await work.policies.change(policy)
            fact = PolicyDeactivated(
                policy_id=policy_id,
                name=policy.name,
                version=found.active_version or 0,
                bundle_version=await work.policies.next_bundle_version(),
                deactivated_by=caller.account_id,
            )
            await _tell(work, policy, fact)
            await _audit(work, policy, caller.account_id, "deactivated", found.active_version or 0)
            return policy, await work.policies.versions(policy_id)


async def require_valid(content: str) -> None:
    """Raises PolicyInvalid with what is to be mended; the engine works beside the event loop."""
    found = await asyncio.to_thread(findings_in, content)
    if found:
        first = found[0]
        raise PolicyInvalid(
            f"Line {first.line}, column {first.column}: {first.message}.", findings=[vars(each) for each in found]
        )


def present(policy: Policy | None) -> Policy:
    """The policy. Raises PolicyNotFound."""
    if policy is None:
        raise PolicyNotFound("There is no such policy: GET /api/v1/policies lists them.")
    return policy


def present_version(version: PolicyVersion | None) -> PolicyVersion:
    """The version. Raises PolicyNotFound."""
    if version is None:
        raise PolicyNotFound("The policy has no such version.")
    return version


def _version(policy: Policy, writing: Writing, who: str) -> PolicyVersion:
    now = policy.updated_at
    return PolicyVersion(
        policy.policy_id, policy.latest_version, writing.content, writing.fail_mode, now, who, DRAFT, now, who
    )


async def _retire_active(work: Work, policy: Policy, who: str) -> None:
    if policy.active_version is not None:
        active = present_version(await work.policies.version(policy.policy_id, policy.active_version))
        await work.policies.set_state(active, RETIRED, who, work.now)


async def _tell(work: Work, policy: Policy, fact: Message) -> None:
    await work.facts.append(POLICY_TOPIC, policy.policy_id, fact)


async def _audit(work: Work, policy: Policy, who: str, deed: str, version: int, writing: Writing | None = None) -> None:
    details = {"name": policy.name, "version": version} | ({"fail_mode": writing.fail_mode} if writing else {})
    await work.trail.append(Entry(who, f"policy.{deed}", "policy", policy.policy_id, None, details))
