"""The joined document is whole as soon as each service has told of itself, and stays so while one is down."""

from collections.abc import Mapping
from typing import Any, cast

import msgspec
import pytest

from gateway.front import documentation_client
from gateway.front.documentation_client import KEEP_SECONDS, DocumentationClient
from gateway.routes.rules import SERVICES
from wire.client import Client
from wire.errors import NotSent
from wire.origin import Origin

_PATHS = {
    "admin": "/api/v1/audit",
    "consumption": "/api/v1/keys",
    "publishing": "/api/v1/catalogue",
    "discovery": "/api/v1/search",
}


class _Services:
    """Answer for their documents, but for those that are down."""

    def __init__(self) -> None:
        self.down: set[str] = set()
        self.asked = 0
        self.now = 0.0

    async def answer(self, client: Client, origin: Origin, target: str, seconds: float) -> tuple[int, bytes]:
        assert target == "/openapi.json"
        self.asked += 1
        if origin.host in self.down:
            raise NotSent("refused")
        paths = {_PATHS[origin.host]: {"get": {"operationId": origin.host, "responses": {}}}}
        return 200, msgspec.json.encode({"openapi": "3.1.0", "info": {}, "paths": paths})

    def client(self) -> DocumentationClient:
        origins: Mapping[str, Origin] = {name: Origin(name, 80) for name in SERVICES}
        return DocumentationClient(cast("Client", None), origins, lambda: self.now)


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> _Services:
    services = _Services()
    monkeypatch.setattr(documentation_client, "asked", services.answer)
    return services


def _told(document: dict[str, Any]) -> set[str]:
    return {service for service, path in _PATHS.items() if path in document["paths"]}


async def test_it_is_asked_for_again_after_a_while(services: _Services) -> None:
    client = services.client()
    assert _told(await client.document()) == set(SERVICES)
    await client.document()
    assert services.asked == len(SERVICES)
    services.now += KEEP_SECONDS
    await client.document()
    assert services.asked == 2 * len(SERVICES)


async def test_a_service_that_was_never_there_is_left_out_until_a_second_after_it_is(services: _Services) -> None:
    client = services.client()
    services.down = {"consumption"}
    assert _told(await client.document()) == set(SERVICES) - {"consumption"}
    services.down.clear()
    services.now += 1.0
    assert _told(await client.document()) == set(SERVICES)


async def test_of_a_service_that_is_down_it_says_what_that_said_last(services: _Services) -> None:
    client = services.client()
    await client.document()
    services.down = {"consumption", "admin"}
    services.now += KEEP_SECONDS
    assert _told(await client.document()) == set(SERVICES)
