"""Who gets a server's response."""

from typing import Protocol

from wire.errors import Broken
from wire.request_head import Headers
from wire.response_head import ResponseHead


class Taker(Protocol):
    """Gets one response. After `answered`, `ended` or `broken` nothing more comes, and the connection is another's."""

    def answered(self, head: ResponseHead, body: bytes) -> None:
        """All of a response that came in one piece, in place of its head, its body and its end."""
        ...

    def head_came(self, status: int, headers: Headers) -> None:
        """The final response's head; interim ones (1xx) are passed over."""
        ...

    def body_came(self, data: bytes) -> None:
        """A part of its body."""
        ...

    def ended(self) -> None:
        """The response is whole."""
        ...

    def broken(self, error: Broken) -> None:
        """No whole response will come."""
        ...

    def room(self, has_room: bool) -> None:
        """Whether the server takes the request as fast as it is written."""
        ...
