"""The public door: who answers, and what callers see when nobody can."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from chassis.clock import SystemClock
from chassis.health import Readiness
from gateway.front.documentation_client import DocumentationClient
from gateway.front.door import PublicDoor
from gateway.front.joined_document import joined, methods_at
from gateway.front.operations import Operations
from gateway.routes.coarse_limit import CoarseLimit
from gateway.routes.proxy import Proxy
from gateway.signals import GatewaySignals

URLS = {name: f"http://{name}.internal" for name in ("admin", "publishing", "discovery", "consumption")}


@dataclass
class Services:
    """Stands for the four services behind the proxy; remembers what it was asked."""

    error: Exception | None = None
    once: bool = False
    status: int = 201
    methods: dict[str, str] = field(default_factory=dict[str, str])
    requests: list[httpx.Request] = field(default_factory=list[httpx.Request])
    bodies: list[bytes] = field(default_factory=list[bytes])

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/openapi.json" and self.methods:
            method = self.methods.get(request.url.host)
            return httpx.Response(200, json={"paths": {"/api/v1/services/{id}": {method: {}}} if method else {}})
        self.bodies.append(await request.aread())
        self.requests.append(request)
        if self.error is not None:
            error, self.error = self.error, None if self.once else self.error
            raise error
        headers = {"content-type": "text/plain", "connection": "close", "x-own": "kept"}

        async def body() -> AsyncIterator[bytes]:
            yield b"from "
            yield request.url.host.encode()

        return httpx.Response(self.status, headers=headers, content=body())


class CountingValkey:
    """Counts like Valkey's INCR, or fails like a dead one."""

    def __init__(self, *, dead: bool = False) -> None:
        self.seen: dict[str, int] = {}
        self.dead = dead

    async def eval(self, script: str, keys: int, key: str, *arguments: str) -> int:
        if self.dead:
            raise ConnectionRefusedError
        self.seen[key] = self.seen.get(key, 0) + 1
        return self.seen[key]


class FrozenClock(SystemClock):
    def __init__(self) -> None:
        self._now = super().now()

    def now(self):
        return self._now


async def calls(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 299, "headers": []})
    await send({"type": "http.response.body", "body": b"call"})


@dataclass
class Front:
    http: httpx.AsyncClient
    services: Services
    valkey: CountingValkey
    limit: CoarseLimit


@pytest.fixture
async def front() -> AsyncIterator[Front]:
    services, valkey = Services(), CountingValkey()
    client = httpx.AsyncClient(transport=httpx.MockTransport(services))
    signals = GatewaySignals(registry := CollectorRegistry())
    limit = CoarseLimit(valkey, 3, signals, FrozenClock())  # pyright: ignore[reportArgumentType]
    documentation = DocumentationClient(client, URLS, lambda: 0.0)
    door = PublicDoor(
        calls=calls,
        operations=Operations(Readiness(), registry, documentation.document),
        proxy=Proxy(client, URLS, signals, documentation.allow),
        check_limit=limit.check,
        signals=signals,
        new_request_id=lambda: "req_1",
    )
    transport = httpx.ASGITransport(app=door)
    async with client, httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
        yield Front(http, services, valkey, limit)


async def test_calls_stay_in_this_process_and_everything_else_goes_to_its_service(front: Front) -> None:
    assert (await front.http.post("/v1/chat/completions", json={})).text == "call"
    answer = await front.http.post("/api/v1/keys?x=1", content=b"body", headers={"authorization": "Bearer t"})
    assert (answer.status_code, answer.text, answer.headers["x-own"]) == (201, "from consumption.internal", "kept")
    assert "connection" not in answer.headers
    [request] = front.services.requests
    assert (request.url.raw_path, front.services.bodies) == (b"/api/v1/keys?x=1", [b"body"])
    assert request.headers["authorization"] == "Bearer t"
    assert request.headers["host"] == "consumption.internal"


async def test_a_spoofed_forwarding_header_never_reaches_a_service(front: Front) -> None:
    await front.http.get("/api/v1/keys", headers={"x-forwarded-for": "10.0.0.1", "x-forwarded-host": "evil"})
    [request] = front.services.requests
    assert request.headers["x-forwarded-for"] == "127.0.0.1"
    assert "x-forwarded-host" not in request.headers


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (httpx.ConnectError("refused"), 503, "service_unavailable"),
        (httpx.ReadTimeout("slow"), 504, "service_timed_out"),
    ],
)
async def test_a_service_that_is_down_is_a_problem_document(
    front: Front, error: Exception, status: int, code: str
) -> None:
    front.services.error = error
    answer = await front.http.get("/api/v1/keys")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_an_unknown_path_is_refused_without_asking_anybody(front: Front) -> None:
    answer = await front.http.get("/nowhere")
    assert (answer.status_code, answer.json()["code"]) == (404, "path_unknown")
    assert front.services.requests == []


