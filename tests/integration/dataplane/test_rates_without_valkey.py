"""Valkey is killed under calls and comes back cold: no call fails of it, and rates are shared again by themselves."""

import asyncio
import time
from pathlib import Path

from fakes.call_door import a_key, a_route
from pydantic import SecretStr

from chassis.valkey import open_valkey
from dataplane.admission import AdmissionState, Admitted, asking
from dataplane.control_plane.valkey_rate_store import ValkeyRateStore
from dataplane.lease_keeper import LeaseKeeper
from dataplane.rate_leaser import RateLeaser
from dataplane.records import RateLimits
from fleet.embedded_valkey import EmbeddedValkey, embedded_valkey
from fleet.one_part import start, stop

PATIENCE_SECONDS = 20.0
CALL = asking(a_key(limits=RateLimits(requests_per_second=1000, burst=2000), scopes=()), a_route(), 1, 0)


async def _until(keeper: LeaseKeeper, leaser: RateLeaser, *, degraded: bool) -> None:
    """Call on, every call is let in, until rates are counted alone, or shared again."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (leaser.degraded is not None) != degraded:
        admitted = await keeper.admit(CALL)
        assert isinstance(admitted, Admitted)
        keeper.state.rates.finish(admitted.rates, 0)
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def _story(engine: EmbeddedValkey, folder: Path) -> None:
    server = start(engine.part, folder / "log")
    state = AdmissionState()
    async with open_valkey(SecretStr(engine.url()), name="test") as client:
        leaser = RateLeaser(state.rates, ValkeyRateStore(client, "p"), lambda: time.time_ns() // 1000, expected=4)
        keeper = LeaseKeeper(state, None, "h", leaser.now, lambda: "r", lambda _: None, rates=leaser)  # type: ignore[arg-type]
        running = asyncio.create_task(leaser.run())
        try:
            assert isinstance(await keeper.admit(CALL), Admitted)
            await _until(keeper, leaser, degraded=False)
            server.kill()
            server.wait()
            await _until(keeper, leaser, degraded=True)
            assert state.rates.share == 1 / 4
            server = await asyncio.to_thread(start, engine.part, folder / "log")
            await _until(keeper, leaser, degraded=False)
            assert not state.rates.alone
            assert state.rates.keys["key_1"].lease is not None
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            stop(engine.part, server)


async def test_rates_are_counted_alone_while_valkey_is_gone_and_shared_again_when_it_is_back(tmp_path: Path) -> None:
    await _story(embedded_valkey(tmp_path / "valkey", "a-password"), tmp_path)
