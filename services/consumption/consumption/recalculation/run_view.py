"""Recalculations as people see them; money is US dollars as decimal strings, differences with their sign."""

from typing import Any

from pydantic import BaseModel

from chassis.clock import rfc3339
from consumption.budgets.rules import dollars_of
from consumption.prices.price_view import PriceView, price_view
from consumption.recalculation.actions import Preview, Told
from consumption.recalculation.rules import Counts, Group, Run, State


class GroupView(BaseModel):
    """Calls to one listing and model that went from one price to another.

    `unpriced_calls` had no known cost before. A price is null where the book does not have it any more.
    """

    listing: str
    model: str
    calls: int
    unpriced_calls: int
    old_cost: str
    new_cost: str
    difference: str
    old_price: PriceView | None
    new_price: PriceView | None


class CountsView(BaseModel):
    """What became of the calls that were looked at; those that are in no count cost what they did.

    `without_price`: the book knows no price for them. `unknown_end`: charged at their reservation, to be reconciled.
    `decided`: an invoice said what they cost.
    """

    calls: int
    corrected: int
    without_price: int
    unknown_end: int
    decided: int
    difference: str


class PreviewView(CountsView):
    """What a recalculation would do; where it is not `complete`, of a part of the calls alone."""

    complete: bool
    groups: list[GroupView]


class RunView(CountsView):
    """A recalculation and how far it is: `calls` of about `calls_total`.

    `failure` says in a word what ended a failed one, whose corrections so far stay; another one goes on from there.
    """

    id: str
    request_id: str
    requested_by: str
    start: str
    end: str
    team_id: str | None
    listing_id: str | None
    model: str | None
    state: State
    created_at: str
    completed_at: str | None
    failure: str | None
    calls_total: int


class ExplainedRunView(RunView):
    """A recalculation with what it has corrected, the largest difference first."""

    groups: list[GroupView]


def preview_view(preview: Preview) -> PreviewView:
    """A dry run as an answer."""
    return PreviewView(**_counts(preview.counts), complete=preview.complete, groups=group_views(preview.told))


def run_view(run: Run) -> RunView:
    """A run as an answer."""
    scope = run.scope
    return RunView(
        **_counts(run.counts),
        id=run.run_id,
        request_id=run.request_id,
        requested_by=run.requested_by,
        start=rfc3339(scope.start),
        end=rfc3339(scope.end),
        team_id=scope.team_id,
        listing_id=scope.listing_id,
        model=scope.model,
        state=run.state,
        created_at=rfc3339(run.book_as_of),
        completed_at=None if run.completed_at is None else rfc3339(run.completed_at),
        failure=run.failure,
        calls_total=run.calls_total,
    )


def group_views(told: Told) -> list[GroupView]:
    """Groups with their prices."""
    return [_group(group, told) for group in told.groups]


def _group(group: Group, told: Told) -> GroupView:
    prices = [told.prices.get(price_id) for price_id in (group.old_price_id, group.new_price_id)]
    old, new = (None if row is None else price_view(row, row.effective_from) for row in prices)
    return GroupView(
        listing=group.listing_name,
        model=group.model,
        calls=group.calls,
        unpriced_calls=group.unpriced,
        old_cost=dollars_of(group.old_cost),
        new_cost=dollars_of(group.new_cost),
        difference=dollars_of(group.difference),
        old_price=old,
        new_price=new,
    )


def _counts(counts: Counts) -> dict[str, Any]:
    return {**vars(counts), "difference": dollars_of(counts.difference)}
