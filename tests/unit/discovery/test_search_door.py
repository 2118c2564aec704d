"""The HTTP door of search over an index in this process: whatever is sent, the answer is not a fault of ours."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fakes.embedder import WordEmbedder
from fastapi.testclient import TestClient
from fixtures.listing_documents import listing
from prometheus_client import CollectorRegistry

from chassis.health import Readiness
from chassis.web.application import Application
from chassis.web.pages import Cursors
from discovery.compose import ROUTERS
from discovery.indexing.actions import IndexListings
from discovery.search.actions import Search
from discovery.search.in_process_index import InProcessIndex
from discovery.signals import SearchMetrics


class BrokenIndex(InProcessIndex):
    async def search(self, *_: object) -> Any:
        raise ZeroDivisionError


def door_to(index: InProcessIndex, embedder: WordEmbedder | None = None) -> TestClient:
    registry = CollectorRegistry()
    state: dict[str, object] = {
        "access_tokens": None,
        "cursors": Cursors(b"a secret of sixteen or more"),
        "search": Search(index, embedder or WordEmbedder()),
        "search_metrics": SearchMetrics(registry),
    }
    application = Application("discovery", "", ROUTERS, state, Readiness(), registry, lambda: "req_0")
    return TestClient(application.build(), raise_server_exceptions=False)


@pytest.fixture
def door() -> Iterator[TestClient]:
    with door_to(InProcessIndex()) as client:
        yield client


def asked(door: TestClient, body: dict[str, Any]) -> tuple[int, str]:
    """Status and text; written in ASCII, so that anything can be sent."""
    answer = door.post("/api/v1/search", content=json.dumps(body), headers={"content-type": "application/json"})
    return answer.status_code, answer.text


def test_a_size_of_hundreds_of_digits_is_searched_as_any_word(door: TestClient) -> None:
    assert asked(door, {"query": "9" * 310 + " tokens"})[0] == 200


def test_a_filter_that_is_no_text_of_unicode_is_refused_by_name(door: TestClient) -> None:
    status, text = asked(door, {"filters": {"\ud800": 1}})
    assert (status, json.loads(text)["code"]) == (422, "invalid_filter")
    assert "filters.?: there is no such filter" in text


def test_a_search_that_fails_is_not_counted_as_answered() -> None:
    with door_to(BrokenIndex()) as door:
        assert asked(door, {})[0] == 500
        assert 'marketplace_search_requests_total{outcome="failed"} 1.0' in door.get("/metrics").text


async def sixty() -> tuple[InProcessIndex, WordEmbedder]:
    """Listings whose order by words is not that by meaning."""
    index, embedder = InProcessIndex(), WordEmbedder()
    texts = ["chat " * (1 + number % 4) + "other words " * (number * 7 % 13) for number in range(60)]
    await IndexListings(index, embedder)([listing(f"l{n:02}", description=text) for n, text in enumerate(texts)])
    return index, embedder


def page(door: TestClient, cursor: str | None) -> Any:
    return door.post("/api/v1/search", json={"query": "chat", "limit": 20, "cursor": cursor})


@pytest.mark.parametrize("first_by_meaning", [True, False])
async def test_pages_neither_skip_nor_repeat_when_the_model_comes_or_goes(*, first_by_meaning: bool) -> None:
    index, embedder = await sixty()
    with door_to(index, embedder) as door:
        embedder.ready = first_by_meaning
        answer = page(door, None).json()
        seen = [hit["id"] for hit in answer["hits"]]
        embedder.ready = not first_by_meaning
        while cursor := answer["next_cursor"]:
            reply = page(door, cursor)
            if first_by_meaning and not embedder.ready:
                assert (reply.status_code, reply.json()["code"], reply.headers["retry-after"]) == (
                    503,
                    "meaning_away",
                    "2",
                )
                embedder.ready = True
                continue
            answer = reply.json()
            assert answer["degraded"] is not first_by_meaning
            seen += [hit["id"] for hit in answer["hits"]]
    assert len(seen) == len(set(seen)) == 60


async def test_a_cursor_of_another_model_is_refused() -> None:
    index, embedder = await sixty()
    with door_to(index, embedder) as door:
        cursor = page(door, None).json()["next_cursor"]
        embedder.model_name = "another"
        assert page(door, cursor).status_code == 422
