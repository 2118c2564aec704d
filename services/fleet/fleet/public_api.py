"""A plain client of the gateway's public HTTP API, as any program outside would use it."""

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from fleet.errors import ApiRefused, ApiUnavailable

_SECONDS = 30.0
_LARGEST_ANSWER = 16 * 1024 * 1024


@dataclass(frozen=True)
class PublicApi:
    """Requests of one caller; `token` is None before signing in."""

    base_url: str
    token: str | None = None

    def signed_in(self, email: str, password: str) -> "PublicApi":
        """The same API as this account."""
        tokens = self.post("/auth/login", {"email": email, "password": password})
        return PublicApi(self.base_url, str(tokens["access_token"]))

    def get(self, path: str) -> dict[str, Any]:
        """A JSON answer. Raises ApiRefused or ApiUnavailable."""
        return self._ask("GET", path, None)

    def post(self, path: str, body: object) -> dict[str, Any]:
        """A JSON answer to a JSON body. Raises ApiRefused or ApiUnavailable."""
        return self._ask("POST", path, body)

    def put(self, path: str, body: object) -> dict[str, Any]:
        """A JSON answer to a JSON body. Raises ApiRefused or ApiUnavailable."""
        return self._ask("PUT", path, body)

    def _ask(self, method: str, path: str, body: object | None) -> dict[str, Any]:
        target = urlsplit(self.base_url)
        connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=_SECONDS)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), self._headers())
            answer = connection.getresponse()
            return _read(path, answer.status, answer.read(_LARGEST_ANSWER))
        except (OSError, http.client.HTTPException) as error:
            raise ApiUnavailable(f"{path} does not answer: {type(error).__name__}.") from None
        finally:
            connection.close()

    def _headers(self) -> dict[str, str]:
        headers = {"content-type": "application/json", "accept": "application/json"}
        return headers | ({"authorization": f"Bearer {self.token}"} if self.token else {})


def _read(path: str, status: int, body: bytes) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    try:
        answer = json.loads(body or b"{}")
    except ValueError:
        if status < 400:
            raise ApiUnavailable(f"{path} answers no JSON.") from None
    if status in {502, 503, 504, 429}:
        raise ApiUnavailable(f"{path} answers {status}.")
    if status >= 400:
        raise ApiRefused(
            f"{path} answers {status}: {answer.get('detail') or answer.get('title') or 'no reason'}", status
        )
    return answer
