"""/api/v1/recalculations and /api/v1/recalculation-previews, for the platform's people."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from chassis.web.access import Caller, requires
from chassis.web.application import provided
from chassis.web.pages import Cursors, PageCursor, PageLimit
from chassis.web.sent_values import SentMoment
from consumption.access import RECALCULATE
from consumption.recalculation.actions import PreviewRecalculation, ReadRecalculation, StartRecalculation
from consumption.recalculation.ports import RunStore
from consumption.recalculation.rules import Scope
from consumption.recalculation.run_view import (
    ExplainedRunView,
    PreviewView,
    RunView,
    group_views,
    preview_view,
    run_view,
)

router = APIRouter(prefix="/api/v1", tags=["recalculation"])

RunId = Annotated[str, Path(pattern="^rcl_[0-9a-f]{32}$", description="The run's id.")]
TeamId = Annotated[str, StringConstraints(pattern="^tea_[0-9a-f]{32}$")]
ListingId = Annotated[str, StringConstraints(pattern="^lst_[0-9a-f]{32}$")]
Model = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")]
RequestId = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,200}$")]


class ScopeBody(BaseModel):
    """Calls that started in [from, to); of one team, listing or vendor's model where that is named."""

    model_config = ConfigDict(extra="forbid")

    start: SentMoment = Field(alias="from", description="From this moment.")
    to: SentMoment = Field(description="Up to this moment, not including it; not after now.")
    team_id: TeamId | None = None
    listing_id: ListingId | None = None
    model: Model | None = None

    def scope(self) -> Scope:
        """In the terms of the rules."""
        return Scope(self.start, self.to, self.team_id, self.listing_id, self.model)


class NewRun(ScopeBody):
    """A recalculation to start."""

    request_id: RequestId = Field(description="Of your own making: sent again, it starts nothing.")


class RunPage(BaseModel):
    """Recalculations, newest first."""

    items: list[RunView]
    next_cursor: str | None


@router.post("/recalculation-previews", dependencies=[requires(RECALCULATE)])
async def preview_recalculation(
    body: ScopeBody, preview: Annotated[PreviewRecalculation, Depends(provided("preview_recalculation"))]
) -> PreviewView:
    """What a recalculation would change by the price book of now; nothing is written."""
    return preview_view(await preview(body.scope()))


@router.post("/recalculations", status_code=202, dependencies=[requires(RECALCULATE)])
async def start_recalculation(
    caller: Caller, body: NewRun, start: Annotated[StartRecalculation, Depends(provided("start_recalculation"))]
) -> RunView:
    """Price calls again by the book as of each call's start; the differences become corrections."""
    return run_view(await start(caller, body.request_id, body.scope()))


@router.get("/recalculations", dependencies=[requires(RECALCULATE)])
async def list_recalculations(
    runs: Annotated[RunStore, Depends(provided("recalculations"))],
    cursors: Annotated[Cursors, Depends(provided("cursors"))],
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> RunPage:
    """All recalculations, newest first."""
    bound = {"list": "recalculations"}
    after = _place(cursors.open(cursor, bound)) if cursor else None
    found = await runs.page(after, limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    following = cursors.sign([last.book_as_of.isoformat(), last.run_id], bound) if last else None
    return RunPage(items=[run_view(run) for run in found[:limit]], next_cursor=following)


@router.get("/recalculations/{run_id}", dependencies=[requires(RECALCULATE)])
async def get_recalculation(
    run_id: RunId, read: Annotated[ReadRecalculation, Depends(provided("read_recalculation"))]
) -> ExplainedRunView:
    """How far a recalculation is, and what it has corrected: from which price to which, and by how much."""
    run, told = await read(run_id)
    return ExplainedRunView(**run_view(run).model_dump(), groups=group_views(told))


def _place(parts: list[str | int | float]) -> tuple[datetime, str]:
    return datetime.fromisoformat(str(parts[0])), str(parts[1])
