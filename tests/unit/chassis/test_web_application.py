"""The HTTP door that every service gets from the chassis."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from fastapi import APIRouter, Depends, Query, Request
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry
from pydantic import BaseModel

from chassis.errors import NotFound
from chassis.health import Readiness
from chassis.identity.access_tokens import AccessTokens, sign_access_token
from chassis.identity.principal import Principal
from chassis.web.access import AccessRule, Caller, RouteWithoutAccessRule, requires
from chassis.web.application import Application, provided

KEY = Ed25519PrivateKey.generate()
SPEAK = AccessRule("words.speak", platform_roles=frozenset({"admin"}), tenant_roles=frozenset({"member"}))


class OneKey:
    async def find(self, key_id: str) -> Ed25519PublicKey | None:
        return KEY.public_key() if key_id == "k1" else None


class NoEpochs:
    def __init__(self, least: int = 0) -> None:
        self._least = least

    def least(self, account_id: str) -> int:
        return self._least


def token(
    *, roles: set[str] = frozenset(), tenant_role: str | None = None, age: int = 0, epoch: int = 1
) -> dict[str, str]:
    now = datetime.now(UTC) - timedelta(minutes=age)
    principal = Principal("acc_1", frozenset(roles), "tea_1", "red", tenant_role, epoch, now + timedelta(minutes=15))
    return {"authorization": f"Bearer {sign_access_token(KEY, 'k1', principal, now)}"}


class Several(BaseModel):
    tags: list[str] = []
    page: int = 1


def router() -> APIRouter:
    routes = APIRouter()

    @routes.get("/words/{word}", dependencies=[requires(SPEAK)])
    async def speak(word: str, caller: Caller, suffix: Annotated[str, Depends(provided("suffix"))]) -> dict[str, str]:
        if word == "missing":
            raise NotFound("No such word: choose another.")
        if word == "fault":
            raise RuntimeError("secret inside")
        return {"said": word + suffix, "by": caller.account_id}

    @routes.post("/numbers", dependencies=[requires(SPEAK)])
    async def count(number: int) -> int:
        return number

    @routes.get("/lists", dependencies=[requires(SPEAK)])
    async def choose(filters: Annotated[Several, Query()]) -> int:
        return len(filters.tags)

    @routes.get("/kinds", dependencies=[requires(SPEAK)])
    async def kinds(page: int = 1, kind: Annotated[list[str] | None, Query()] = None) -> int:
        return page + len(kind or ())

    @routes.post("/texts", dependencies=[requires(SPEAK)])
    async def measure(request: Request) -> int:
        return len(await request.body())

    return routes


def client(readiness: Readiness | None = None, least_epoch: int = 0) -> TestClient:
    application = Application(
        service="words",
        description="Says words.",
        routers=[router()],
        state={"suffix": "!", "access_tokens": AccessTokens(OneKey(), NoEpochs(least_epoch))},
        readiness=readiness or Readiness(),
        registry=CollectorRegistry(),
        new_request_id=lambda: "req_made",
    )
    return TestClient(application.build(), raise_server_exceptions=False)


def test_a_member_is_let_in_and_the_action_comes_from_compose() -> None:
    with client() as http:
        answer = http.get("/words/hello", headers=token(tenant_role="member"))
    assert answer.json() == {"said": "hello!", "by": "acc_1"}
    assert answer.headers["x-request-id"] == "req_made"


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 401, "unauthenticated"),
        ({"authorization": "Bearer rubbish"}, 401, "token_refused"),
        (token(tenant_role="member", age=60), 401, "token_refused"),
        (token(tenant_role="viewer"), 403, "forbidden"),
        (token(roles={"viewer"}), 403, "forbidden"),
    ],
)
def test_everybody_else_is_refused_as_a_problem_document(headers: dict[str, str], status: int, code: str) -> None:
    with client() as http:
        answer = http.get("/words/hello", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_token_older_than_the_accounts_epoch_is_refused() -> None:
    with client(least_epoch=2) as http:
        assert http.get("/words/hello", headers=token(roles={"admin"}, epoch=1)).status_code == 401
        assert http.get("/words/hello", headers=token(roles={"admin"}, epoch=2)).status_code == 200


def test_errors_say_what_to_do_and_faults_say_nothing_of_ours() -> None:
    with client() as http:
        missing = http.get("/words/missing", headers=token(roles={"admin"}))
        fault = http.get("/words/fault", headers=token(roles={"admin"}))
        wrong = http.post("/numbers?number=one", headers=token(roles={"admin"}))
        nowhere = http.get("/nowhere")
    assert (missing.status_code, missing.json()["detail"]) == (404, "No such word: choose another.")
    assert fault.status_code == 500
    assert "secret" not in fault.text
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["pointer"] == "/query/number"
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("lists?tags=a&tags=b&page=2", None),
        ("kinds?kind=a&kind=b", None),
        ("lists?page=1&page=1", "Give page once."),
        ("kinds?kind=a&page=1&page=2", "Give page once."),
        ("lists?pages=2", "no parameter 'pages' here; known are page, tags"),
        ("kinds?kind=a&unknown=1&unknown=2", "no parameter 'unknown'"),
    ],
)
def test_a_value_given_twice_and_one_that_nobody_asks_for_are_refused(asked: str, told: str | None) -> None:
    with client() as http:
        answer = http.get(f"/{asked}", headers=token(roles={"admin"}))
    assert answer.status_code == (422 if told else 200), answer.text
    assert told is None or told in answer.json()["detail"]


def test_a_body_past_the_limit_is_refused_whether_its_length_is_declared_or_not() -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(20):
            yield b"x" * 100_000

    with client() as http:
        headers = token(roles={"admin"})
        fits = http.post("/texts", content=b'"x"', headers=headers | {"content-type": "application/json"})
        declared = http.post("/texts", content=b"x" * (1024 * 1024 + 1), headers=headers)
        streamed = http.post("/texts", content=endless(), headers=headers)
    assert fits.json() == 3
    assert (declared.status_code, streamed.status_code) == (413, 413)
    assert {streamed.json()["code"], declared.json()["code"]} == {"too_large"}
    assert declared.headers["content-type"] == "application/problem+json"


def test_the_documentation_page_comes_without_a_foreign_host() -> None:
    with client() as http:
        page = http.get("/docs")
        assert "/docs/static/swagger-ui-bundle.js" in page.text
        assert "http://" not in page.text
        assert "https://" not in page.text
        assert http.get("/docs/static/swagger-ui-bundle.js").status_code == 200
        assert "HTTPValidationError" not in http.get("/openapi.json").text


def test_readiness_names_what_is_degraded_and_fails_on_what_is_missing() -> None:
    async def slow_cache() -> str | None:
        return "counting by itself"

    async def no_database() -> str | None:
        raise OSError

    with client(Readiness(optional={"cache": slow_cache})) as http:
        degraded = http.get("/ready")
        assert http.get("/health").json()["status"] == "alive"
        assert "marketplace_api_requests_total" in http.get("/metrics").text
    with client(Readiness(required={"database": no_database})) as http:
        failed = http.get("/ready")
    assert degraded.status_code == 200
    assert degraded.json()["parts"] == [{"name": "cache", "state": "degraded", "detail": "counting by itself"}]
    assert failed.status_code == 503


def test_a_wrong_method_is_told_every_right_one() -> None:
    routes = APIRouter()

    @routes.get("/things/{thing}", dependencies=[requires(SPEAK)])
    async def read(thing: str) -> str:
        return thing

    @routes.put("/things/{thing}", dependencies=[requires(SPEAK)])
    async def write(thing: str) -> str:
        return thing

    application = Application("words", "", [routes], {}, Readiness(), CollectorRegistry(), lambda: "req")
    with TestClient(application.build()) as http:
        answer = http.request("PATCH", "/things/1")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, PUT")


def test_a_route_without_an_access_rule_is_refused_at_start() -> None:
    routes = APIRouter()

    @routes.get("/open")
    async def open_route() -> None: ...

    application = Application("words", "", [routes], {}, Readiness(), CollectorRegistry(), lambda: "req")
    with pytest.raises(RouteWithoutAccessRule, match="/open"):
        application.build()
