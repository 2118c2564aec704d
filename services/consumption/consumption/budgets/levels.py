"""The levels that bound a call above its key: the platform, the team, and the person inside the team."""

from dataclasses import dataclass
from typing import Literal

from consumption.budgets.rules import Limit

Level = Literal["platform", "team", "user"]
# Stands where a limit's team stands, and is no team's id: row security shows the platform's limit to no team.
PLATFORM = "platform"
_UNITS = ("tokens", "nanodollars")


@dataclass(frozen=True)
class Subject:
    """Whose budget it is; `team_id` is PLATFORM for the platform's own."""

    level: Level
    team_id: str
    subject_id: str

    @property
    def scope(self) -> str:
        """The first part of its scope ids. A person has a budget in each of their teams."""
        if self.level == "user":
            return f"user:{self.team_id}:{self.subject_id}"
        return PLATFORM if self.level == "platform" else f"team:{self.team_id}"

    @classmethod
    def platform(cls) -> "Subject":
        """All teams together."""
        return cls("platform", PLATFORM, PLATFORM)

    @classmethod
    def team(cls, team_id: str) -> "Subject":
        """A whole team."""
        return cls("team", team_id, team_id)

    @classmethod
    def user(cls, team_id: str, account_id: str) -> "Subject":
        """A person's keys in a team."""
        return cls("user", team_id, account_id)


@dataclass(frozen=True)
class Amounts:
    """What may be used in a calendar month, UTC; None means no limit."""

    tokens: int | None
    nanodollars: int | None


def limits_of(subject: Subject, amounts: Amounts) -> list[Limit]:
    """The limits of a budget."""
    values = zip(_UNITS, (amounts.tokens, amounts.nanodollars), strict=True)
    return [
        Limit(f"{subject.scope}:{unit}", subject.level, subject.subject_id, unit, amount) for unit, amount in values
    ]


def scopes_above(team_id: str, account_id: str) -> list[str]:
    """The scope ids above a key, in the fixed order platform, team, user."""
    subjects = (Subject.platform(), Subject.team(team_id), Subject.user(team_id, account_id))
    return [f"{subject.scope}:{unit}" for subject in subjects for unit in _UNITS]
