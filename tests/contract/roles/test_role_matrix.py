"""The checked-in matrix of routes and roles is what each service really asks for, and really refuses."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from fastapi import FastAPI
from fixtures.role_matrix import cells, filled_path, matrix_lines, people
from prometheus_client import CollectorRegistry

import consumption.compose
import discovery.compose
import publishing.compose
from admin.compose_doors import web_application
from chassis.clock import SystemClock
from chassis.health import Readiness
from chassis.identity.access_tokens import AccessTokens, sign_access_token
from chassis.identity.principal import Principal
from chassis.web.application import Application

FOLDER = Path(__file__).parent
KEY = Ed25519PrivateKey.generate()
State = Mapping[str, Any]


class OneKey:
    async def find(self, key_id: str) -> Ed25519PublicKey | None:
        return KEY.public_key()


class NoEpochs:
    def least(self, account_id: str) -> int:
        return 0


def _admin(state: State) -> FastAPI:
    return web_application(state, Readiness(), CollectorRegistry(), SystemClock())


def _other(service: Any) -> Callable[[State], FastAPI]:
    def build(state: State) -> FastAPI:
        name = service.SERVICE
        return Application(
            name, name, service.ROUTERS, state, Readiness(), CollectorRegistry(), lambda: "req_1"
        ).build()

    return build


BUILDERS: dict[str, Callable[[State], FastAPI]] = {
    "admin": _admin,
    "consumption": _other(consumption.compose),
    "discovery": _other(discovery.compose),
    "publishing": _other(publishing.compose),
}


def headers_of(person: str) -> dict[str, str]:
    """A valid token of that kind of person; none for nobody."""
    scope, _, role = person.partition(":")
    if scope == "nobody":
        return {}
    now = datetime.now(UTC)
    team = "tea_1" if scope == "team" else None
    roles = frozenset({role}) if scope == "platform" else frozenset[str]()
    principal = Principal(
        "acc_1", roles, team, "red" if team else None, role if team else None, 1, now + timedelta(hours=1)
    )
    return {"Authorization": f"Bearer {sign_access_token(KEY, 'k1', principal, now)}"}


@pytest.mark.parametrize("service", sorted(BUILDERS))
def test_routes_and_their_roles_are_those_of_the_checked_in_matrix(service: str) -> None:
    found = matrix_lines(BUILDERS[service]({}))
    assert found == (FOLDER / f"{service}.txt").read_text(encoding="utf-8").splitlines(), "\n".join(found)


@pytest.mark.parametrize("service", sorted(BUILDERS))
async def test_every_kind_of_person_is_let_in_or_refused_as_the_matrix_says(service: str) -> None:
    app = BUILDERS[service]({"access_tokens": AccessTokens(OneKey(), NoEpochs())})
    headers = {person: headers_of(person) for person in people()}
    wrong: list[str] = []
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app) as state,
        httpx.AsyncClient(transport=_WithState(transport, state or {}), base_url="http://service") as client,
    ):
        for cell in cells(app):
            answer = await client.request(cell.method, filled_path(cell.path, {}), headers=headers[cell.person])
            # Who is let in meets an action that is not there: any answer but a refusal by the rule.
            refused = answer.status_code == 401 or (answer.status_code == 403 and answer.json()["code"] == "forbidden")
            if refused == cell.allowed:
                wrong.append(
                    f"{cell.method} {cell.path} as {cell.person}: {answer.status_code}, allowed={cell.allowed}"
                )
    assert wrong == []


class _WithState(httpx.AsyncBaseTransport):
    """Gives each request the state that the server would give it."""

    def __init__(self, inner: httpx.ASGITransport, state: State) -> None:
        self._app = inner.app
        inner.app = self._call
        self._inner = inner
        self._state = state

    async def _call(self, scope: Any, receive: Any, send: Any) -> None:
        await self._app({**scope, "state": dict(self._state)}, receive, send)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._inner.handle_async_request(request)
