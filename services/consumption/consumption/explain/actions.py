"""What can be told of a call."""

from dataclasses import dataclass

from chassis.identity.principal import Principal
from consumption.access import sees_all_teams
from consumption.explain.ports import CallRecords
from consumption.explain.rules import Explained, arithmetic_of
from consumption.prices.ports import PriceBook


@dataclass(frozen=True)
class ExplainCall:
    """Tell why a call cost what it cost: to its team, and to the platform's admins."""

    calls: CallRecords
    prices: PriceBook

    async def __call__(self, caller: Principal, call_id: str) -> Explained:
        """Raises CallNotFound."""
        call = await self.calls.find(call_id, None if sees_all_teams(caller) else caller.tenant or "")
        # By the id that is in the team's own row: the price is not secret from who paid it, whoever sees the listing.
        price = await self.prices.by_id(call.price_id)
        return Explained(call, price, arithmetic_of(call.usage, price) if price else None)
