"""The script on a real Valkey does what its port in Python does, which the simulations run on."""

import asyncio
import itertools

import pytest
from fakes.rate_buckets import BucketsOf, RateBuckets
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from chassis.valkey import open_valkey
from dataplane.control_plane.valkey_rate_store import ValkeyRateStore, grant_script
from dataplane.rate_asks import AmountAsk, RateAsk, SlotAsk

CLOCK = "local function server_time() return tonumber(redis.call('GET', 'clock:{team_1}')) end\n"
START = 1_790_000_000_000_000
few = st.integers(0, 30)
amounts = st.builds(
    AmountAsk,
    st.sampled_from([0.5, 10.0, 333.3]),
    st.sampled_from([1.0, 7.5, 40.0]),
    few,
    st.integers(-10, 30),
    few,
    few,
    few,
    few,
)
slots = st.builds(SlotAsk, st.integers(1, 20), few, few, few)
maybe = st.builds(
    RateAsk,
    st.just("team_1"),
    st.sampled_from(["a", "b"]),
    st.integers(1, 8),
    amounts | st.none(),
    amounts,
    slots | st.none(),
)
steps = st.lists(
    st.tuples(st.sampled_from([0, 1_000, 300_000, 4_000_000, 70_000_000, -2_000_000]), st.sampled_from("pqr"), maybe),
    min_size=1,
    max_size=25,
)
names = itertools.count()


@settings(
    max_examples=40,
    phases=[Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=steps)
def test_every_answer_of_the_script_is_that_of_its_port(
    valkey_server: str, steps: list[tuple[int, str, RateAsk]]
) -> None:
    asyncio.run(_compare(valkey_server, steps))


@pytest.mark.parametrize("large", [10**14 - 1, 10**14, 101 * 10**12 + 1, 2**53])
async def test_amounts_beyond_fourteen_digits_are_told_whole(valkey_server: str, large: int) -> None:
    granted = AmountAsk(10.0, 2.0 * large, 0, 0, large, large)
    owed = AmountAsk(10.0, 40.0, 0, -large)
    slots = SlotAsk(large, large // 2, 1, 0)
    steps = [RateAsk("team_1", name, 1, wish, wish, slots) for name, wish in (("a", granted), ("b", owed))]
    # The second time the script tells what it remembers.
    await _compare(valkey_server, [(0, "p", step) for step in [*steps, *steps]])


async def _compare(url: str, steps: list[tuple[int, str, RateAsk]]) -> None:
    buckets, now = RateBuckets(), START
    suffix = next(names)
    async with open_valkey(SecretStr(url), name="test") as client:
        for moved, process, ask in steps:
            now += moved
            buckets.now = now
            await client.set("clock:{team_1}", str(now))
            wish = RateAsk(ask.team_id, f"{ask.key_id}-{suffix}", ask.number, ask.requests, ask.tokens, ask.slots)
            store = ValkeyRateStore(client, process, grant_script(CLOCK))
            [answered] = await store.exchange([wish])
            [expected] = await BucketsOf(buckets, process).exchange([wish])
            assert answered is not None
            assert expected is not None
            assert answered.slots == expected.slots
            for real, port in ((answered.requests, expected.requests), (answered.tokens, expected.tokens)):
                assert (real is None) == (port is None)
                if real is not None and port is not None:
                    assert real.granted == port.granted
                    assert abs(real.level - port.level) <= 1e-9 * max(1.0, abs(port.level))
