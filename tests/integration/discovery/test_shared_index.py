"""Discovery on Elasticsearch: the worker fills, the API asks; emptied, switched and missing indexes."""

import asyncio
import os
import secrets
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import AsyncElasticsearch
from fixtures.discovery_machine import (
    DiscoveryMachine,
    RunningDiscovery,
    admin_door,
    id_of,
    settings_of,
    snapshot,
    until,
)
from fixtures.discovery_process import environment_of
from fixtures.marketplace_database import ProvisionedServer
from pydantic import SecretStr

from chassis.errors import Conflict
from discovery.search.elasticsearch_address import elasticsearch_address
from discovery.search.elasticsearch_client import open_client
from discovery.search.elasticsearch_generations import alias_of, begin_next, ensure_index, switch_to_next

pytestmark = pytest.mark.engines


@pytest.fixture
async def index_url(elasticsearch_url: str) -> AsyncIterator[str]:
    """Where nothing is yet, and nothing stays."""
    url = f"{elasticsearch_url}/shared-{secrets.token_hex(4)}"
    yield url
    address = elasticsearch_address(url)
    async with open_client(address) as client:
        for name in await client.indices.get(index=f"{address.prefix}-*"):
            await client.indices.delete(index=name)


@pytest.fixture
async def shared(
    marketplace_database: ProvisionedServer, model_folder: Path, index_url: str
) -> AsyncIterator[DiscoveryMachine]:
    """Discovery whose index is on Elasticsearch, without a worker."""
    async with admin_door() as address:
        plain = settings_of(marketplace_database, model_folder, address)
        settings = plain.model_copy(update={"index_url": SecretStr(index_url)})
        yield DiscoveryMachine(marketplace_database, settings)


@pytest.fixture
async def client(index_url: str) -> AsyncIterator[AsyncElasticsearch]:
    async with open_client(elasticsearch_address(index_url)) as client:
        yield client


async def generation(client: AsyncElasticsearch, index_url: str) -> str:
    (name,) = await client.indices.get_alias(name=alias_of(elasticsearch_address(index_url)))
    return name


async def kinds(api: RunningDiscovery, query: str) -> set[str]:
    reply = await api.search(query)
    return {reason["kind"] for reason in reply["hits"][0]["reasons"]} if reply["hits"] else set()


async def test_what_the_worker_fills_every_api_finds_by_words_and_meaning(shared: DiscoveryMachine) -> None:
    async with shared.api() as one, shared.api() as two:
        assert "no search index yet" in str((await one.ready())["index_filled"])
        async with shared.worker():
            await shared.publish(snapshot("letters", description="translates letters from one language to another"))
            for api in (one, two):
                await api.until_found("translates letters", "letters")
                await api.until_settled()
                assert await kinds(api, "translates letters") >= {"words", "meaning"}
            await shared.publish(snapshot("measured"))
            stats = await until(lambda: _measured(two))
    assert (stats["without_vectors"], stats["loaded"], stats["listings"] > 0) == (0, True, True)
    assert stats["freshness_seconds"] < 5


async def _measured(api: RunningDiscovery) -> dict[str, Any] | None:
    stats = (await api.get("stats")).json()
    return stats if stats["freshness_seconds"] is not None and not stats["without_vectors"] else None


async def test_none_of_many_changes_loses_its_vectors(
    shared: DiscoveryMachine, client: AsyncElasticsearch, index_url: str
) -> None:
    query = {"bool": {"must_not": [{"exists": {"field": "model"}}]}}
    # Two workers, as in a rolling update.
    async with shared.api() as api, shared.worker(), shared.worker():
        for number in range(60):
            await shared.publish(snapshot(f"many-{number}", description=f"does thing number {number}"))
            await asyncio.sleep(0.02)
        await api.until_found("many-59")
        await api.until_settled()
        lacking = await client.count(index=alias_of(elasticsearch_address(index_url)), query=query)
    assert lacking["count"] == 0


