"""One line of the ledger: what one answer gave, as the vendor would bill it."""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class LedgerLine:
    """One answer: tokens, bytes of body sent, whether it was given to its end, and when (RFC 3339)."""

    request_id: str
    client_request_id: str | None
    operation: str
    model: str
    streamed: bool
    prompt_tokens: int
    completion_tokens: int
    body_bytes: int
    finished: bool
    opened_at: str
    closed_at: str

    def written(self) -> bytes:
        """The line as it stands in the file."""
        return (json.dumps(asdict(self), ensure_ascii=True, separators=(",", ":")) + "\n").encode()
