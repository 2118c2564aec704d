"""Takes requests of the engine's server and does with each what its path says; keeps all of them."""

from dataclasses import dataclass, field

from wire.exchange import STREAMS, Exchange

TEXT = b"content-type: text/plain\r\n"


@dataclass
class Visit:
    """One request. Paths: /echo, /early (replied before its body), /kept (for the test), /large/<bytes>, /sink."""

    exchange: Exchange
    most_body: int = 1 << 20
    body: bytes = b""
    parts: int = 0
    size: int = 0
    is_whole: bool = False
    is_gone: bool = False
    rooms: list[bool] = field(default_factory=list[bool])
    to_write: int = 0

    def __post_init__(self) -> None:
        path = self.exchange.head.path
        if path in (b"/sink", b"/held"):
            self.most_body = STREAMS
        if path == b"/early":
            self.exchange.reply(403, TEXT, b"no")
        if path == b"/fault":
            raise ZeroDivisionError
        if path == b"/held":
            self.exchange.hold(wait=True)

    def arrived(self, data: bytes) -> None:
        self.parts += 1
        self.size += len(data)

    def complete(self, body: bytes) -> None:
        self.is_whole, self.body = True, body
        head = self.exchange.head
        if head.path == b"/fault-later":
            raise ZeroDivisionError
        if head.path == b"/kept":
            return
        if head.path.startswith(b"/large/") and head.path[7:].isdigit():
            self.to_write = int(head.path[7:])
            self.exchange.begin(200, TEXT, None if head.query == b"chunked" else self.to_write)
            self.pour()
        elif self.most_body == STREAMS:
            self.exchange.reply(200, TEXT, b"%d" % self.size)
        else:
            self.exchange.reply(int(head.query) if head.query in (b"204", b"304") else 200, TEXT, body)

    def pour(self) -> None:
        """Write while there is room."""
        while self.to_write and not self.is_gone and (not self.rooms or self.rooms[-1]):
            size = min(self.to_write, 32 << 10)
            self.to_write -= size
            self.exchange.write(b"x" * size)
        if not self.to_write and not self.is_gone:
            self.exchange.end()

    def gone(self) -> None:
        self.is_gone = True

    def room(self, has_room: bool) -> None:
        self.rooms.append(has_room)
        if has_room and self.to_write:
            self.pour()

    def refusal(self, status: int, reason: str) -> tuple[bytes, bytes] | None:
        return (TEXT, b"own words") if self.exchange.head.query == b"own" else None


@dataclass
class Desk:
    """Gives every request to a visit of its own."""

    visits: list[Visit] = field(default_factory=list[Visit])
    most_body: int = 1 << 20

    def accept(self, exchange: Exchange) -> Visit:
        visit = Visit(exchange, self.most_body)
        self.visits.append(visit)
        return visit
