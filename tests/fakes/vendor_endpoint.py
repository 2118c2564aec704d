"""A vendor in memory that answers the OpenAI protocol well, or in one way badly."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from publishing.probes.errors import EndpointUnreachable
from publishing.probes.ports import Json, Reply, StreamedReply, Target

SECRET = "vendor-secret"
_USAGE = {"prompt_tokens": 9, "completion_tokens": 12, "total_tokens": 21}


@dataclass
class FakeVendor:
    """`answer` replaces the good one; `open_door` lets strangers in; after `dead_after` calls nobody answers.

    Each call takes `seconds`.
    """

    answer: Any = None
    status: int = 200
    open_door: bool = False
    dead_after: int | None = None
    seconds: float = 0
    calls: list[Json] = field(default_factory=list)

    async def post(self, target: Target, path: str, body: Json) -> Reply:
        refused = self._refused(target, body)
        await asyncio.sleep(self.seconds)
        if refused:
            return refused
        answer = self.answer or {"choices": [{"message": {"content": "I am here."}}], "usage": _USAGE}
        return Reply(self.status, json.dumps(answer), 20.0)

    async def stream(self, target: Target, path: str, body: Json) -> StreamedReply:
        self._refused(target, body)
        await asyncio.sleep(self.seconds)
        chunks = [{"choices": [{"delta": {"content": "I"}}]}, {"choices": [], "usage": _USAGE}]
        return StreamedReply(200, (*(json.dumps(chunk) for chunk in chunks), "[DONE]"), 5.0, 100.0)

    def _refused(self, target: Target, body: Json) -> Reply | None:
        self.calls.append(body)
        if self.dead_after is not None and len(self.calls) > self.dead_after:
            raise EndpointUnreachable("gone")
        known = target.credential is not None and target.credential.get_secret_value() == SECRET
        return None if known or self.open_door else Reply(401, '{"error": "show the key"}', 3.0)
