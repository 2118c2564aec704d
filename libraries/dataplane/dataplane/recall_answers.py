"""Answers recalls: what this process holds idle of a scope goes back to consumption, because another one is short."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from chassis.errors import ErrorKind, MarketplaceError
from dataplane.lease_keeper import LeaseKeeper
from dataplane.ports import GivenBack, LeaseReturns
from dataplane.settlement import Sleep, wait_after

_MOST_AT_ONCE = 500
# Whoever is told one of these may have been heard, or will be later.
_WORTH_REPEATING = frozenset({ErrorKind.UNAVAILABLE, ErrorKind.TIMED_OUT, ErrorKind.INTERNAL})


class Recall(msgspec.Struct, frozen=True):
    """Another process is short of a scope; higher numbers are later."""

    scope_id: str
    period_ends_at: int | None
    number: int


@dataclass(slots=True)
class RecallAnswers:
    """Hears recalls at any moment and answers them one batch after the other, each until it is acknowledged.

    Amounts leave the leases before they are offered, and are offered under one id: they are given back once or, where
    this process dies, with all that it holds when its journal is replayed.
    """

    keeper: LeaseKeeper
    returns: LeaseReturns
    new_return_id: Callable[[], str]
    # Whether the journal has every end so far: what a call gave back is another's only then.
    is_written: Callable[[], bool]
    sleep: Sleep = asyncio.sleep
    failures_in_a_row: int = 0
    _asked: dict[tuple[str, int | None], int] = field(default_factory=dict[tuple[str, int | None], int])
    _heard: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, recall: Recall) -> None:
        """Note a recall, to be answered as soon as what was taken for earlier ones is acknowledged."""
        place = (recall.scope_id, recall.period_ends_at)
        self._asked[place] = max(recall.number, self._asked.get(place, 0))
        self._heard.set()

    async def run(self) -> None:
        """Answer until cancelled."""
        while True:
            await self._heard.wait()
            self._heard.clear()
            while self._asked:
                await self._answer_some()

    async def _answer_some(self) -> None:
        places = list(self._asked)[:_MOST_AT_ONCE]
        try:
            for scope_id in dict.fromkeys(scope_id for scope_id, _ in places):
                await self.keeper.ask_again(scope_id)
        except MarketplaceError:
            # What those requests were granted is not known, so there is no answer yet.
            await self._wait()
            return
        if not self.is_written():
            await self._wait()
            return
        given = [self._take(scope_id, period_ends_at) for scope_id, period_ends_at in places]
        with self.keeper.giving_back(one.scope_id for one in given if one.amount):
            await self._until_acknowledged(self.new_return_id(), given)

    def _take(self, scope_id: str, period_ends_at: int | None) -> GivenBack:
        leases = self.keeper.state.leases
        number = self._asked.pop((scope_id, period_ends_at))
        newest = leases.newest_grant(scope_id)
        return GivenBack(scope_id, leases.take_idle(scope_id, period_ends_at), period_ends_at, number, newest)

    async def _until_acknowledged(self, return_id: str, given: Sequence[GivenBack]) -> None:
        while True:
            try:
                await self.returns.give_back(self.keeper.holder, return_id, given)
            except MarketplaceError as error:
                if error.kind not in _WORTH_REPEATING:
                    # They stay charged until the journal is sealed, which is always safe.
                    return
                await self._wait()
            else:
                self.failures_in_a_row = 0
                return

    async def _wait(self) -> None:
        self.failures_in_a_row += 1
        await self.sleep(wait_after(self.failures_in_a_row))
