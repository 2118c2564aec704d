"""One OpenAPI page for all: the services' own documents joined, and the data plane's paths beside them."""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from gateway.front.data_plane_paths import DATA_PLANE_PATHS, DATA_PLANE_SCHEMAS
from gateway.routes.rules import SERVICES, service_of

KEEP_SECONDS = 30.0
_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
_log = logging.getLogger("gateway.documentation")


@dataclass
class Documentation:
    """The joined document, made again after a while; a service that is down is left out until it answers."""

    client: httpx.AsyncClient
    base_urls: Mapping[str, str]
    monotonic: Callable[[], float]
    _kept: dict[str, Any] | None = None
    _until: float = 0.0
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def document(self) -> dict[str, Any]:
        """An OpenAPI 3.1 document."""
        async with self._turn:
            if self._kept is None or self.monotonic() >= self._until:
                answers = await asyncio.gather(*(self._fetch(service) for service in SERVICES))
                found = {service: answer for service, answer in zip(SERVICES, answers, strict=True) if answer}
                self._kept = joined(found)
                self._until = self.monotonic() + (KEEP_SECONDS if len(found) == len(SERVICES) else 1.0)
            return self._kept

    async def _fetch(self, service: str) -> dict[str, Any] | None:
        try:
            answer = await self.client.get(f"{self.base_urls[service]}/openapi.json", timeout=5)
            answer.raise_for_status()
            return answer.json()
        except (httpx.HTTPError, ValueError):
            _log.warning("%s gives no OpenAPI document now", service)
            return None


def joined(documents: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """One document of many: the paths that the gateway hands to each service, schemas named by their service."""
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = dict(DATA_PLANE_SCHEMAS)
    security: dict[str, Any] = {}
    for service, document in documents.items():
        renamed = json.loads(json.dumps(document).replace("#/components/schemas/", f"#/components/schemas/{service}_"))
        components = renamed.get("components", {})
        schemas |= {f"{service}_{name}": schema for name, schema in components.get("schemas", {}).items()}
        security |= components.get("securitySchemes", {})
        for path, item in renamed.get("paths", {}).items():
            ours = {key: value for key, value in item.items() if _is_routed(service, key, path)}
            if ours.keys() & _METHODS:
                paths.setdefault(path, {}).update(ours)
    security["ApiKey"] = {"type": "http", "scheme": "bearer", "description": "An API key from POST /api/v1/keys"}
    return {
        "openapi": "3.1.0",
        "info": {"title": "LLM Marketplace", "version": "1", "description": "Publish, discover, consume and govern."},
        "paths": dict(sorted((paths | DATA_PLANE_PATHS).items())),
        "components": {"schemas": schemas, "securitySchemes": security},
    }


def _is_routed(service: str, key: str, path: str) -> bool:
    if key not in _METHODS:
        return True
    example = path.replace("{", "").replace("}", "")
    return service_of(key.upper(), example) == service
