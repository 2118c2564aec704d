"""Fetches the services' own OpenAPI documents and keeps the joined one for a while."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import msgspec

from gateway.front.joined_document import joined, methods_at
from gateway.routes.rules import SERVICES
from wire.client import Client
from wire.errors import WireError
from wire.origin import Origin
from wire.question import asked

KEEP_SECONDS = 30.0
_PATIENCE_SECONDS = 5.0
_log = logging.getLogger("gateway.documentation")


@dataclass
class DocumentationClient:
    """The joined document, made again after a while; of a service that is down it says what that said last."""

    client: Client
    origins: Mapping[str, Origin]
    monotonic: Callable[[], float]
    _kept: dict[str, Any] | None = None
    _said: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    _until: float = 0.0
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def document(self) -> dict[str, Any]:
        """An OpenAPI 3.1 document."""
        async with self._turn:
            if self._kept is None or self.monotonic() >= self._until:
                answers = await asyncio.gather(*(self._fetch(service) for service in SERVICES))
                self._said |= {service: answer for service, answer in zip(SERVICES, answers, strict=True) if answer}
                self._kept = joined({service: self._said[service] for service in SERVICES if service in self._said})
                self._until = self.monotonic() + (KEEP_SECONDS if all(answers) else 1.0)
            return self._kept

    async def allow(self, path: str) -> str:
        """The Allow header of a path: two services may answer different methods of it."""
        return ", ".join(methods_at(await self.document(), path))

    async def _fetch(self, service: str) -> dict[str, Any] | None:
        try:
            status, body = await asked(self.client, self.origins[service], "/openapi.json", _PATIENCE_SECONDS)
            if status == HTTPStatus.OK:
                return msgspec.json.decode(body, type=dict[str, Any])
        except (WireError, msgspec.DecodeError):
            pass
        _log.warning("%s gives no OpenAPI document now", service)
        return None
