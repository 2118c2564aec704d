"""What a team may ask about its usage."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class GroupBy(StrEnum):
    """By what usage is summed."""

    LISTING = "listing"
    MODEL = "model"
    KEY = "key"
    DAY = "day"


# Of a time; what the groups beyond used is summed in one.
MOST_GROUPS = 1000


@dataclass(frozen=True)
class UsageSum:
    """Calls of one group, with their corrections; without a name: of all groups beyond MOST_GROUPS.

    `cost` in nano-dollars sums the known ones; `unpriced_calls` says how many are not in it.
    """

    group: str | None
    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost: int
    unpriced_calls: int
    estimated_calls: int
    unknown_calls: int
    failed_calls: int
    corrected_calls: int
    groups: int


@dataclass(frozen=True)
class CallView:
    """One call as its team sees it; its cost is the corrected one."""

    call_id: str
    started_at: datetime
    listing_name: str
    listing_version: str
    model: str
    key_id: str
    prompt_tokens: int
    completion_tokens: int
    cost: int | None
    outcome: str
    estimated: bool
    streamed: bool
    status: int
    duration: int
    is_corrected: bool
