"""The public door: who answers, and what callers see when nobody can."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from fakes.frozen_clock import FrozenClock
from fakes.memory_caller import a_refusal
from fixtures.scripted_upstream import at_loopback
from prometheus_client import CollectorRegistry

from chassis.errors import MarketplaceError
from chassis.health import Readiness
from chassis.web.refusals import refusal
from gateway.front.documentation_client import DocumentationClient
from gateway.front.door import Crossing, OwnPages, Ways
from gateway.front.joined_document import joined, methods_at
from gateway.front.operations import Operations
from gateway.front.problems import problem
from gateway.routes.caller_address import TrustedProxies
from gateway.routes.coarse_limit import CoarseLimit
from gateway.routes.proxy import Proxy
from gateway.routes.rules import SERVICES
from gateway.signals import GatewaySignals
from wire.asgi import AsgiHost
from wire.client import Client
from wire.exchange import Exchange
from wire.origin import Origin
from wire.relay import Relay, RelayLimits
from wire.server import Server
from wire.ticker import Ticker


@dataclass
class Request:
    """What a service was asked."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Services:
    """Stands for the four services behind the proxy, on one port; remembers what it was asked."""

    breaks_off: int = 0
    silent: bool = False
    status: int = 201
    methods: dict[str, str] = field(default_factory=dict[str, str])
    requests: list[Request] = field(default_factory=list[Request])

    def accept(self, exchange: Exchange) -> "Answer":
        return Answer(self, exchange)

    def document(self, host: str) -> bytes:
        """What a service says of itself."""
        method = self.methods.get(host)
        return json.dumps({"paths": {"/api/v1/services/{id}": {method: {}}} if method else {}}).encode()


@dataclass
class Answer:
    """One request to a service."""

    services: Services
    exchange: Exchange
    most_body: int = 1 << 30

    def arrived(self, data: bytes) -> None: ...

    def complete(self, body: bytes) -> None:
        head, services = self.exchange.head, self.services
        headers = {name.decode(): value.decode() for name, value in head.headers}
        host = headers["host"].partition(":")[0]
        if head.target == b"/openapi.json":
            self.exchange.reply(200, b"content-type: application/json\r\n", services.document(host))
            return
        services.requests.append(Request(head.method.decode(), head.target.decode(), headers, body))
        if services.breaks_off:
            services.breaks_off -= 1
            self.exchange.abort()
        elif not services.silent:
            self.exchange.begin(services.status, b"content-type: text/plain\r\nx-own: kept\r\n")
            self.exchange.write(b"from ")
            self.exchange.end(host.encode())

    def gone(self) -> None: ...

    def room(self, has_room: bool) -> None: ...

    def refusal(self, status: int, reason: str) -> None: ...


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


@dataclass
class Call:
    exchange: Exchange
    most_body: int = 1000

    def arrived(self, data: bytes) -> None: ...

    def complete(self, body: bytes) -> None:
        self.exchange.reply(299, b"", b"call")

    def gone(self) -> None: ...

    def room(self, has_room: bool) -> None: ...

    def refusal(self, status: int, reason: str) -> None: ...


@dataclass
class Front:
    http: httpx.AsyncClient
    services: Services
    valkey: CountingValkey
    limit: CoarseLimit
    origins: dict[str, Origin]
    server: Server


@pytest.fixture
def trusted() -> TrustedProxies:
    return TrustedProxies()


@pytest.fixture
async def front(trusted: TrustedProxies) -> AsyncIterator[Front]:
    services, valkey, ticker = Services(), CountingValkey(), Ticker()
    behind = Server(services.accept, a_refusal, "127.0.0.1", 0, ticker)
    await behind.open()
    origins = {name: Origin(f"{name}.internal", behind.port) for name in SERVICES}
    signals = GatewaySignals(registry := CollectorRegistry())
    limit = CoarseLimit(valkey, 3, signals, FrozenClock())  # pyright: ignore[reportArgumentType]
    client = Client(at_loopback, ticker)
    documentation = DocumentationClient(client, origins, lambda: 0.0)
    proxy = Proxy(
        relay=Relay(client, ticker, b"gateway", RelayLimits(silence_seconds=0.3)),
        origins=origins,
        signals=signals,
        allow=documentation.allow,
        check_limit=limit.check,
        as_reply=_as_reply,
        trusted=trusted,
    )
    faults: list[BaseException] = []
    pages = OwnPages(Operations(Readiness(), registry, documentation.document), lambda: "req_1")
    ways = Ways(Call, AsgiHost(pages, faults.append, refusal).accept, proxy.hand_on)
    server = Server(Crossing(ways, signals, lambda: "req_1").accept, refusal, "127.0.0.1", 0, ticker)
    await server.open()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as http:
        yield Front(http, services, valkey, limit, origins, server)
    client.close()
    await server.close(1)
    await behind.close(1)
    ticker.stop()
    assert faults == []


def _as_reply(error: MarketplaceError, path: str) -> tuple[int, bytes, bytes]:
    return problem(error, path, "req_1")


async def test_calls_stay_in_this_process_and_everything_else_goes_to_its_service(front: Front) -> None:
    assert (await front.http.post("/v1/chat/completions", json={})).text == "call"
    answer = await front.http.post("/api/v1/keys?x=1", content=b"body", headers={"authorization": "Bearer t"})
    assert (answer.status_code, answer.text, answer.headers["x-own"]) == (201, "from consumption.internal", "kept")
    assert "connection" not in answer.headers
    [request] = front.services.requests
    assert (request.method, request.target, request.body) == ("POST", "/api/v1/keys?x=1", b"body")
    assert request.headers["authorization"] == "Bearer t"
    assert request.headers["host"] == f"consumption.internal:{front.origins['consumption'].port}"
    assert request.headers["via"] == "1.1 gateway"


