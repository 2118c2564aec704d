"""The policies that one process decides by: the bundle in force, how fresh it is, and what holds without one."""

from dataclasses import dataclass

from chassis.errors import MarketplaceError
from dataplane.policy_bundle import Denied, EnforcedBundle, FailMode, decide
from dataplane.policy_facts import Asked, facts_of
from dataplane.records import KeyRecord, Route
from dataplane.refusals import PoliciesUnavailable, PolicyDenied

_DAY = 24 * 3600 * 1_000_000
_RETRY_SECONDS = 5.0


@dataclass(slots=True)
class PolicyBook:
    """What is enforced. Nothing is where nobody is `expected` to send policies.

    Where somebody is, and no bundle was ever seen, `without_bundle` says whether calls pass. A fail-closed bundle that
    nobody confirmed for `stale_after` microseconds lets none pass; a fail-open one is enforced as it stands.
    """

    expected: bool = False
    without_bundle: FailMode = "closed"
    stale_after: int = _DAY
    enforced: EnforcedBundle | None = None
    confirmed_at: int = 0
    denials: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to decide by: no policy was sent, and none is waited for."""
        enforced = self.enforced
        return not self.expected if enforced is None else enforced.rules is None

    @property
    def version(self) -> int:
        """The version of the bundle in force; 0 where there is none."""
        return 0 if self.enforced is None else self.enforced.bundle.version

    def refusal(self, key: KeyRecord, route: Route, asked: Asked) -> MarketplaceError | None:
        """Why policies do not let a call in, or None."""
        enforced = self.enforced
        if enforced is None:
            return _unavailable() if self.lets_none_pass(asked.at) else None
        if enforced.rules is None:
            return None
        if self.lets_none_pass(asked.at):
            return _unavailable()
        decision = decide(enforced, facts_of(key, route, enforced.rules.seen(asked)))
        if isinstance(decision, Denied):
            self.denials += 1
            return _denied(decision)
        return None

    def lets_none_pass(self, now: int) -> bool:
        """Whether the policies are missing or stale, and calls wait for them."""
        if self.enforced is None:
            return self.expected and self.without_bundle == "closed"
        return self.is_stale(now) and self.enforced.bundle.fail_mode == "closed"

    def is_stale(self, now: int) -> bool:
        """Whether nobody confirmed the bundle for too long."""
        return self.expected and now - self.confirmed_at > self.stale_after


def _denied(decision: Denied) -> PolicyDenied:
    said = f"The policy '{decision.policy}' forbids this call"
    if decision.undecided:
        said = f"The policy '{decision.policy}' could not be decided for this call, and lets nothing pass then"
    reason = f": {decision.reason}" if decision.reason else "."
    return PolicyDenied(said + reason, policy=decision.policy, policy_version=decision.version)


def _unavailable() -> PoliciesUnavailable:
    return PoliciesUnavailable(
        "The policies that decide about this call are not known right now; try again shortly.",
        retry_after=_RETRY_SECONDS,
    )
