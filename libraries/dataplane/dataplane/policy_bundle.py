"""The policies in force: what they are, what identifies them, and what deciding by them comes to."""

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal, Protocol

import msgspec

from dataplane.policy_facts import Asked, PolicyFacts

FailMode = Literal["open", "closed"]
MOST_REMEMBERED = 8192


class ActivePolicy(msgspec.Struct, frozen=True):
    """One version of a policy in force; `content` is Cedar text of `forbid` statements."""

    policy_id: str
    name: str
    version: int
    description: str
    fail_mode: FailMode
    content: str


class PolicyBundle(msgspec.Struct, frozen=True):
    """All policies in force at once, in order of their names; `version` grows with each change."""

    version: int
    content_hash: str
    policies: tuple[ActivePolicy, ...] = ()

    @property
    def fail_mode(self) -> FailMode:
        """Closed as soon as one policy is: whether calls pass where the whole cannot be decided."""
        return "closed" if any(policy.fail_mode == "closed" for policy in self.policies) else "open"

    def is_whole(self) -> bool:
        """Whether the content is what the hash was taken of."""
        return self.content_hash == content_hash(self.policies)


class Allowed(msgspec.Struct, frozen=True):
    """No policy forbids the call."""


class Denied(msgspec.Struct, frozen=True):
    """This policy forbids the call; `reason` is shown to the caller and may be empty."""

    policy: str
    version: int
    reason: str
    # The policy could not be decided, and is fail-closed.
    undecided: bool = False


Decision = Allowed | Denied
ALLOWED = Allowed()


def content_hash(policies: Iterable[ActivePolicy]) -> str:
    """SHA-256 in hex over the policies in their order."""
    return hashlib.sha256(msgspec.json.encode(list(policies))).hexdigest()


def bundle_of(version: int, policies: Iterable[ActivePolicy]) -> PolicyBundle:
    """The bundle of these policies, in order of their names."""
    ordered = tuple(sorted(policies, key=lambda policy: policy.name))
    return PolicyBundle(version, content_hash(ordered), ordered)


class Rules(Protocol):
    """A bundle as an engine has read it."""

    def decide(self, facts: PolicyFacts) -> Decision:
        """What the policies say. Raises where the engine fails."""
        ...

    def seen(self, asked: Asked) -> Asked:
        """Circumstances that are decided as the given ones are, the same for as many calls as possible."""
        ...


class EnforcedBundle:
    """A bundle in force, and the decisions made by it; the least recently used are forgotten.

    `rules` is None where nothing is to be enforced.
    """

    __slots__ = ("bundle", "remembered", "rules")

    def __init__(self, bundle: PolicyBundle, rules: Rules | None) -> None:
        self.bundle = bundle
        self.rules = rules
        # An engine's failure is not remembered: the next call asks again.
        self.remembered = None if rules is None else lru_cache(MOST_REMEMBERED)(rules.decide)


def decide(enforced: EnforcedBundle, facts: PolicyFacts) -> Decision:
    """Whether a bundle lets a call pass: the same facts give the same answer. A failing engine is the fail mode's."""
    if enforced.remembered is None:
        return ALLOWED
    try:
        return enforced.remembered(facts)
    except Exception:
        return _failed(enforced.bundle)


def _failed(bundle: PolicyBundle) -> Decision:
    closed = next((policy for policy in bundle.policies if policy.fail_mode == "closed"), None)
    return ALLOWED if closed is None else Denied(closed.name, closed.version, "", undecided=True)
