"""The three calls that every gateway gets, and the fixed completion that answers the plain one."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

COMPLETION_BYTES = 1400
PLAIN, PACED, UNPACED = "plain", "paced", "unpaced"
KINDS = (PLAIN, PACED, UNPACED)
_TALK = "Row the boat to the northern pier before the tide turns again"


def body(kind: str, model: str) -> bytes:
    """About 0.2 KB. The vendor reads from the prompt that it must not wait between tokens."""
    words = f"{_TALK}, without pause." if kind == UNPACED else f"{_TALK}."
    asked: dict[str, object] = {"model": model, "messages": [{"role": "user", "content": words}], "max_tokens": 256}
    if kind != PLAIN:
        asked |= {"stream": True, "stream_options": {"include_usage": True}}
    return json.dumps(asked, separators=(",", ":")).encode()


def completion() -> bytes:
    """A whole answer of exactly COMPLETION_BYTES."""
    return _completion("x" * (COMPLETION_BYTES - len(_completion(""))))


def _completion(content: str) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 20, "completion_tokens": 64, "total_tokens": 84}
    answer = {"id": "chatcmpl-mock", "object": "chat.completion", "created": 1_760_000_000, "model": "mock-chat"}
    return json.dumps(answer | {"choices": [choice], "usage": usage}, separators=(",", ":")).encode()


@dataclass(frozen=True)
class Way:
    """How one gateway is asked: where, by which path and model each kind, and with which headers."""

    port: int
    paths: dict[str, str]
    models: dict[str, str]
    # One line of headers for each kind and key; requests take them in turns.
    headers: dict[str, Sequence[Sequence[str]]] = field(default_factory=dict[str, Sequence[Sequence[str]]])

    def requests(self, kind: str) -> list[bytes]:
        """The whole requests, one for each set of headers."""
        return [self._request(kind, headers) for headers in self.headers.get(kind) or [()]]

    def _request(self, kind: str, headers: Sequence[str]) -> bytes:
        content = body(kind, self.models[kind])
        lines = [
            f"POST {self.paths[kind]} HTTP/1.1",
            f"host: 127.0.0.1:{self.port}",
            "content-type: application/json",
            "accept: */*",
            *headers,
            f"content-length: {len(content)}",
        ]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def everywhere(path: str) -> dict[str, str]:
    """The same path, or model, for each kind."""
    return dict.fromkeys(KINDS, path)
