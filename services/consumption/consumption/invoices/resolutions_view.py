"""Decided calls as people see them."""

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel

from consumption.budgets.rules import dollars_if_known
from consumption.invoices.resolutions import Decision


class ResolutionView(BaseModel):
    """A call as it was decided; `cost` is US dollars as a decimal string."""

    call_id: str
    decision: Literal["settle", "release"]
    prompt_tokens: int
    completion_tokens: int
    cost: str | None


class ResolutionsView(BaseModel):
    """The calls that were asked about, each as it is decided now."""

    calls: list[ResolutionView]


def resolutions_view(decisions: Iterable[Decision]) -> ResolutionsView:
    """The decisions as an answer."""
    return ResolutionsView(calls=[_resolution(decision) for decision in decisions])


def _resolution(decision: Decision) -> ResolutionView:
    return ResolutionView(
        call_id=decision.call_id,
        decision="settle" if decision.is_settled else "release",
        prompt_tokens=decision.prompt_tokens,
        completion_tokens=decision.completion_tokens,
        cost=dollars_if_known(decision.cost),
    )