async def test_an_oversized_body_is_refused(front: Front) -> None:
    answer = await front.http.post("/api/v1/keys", content=b"x" * (10 * 1024 * 1024 + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_one_address_has_a_coarse_limit_but_calls_do_not_count_for_it(front: Front) -> None:
    statuses = [(await front.http.get("/api/v1/keys")).status_code for _ in range(4)]
    assert statuses == [201, 201, 201, 429]
    assert (await front.http.post("/v1/chat/completions", json={})).status_code == 299


async def test_without_valkey_requests_pass_and_it_is_noted(front: Front) -> None:
    front.valkey.dead = True
    assert [(await front.http.get("/api/v1/keys")).status_code for _ in range(5)] == [201] * 5
    assert front.limit.degraded


async def test_own_paths_answer_and_take_get_alone(front: Front) -> None:
    assert (await front.http.get("/health")).json()["status"] == "alive"
    assert (await front.http.get("/ready")).status_code == 200
    assert "marketplace_gateway_proxied" in (await front.http.get("/metrics")).text
    assert "/docs/static/swagger-ui-bundle.js" in (await front.http.get("/docs")).text
    assert (await front.http.get("/docs/static/swagger-ui-bundle.js")).status_code == 200
    refused = await front.http.delete("/health")
    assert (refused.status_code, refused.json()["code"], refused.headers["allow"]) == (
        405,
        "method_not_allowed",
        "GET, HEAD",
    )
    assert (await front.http.get("/docs/static/nothing")).json()["code"] == "path_unknown"


def test_the_joined_page_keeps_what_is_routed_and_names_schemas_by_service() -> None:
    documents: dict[str, Any] = {
        "consumption": {
            "paths": {
                "/api/v1/keys": {"get": {"responses": {"200": {"$ref": "#/components/schemas/Key"}}}},
                "/health": {"get": {}},
            },
            "components": {"schemas": {"Key": {"type": "object"}}},
        },
        "discovery": {"paths": {"/api/v1/services/{id}": {"get": {}}}},
        "publishing": {"paths": {"/api/v1/services/{id}": {"put": {}}}},
    }
    page = joined(documents)
    assert json.dumps(page["paths"]["/api/v1/keys"]).count("#/components/schemas/consumption_Key") == 1
    assert "consumption_Key" in page["components"]["schemas"]
    assert "/health" not in page["paths"]
    assert set(page["paths"]["/api/v1/services/{id}"]) == {"get", "put"}
    assert "/v1/chat/completions" in page["paths"]
    assert methods_at(page, "/api/v1/services/lst_1") == ["GET", "PUT"]
    assert methods_at(page, "/api/v1/services/lst_1/similar") == []


@pytest.mark.parametrize(("method", "status", "tries"), [("GET", 201, 2), ("DELETE", 503, 1), ("POST", 503, 1)])
async def test_a_kept_connection_that_was_closed_costs_readers_nothing(
    front: Front, method: str, status: int, tries: int
) -> None:
    front.services.error, front.services.once = httpx.RemoteProtocolError("closed"), True
    answer = await front.http.request(method, "/api/v1/keys")
    assert (answer.status_code, len(front.services.requests)) == (status, tries)


async def test_a_refused_method_tells_what_the_path_takes_from_any_service(front: Front) -> None:
    front.services.status = 405
    front.services.methods = {"discovery.internal": "get", "publishing.internal": "put"}
    refused = await front.http.delete("/api/v1/services/lst_1")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, PUT")
    assert "allow" not in (await front.http.delete("/api/v1/services/lst_1/publication")).headers


async def test_white_space_around_a_header_s_value_is_not_handed_on(front: Front) -> None:
    await front.http.get("/api/v1/keys", headers={"authorization": "Bearer t \t"})
    assert front.services.requests[0].headers["authorization"] == "Bearer t"


async def test_a_head_that_cannot_be_handed_on_is_the_caller_s_fault(front: Front) -> None:
    front.services.error = httpx.LocalProtocolError("Illegal header value")
    answer = await front.http.get("/api/v1/keys")
    assert (answer.status_code, answer.json()["code"]) == (400, "request_unreadable")
