"""/api/v1/calls/{request_id}/explain."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from chassis.web.access import Caller, requires
from chassis.web.application import provided
from consumption.access import EXPLAIN_CALLS
from consumption.explain.actions import ExplainCall
from consumption.explain.explanation_view import CallExplanation, explanation

router = APIRouter(prefix="/api/v1/calls", tags=["usage"])

RequestId = Annotated[
    str, Path(pattern="^call_[0-9a-f]{32}$", description="The call's id, as its reply's x-request-id.")
]


@router.get("/{request_id}/explain", dependencies=[requires(EXPLAIN_CALLS)])
async def explain_call(
    caller: Caller, request_id: RequestId, explain: Annotated[ExplainCall, Depends(provided("explain_call"))]
) -> CallExplanation:
    """Why a call of your team cost what it cost: key, limits, policies, price and the arithmetic."""
    return explanation(await explain(caller, request_id))