async def test_a_worker_goes_on_where_the_index_is_and_an_emptied_index_fills_itself(
    shared: DiscoveryMachine, client: AsyncElasticsearch, index_url: str
) -> None:
    async with shared.api() as api:
        async with shared.worker():
            await shared.publish(snapshot("kept", description="keeps"))
            await api.until_found("kept")
            await api.until_settled()
        before = await client.count(index=alias_of(elasticsearch_address(index_url)))
        async with shared.worker():
            await shared.publish(snapshot("later", description="comes later"))
            await api.until_found("later")
            await client.indices.delete(index=await generation(client, index_url))

            async def full_again() -> bool:
                # Between the loss and the new index a search is a 503, never an empty answer that looks whole.
                answer = await api.http.post("/api/v1/search", json={"query": "kept"})
                assert answer.status_code in {200, 503}
                return answer.status_code == 200 and bool(answer.json()["hits"])

            await until(full_again)
            await api.until_found("later")
            await api.until_settled()
            assert "meaning" in await kinds(api, "kept")
    assert before["count"] > 0


async def test_search_and_writes_go_on_while_the_index_is_filled_anew(
    shared: DiscoveryMachine, client: AsyncElasticsearch, index_url: str
) -> None:
    async with shared.api() as api, shared.worker():
        await shared.publish(*(snapshot(f"steady{number}", description="a steady listing") for number in range(40)))
        await api.until_found("steady39")
        await api.until_settled()
        former = await generation(client, index_url)
        ended = asyncio.Event()
        written: list[str] = []
        watching = asyncio.create_task(_watch(api, ended))
        writing = asyncio.create_task(_write(shared, ended, written))
        for _ in range(2):
            await _rebuild_index(shared)
        ended.set()
        searches = await watching
        await writing
        for name in written:
            await api.until_found(name)
        assert await generation(client, index_url) not in {former, ""}
        assert not await client.indices.exists(index=former)
        await api.until_settled()
    print(f"{searches} searches and {len(written)} writes while the index was filled anew twice")
    assert searches > 20
    assert len(written) > 5


async def test_no_search_sees_the_index_switched(client: AsyncElasticsearch, index_url: str) -> None:
    alias = alias_of(elasticsearch_address(index_url))
    await ensure_index(client, alias)
    ended = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        askers = [group.create_task(_ask_without_trying_again(client, alias, ended)) for _ in range(6)]
        for _ in range(12):
            await begin_next(client, alias)
            await switch_to_next(client, alias)
        ended.set()
    print(f"{sum(asker.result() for asker in askers)} searches while the index was switched 12 times")


async def test_what_a_killed_switch_left_goes_with_the_next(client: AsyncElasticsearch, index_url: str) -> None:
    alias = alias_of(elasticsearch_address(index_url))
    await client.indices.create(index=f"{alias}-1")
    await ensure_index(client, alias)
    assert set(await client.indices.get(index=f"{alias}-*")) == {f"{alias}-1", f"{alias}-2"}
    await begin_next(client, alias)
    await switch_to_next(client, alias)
    assert set(await client.indices.get(index=f"{alias}-*")) == {f"{alias}-3"}
    with pytest.raises(Conflict, match="switched already"):
        await switch_to_next(client, alias)


async def _ask_without_trying_again(client: AsyncElasticsearch, alias: str, ended: asyncio.Event) -> int:
    once = client.options(max_retries=0)
    searches = 0
    while not ended.is_set():
        await once.search(index=alias)
        searches += 1
    return searches


async def _watch(api: RunningDiscovery, ended: asyncio.Event) -> int:
    searches = 0
    while not ended.is_set():
        assert "steady7" in await api.found("steady7")
        searches += 1
        await asyncio.sleep(0.01)
    return searches


async def _write(machine: DiscoveryMachine, ended: asyncio.Event, written: list[str]) -> None:
    while not ended.is_set():
        name = f"meanwhile{len(written)}"
        await machine.publish(snapshot(name, description="comes while the index is filled"))
        written.append(name)
        await asyncio.sleep(0.2)


async def _rebuild_index(machine: DiscoveryMachine) -> None:
    environment = dict(os.environ) | environment_of(machine, 0, 0)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "discovery", "rebuild-index"), env=environment, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, b"was filled anew" in said) == (0, True)


async def test_a_missing_elasticsearch_is_said_at_once_and_searched_again_when_back(
    shared: DiscoveryMachine, free_tcp_port: int
) -> None:
    away = shared.settings.model_copy(update={"index_url": SecretStr(f"http://127.0.0.1:{free_tcp_port}")})
    async with replace(shared, settings=away).api() as api:
        began = time.monotonic()
        answer = await api.http.post("/api/v1/search", json={"query": "anything"})
        took = time.monotonic() - began
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert took < 2
        # What needs no index is answered.
        assert (await api.get(f"services/{id_of('nobody')}")).status_code == 404
        assert (await api.ready())["database"] == "ok"
