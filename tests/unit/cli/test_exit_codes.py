"""How commands end: one line on stderr, an exit code that scripts can tell apart, and never a stack."""

from typing import Any

import httpx
import pytest
from fakes.gateway_stand_in import GatewayStandIn, answered, gateway, page, problem

__all__ = ["gateway"]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, 1), (409, 1), (413, 1), (422, 1), (403, 3), (404, 4), (410, 4),
        (500, 5), (502, 5), (503, 5), (504, 5), (429, 1),
    ],
)  # fmt: skip
def test_each_kind_of_refusal_has_its_exit_code(gateway: GatewayStandIn, status: int, code: int) -> None:
    gateway.sign_in()
    gateway.on("GET", "/api/v1/quota", problem(status, "It cannot be: do something else."))
    result = gateway.run("quota", "--json")
    assert result.exit_code == code
    assert result.stdout == ""
    assert result.stderr == "error: It cannot be: do something else.\n"


def _unreachable(_: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


def _slow(_: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("slow")


def _broken(_: httpx.Request) -> httpx.Response:
    raise httpx.RemoteProtocolError("cut")


@pytest.mark.parametrize("answer", [_unreachable, _slow, _broken])
def test_a_gateway_that_is_away_ends_with_5_and_the_next_step(gateway: GatewayStandIn, answer: Any) -> None:
    gateway.sign_in()
    gateway.on("GET", "/api/v1/quota", answer)
    result = gateway.run("quota")
    assert result.exit_code == 5
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1


def test_an_answer_that_is_no_json_is_no_stack(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    gateway.on("GET", "/api/v1/quota", lambda _: httpx.Response(200, text="<html>"))
    result = gateway.run("quota")
    assert result.exit_code != 0
    assert "Traceback" not in result.output
    assert result.stderr.count("\n") == 1


def test_a_refusal_cannot_steer_the_terminal(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    gateway.on("GET", "/api/v1/quota", problem(422, "bad\x1b[2Jthing\nnext"))
    assert "\x1b" not in gateway.run("quota").stderr


@pytest.mark.parametrize("words", [["serch"], ["chat"], ["keys", "create", "--quota-tokens", "many"], ["usage", "--x"]])
def test_a_wrong_word_ends_with_2(gateway: GatewayStandIn, words: list[str]) -> None:
    result = gateway.run(*words)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


@pytest.mark.parametrize("address", ["ftp://x", "127.0.0.1:8080", "http://", "http://a:b@c", "http://x:99999"])
def test_a_gateway_that_is_no_address_ends_with_2(gateway: GatewayStandIn, address: str) -> None:
    assert gateway.run("search", "x", "--gateway", address).exit_code == 2


def test_a_misspelt_variable_is_named(gateway: GatewayStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARKETPLACE_GATWAY", "http://127.0.0.1:1")
    result = gateway.run("search", "x")
    assert result.exit_code == 2
    assert "MARKETPLACE_GATWAY" in result.stderr


def test_a_busy_gateway_is_asked_again_for_what_may_be_repeated(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    busy = problem(429, "Slowly.", headers={"retry-after": "2"})
    gateway.on("GET", "/api/v1/keys", busy, busy, page())
    before = gateway.time
    assert gateway.run("keys", "list").exit_code == 0
    assert gateway.time == before + 4


def test_a_busy_gateway_is_not_asked_again_for_what_may_not(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    gateway.on("POST", "/api/v1/keys", problem(503, "Away."))
    assert gateway.run("keys", "create", "x").exit_code == 5
    assert len(gateway.requests) == 1


def test_ctrl_c_ends_with_130(gateway: GatewayStandIn) -> None:
    def interrupted(_: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    gateway.sign_in()
    gateway.on("GET", "/api/v1/quota", interrupted)
    result = gateway.run("quota")
    assert result.exit_code == 130
    assert "Traceback" not in result.output


def test_every_command_has_help_and_takes_json(gateway: GatewayStandIn) -> None:
    listed = gateway.run("--help")
    assert listed.exit_code == 0
    for name in ("up", "status", "search", "publish", "import", "chat"):
        assert name in listed.stdout
        assert "--json" in gateway.run(name, "--help").stdout


def test_status_without_a_marketplace_ends_with_5(gateway: GatewayStandIn) -> None:
    result = gateway.run("status")
    assert result.exit_code == 5
    assert "marketplace up" in result.stdout


def test_whoami_shows_the_platforms_view(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    me = {
        "account_id": "acc_1", "email": "ada@example.org", "display_name": "Ada", "roles": ["viewer"],
        "memberships": [{"slug": "demo", "role": "owner"}], "team_slug": "demo", "team_role": "owner",
    }  # fmt: skip
    gateway.on("GET", "/auth/me", answered(me))
    assert "demo (owner)" in gateway.run("whoami").stdout
