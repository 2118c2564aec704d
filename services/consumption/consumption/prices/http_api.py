"""/api/v1/prices: what listings cost, from when, and who says so."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from chassis.clock import Clock, rfc3339
from chassis.web.access import SIGNED_IN, Caller, requires
from chassis.web.application import provided
from chassis.web.pages import Cursors, PageCursor, PageLimit
from chassis.web.sent_values import SentMoment
from consumption.access import SET_PRICES, sees_all_teams
from consumption.budgets.rules import nanodollars_of
from consumption.budgets.sent_amounts import Dollars
from consumption.prices.actions import NewPrice, SetPrice
from consumption.prices.ports import ListedPrices
from consumption.prices.price_view import PriceView, price_view
from consumption.prices.rules import ListedPrice

router = APIRouter(prefix="/api/v1/prices", tags=["prices"])

ListingName = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$", description="Id or `team/name` of a listing.")
]
ListingId = Annotated[str, StringConstraints(pattern="^lst_[0-9a-f]{32}$")]
VersionId = Annotated[str, StringConstraints(pattern="^ver_[0-9a-f]{32}$")]
TimeGiver = Annotated[Clock, Depends(provided("clock"))]


class ListedPriceView(PriceView):
    """A price and when the next one takes over from it, which may be at once; null: none does so far."""

    effective_until: str | None


class PricePage(BaseModel):
    """Prices of all versions of a listing, the latest first."""

    items: list[ListedPriceView]
    next_cursor: str | None


class PriceQuestion(BaseModel):
    """Whose prices to list."""

    model_config = ConfigDict(extra="forbid")

    listing: ListingName
    limit: PageLimit = 50
    cursor: PageCursor = None


class SentPrice(BaseModel):
    """What versions of a listing are to cost, in US dollars per million tokens."""

    model_config = ConfigDict(extra="forbid")

    listing_id: ListingId
    listing_version_id: VersionId | None = Field(None, description="One version; left out: every one there is.")
    input_per_million: Dollars
    output_per_million: Dollars
    cached_input_per_million: Dollars | None = Field(
        None, description="Of cached prompt tokens; null: what other prompt tokens cost."
    )
    effective_from: SentMoment | None = Field(None, description="From this moment, past or future; left out: now.")


class SetPrices(BaseModel):
    """The prices as they are in the book, one for each version."""

    items: list[PriceView]


@router.get("", dependencies=[requires(SIGNED_IN)])
async def list_prices(
    caller: Caller,
    book: Annotated[ListedPrices, Depends(provided("listed_prices"))],
    cursors: Annotated[Cursors, Depends(provided("cursors"))],
    clock: TimeGiver,
    question: Annotated[PriceQuestion, Query()],
) -> PricePage:
    """What a listing that you may see costs, cost and will cost."""
    team = None if sees_all_teams(caller) else caller.tenant or ""
    limit = question.limit
    bound = {"list": "prices", "tenant": team, "listing": question.listing}
    after = _place(cursors.open(question.cursor, bound)) if question.cursor else None
    rows = await book.of_listing(team, question.listing, after, limit + 1)
    last = rows[limit - 1].row if len(rows) > limit else None
    following = cursors.sign([last.effective_from.isoformat(), last.price_id], bound) if last else None
    now = clock.now()
    return PricePage(items=[_listed(one, now) for one in rows[:limit]], next_cursor=following)


@router.post("", dependencies=[requires(SET_PRICES)])
async def set_price(
    caller: Caller, sent: SentPrice, set_one: Annotated[SetPrice, Depends(provided("set_price"))], clock: TimeGiver
) -> SetPrices:
    """Say what a listing costs from a moment on. Calls that were counted stay as they are: recalculate them."""
    cached = sent.cached_input_per_million
    new = NewPrice(
        listing_id=sent.listing_id,
        listing_version_id=sent.listing_version_id,
        input_price=nanodollars_of(sent.input_per_million),
        output_price=nanodollars_of(sent.output_per_million),
        effective_from=sent.effective_from,
        cached_input_price=None if cached is None else nanodollars_of(cached),
    )
    now = clock.now()
    return SetPrices(items=[price_view(row, now) for row in await set_one(caller, new)])


def _listed(one: ListedPrice, now: datetime) -> ListedPriceView:
    until = None if one.until is None else rfc3339(one.until)
    return ListedPriceView(**price_view(one.row, now).model_dump(), effective_until=until)


def _place(parts: list[str | int | float]) -> tuple[datetime, str]:
    return datetime.fromisoformat(str(parts[0])), str(parts[1])
