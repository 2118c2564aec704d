"""What goes in and out at the HTTP door of policies."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from admin.fields import Answer, CedarText, CommentText, Moment, Request, Slug
from admin.policies.rules import MOST_VERSIONS, Policy, PolicyVersion, Writing
from admin.policies.simulating import Outcome
from chassis.web.pages import PageCursor, PageLimit
from dataplane.policy_bundle import Denied
from dataplane.policy_facts import PolicyFacts

FailMode = Literal["open", "closed"]
State = Literal["draft", "active", "retired"]
VersionNumber = Annotated[int, Field(ge=1, le=MOST_VERSIONS)]
Fact = Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$")]
Facts = Annotated[list[Fact], Field(max_length=100)]


class VersionBody(Request):
    """What a version says: Cedar's `forbid` statements, and whether calls pass where it cannot be decided.

    A statement's annotation `@reason("...")` is shown to whoever is refused by it.
    """

    content: CedarText
    fail_mode: FailMode = "closed"

    def writing(self) -> Writing:
        """In the terms of the rules."""
        return Writing(self.content, self.fail_mode)


class NewPolicyBody(VersionBody):
    """A new policy with its first version; the name is shown to whoever is refused by it."""

    name: Slug
    description: CommentText = ""


class ActivationBody(Request):
    """Which version comes into force."""

    version: VersionNumber


class TriedPrincipal(Request):
    """Who would call; what is left empty is not known."""

    key_id: Fact = "key_trial"
    account_id: Fact = "acc_trial"
    team_id: Fact = "tea_trial"
    team_slug: Fact = ""


class TriedResource(Request):
    """Which listing would be called; what is left empty is not known."""

    listing_id: Fact = "lst_trial"
    name: Fact = ""
    version: Fact = ""
    team_id: Fact = ""
    team_slug: Fact = ""
    provider: Fact = ""
    host: Fact = ""
    tags: Facts = Field(default_factory=list[str])
    price_class: Literal["free", "low", "medium", "high", "unknown"] = "unknown"
    visibility: Literal["private", "workspace", "public", ""] = ""
    version_state: Literal["published", "deprecated"] = "published"


class TriedContext(Request):
    """The circumstances; null is not known."""

    operation: Fact | None = None
    streamed: bool | None = None
    model: Fact = ""
    estimated_tokens: Annotated[int, Field(ge=0, le=2**40)] = 0
    hour: Annotated[int, Field(ge=0, le=23)] = 0


class TrialBody(Request):
    """A request to be decided as if a version, the newest where none is named, were in force."""

    version: VersionNumber | None = None
    with_active: bool = True
    principal: TriedPrincipal = Field(default_factory=TriedPrincipal)
    resource: TriedResource = Field(default_factory=TriedResource)
    context: TriedContext = Field(default_factory=TriedContext)

    def facts(self) -> PolicyFacts:
        """In the terms of the call path."""
        who, what, how = self.principal, self.resource, self.context
        return PolicyFacts(
            key_id=who.key_id,
            account_id=who.account_id,
            team_id=who.team_id,
            team_slug=who.team_slug,
            listing_id=what.listing_id,
            listing_name=what.name,
            listing_version=what.version,
            listing_team_id=what.team_id,
            listing_team_slug=what.team_slug,
            provider=what.provider,
            host=what.host,
            tags=tuple(what.tags),
            price_class=what.price_class,
            visibility=what.visibility,
            version_state=what.version_state,
            model=how.model,
            operation=how.operation,
            streamed=how.streamed,
            estimated_tokens=how.estimated_tokens,
            hour=how.hour,
        )


class OutcomeBody(Answer):
    """What would be decided, and by which policy; `undecided` where it could not be, and its fail mode spoke."""

    tried_version: int
    decision: Literal["allowed", "denied"]
    policy: str | None = None
    policy_version: int | None = None
    reason: str = ""
    undecided: bool = False

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        """For an outcome."""
        found = outcome.decision
        if not isinstance(found, Denied):
            return cls(tried_version=outcome.version, decision="allowed")
        return cls(
            tried_version=outcome.version,
            decision="denied",
            policy=found.policy,
            policy_version=found.version,
            reason=found.reason,
            undecided=found.undecided,
        )


class PolicyBody(Answer):
    """A policy; `revision` is also its ETag."""

    policy_id: str
    name: str
    description: str
    state: State
    active_version: int | None
    latest_version: int
    revision: int
    created_at: Moment
    created_by: str
    updated_at: Moment


class PolicyVersionSummary(Answer):
    """A version without its text."""

    version: int
    state: State
    fail_mode: FailMode
    created_at: Moment
    created_by: str
    changed_at: Moment
    changed_by: str


class PolicyVersionBody(PolicyVersionSummary):
    """A version: what it says never changes, its state does."""

    content: str


class PolicyDetailBody(PolicyBody):
    """A policy with its versions, newest first."""

    versions: list[PolicyVersionSummary]

    @classmethod
    def of(cls, policy: Policy, versions: list[PolicyVersion]) -> Self:
        """For a policy."""
        return cls.model_validate({**vars(policy), "versions": versions})


class PolicyPage(Answer):
    """A page of policies."""

    items: list[PolicyBody]
    next_cursor: str | None


class PolicyListFilter(BaseModel):
    """What a list of policies is narrowed to."""

    model_config = ConfigDict(extra="forbid")

    state: State | None = None
    limit: PageLimit = 50
    cursor: PageCursor = None


class SchemaBody(Answer):
    """What a policy may speak of, as a Cedar schema."""

    cedar: str
