"""Why a policy is not taken or not put in force."""

from chassis.errors import Conflict, ErrorKind, InvalidInput, MarketplaceError, NotFound


class PolicyNotFound(NotFound):
    """There is no such policy, or no such version of it."""

    code = "policy_not_found"


class PolicyNameTaken(Conflict):
    """Another policy has this name."""

    code = "policy_name_taken"


class PolicyInvalid(InvalidInput):
    """The text is no policy that can be enforced; `findings` says why, each with its line and column."""

    code = "policy_invalid"


class TooManyPolicies(Conflict):
    """A bound on policies, versions or what is in force at once is reached."""

    code = "too_many_policies"


class PolicyNotActive(Conflict):
    """Nothing of this policy is in force."""

    code = "policy_not_active"


class PolicyChanged(MarketplaceError):
    """Somebody changed the policy since it was read."""

    code = "policy_changed"
    kind = ErrorKind.CONFLICT
    status = 412
