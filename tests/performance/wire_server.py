"""The engine alone, in a process of its own: `wire_server.py plain PORT ANSWER_FILE | relay PORT UPSTREAM_PORT`."""

import asyncio
import gc
import sys
from pathlib import Path

import uvloop

from wire.client import Client
from wire.exchange import Exchange, Receiver
from wire.origin import Origin
from wire.relay import Relay
from wire.relayed import pass_on
from wire.request_head import Headers
from wire.server import Server
from wire.server_state import Accept
from wire.ticker import Ticker

_JSON = b"content-type: application/json\r\n"


class Plain:
    """Answers fixed bytes."""

    __slots__ = ("_answer", "_exchange", "most_body")

    def __init__(self, exchange: Exchange, answer: bytes) -> None:
        self._exchange = exchange
        self._answer = answer
        self.most_body = 1 << 20

    def arrived(self, data: bytes) -> None:
        """Collected instead."""

    def complete(self, body: bytes) -> None:
        """Answer."""
        self._exchange.reply(200, _JSON, self._answer)

    def gone(self) -> None:
        """Nothing is kept."""

    def room(self, has_room: bool) -> None:
        """The answer is whole."""

    def refusal(self, status: int, reason: str) -> None:
        """In the server's words."""


class Passage:
    """Adds nothing."""

    __slots__ = ("amends", "asks_first", "origin")

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.asks_first = False
        self.amends = frozenset[int]()

    async def permit(self) -> None:
        """Never asked."""

    def request_headers(self, headers: Headers) -> Headers:
        """As they are."""
        return headers

    async def amended(self, status: int, headers: Headers) -> Headers:
        """Never asked."""
        return headers

    def answered(self, status: int) -> None:
        """Not counted."""

    def words(self, status: int, reason: str) -> tuple[int, bytes, bytes]:
        """Plain."""
        return (status, *refusal(status, reason))


def refusal(status: int, reason: str) -> tuple[bytes, bytes]:
    """Header lines and body."""
    return b"", f"{status} {reason}".encode()


def _accept(kind: str, argument: str, ticker: Ticker) -> Accept:
    if kind == "plain":
        answer = Path(argument).read_bytes()

        def plain(exchange: Exchange) -> Receiver:
            return Plain(exchange, answer)

        return plain
    origin = Origin("127.0.0.1", int(argument))
    relay = Relay(Client(_here, ticker), ticker, b"bench")

    def relayed(exchange: Exchange) -> Receiver:
        return pass_on(relay, exchange, Passage(origin))

    return relayed


async def _here(host: str, port: int) -> list[str]:
    del port
    return [host]


async def _serve(kind: str, port: str, argument: str) -> None:
    ticker = Ticker()
    await Server(_accept(kind, argument, ticker), refusal, "127.0.0.1", int(port), ticker).open()
    gc.freeze()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(_serve(*sys.argv[1:]))
