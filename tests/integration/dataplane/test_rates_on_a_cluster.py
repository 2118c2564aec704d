"""Rates of many teams wherever their slots lie, on one server and on a cluster, on Valkey and on Redis."""

from collections.abc import Callable

import pytest
from fixtures.valkey_topologies import Servers, cluster, single
from pydantic import SecretStr

from chassis.valkey import open_valkey
from dataplane.control_plane.valkey_rate_store import ValkeyRateStore
from dataplane.rate_asks import AmountAsk, RateAnswer, RateAsk


def _asks(number: int) -> list[RateAsk]:
    """Two keys of each of thirty teams; every one wants 4 of its burst of 10."""
    wish = AmountAsk(0.001, 10.0, first=4, parked=4)
    return [RateAsk(f"team_{place // 2}", f"key_{place}", number, requests=wish) for place in range(60)]


def _granted(answer: RateAnswer | None) -> int:
    assert answer is not None
    assert answer.requests is not None
    return answer.requests.granted


@pytest.mark.parametrize("topology", [single, cluster], ids=["one server", "a cluster"])
async def test_every_team_is_granted_its_own(topology: Callable[[Servers], str], servers: Servers) -> None:
    async with open_valkey(SecretStr(topology(servers)), name="test") as client:
        store, other = ValkeyRateStore(client, "p"), ValkeyRateStore(client, "q")
        assert {_granted(answer) for answer in await store.exchange(_asks(1))} == {4}
        assert {_granted(answer) for answer in await store.exchange(_asks(1))} == {4}
        assert {_granted(answer) for answer in await other.exchange(_asks(1))} == {4}
        assert {_granted(answer) for answer in await store.exchange(_asks(2))} == {0}
        assert await store.processes() == 1
        assert await other.processes() == 2


async def test_a_server_that_forgot_the_script_is_given_it_again(servers: Servers) -> None:
    async with open_valkey(SecretStr(single(servers)), name="test") as client:
        store = ValkeyRateStore(client, "p")
        await store.exchange(_asks(1))
        await client.script_flush()  # type: ignore[misc]
        assert {_granted(answer) for answer in await store.exchange(_asks(2))} == {4}
