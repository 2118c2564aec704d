"""The rates of requests that make no call: they use no tokens and no money, and count as requests all the same."""

from dataplane.lease_keeper import LeaseKeeper
from dataplane.limits import KeyRates
from dataplane.rate_refusals import rate_limited
from dataplane.records import KeyRecord

# Somebody else may take what this request was told of; then it is refused.
_ROUNDS = 3


async def within_rates(keeper: LeaseKeeper, key: KeyRecord) -> KeyRates:
    """The key's rates, waited for a moment where they are leased; raises RateLimited. Takes nothing."""
    book = keeper.state.rates
    rounds = 0
    while True:
        now = keeper.now()
        rates = book.rates_of(key, now)
        short = book.short_of(rates, 0, now)
        if short is None:
            return rates
        if not short.askable or keeper.rates is None or rounds == _ROUNDS:
            raise rate_limited(short, rates, now)
        await keeper.rates.news(key, 0)
        rounds += 1


async def counted(keeper: LeaseKeeper, key: KeyRecord) -> KeyRates:
    """Count one request, and nothing else; raises RateLimited."""
    rates = await within_rates(keeper, key)
    keeper.state.rates.take(rates, 0)
    keeper.state.rates.finish(rates, 0)
    return rates
