"""Good bodies with one value exchanged for another: what random documents hardly ever come near."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, cast

import pytest
from fixtures.fuzzed_fleet import FuzzedFleet
from fixtures.marketplace_people import Json, demo_submission, good, published
from fixtures.report import tell

pytestmark = pytest.mark.fleet_fuzz
# As JSON text, because not all of it can be written down by a well-behaved client.
VALUES = (
    "null", "true", "0", "-1", "1.0", "1e308", "1e999", "NaN", "9" * 400, '""', '" "', '"\\u0000"', '"\\ud800"',
    '"\\u202e\\ufeff"', '"../../etc/passwd"', '"{{7*7}}${7*7}"', "\"'; DROP TABLE listings; --\"", f'"{"a" * 9000}"',
    '"0001-01-01T00:00:00Z"', '"9999-12-31T23:59:59-23:59"', "[]", "[[]]", "{}", '{"$ref": "#"}', "[null, null]",
)  # fmt: skip
MARK = "exchanged-here"
JSON = {"content-type": "application/json"}


def exchanged(body: Json) -> Iterator[tuple[str, bytes]]:
    """The body with each field, also those within, given each of the values."""
    for place in places(body):
        marked: Any = json.loads(json.dumps(body))
        within: Any = marked
        for part in place[:-1]:
            within = within[part]
        within[place[-1]] = MARK
        text = json.dumps(marked)
        for value in VALUES:
            yield f"{'.'.join(place)}: {value[:40]}", text.replace(f'"{MARK}"', value).encode()


def places(body: Json, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Where a value stands, two levels deep; what lies in an OpenAPI document is the validator's business."""
    for name, value in body.items():
        yield (*before, name)
        if isinstance(value, dict) and name != "openapi" and not before:
            yield from places(cast("Json", value), (name,))


def check(fuzzed: FuzzedFleet, path: str, body: Json, headers: dict[str, str], method: str = "POST") -> None:
    answers: Counter[int] = Counter()
    broken: list[str] = []
    url = f"{fuzzed.url('gateway')}{path}"
    for number, (name, sent) in enumerate(exchanged(body)):
        # A name of its own, so that no answer is only that the name is taken.
        content = sent.replace(b'"bent"', b'"bent-%d"' % number)
        answer = fuzzed.fleet.http.request(method, url, content=content, headers=headers | JSON)
        answers[answer.status_code] += 1
        if answer.status_code >= 500:
            broken.append(f"{name}: {answer.status_code} {answer.text[:300]}")
    told = ", ".join(f"{count} times {status}" for status, count in sorted(answers.items()))
    tell(f"bodies:       {method} {path}: {answers.total()} with one value exchanged, {told}")
    assert not broken, "\n".join(broken)


def test_no_value_breaks_publishing(fuzzed_fleet: FuzzedFleet) -> None:
    body = demo_submission(fuzzed_fleet.fleet, "bent", auth="bearer", sla={"uptime_percent": 99.9, "latency_p95_ms": 5})
    check(fuzzed_fleet, "/api/v1/services", body | {"openapi": {"openapi": "3.1.0"}}, fuzzed_fleet.publisher.headers)


def test_no_document_breaks_publishing(fuzzed_fleet: FuzzedFleet) -> None:
    """Each submission has a name of its own, so that each goes through the pipeline."""
    publisher = fuzzed_fleet.publisher
    document = good(fuzzed_fleet.fleet.http.get(f"{fuzzed_fleet.fleet.vendor}/openapi.json"))
    taken = 0
    for number, (name, sent) in enumerate(exchanged({"openapi": "3.1.0", "info": document["info"], "paths": {}})):
        try:
            body = demo_submission(fuzzed_fleet.fleet, f"document-{number}", openapi=json.loads(sent))
            answer = publisher.ask("POST", "/api/v1/services", body)
        except ValueError:
            # Not a number to this client either.
            continue
        assert answer.status_code < 500, f"{name}: {answer.text[:300]}"
        taken += answer.status_code == 202
    tell(f"bodies:       {taken} submissions with bent documents went into the pipeline")
    assert taken


def test_no_value_breaks_a_key_or_a_search(fuzzed_fleet: FuzzedFleet) -> None:
    headers = fuzzed_fleet.publisher.headers
    key: Json = {
        "name": "bent", "tier": "standard", "expires_at": "2100-01-01T00:00:00Z", "allowed_listings": [],
        "allowed_models": ["harbour/*"], "permissions": ["call"], "requests_per_second": 1, "tokens_per_minute": 1,
        "max_concurrency": 1, "monthly_token_quota": 1, "monthly_budget": "1",
    }  # fmt: skip
    check(fuzzed_fleet, "/api/v1/keys", key, headers)
    made = fuzzed_fleet.publisher.key("changed")["id"]
    check(fuzzed_fleet, f"/api/v1/keys/{made}", key, headers, "PATCH")
    check(fuzzed_fleet, f"/api/v1/keys/{made}/rotate", {"grace_seconds": 1, "generation": 1}, headers)
    search: Json = {
        "query": "chat", "filters": {"capabilities": ["vision"], "max_input_price": "1", "min_context_length": 5},
        "sort": "relevance", "limit": 5, "cursor": None, "facets": [], "explain": True,
    }  # fmt: skip
    check(fuzzed_fleet, "/api/v1/search", search, headers)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/completions", "/v1/embeddings"])
def test_no_value_breaks_a_call(fuzzed_fleet: FuzzedFleet, path: str) -> None:
    """Really called: the demo provider answers what the gateway lets through."""
    asked: Json = {
        "/v1/chat/completions": {"messages": [{"role": "user", "content": "hi"}], "tools": [], "stop": "x"},
        "/v1/completions": {"prompt": "hi", "echo": False},
        "/v1/embeddings": {"input": "hi", "dimensions": 8},
    }[path]
    bounds = {} if "embed" in path else {"max_tokens": 4, "n": 1, "temperature": 1, "stream": False}
    model = embedder(fuzzed_fleet) if "embed" in path else fuzzed_fleet.fleet.access.demo_model
    headers = {"authorization": f"Bearer {fuzzed_fleet.key}"}
    check(fuzzed_fleet, path, {"model": model, "user": "u", **asked, **bounds}, headers)


def embedder(fuzzed: FuzzedFleet) -> str:
    """A published listing that makes vectors, by its name."""
    submission = demo_submission(fuzzed.fleet, "vectors", category="embedding", capabilities=["embeddings"])
    submission["endpoint"]["model"] = "demo-embed"
    submission["modalities"] = {"input": ["text"], "output": ["embedding"]}
    published(fuzzed.publisher, fuzzed.governor, submission)
    return "fuzzers/vectors"
