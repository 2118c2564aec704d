"""What can be done with the price book."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from chassis.clock import Clock
from chassis.identity.principal import Principal
from consumption.prices.errors import PriceTooHigh
from consumption.prices.ports import PriceSetting, ReferenceList, References
from consumption.prices.rules import ADMIN, DEAREST, REFERENCE, PriceRow

NewId = Callable[[str, datetime], str]


@dataclass(frozen=True)
class NewPrice:
    """What versions of a listing are to cost, in nano-dollars per million tokens; None: every version, from now on.

    `cached_input_price` None: cached prompt tokens cost what other prompt tokens cost.
    """

    listing_id: str
    listing_version_id: str | None
    input_price: int
    output_price: int
    effective_from: datetime | None
    cached_input_price: int | None = None


@dataclass(frozen=True)
class SetPrice:
    """Say what a listing costs from a moment on, past or future. Calls that were counted stay as they were."""

    book: PriceSetting
    clock: Clock
    new_id: NewId

    async def __call__(self, caller: Principal, new: NewPrice) -> list[PriceRow]:
        """The rows, one for each version; a price that is in force already, or begins at that moment, is the row there.

        Raises PriceTooHigh, PriceNotFound.
        """
        if max(new.input_price, new.output_price, new.cached_input_price or 0) > DEAREST:
            raise PriceTooHigh("A million tokens may cost a million dollars at most.")
        now = self.clock.now()
        standing = await self.book.standing_at(new.effective_from or now, new.listing_id, new.listing_version_id)
        rows = [self._row(before, new, caller.account_id, now) for before in standing]
        fresh = [row for row, before in zip(rows, standing, strict=True) if row is not before]
        if fresh:
            await self.book.set(fresh, caller.account_id, now)
        return rows

    def _row(self, before: PriceRow, new: NewPrice, actor: str, now: datetime) -> PriceRow:
        wanted = (ADMIN, new.input_price, new.output_price, new.cached_input_price)
        is_same = (before.source, before.input_price, before.output_price, before.cached_input_price) == wanted
        since = before.effective_from
        # From now on a price holds already where it has held for a while; from a moment on, where it begins then.
        if is_same and (since <= now if new.effective_from is None else since == new.effective_from):
            return before
        return replace(
            before,
            price_id=self.new_id("prc", now),
            source=ADMIN,
            input_price=new.input_price,
            output_price=new.output_price,
            cached_input_price=new.cached_input_price,
            effective_from=new.effective_from or now,
            recorded_by=actor,
            recorded_at=now,
            reference=None,
        )


@dataclass(frozen=True)
class KeepReferences:
    """Take over a public list of prices where it is newer than the one that is kept, and price by it from now on."""

    references: References
    public: ReferenceList
    clock: Clock
    new_id: NewId

    async def __call__(self) -> int:
        """How many listing versions have another reference price now. Raises ReferenceUnreadable."""
        if await self.public.name() != await self.references.kept():
            await self.references.replace(await self.public.read())
        now = self.clock.now()
        rows = [
            replace(
                row,
                price_id=self.new_id("prc", now),
                source=REFERENCE,
                input_price=found.input_price,
                output_price=found.output_price,
                cached_input_price=found.cached_input_price,
                effective_from=now,
                recorded_by="consumption",
                recorded_at=now,
                reference=found.reference,
            )
            for row, found in await self.references.outdated(now)
        ]
        await self.references.add(rows)
        return len(rows)
