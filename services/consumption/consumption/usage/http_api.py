"""/api/v1/usage, /api/v1/quota and /api/v1/calls."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from chassis.clock import Clock, rfc3339
from chassis.errors import InvalidInput
from chassis.web.access import Caller, requires
from chassis.web.application import provided
from chassis.web.csv_text import csv_text
from chassis.web.pages import Cursors, PageCursor, PageLimit
from chassis.web.sent_values import SentMoment
from consumption.access import READ_USAGE
from consumption.budgets.balance_view import QuotaAnswer, quota_answer
from consumption.budgets.ports import BalanceReader
from consumption.budgets.rules import dollars_if_known, dollars_of
from consumption.usage.ports import UsageReader
from consumption.usage.rules import CallView, GroupBy, UsageSum

router = APIRouter(prefix="/api/v1", tags=["usage"])

Reader = Annotated[UsageReader, Depends(provided("usage_reader"))]
TimeGiver = Annotated[Clock, Depends(provided("clock"))]
LONGEST_SPAN, DEFAULT_SPAN = timedelta(days=400), timedelta(days=30)
_EARLIEST = datetime.min.replace(tzinfo=UTC) + DEFAULT_SPAN
CSV_ANSWER: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}


class UsageGroup(BaseModel):
    """Calls of one group; `cost` is US dollars as a decimal string, corrected, over the calls whose price is known.

    `group` is null where it is all groups but the thousand that cost most.
    """

    group: str | None
    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost: str
    unpriced_calls: int
    estimated_calls: int
    unknown_calls: int
    failed_calls: int
    corrected_calls: int


class UsageAnswer(BaseModel):
    """Usage of the caller's team; all groups together are the whole. `groups_in_others`: in the one without a name."""

    start: str
    end: str
    group_by: GroupBy
    groups: list[UsageGroup]
    groups_in_others: int


class CallItem(BaseModel):
    """One call; `cost` is null where its price is unknown. `corrected`: it was priced again since it was counted."""

    id: str
    started_at: str
    listing: str
    version: str
    model: str
    key_id: str
    prompt_tokens: int
    completion_tokens: int
    cost: str | None
    outcome: str
    estimated: bool
    streamed: bool
    status: int
    duration_ms: float
    corrected: bool


class CallPage(BaseModel):
    """Calls, newest first."""

    items: list[CallItem]
    next_cursor: str | None


class UsageQuestion(BaseModel):
    """Which calls to sum, and how."""

    model_config = ConfigDict(extra="forbid")

    start: SentMoment | None = Field(None, alias="from", description="From this moment; a month ago if left out.")
    to: SentMoment | None = Field(None, description="Up to this moment, not including it; now if left out.")
    group_by: GroupBy = GroupBy.LISTING
    format: Literal["json", "csv"] = "json"

    def span(self, now: datetime) -> tuple[datetime, datetime]:
        """The half-open time asked about. Raises InvalidInput."""
        end = self.to or now
        start = self.start or max(end, _EARLIEST) - DEFAULT_SPAN
        if not timedelta(0) < end - start <= LONGEST_SPAN:
            raise InvalidInput(f"`from` must lie before `to`, by at most {LONGEST_SPAN.days} days.")
        return start, end


@router.get("/usage", dependencies=[requires(READ_USAGE)], response_model=UsageAnswer, responses=CSV_ANSWER)
async def usage(
    caller: Caller, reader: Reader, clock: TimeGiver, question: Annotated[UsageQuestion, Query()]
) -> UsageAnswer | Response:
    """What the team used, summed by listing, model, key or day."""
    start, end = question.span(clock.now())
    sums = await reader.sums(caller.tenant or "", start, end, question.group_by)
    groups = [_group(one) for one in sums]
    if question.format == "csv":
        text = csv_text(list(UsageGroup.model_fields), (_flat(group) for group in groups))
        return Response(text, media_type="text/csv")
    return UsageAnswer(
        start=rfc3339(start),
        end=rfc3339(end),
        group_by=question.group_by,
        groups=groups,
        groups_in_others=sum(one.groups for one in sums if one.group is None),
    )


@router.get("/quota", dependencies=[requires(READ_USAGE)])
async def quota(
    caller: Caller, balances: Annotated[BalanceReader, Depends(provided("balance_reader"))], clock: TimeGiver
) -> QuotaAnswer:
    """What is left of each limit of the team, its people and its keys this month, and when it resets."""
    return quota_answer(await balances.of_team(caller.tenant or "", clock.now()))


@router.get("/calls", dependencies=[requires(READ_USAGE)])
async def calls(
    caller: Caller,
    reader: Reader,
    cursors: Annotated[Cursors, Depends(provided("cursors"))],
    key_id: Annotated[str | None, Query(pattern="^key_[0-9a-f]{32}$")] = None,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> CallPage:
    """The team's calls, newest first."""
    bound = {"list": "calls", "tenant": caller.tenant, "key": key_id}
    after = _place(cursors.open(cursor, bound)) if cursor else None
    rows = await reader.calls(caller.tenant or "", after, key_id, limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    following = cursors.sign([last.started_at.isoformat(), last.call_id], bound) if last else None
    return CallPage(items=[_call(row) for row in rows[:limit]], next_cursor=following)


def _group(one: UsageSum) -> UsageGroup:
    return UsageGroup(
        group=one.group,
        calls=one.calls,
        prompt_tokens=one.prompt_tokens,
        completion_tokens=one.completion_tokens,
        cost=dollars_of(one.cost),
        unpriced_calls=one.unpriced_calls,
        estimated_calls=one.estimated_calls,
        unknown_calls=one.unknown_calls,
        failed_calls=one.failed_calls,
        corrected_calls=one.corrected_calls,
    )


def _flat(group: UsageGroup) -> dict[str, object]:
    return {**group.model_dump(), "group": "(others)" if group.group is None else group.group}


def _call(row: CallView) -> CallItem:
    return CallItem(
        id=row.call_id,
        started_at=rfc3339(row.started_at),
        listing=row.listing_name,
        version=row.listing_version,
        model=row.model,
        key_id=row.key_id,
        prompt_tokens=row.prompt_tokens,
        completion_tokens=row.completion_tokens,
        cost=dollars_if_known(row.cost),
        outcome=row.outcome,
        estimated=row.estimated,
        streamed=row.streamed,
        status=row.status,
        duration_ms=row.duration / 1000,
        corrected=row.is_corrected,
    )


def _place(parts: list[str | int | float]) -> tuple[datetime, str]:
    return datetime.fromisoformat(str(parts[0])), str(parts[1])
