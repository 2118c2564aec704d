"""What can be done with leases: asking for them, with the other holders' idle ones where a scope is short."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from chassis.clock import Clock
from consumption.budgets.ports import LeaseAnswer, LeaseNotices, LeaseRequest, LeaseStore
from consumption.budgets.recalls import PATIENCE, RecallRound

# News may be lost with its connection; then the next look comes after so many seconds.
_LOOK_AGAIN = 0.2


@dataclass(frozen=True)
class AcquireLeases:
    """Grants leases. `monotonic` gives seconds."""

    store: LeaseStore
    notices: LeaseNotices
    clock: Clock
    monotonic: Callable[[], float]

    async def __call__(self, request: LeaseRequest) -> LeaseAnswer:
        """All wishes, or none and what was short; waits for other holders at most as long as `PATIENCE` says."""
        if request.done_below:
            await self.store.forget_answers(request.holder, request.done_below)
        if not request.recall:
            return await self._ask(request, None)
        until = self.monotonic() + PATIENCE.total_seconds()
        with self.notices.returns_of(wish.scope_id for wish in request.wishes) as news:
            recall = RecallRound()
            while True:
                news.clear()
                answer = await self._ask(request, recall)
                if not answer.awaited:
                    return answer
                await _hear(news)
                recall = RecallRound(answer.since, over=self.monotonic() >= until)

    async def _ask(self, request: LeaseRequest, recall: RecallRound | None) -> LeaseAnswer:
        return await self.store.acquire(request.holder, request.request_id, request.wishes, self.clock.now(), recall)


async def _hear(news: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(_LOOK_AGAIN):
            await news.wait()
    except TimeoutError:
        return
