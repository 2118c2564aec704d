"""Fetches the services' own OpenAPI documents and keeps the joined one for a while."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from gateway.front.joined_document import joined, methods_at
from gateway.routes.rules import SERVICES

KEEP_SECONDS = 30.0
_log = logging.getLogger("gateway.documentation")


@dataclass
class DocumentationClient:
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

    async def allow(self, path: str) -> str:
        """The Allow header of a path: two services may answer different methods of it."""
        return ", ".join(methods_at(await self.document(), path))

    async def _fetch(self, service: str) -> dict[str, Any] | None:
        try:
            answer = await self.client.get(f"{self.base_urls[service]}/openapi.json", timeout=5)
            answer.raise_for_status()
            return answer.json()
        except (httpx.HTTPError, ValueError):
            _log.warning("%s gives no OpenAPI document now", service)
            return None
