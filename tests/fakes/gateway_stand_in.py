"""A gateway that answers the command line from a table, remembers what it was asked, and needs no socket."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from marketplace_cli.api_client import World
from marketplace_cli.program import app
from marketplace_cli.session_file import Session, SessionFile

GATEWAY = "http://127.0.0.1:8080"
ACCESS, REFRESH, SECRET_KEY = "access-token-of-a-test", "refresh-token-of-a-test", "mkt-secret-of-a-test"
Answer = Callable[[httpx.Request], httpx.Response]


def answered(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    return lambda _: httpx.Response(status, json=body, headers=headers)


def problem(status: int, detail: str, code: str = "refused", headers: dict[str, str] | None = None) -> Answer:
    return answered({"title": "No", "status": status, "detail": detail, "code": code}, status, headers)


def events(text: str, headers: dict[str, str] | None = None) -> Answer:
    return lambda _: httpx.Response(200, text=text, headers={"content-type": "text/event-stream", **(headers or {})})


def page(*items: Any, following: str | None = None) -> Answer:
    return answered({"items": list(items), "next_cursor": following})


@dataclass
class GatewayStandIn:
    """`answers` by method and path; a list of answers is used up one by one, its last one stays."""

    home: Path
    answers: dict[tuple[str, str], Answer | list[Answer]] = field(default_factory=dict)
    requests: list[httpx.Request] = field(default_factory=list)
    time: float = 1000.0

    def on(self, method: str, path: str, *answers: Answer) -> None:
        self.answers[method, path] = list(answers)

    def run(self, *words: str, stdin: str | None = None) -> Result:
        world = World(httpx.MockTransport(self._answer), lambda: self.time, self._pause)
        return CliRunner().invoke(app, list(words), input=stdin, obj=world, prog_name="marketplace")

    def asked(self, place: int = -1) -> Any:
        """The body of a request."""
        return json.loads(self.requests[place].content)

    @property
    def paths(self) -> list[str]:
        return [f"{request.method} {request.url.path}" for request in self.requests]

    def sign_in(self, profile: str = "default", *, expires_at: float = 5000.0, api_key: str = "") -> SessionFile:
        file = SessionFile(self.home, profile)
        file.write(Session(GATEWAY, "ada@example.org", expires_at, ACCESS, REFRESH, api_key))
        return file

    def _answer(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        found = self.answers.get((request.method, request.url.path), problem(404, "Not Found", "not_found"))
        if isinstance(found, list):
            found = found.pop(0) if len(found) > 1 else found[0]
        return found(request)

    def _pause(self, seconds: float) -> None:
        self.time += seconds


@pytest.fixture
def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GatewayStandIn:
    """A gateway of its own, a home of its own, and nothing of the shell's."""
    for name in ("GATEWAY", "PROFILE", "PASSWORD", "API_KEY"):
        monkeypatch.delenv(f"MARKETPLACE_{name}", raising=False)
    home = tmp_path / "home"
    monkeypatch.setenv("MARKETPLACE_HOME", str(home))
    monkeypatch.setenv("MARKETPLACE_DATA_FOLDER", str(tmp_path / "data"))
    return GatewayStandIn(home)
