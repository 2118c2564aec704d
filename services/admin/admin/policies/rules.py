"""What a policy is, and what putting one in force does to it: pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from admin.policies.errors import PolicyChanged, PolicyNotActive, TooManyPolicies
from dataplane.policy_bundle import ActivePolicy, FailMode

DRAFT = "draft"
ACTIVE = "active"
RETIRED = "retired"
MOST_POLICIES = 500
MOST_VERSIONS = 100
MOST_ACTIVE = 100
MOST_ACTIVE_CHARACTERS = 512 * 1024
MOST_CHARACTERS = 32 * 1024


@dataclass(frozen=True)
class Policy:
    """A policy as it stands; `revision` grows by one with each change."""

    policy_id: str
    name: str
    description: str
    state: str
    active_version: int | None
    latest_version: int
    revision: int
    created_at: datetime
    created_by: str
    updated_at: datetime


@dataclass(frozen=True)
class Writing:
    """What a version says; Cedar text, and whether calls pass where it cannot be decided."""

    content: str
    fail_mode: FailMode


@dataclass(frozen=True)
class PolicyVersion:
    """One version: what it says never changes, its state does."""

    policy_id: str
    version: int
    content: str
    fail_mode: FailMode
    created_at: datetime
    created_by: str
    state: str
    changed_at: datetime
    changed_by: str


def require_revision(policy: Policy, expected: int | None) -> None:
    """Raise PolicyChanged where somebody was first; None expects nothing."""
    if expected is not None and expected != policy.revision:
        raise PolicyChanged(
            "The policy changed since you read it: read it again and send its ETag in If-Match.",
            revision=policy.revision,
        )


def with_next_version(policy: Policy, now: datetime) -> Policy:
    """The policy with one version more. Raises TooManyPolicies."""
    if policy.latest_version >= MOST_VERSIONS:
        raise TooManyPolicies(f"A policy has at most {MOST_VERSIONS} versions: make a new one.")
    return replace(policy, latest_version=policy.latest_version + 1, revision=policy.revision + 1, updated_at=now)


def with_active(policy: Policy, version: int, now: datetime) -> Policy:
    """The policy with this version in force."""
    return replace(policy, state=ACTIVE, active_version=version, revision=policy.revision + 1, updated_at=now)


def without_active(policy: Policy, now: datetime) -> Policy:
    """The policy with nothing in force. Raises PolicyNotActive."""
    if policy.active_version is None:
        raise PolicyNotActive("No version of this policy is in force: there is nothing to deactivate.")
    return replace(policy, state=RETIRED, active_version=None, revision=policy.revision + 1, updated_at=now)


def require_bounded(active: Sequence[ActivePolicy]) -> None:
    """Raise TooManyPolicies where all that would be in force at once is more than every call may be held to."""
    if len(active) > MOST_ACTIVE:
        raise TooManyPolicies(f"At most {MOST_ACTIVE} policies are in force at once: deactivate one first.")
    if sum(len(policy.content) for policy in active) > MOST_ACTIVE_CHARACTERS:
        raise TooManyPolicies(
            f"All policies in force have at most {MOST_ACTIVE_CHARACTERS // 1024} KiB: deactivate or shorten one."
        )
