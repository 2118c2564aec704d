"""Signing in, staying signed in, signing out."""

import json
import stat
from pathlib import Path

import httpx
import pytest
from fakes.gateway_stand_in import ACCESS, REFRESH, GatewayStandIn, answered, gateway, page, problem

from marketplace_cli.errors import UsageRefused
from marketplace_cli.session_file import SessionFile

__all__ = ["gateway"]
TOKENS = {
    "access_token": "fresh-access",
    "refresh_token": "fresh-refresh",
    "token_type": "Bearer",
    "expires_in": 900,
    "team": {"team_id": "tea_1", "slug": "demo", "name": "Demo", "role": "owner"},
}
ACCESS_FILE = {
    "gateway": "http://127.0.0.1:9999",
    "admin_email": "admin@example.org",
    "admin_password": "admin-password",
    "publisher_email": "publisher@example.org",
    "publisher_password": "publisher-password",
    "demo_key": "mkt-demo",
    "demo_model": "demo/demo-chat",
}


def test_login_takes_the_password_from_stdin_and_keeps_tokens_to_the_owner(gateway: GatewayStandIn) -> None:
    gateway.on("POST", "/auth/login", answered(TOKENS))
    result = gateway.run("login", "ada@example.org", stdin="a long password\n")
    assert result.exit_code == 0, result.output
    assert gateway.asked() == {"email": "ada@example.org", "password": "a long password"}
    file = gateway.home / "default.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(gateway.home.stat().st_mode) == 0o700
    assert "demo (owner)" in result.stdout


def test_login_prints_neither_password_nor_token(gateway: GatewayStandIn) -> None:
    gateway.on("POST", "/auth/login", answered(TOKENS))
    for flag in ([], ["--json"]):
        result = gateway.run("login", "ada@example.org", *flag, stdin="a long password\n")
        assert not any(secret in result.output for secret in ("a long password", "fresh-access", "fresh-refresh"))


