"""Vendors over httpx: pooled, verified, no redirects, no cookies, no proxy from the environment."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx

from dataplane.ports import Headers, UpstreamRequest, UpstreamResponse
from dataplane.refusals import UpstreamFailed, UpstreamTimedOut, UpstreamUnreachable


@dataclass(slots=True)
class HttpxResponse:
    """An answer that is being read."""

    response: httpx.Response

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.response.status_code

    @property
    def headers(self) -> Headers:
        """Header names in lower case."""
        return [(name.lower(), value) for name, value in self.response.headers.raw]

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives, not decompressed."""
        try:
            async for chunk in self.response.aiter_raw():
                yield chunk
        except httpx.TimeoutException as error:
            raise UpstreamTimedOut("The provider stopped sending.") from error
        except httpx.HTTPError as error:
            raise UpstreamFailed("The connection to the provider broke in its reply.") from error

    async def close(self) -> None:
        """Give the connection up, or back where the body was read whole."""
        await self.response.aclose()


@dataclass(slots=True)
class HttpxUpstream:
    """Sends with one client, which lives as long as the process; make it with `open_client`."""

    client: httpx.AsyncClient

    async def send(self, request: UpstreamRequest) -> UpstreamResponse:
        """The answer once its head is here."""
        outgoing = self.client.build_request("POST", request.url, headers=list(request.headers), content=request.body)
        try:
            return HttpxResponse(await self.client.send(outgoing, stream=True))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
            raise UpstreamUnreachable("No connection to the provider could be made.") from error
        except httpx.TimeoutException as error:
            raise UpstreamTimedOut("The provider did not answer in time.") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UpstreamFailed("The connection to the provider broke before its reply.") from error


def open_client(connections: int = 256, connect_seconds: float = 5.0, idle_seconds: float = 120.0) -> httpx.AsyncClient:
    """A client for vendors; close it with the process."""
    return httpx.AsyncClient(
        follow_redirects=False,
        trust_env=False,
        timeout=httpx.Timeout(idle_seconds, connect=connect_seconds, pool=connect_seconds),
        limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
    )
