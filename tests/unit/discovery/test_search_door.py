"""The HTTP door of search over an index in this process: whatever is sent, the answer is not a fault of ours."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fakes.embedder import WordEmbedder
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry

from chassis.health import Readiness
from chassis.web.application import Application
from chassis.web.pages import Cursors
from discovery.compose import ROUTERS
from discovery.search.actions import Search
from discovery.search.in_process_index import InProcessIndex
from discovery.signals import SearchMetrics


class BrokenIndex(InProcessIndex):
    async def search(self, *_: object) -> Any:
        raise ZeroDivisionError


def door_to(index: InProcessIndex) -> TestClient:
    registry = CollectorRegistry()
    state: dict[str, object] = {
        "access_tokens": None,
        "cursors": Cursors(b"a secret of sixteen or more"),
        "search": Search(index, WordEmbedder()),
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
