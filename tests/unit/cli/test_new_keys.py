"""A key's secret comes once: whatever fails around it, it is not lost."""

import json

import httpx
import pytest
from fakes.gateway_stand_in import SECRET_KEY, GatewayStandIn, answered, gateway

__all__ = ["gateway"]
KEY = {"id": "key_1", "key_id": "key_1", "key": SECRET_KEY, "generation": 1, "previous_ends_at": "2027-01-01T00:00:00Z"}
every_way = pytest.mark.parametrize(
    "words", [("keys", "create", "x"), ("keys", "rotate", "key_1"), ("access", "collect", "arq_1")], ids=" ".join
)


@pytest.fixture
def signed_in(gateway: GatewayStandIn) -> GatewayStandIn:
    gateway.sign_in()
    gateway.on("GET", "/api/v1/keys/key_1", answered(KEY))
    for path in ("keys", "keys/key_1/rotate", "access-requests/arq_1/collect"):
        gateway.on("POST", f"/api/v1/{path}", answered(KEY))
    return gateway


@every_way
def test_a_secret_that_cannot_be_kept_is_still_shown(words: tuple[str, ...], signed_in: GatewayStandIn) -> None:
    # Stands where the session would be written.
    (signed_in.home / ".default.new").mkdir()
    plain, as_json = signed_in.run(*words, "--save"), signed_in.run(*words, "--save", "--json")
    assert plain.stdout == f"{SECRET_KEY}\n"
    assert json.loads(as_json.stdout) == KEY
    assert (plain.exit_code, as_json.exit_code) == (1, 1)
    assert "uses it from now on" not in plain.stderr


@every_way
def test_a_secret_is_still_shown_where_the_session_is_gone(words: tuple[str, ...], signed_in: GatewayStandIn) -> None:
    session = signed_in.home / "default.json"

    def after_a_logout(_: httpx.Request) -> httpx.Response:
        session.unlink()
        return httpx.Response(200, json=KEY)

    for path in [path for method, path in signed_in.answers if method == "POST"]:
        signed_in.on("POST", path, after_a_logout)
    result = signed_in.run(*words, "--save")
    assert result.stdout == f"{SECRET_KEY}\n"
    assert result.exit_code == 3


@every_way
def test_a_secret_that_cannot_be_shown_is_still_kept(
    words: tuple[str, ...], signed_in: GatewayStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("marketplace_cli.output.Output.show", full)
    assert signed_in.run(*words, "--save").exit_code == 1
    assert json.loads((signed_in.home / "default.json").read_text())["api_key"] == SECRET_KEY
