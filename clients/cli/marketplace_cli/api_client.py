"""The gateway's HTTP API as the commands use it: JSON in and out, refusals as errors, events as they come."""

import ssl
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from chassis.errors import MarketplaceError, TimedOut, Unavailable
from marketplace_cli.replies import error_of
from marketplace_cli.server_sent_events import Event, events_of, lines_of

Json = dict[str, Any]
_TIMEOUT = httpx.Timeout(60, connect=5)
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_UNAUTHORIZED = 401
_TRIES = 5
_LONGEST_PAUSE = 10.0
_PAUSE = 0.5


@dataclass(frozen=True)
class World:
    """What a test replaces: the way to servers, the clock, and waiting."""

    transport: httpx.BaseTransport | None = None
    now: Callable[[], float] = field(default=time.time)
    pause: Callable[[float], None] = field(default=time.sleep)

    def client(self, url: str) -> httpx.Client:
        """A client for one server; redirects are never followed, for a token could follow them."""
        parts = urlsplit(url)
        return httpx.Client(
            base_url=url,
            timeout=_TIMEOUT,
            transport=self.transport,
            # A proxy of the shell has no way to this machine's own ports.
            trust_env=parts.hostname not in _LOOPBACK,
            verify=True if parts.scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        )


@dataclass(frozen=True)
class ApiClient:
    """Requests to one gateway. `authorization` gives the header's value for each request, and a fresh one if asked.

    What is `public` is asked again without a token where no token holds any more.
    """

    http: httpx.Client
    world: World
    authorization: Callable[[bool], str | None]
    public: bool = False

    def get(self, path: str, **params: Any) -> Json:
        """The JSON at a path; parameters that are None are left out."""
        return self._tried(lambda: self.send("GET", path, params=params)).json()

    def items(self, path: str, limit: int, **params: Any) -> list[Json]:
        """At most `limit` items of a list, page by page."""
        found: list[Json] = []
        cursor: str | None = None
        while len(found) < limit:
            page = self.get(path, **params, limit=min(200, limit - len(found)), cursor=cursor)
            found += page["items"]
            cursor = page.get("next_cursor")
            if not cursor:
                break
        return found

    def post(self, path: str, body: Any, *, repeatable: bool = False, **params: Any) -> Json:
        """Post JSON; what is repeatable is tried again while the gateway is busy or away."""
        return self._posted(lambda: self.send("POST", path, json=body, params=params), repeatable)

    def put(self, path: str, body: Any) -> Json:
        """Put JSON."""
        return self.send("PUT", path, json=body).json()

    def patch(self, path: str, body: Any) -> Json:
        """Patch JSON."""
        return self.send("PATCH", path, json=body).json()

    def delete(self, path: str) -> Json:
        """Delete, and what the marketplace says of it."""
        return self.send("DELETE", path).json()

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request; signs in anew where a token ran out. Raises the refusal as an error."""
        response = self._sent(method, path, self.authorization(False), options)
        if response.status_code == _UNAUTHORIZED and ((fresh := self.authorization(True)) or self.public):
            response = self._sent(method, path, fresh, options)
        if response.is_error:
            raise error_of(response)
        return response

    @contextmanager
    def events(self, method: str, path: str, **options: Any) -> Generator[tuple[httpx.Response, Iterator[Event]]]:
        """A reply whose body is a stream of events."""
        sent = _options(options, self.authorization(False))
        with self.translated(), self.http.stream(method, path, **sent) as response:
            if response.is_error:
                response.read()
                raise error_of(response)
            yield response, events_of(lines_of(response.iter_bytes()))

    def _posted(self, send: Callable[[], httpx.Response], repeatable: bool) -> Json:
        response = self._tried(send) if repeatable else send()
        return response.json() if response.content else {}

    def _sent(self, method: str, path: str, authorization: str | None, options: Json) -> httpx.Response:
        with self.translated():
            return self.http.request(method, path, **_options(options, authorization))

    def _tried(self, send: Callable[[], httpx.Response]) -> httpx.Response:
        for attempt in range(_TRIES - 1):
            try:
                return send()
            except MarketplaceError as error:
                if error.details.get("status") not in {429, 503}:
                    raise
                self.world.pause(min(_LONGEST_PAUSE, error.retry_after or _PAUSE * 2**attempt))
        return send()

    @contextmanager
    def translated(self) -> Generator[None]:
        """Turns what the network does into errors of ours."""
        address = f"{self.http.base_url}".rstrip("/")
        try:
            yield
        except httpx.ConnectError:
            raise Unavailable(
                f"Nothing answers at {address}: start it with `marketplace up`, or name another with --gateway."
            ) from None
        except httpx.TimeoutException:
            raise TimedOut(f"{address} did not answer in time: try again, or see `marketplace status`.") from None
        except (httpx.TransportError, httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise Unavailable(f"The connection to {address} broke ({type(error).__name__}): try again.") from None


def _options(options: Json, authorization: str | None) -> Json:
    headers: Json = dict(options.get("headers") or {})
    if authorization:
        headers["authorization"] = authorization
    params: Json = options.get("params") or {}
    return {**options, "headers": headers, "params": {name: one for name, one in params.items() if one is not None}}
