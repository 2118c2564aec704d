"""What testing needs of the outer world: the endpoint itself."""

from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import SecretStr

Json = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """An endpoint to call: its base URL, the model's name there, and what opens it."""

    url: str
    model: str
    credential: SecretStr | None


@dataclass(frozen=True)
class Reply:
    """A whole answer: status, the body's text up to the limit, the time to its last byte."""

    status: int
    text: str
    milliseconds: float


@dataclass(frozen=True)
class StreamedReply:
    """A streamed answer: the data of its events, and the times to the first and the last."""

    status: int
    events: tuple[str, ...]
    first_event_milliseconds: float
    milliseconds: float


class VendorEndpoint(Protocol):
    """Calls a vendor's API.

    Raises EndpointUnreachable where no answer comes, EndpointAddressRefused where none may be asked.
    """

    async def post(self, target: Target, path: str, body: Json) -> Reply:
        """One call, answered whole."""
        ...

    async def stream(self, target: Target, path: str, body: Json) -> StreamedReply:
        """One call, answered as server-sent events."""
        ...
