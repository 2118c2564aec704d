"""The coarse limit on a real Valkey: many callers at once, beside the rates of calls on the same connections."""

import asyncio
from collections import Counter

from fakes.frozen_clock import FrozenClock
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from chassis.valkey import open_valkey
from dataplane.control_plane.valkey_rate_store import ValkeyRateStore
from gateway.routes.coarse_limit import CoarseLimit
from gateway.routes.errors import TooManyRequests
from gateway.signals import GatewaySignals

_PER_SECOND = 20


async def test_a_crowd_is_held_by_all_gateways_together_and_takes_no_connection_of_the_rates(valkey_url: str) -> None:
    async with open_valkey(SecretStr(valkey_url), name="tests") as client:
        clock = FrozenClock()
        limits = [CoarseLimit(client, _PER_SECOND, GatewaySignals(CollectorRegistry()), clock) for _ in range(2)]
        store = ValkeyRateStore(client, "process")
        outcomes: Counter[str] = Counter()

        async def ask(limit: CoarseLimit) -> None:
            try:
                await limit.check("203.0.113.9")
                outcomes["passed"] += 1
            except TooManyRequests:
                outcomes["limited"] += 1

        crowd = asyncio.gather(*(ask(limit) for _ in range(200) for limit in limits))
        counted = [await store.processes() for _ in range(20)]
        await crowd
    assert outcomes == {"passed": _PER_SECOND, "limited": 400 - _PER_SECOND}
    assert counted == [1] * 20
    assert not any(limit.degraded for limit in limits)
