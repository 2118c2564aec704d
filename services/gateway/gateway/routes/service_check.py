"""Whether a service behind the gateway answers: at the start it must, later only its own paths are missing."""

from dataclasses import dataclass
from http import HTTPStatus

import msgspec

from chassis.errors import Unavailable
from wire.client import Client
from wire.errors import WireError
from wire.origin import Origin
from wire.question import asked

_READY_SECONDS = 1.5


@dataclass
class ServiceCheck:
    """A check of the gateway's readiness.

    A gateway that was ready stays ready: calls need a service only now and then, and a load balancer that takes every
    gateway out because discovery is away would stop them all.
    """

    client: Client
    origin: Origin
    was_ready: bool = False

    async def __call__(self) -> str | None:
        """What of the service is degraded. Raises Unavailable where it has not been ready yet."""
        try:
            degraded = await self._degraded()
        except Unavailable as error:
            if self.was_ready:
                return error.message
            raise
        self.was_ready = True
        return f"degraded: {', '.join(degraded)}" if degraded else None

    async def _degraded(self) -> list[str]:
        try:
            status, body = await asked(self.client, self.origin, "/ready", _READY_SECONDS)
        except WireError as error:
            raise Unavailable("does not answer") from error
        if status != HTTPStatus.OK:
            raise Unavailable("is not ready")
        return [part["name"] for part in msgspec.json.decode(body)["parts"] if part["state"] == "degraded"]