def test_login_takes_the_password_from_the_environment(
    gateway: GatewayStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MARKETPLACE_PASSWORD", "from the shell")
    gateway.on("POST", "/auth/login", answered(TOKENS))
    gateway.run("login", "ada@example.org", "--team", "demo")
    assert gateway.asked() == {"email": "ada@example.org", "password": "from the shell", "team": "demo"}


def test_a_refused_login_keeps_nothing_and_ends_with_3(gateway: GatewayStandIn) -> None:
    gateway.on("POST", "/auth/login", problem(401, "Address or password is wrong.", "wrong_credentials"))
    result = gateway.run("login", "ada@example.org", stdin="wrong\n")
    assert result.exit_code == 3
    assert result.stderr == "error: Address or password is wrong.\n"
    assert not (gateway.home / "default.json").exists()


def test_login_without_a_password_asks_nobody(gateway: GatewayStandIn) -> None:
    result = gateway.run("login", "ada@example.org", stdin="")
    assert result.exit_code == 2
    assert not gateway.requests


def test_dev_login_reads_the_access_file_and_goes_to_its_gateway(gateway: GatewayStandIn, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "access.json").write_text(json.dumps(ACCESS_FILE))
    gateway.on("POST", "/auth/login", answered(TOKENS))
    assert gateway.run("login", "--dev", "admin", "--profile", "admin").exit_code == 0
    assert gateway.asked() == {"email": "admin@example.org", "password": "admin-password"}
    assert gateway.requests[-1].url.port == 9999
    assert gateway.run("login", "--dev", "publisher").exit_code == 0
    assert {file.name for file in gateway.home.glob("*.json")} == {"admin.json", "default.json"}


def test_dev_login_without_a_development_marketplace_says_what_to_do(gateway: GatewayStandIn) -> None:
    result = gateway.run("login", "--dev", "admin")
    assert result.exit_code == 1
    assert "access.json" in result.stderr
    assert "marketplace up" in result.stderr


def test_a_stale_token_is_refreshed_once_and_the_new_pair_kept(gateway: GatewayStandIn) -> None:
    file = gateway.sign_in(expires_at=gateway.time + 5)
    gateway.on("POST", "/auth/refresh", answered(TOKENS))
    gateway.on("GET", "/api/v1/keys", page())
    assert gateway.run("keys", "list").exit_code == 0
    assert gateway.asked(0) == {"refresh_token": REFRESH}
    assert gateway.requests[1].headers["authorization"] == "Bearer fresh-access"
    kept = file.read()
    assert kept is not None
    assert (kept.refresh_token, kept.expires_at) == ("fresh-refresh", gateway.time + 900)


def test_a_token_that_was_ended_early_is_refreshed_and_the_request_sent_again(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    gateway.on("GET", "/api/v1/keys", problem(401, "This token does not hold any more."), page())
    gateway.on("POST", "/auth/refresh", answered(TOKENS))
    assert gateway.run("keys", "list").exit_code == 0
    assert gateway.paths == ["GET /api/v1/keys", "POST /auth/refresh", "GET /api/v1/keys"]


def test_a_session_that_is_over_says_so_and_ends_with_3(gateway: GatewayStandIn) -> None:
    gateway.sign_in(expires_at=0)
    gateway.on("POST", "/auth/refresh", problem(401, "This session is over."))
    result = gateway.run("keys", "list")
    assert result.exit_code == 3
    assert "marketplace login" in result.stderr


def test_tokens_are_never_sent_to_another_gateway(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    result = gateway.run("keys", "list", "--gateway", "http://127.0.0.1:1")
    assert result.exit_code == 3
    assert not gateway.requests


def test_what_is_public_is_asked_of_another_gateway_without_a_token(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    gateway.on("POST", "/api/v1/search", answered({"hits": [], "total": 0, "degraded": False}))
    assert gateway.run("search", "x", "--gateway", "http://127.0.0.1:1").exit_code == 0
    assert "authorization" not in gateway.requests[0].headers


def test_what_is_public_is_shown_without_a_session_that_is_over_and_says_so(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    nothing = answered({"hits": [], "total": 0, "degraded": False})
    gateway.on("POST", "/api/v1/search", problem(401, "This token does not hold any more."), nothing)
    gateway.on("POST", "/auth/refresh", problem(401, "This session is over."))
    result = gateway.run("search", "x")
    assert result.exit_code == 0, result.output
    assert "Your session is over: run `marketplace login` again" in result.stderr
    assert "authorization" not in gateway.requests[-1].headers


def test_two_profiles_are_two_people(gateway: GatewayStandIn) -> None:
    gateway.sign_in("admin")
    gateway.on("GET", "/api/v1/keys", page())
    assert gateway.run("keys", "list").exit_code == 3
    assert gateway.run("keys", "list", "--profile", "admin").exit_code == 0
    assert gateway.run("--profile", "admin", "keys", "list").exit_code == 0
    assert gateway.requests[-1].headers["authorization"] == f"Bearer {ACCESS}"


def test_logout_ends_the_session_there_and_here(gateway: GatewayStandIn) -> None:
    file = gateway.sign_in()
    gateway.on("POST", "/auth/logout", lambda _: httpx.Response(204))
    assert gateway.run("logout").exit_code == 0
    assert gateway.asked() == {"refresh_token": REFRESH}
    assert file.read() is None
    assert gateway.run("logout").exit_code == 0


def test_logout_ends_the_session_where_it_is_whatever_gateway_is_meant(gateway: GatewayStandIn) -> None:
    gateway.on("POST", "/auth/login", answered(TOKENS))
    gateway.on("POST", "/auth/logout", lambda _: httpx.Response(204))
    gateway.run("login", "ada@example.org", "--gateway", "http://127.0.0.1:9001", stdin="a long password\n")
    assert gateway.run("logout", "--gateway", "http://127.0.0.1:9002").exit_code == 0
    assert [request.url.port for request in gateway.requests] == [9001, 9001]
    assert gateway.requests[-1].headers["authorization"] == "Bearer fresh-access"
    assert gateway.asked() == {"refresh_token": "fresh-refresh"}
    assert not (gateway.home / "default.json").exists()


def test_logout_forgets_the_tokens_even_where_the_gateway_is_away(gateway: GatewayStandIn) -> None:
    file = gateway.sign_in()
    gateway.on("POST", "/auth/logout", problem(503, "Away."))
    assert gateway.run("logout").exit_code == 5
    assert file.read() is None


@pytest.mark.parametrize("name", ["", ".", "../x", "a/b", "x" * 65, "-x"])
def test_a_profile_is_a_plain_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageRefused):
        SessionFile(tmp_path, name)


def test_access_keeps_secrets_back_until_asked(gateway: GatewayStandIn, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "access.json").write_text(json.dumps(ACCESS_FILE))
    plain = gateway.run("access", "--json")
    assert json.loads(plain.stdout) == {
        name: ACCESS_FILE[name] for name in ("gateway", "admin_email", "publisher_email", "demo_model")
    }
    assert json.loads(gateway.run("access", "--json", "--show-secrets").stdout) == ACCESS_FILE
