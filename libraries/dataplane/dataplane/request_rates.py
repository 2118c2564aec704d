"""The rates of requests that make no call: they use no tokens and no money, and count as requests all the same."""

from dataplane.lease_keeper import LeaseKeeper
from dataplane.limits import KeyRates
from dataplane.rate_refusals import rate_limited
from dataplane.records import KeyRecord

# Somebody else may take what this request was told of; then it is refused.
_ROUNDS = 3


async def within_rates(keeper: LeaseKeeper, key: KeyRecord) -> None:
    """Wait a moment for the key's rates where they are leased; raises RateLimited. Takes nothing."""
    book = keeper.state.rates
    for rounds in range(_ROUNDS + 1):
        now = keeper.now()
        short = book.short_of(key, 0, now)
        if short is None:
            return
        if not short.askable or keeper.rates is None or rounds == _ROUNDS:
            raise rate_limited(short, book.rates_of(key, now), now)
        await keeper.rates.news(key, 0)


async def counted(keeper: LeaseKeeper, key: KeyRecord) -> KeyRates:
    """Count one request, and nothing else; raises RateLimited."""
    await within_rates(keeper, key)
    book = keeper.state.rates
    rates = book.take(key, 0)
    book.finish(key.key_id, 0)
    return rates
