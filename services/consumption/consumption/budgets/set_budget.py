"""What can be done with budgets."""

from dataclasses import dataclass

from chassis.clock import Clock
from chassis.identity.principal import Principal
from consumption.budgets.levels import Amounts, Subject
from consumption.budgets.ports import BudgetStore
from consumption.budgets.rules import Balance


@dataclass(frozen=True)
class SetBudget:
    """Say what the platform, a team or a person may use in a month; who may say so is the route's rule.

    A limit that was not there before counts from now on; one that is lowered below what was used lets no call in until
    the month ends.
    """

    store: BudgetStore
    clock: Clock

    async def __call__(self, caller: Principal, subject: Subject, amounts: Amounts) -> list[Balance]:
        """The balances of the subject as they are now."""
        now = self.clock.now()
        await self.store.put(subject, amounts, caller.account_id, now)
        return await self.store.balances(subject, now)
