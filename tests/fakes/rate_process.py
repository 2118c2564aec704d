"""One gateway's rates and admission, on buckets that are shared with others and on virtual time."""

import asyncio

from fakes.call_door import START
from fakes.rate_buckets import BucketsOf, RateBuckets

from dataplane.admission import AdmissionState
from dataplane.lease_keeper import LeaseKeeper
from dataplane.rate_leaser import RateLeaser


def moment() -> int:
    """This moment in microseconds, by the loop's time."""
    return START + round(asyncio.get_running_loop().time() * 1e6)


def rate_process(
    buckets: RateBuckets, name: str = "p", source: type[BucketsOf] = BucketsOf
) -> tuple[LeaseKeeper, RateLeaser]:
    """What lets its calls in, and what keeps its rates supplied once it runs."""
    state = AdmissionState()
    leaser = RateLeaser(state.rates, source(buckets, name, 4), moment)
    return LeaseKeeper(state, None, "h", leaser.now, lambda: "r", lambda _: None, rates=leaser), leaser  # type: ignore[arg-type]