async def test_a_spoofed_forwarding_header_never_reaches_a_service(front: Front) -> None:
    await front.http.get("/api/v1/keys", headers={"x-forwarded-for": "10.0.0.1", "x-forwarded-host": "evil"})
    [request] = front.services.requests
    assert request.headers["x-forwarded-for"] == "127.0.0.1"
    assert "x-forwarded-host" not in request.headers


async def test_a_service_that_is_down_is_a_problem_document(front: Front) -> None:
    front.origins["consumption"] = Origin("consumption.internal", 1)
    answer = await front.http.get("/api/v1/keys")
    assert (answer.status_code, answer.json()["code"]) == (503, "service_unavailable")
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.json()["instance"], answer.headers["retry-after"]) == ("/api/v1/keys", "2")


async def test_a_service_that_says_nothing_is_a_problem_document(front: Front) -> None:
    front.services.silent = True
    answer = await front.http.get("/api/v1/keys")
    assert (answer.status_code, answer.json()["code"]) == (504, "service_timed_out")
    assert answer.json()["detail"].startswith("consumption")


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


@pytest.mark.parametrize("trusted", [TrustedProxies.of("127.0.0.1")])
async def test_all_addresses_of_one_subscriber_share_its_coarse_limit(front: Front) -> None:
    addresses = [f"2001:db8:0:7::{number}" for number in range(4)] + ["2001:db8:0:8::1"]
    asked = [await front.http.get("/api/v1/keys", headers={"x-forwarded-for": one}) for one in addresses]
    assert [answer.status_code for answer in asked] == [201, 201, 201, 429, 201]


async def test_without_valkey_this_gateway_s_own_count_holds_and_it_is_noted(front: Front) -> None:
    front.valkey.dead = True
    assert [(await front.http.get("/api/v1/keys")).status_code for _ in range(5)] == [201] * 3 + [429] * 2
    assert front.limit.degraded


async def test_valkey_is_not_asked_about_an_address_that_is_over_its_limit_here(front: Front) -> None:
    statuses = [(await front.http.get("/api/v1/keys")).status_code for _ in range(9)]
    assert statuses == [201] * 3 + [429] * 6
    assert list(front.valkey.seen.values()) == [3]


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
    front.services.breaks_off = 1
    answer = await front.http.request(method, "/api/v1/keys")
    assert (answer.status_code, len(front.services.requests)) == (status, tries)


async def test_a_refused_method_tells_what_the_path_takes_from_any_service(front: Front) -> None:
    front.services.status = 405
    front.services.methods = {"discovery.internal": "get", "publishing.internal": "put"}
    refused = await front.http.delete("/api/v1/services/lst_1")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, PUT")
    assert "allow" not in (await front.http.delete("/api/v1/services/lst_1/publication")).headers


async def test_white_space_around_a_header_s_value_is_not_handed_on(front: Front) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", front.server.port)
    writer.write(
        b"GET /api/v1/keys HTTP/1.1\r\nhost: gateway\r\nauthorization:  Bearer t \t\r\nconnection: close\r\n\r\n"
    )
    assert (await reader.read()).startswith(b"HTTP/1.1 201")
    writer.close()
    assert front.services.requests[0].headers["authorization"] == "Bearer t"


@pytest.mark.parametrize(
    ("trusted", "caller"),
    [
        (TrustedProxies(), "127.0.0.1"),
        (TrustedProxies.of("127.0.0.1"), "198.51.100.7"),
        (TrustedProxies.of("127.0.0.0/8, 198.51.100.0/24"), "203.0.113.9"),
        (TrustedProxies.of("10.0.0.1"), "127.0.0.1"),
        (TrustedProxies.of("*"), "203.0.113.9"),
    ],
)
async def test_only_a_trusted_proxy_is_believed_who_its_caller_is(front: Front, caller: str) -> None:
    await front.http.get("/api/v1/keys", headers={"x-forwarded-for": "203.0.113.9, 198.51.100.7"})
    assert front.services.requests[0].headers["x-forwarded-for"] == caller
    assert list(front.valkey.seen) == [next(key for key in front.valkey.seen if f"{{{caller}}}" in key)]


@pytest.mark.parametrize(
    ("named", "caller"),
    [
        (b"fe80::1%\xe9", "fe80::1"),
        (b"2001:DB8:0::1", "2001:db8::1"),
        (b"::ffff:203.0.113.9", "203.0.113.9"),
    ],
)
def test_one_caller_has_one_name_of_plain_letters(named: bytes, caller: str) -> None:
    assert TrustedProxies.of("127.0.0.1").caller("127.0.0.1", [(b"x-forwarded-for", named)]) == caller
    assert TrustedProxies.of("127.0.0.1").caller("::ffff:127.0.0.1", [(b"x-forwarded-for", named)]) == caller


def test_what_a_trusted_proxy_names_must_be_an_address() -> None:
    trusted = TrustedProxies.of("::1")
    assert trusted.caller("::1", [(b"x-forwarded-for", b"evil\xff, unknown")]) == "::1"
    assert trusted.caller("::1", []) == "::1"
    assert TrustedProxies.of("*").caller("::1", [(b"x-forwarded-for", b"evil, 203.0.113.9")]) == "203.0.113.9"
    with pytest.raises(ValueError, match="nonsense"):
        TrustedProxies.of("nonsense")
