"""What a team is, what it may be called, and who may change whose place in it."""

from dataclasses import dataclass, field
from datetime import datetime

from admin.teams.errors import LastOwner, SlugReserved, TeamRoleAboveYours

OWNER = "owner"
TEAM_ADMIN = "admin"
MEMBER = "member"
TEAM_ROLES = (OWNER, TEAM_ADMIN, MEMBER, "viewer")
# Names that would make a team's listing look like a vendor's own: `openai/gpt-4o`.
VENDOR_WORDS = frozenset(
    """
    ai21 alibaba amazon anthropic aws azure baidu bedrock bytedance cerebras claude cohere databricks
    deepmind deepseek fireworks gemini gemma google gpt grok groq huggingface ibm inflection llama meta
    microsoft minimax mistral mistralai moonshot moonshotai nousresearch nvidia ollama openai openrouter
    perplexity qwen replicate sambanova stability tencent together vertex vllm xai zhipu
    """.split()  # noqa: SIM905 -- one list of words to read
)
PLATFORM_WORDS = frozenset(
    """
    admin api auth catalogue dashboard discovery docs gateway health internal marketplace official
    public root security status support system v1 workspace www
    """.split()  # noqa: SIM905 -- one list of words to read
)
# Digits that pass for letters.
_LOOK_ALIKE = str.maketrans({"0": "o", "1": "l", "3": "e", "5": "s"})


@dataclass(frozen=True)
class TeamSettings:
    """What a team is allowed, as its people wrote it; `monthly_budget` is a decimal number of USD. None: no limit."""

    monthly_budget: str | None = None
    monthly_token_quota: int | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    model_access: list[str] = field(default_factory=list[str])
    allowed_providers: list[str] = field(default_factory=list[str])
    cost_center: str | None = None


@dataclass(frozen=True)
class Team:
    """A tenant. `slug` is the first part of its listings' names and never changes."""

    team_id: str
    slug: str
    name: str
    settings: TeamSettings
    state: str
    created_at: datetime


@dataclass(frozen=True)
class Membership:
    """A team as one of its members sees it."""

    team_id: str
    slug: str
    name: str
    role: str


@dataclass(frozen=True)
class Member:
    """A person in a team."""

    account_id: str
    email: str
    display_name: str
    role: str
    joined_at: datetime


def require_free_slug(slug: str) -> None:
    """Raise SlugReserved for a slug that names, begins like, or reads like a vendor, and for words of the platform."""
    readings = {slug, slug.translate(_LOOK_ALIKE)}
    first_words = {reading.split("-", maxsplit=1)[0] for reading in readings}
    joined = {reading.replace("-", "") for reading in readings}
    if (first_words | joined) & VENDOR_WORDS or slug in PLATFORM_WORDS:
        raise SlugReserved("This slug is reserved: choose one that does not name a vendor, a model or the platform.")


def require_may_place(actor_role: str | None, before: str | None, after: str | None) -> None:
    """Raise TeamRoleAboveYours where a team's admin would make, change or remove an owner; None acts for the platform.

    `before` and `after` are the member's roles; None is no member.
    """
    if actor_role in {None, OWNER}:
        return
    if actor_role != TEAM_ADMIN:
        raise TeamRoleAboveYours("Only an owner or an admin of the team changes its members: ask one.")
    if OWNER in {before, after}:
        raise TeamRoleAboveYours("Only an owner of the team makes, changes or removes an owner: ask one.")


def require_owner_left(before: str, after: str | None, other_owners: int) -> None:
    """Raise LastOwner where the team would have none."""
    if before == OWNER and after != OWNER and other_owners == 0:
        raise LastOwner("This is the team's last owner: make another one first.")
