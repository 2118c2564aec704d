"""Slows the guessing of passwords: each attempt counts as a failure until the password proves right."""

from dataclasses import dataclass

from admin.sessions.errors import TooManyAttempts
from admin.sessions.rules import Counter, account_key, counted, counters_of, failed, uncounted
from admin.work import OpenWork, Work
from chassis.network_place import place_of


@dataclass(frozen=True)
class SlowGuessing:
    """Counts by account and place in a transaction of its own, so that attempts at the same time count too.

    `source` is an address; what is counted is the place it belongs to.
    """

    open_work: OpenWork

    async def count_attempt(self, email: str, source: str) -> None:
        """Raise TooManyAttempts where the attempt must wait; whether the account exists makes no difference."""
        async with self.open_work() as work:
            for counter in await _counters(work, email, source):
                held = await work.attempts.hold(counter.account_key, counter.source)
                wait = held.seconds_to_wait(work.now)
                if wait > 0:
                    # Raised inside, so that a refused attempt leaves no row: a flood of new addresses fills nothing.
                    raise TooManyAttempts("Too many attempts: wait before you try again.", retry_after=wait)
                after = counted(held, counter.limit, work.now)
                await work.attempts.put(counter.account_key, counter.source, after)

    async def confirm_failure(self, email: str, source: str) -> None:
        """The password was wrong: from the limit on, whoever tries again has to wait."""
        async with self.open_work() as work:
            for counter in await _counters(work, email, source):
                held = await work.attempts.hold(counter.account_key, counter.source)
                await work.attempts.put(counter.account_key, counter.source, failed(held, counter.limit, work.now))

    async def clear(self, work: Work, email: str, source: str) -> None:
        """The password was right: take the attempt back, and remember the source as one of the owner's."""
        *shared, own = await _counters(work, email, source)
        for counter in shared:
            attempts = await work.attempts.hold(counter.account_key, counter.source)
            await work.attempts.put(counter.account_key, counter.source, uncounted(attempts, counter.limit))
        await work.attempts.forget(own.account_key, own.source)
        await work.attempts.remember(account_key(email), place_of(source))


async def _counters(work: Work, email: str, source: str) -> list[Counter]:
    place = place_of(source)
    known = await work.attempts.is_known(account_key(email), place)
    return counters_of(email, place, known_source=known)
