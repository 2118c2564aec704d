"""The same client and the same script on one server, behind sentinels and on a cluster, on Valkey and on Redis."""

import asyncio

import pytest
from fixtures.valkey_topologies import Servers, behind_sentinel, cluster, single
from pydantic import SecretStr
from redis.exceptions import RedisError

from chassis.valkey import Valkey, ValkeyUnavailable, open_valkey, ping

COUNT = "return redis.call('INCRBY', KEYS[1], ARGV[1]) + redis.call('INCR', KEYS[2])"
PATIENCE_SECONDS = 30.0


async def counted(client: Valkey, team: str) -> int:
    counting = client.eval(COUNT, 2, f"a:{{{team}}}", f"b:{{{team}}}", "10")
    return int(await counting)  # pyright: ignore[reportGeneralTypeIssues, reportUnknownArgumentType]


async def test_one_server_counts(servers: Servers) -> None:
    async with open_valkey(SecretStr(single(servers)), name="test") as client:
        await ping(client)
        assert [await counted(client, "team") for _ in range(2)] == [11, 22]


async def test_every_team_counts_on_a_cluster_wherever_its_slot_lies(servers: Servers) -> None:
    async with open_valkey(SecretStr(cluster(servers)), name="test") as client:
        await ping(client)
        assert {await counted(client, f"team-{number}") for number in range(30)} == {11}


async def test_counting_goes_on_after_the_sentinels_have_chosen_another_primary(servers: Servers) -> None:
    url, primary = behind_sentinel(servers)
    async with open_valkey(SecretStr(url), name="test") as client:
        await ping(client)
        assert await counted(client, "team") == 11
        servers.kill(primary)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                try:
                    again = await counted(client, "team")
                    break
                except (RedisError, OSError):
                    await asyncio.sleep(0.1)
        assert again in {11, 22}


async def test_a_server_that_is_away_is_told_within_a_second_or_two(servers: Servers) -> None:
    url = single(servers)
    async with open_valkey(SecretStr(url), name="test") as client:
        await ping(client)
        servers.stop()
        servers.running.clear()
        async with asyncio.timeout(5):
            with pytest.raises(ValkeyUnavailable):
                await ping(client)
