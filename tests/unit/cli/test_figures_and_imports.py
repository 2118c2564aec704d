"""Usage, quotas, the dashboard, catalogues, accounts."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from fakes.gateway_stand_in import Answer, GatewayStandIn, answered, gateway, page, problem

__all__ = ["gateway"]
GROUP = {
    "group": "demo/echo", "calls": 4, "prompt_tokens": 46, "completion_tokens": 1183, "cost": "0.0001167",
    "unpriced_calls": 0, "estimated_calls": 0, "unknown_calls": 0, "failed_calls": 0,
}  # fmt: skip
SUMS = {
    "calls": 4, "failed_calls": 1, "estimated_calls": 0, "unknown_calls": 0, "unpriced_calls": 0,
    "prompt_tokens": 46, "completion_tokens": 183, "total_tokens": 229, "cost_usd": None,
}  # fmt: skip


def test_usage_asks_for_the_time_and_shows_costs_to_the_last_digit(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    gateway.on("GET", "/api/v1/usage", answered({"groups": [GROUP]}))
    result = gateway.run("usage", "--group-by", "model", "--from", "2026-01-01", "--to", "2026-02-01")
    assert dict(gateway.requests[-1].url.params) == {
        "group_by": "model",
        "from": "2026-01-01T00:00:00+00:00",
        "to": "2026-02-01T00:00:00+00:00",
    }
    assert "$0.0001167" in result.stdout
    assert "1,183" in result.stdout


def test_usage_in_csv_is_the_marketplaces_own(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    gateway.on("GET", "/api/v1/usage", lambda _: httpx.Response(200, text="group,calls\r\nx,1\r\n"))
    assert gateway.run("usage", "--csv").stdout.splitlines() == ["group,calls", "x,1"]
    assert gateway.run("usage", "--csv", "--json").exit_code == 2


@pytest.mark.parametrize("letter", ["\x9b", "\x7f", "\x80", "\u202e", "\ud800", "\U000e0001"])
def test_json_for_programs_steers_no_terminal_and_says_the_same(gateway: GatewayStandIn, letter: str) -> None:
    gateway.sign_in()
    gateway.on("GET", "/api/v1/calls", lambda _: httpx.Response(200, text=json.dumps({"items": [f"a{letter}2Jb é"]})))
    shown = gateway.run("calls", "--json").stdout
    assert shown.replace("\n", "").isprintable()
    assert "é" in shown
    assert json.loads(shown) == {"items": [f"a{letter}2Jb é"]}


def test_csv_steers_no_terminal_and_keeps_its_lines(gateway: GatewayStandIn, tmp_path: Path) -> None:
    gateway.sign_in()
    (tmp_path / "invoice.csv").write_text("day\n")
    told = httpx.Response(200, content='a,b\r\n"x\ny",\x9b2J\x7f\x1b\r\n'.encode())
    gateway.on("GET", "/api/v1/usage", lambda _: told)
    gateway.on("POST", "/api/v1/invoices", answered({"invoice": {"id": "inv_1"}}))
    gateway.on("GET", "/api/v1/invoices/inv_1", lambda _: told)
    for words in (["usage", "--csv"], ["reconcile", str(tmp_path / "invoice.csv"), "--csv"]):
        assert gateway.run(*words).stdout_bytes.decode() == 'a,b\r\n"x\ny",\ufffd2J\ufffd\ufffd\r\n'


def test_calls_and_quota_are_shown(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    call = {
        "id": "call_1", "started_at": "2026-01-01T10:00:00.5Z", "listing": "demo/echo", "version": "1.0.0",
        "status": 200, "outcome": "completed", "prompt_tokens": 1, "completion_tokens": 2, "cost": None,
        "duration_ms": 3.4,
    }  # fmt: skip
    limit = {
        "scope": "key:key_1:tokens", "kind": "key", "unit": "tokens", "limit": "100000", "used": "229",
        "held": "0", "remaining": "99771", "resets_at": "2026-02-01T00:00:00Z",
    }  # fmt: skip
    gateway.on("GET", "/api/v1/calls", page(call))
    dollars = {**limit, "scope": "team:tea_1:nanodollars", "kind": "team", "unit": "usd", "remaining": "1.2"}
    gateway.on("GET", "/api/v1/quota", answered({"items": [limit, dollars]}))
    gateway.on("GET", "/api/v1/keys", page({"id": "key_1", "name": "laptop"}))
    assert "unknown" in gateway.run("calls").stdout
    result = gateway.run("quota")
    for told in ("99,771", "$1.20", "key laptop", "team tea_1", "leased ahead"):
        assert told in result.stdout
    assert "key:key_1:tokens" not in result.stdout
    assert result.stderr == ""
    gateway.on("GET", "/api/v1/quota", answered({"items": [{**limit, "held": "512"}]}))
    assert "what is not used comes back" in gateway.run("quota").stderr


def test_a_quota_is_shown_to_those_who_may_not_see_keys(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    limit = {
        "scope": "key:key_1:tokens", "kind": "key", "unit": "tokens", "limit": "1", "used": "0", "held": "0",
        "remaining": "1", "resets_at": "2026-02-01T00:00:00Z",
    }  # fmt: skip
    gateway.on("GET", "/api/v1/quota", answered({"items": [limit]}))
    gateway.on("GET", "/api/v1/keys", problem(403, "Not for you."))
    assert "key key_1 " in gateway.run("quota").stdout


def test_the_dashboard_shows_unknown_costs_as_unknown(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    figures = {
        **SUMS,
        "period": {"first": "2026-01-01", "last": "2026-01-30"},
        "latency_ms": {"p50": 3.2, "p95": None},
        "by_listing": [{**SUMS, "id": "lst_1", "name": "demo/echo"}],
        "by_team": [],
        "listings_by_state": {"published": 2},
        "pending_approvals": 0,
    }
    gateway.on("GET", "/dashboard/metrics", answered(figures))
    shown = gateway.run("dashboard", "--days", "7").stdout
    for told in ("demo/echo", "unknown", "p50 3 ms", "2 published"):
        assert told in shown
    assert gateway.requests[-1].url.params["days"] == "7"
    assert json.loads(gateway.run("dashboard", "--json").stdout) == figures


def _imported(request: httpx.Request) -> httpx.Response:
    rows: list[Any] = json.loads(request.content)["data"]
    results = [
        {
            "row": place,
            "id": row["id"],
            "outcome": "refused" if "bad" in row["id"] else "created",
            "listing_id": None,
            "reason": "no id" if "bad" in row["id"] else None,
        }
        for place, row in enumerate(rows)
    ]
    return httpx.Response(200, json={"created": 0, "updated": 0, "unchanged": 0, "refused": 0, "rows": results})


def catalogue(tmp_path: Path, *ids: str) -> str:
    file = tmp_path / "models.json"
    file.write_text(json.dumps({"data": [{"id": one} for one in ids]}))
    return str(file)


def test_a_catalogue_goes_in_batches_and_is_summed_up(gateway: GatewayStandIn, tmp_path: Path) -> None:
    gateway.sign_in()
    gateway.on("POST", "/api/v1/catalogue/imports", _imported)
    result = gateway.run("import", catalogue(tmp_path, *(f"a/{n}" for n in range(120))))
    assert result.exit_code == 0, result.output
    sent = [one for one in gateway.requests if one.method == "POST"]
    assert [len(json.loads(one.content)["data"]) for one in sent] == [50, 50, 20]
    assert "120 models: 120 created, 0 updated, 0 unchanged, 0 refused" in result.stdout


def test_refused_rows_are_named_by_their_place_in_the_file(gateway: GatewayStandIn, tmp_path: Path) -> None:
    gateway.sign_in()
    gateway.on("POST", "/api/v1/catalogue/imports", _imported)
    path = catalogue(tmp_path, "a/1", "a/2", "a/bad", "a/4")
    result = gateway.run("import", path, "--batch", "2", "--visibility", "private", "--no-wait")
    assert result.exit_code == 1
    assert "row 2, a/bad: no id" in result.stdout
    assert gateway.requests[-1].url.params["visibility"] == "private"
    told = json.loads(gateway.run("import", path, "--json").stdout)
    assert (told["created"], told["refused"], len(told["rows"])) == (3, 1, 4)


def index(listings: int, without_vectors: int, changed: str = "2026-01-01T00:00:00Z") -> Answer:
    return answered({"listings": listings, "without_vectors": without_vectors, "last_change_at": changed})


def test_an_import_waits_until_all_are_found_by_their_meaning(gateway: GatewayStandIn, tmp_path: Path) -> None:
    gateway.sign_in()
    gateway.on("POST", "/api/v1/catalogue/imports", _imported)
    gateway.on("GET", "/api/v1/stats", index(7, 0), index(7, 0), index(8, 1), index(9, 1), index(9, 0))
    result = gateway.run("import", catalogue(tmp_path, "a/1", "a/2"), "--json")
    assert json.loads(result.stdout)["without_vectors"] == 0
    assert gateway.paths.count("GET /api/v1/stats") == 5


def test_an_import_that_changes_nothing_does_not_wait(gateway: GatewayStandIn, tmp_path: Path) -> None:
    gateway.sign_in()
    gateway.on("POST", "/api/v1/catalogue/imports", answered({"rows": [{"outcome": "unchanged", "id": "a/1"}]}))
    gateway.on("GET", "/api/v1/stats", index(7, 0))
    started = gateway.time
    assert gateway.run("import", catalogue(tmp_path, "a/1")).exit_code == 0
    assert gateway.time == started


def test_an_update_is_waited_for_until_the_index_took_it(gateway: GatewayStandIn, tmp_path: Path) -> None:
    gateway.sign_in()
    gateway.on("POST", "/api/v1/catalogue/imports", answered({"rows": [{"outcome": "updated", "id": "a/1"}]}))
    gateway.on("GET", "/api/v1/stats", index(7, 0), index(7, 0), index(7, 0, "2026-01-02T00:00:00Z"))
    assert gateway.run("import", catalogue(tmp_path, "a/1")).exit_code == 0
    assert gateway.paths.count("GET /api/v1/stats") == 3


def test_waiting_for_the_index_ends_after_a_minute_and_says_so(gateway: GatewayStandIn, tmp_path: Path) -> None:
    gateway.sign_in()
    gateway.on("POST", "/api/v1/catalogue/imports", _imported)
    gateway.on("GET", "/api/v1/stats", index(7, 5))
    started = gateway.time
    result = gateway.run("import", catalogue(tmp_path, "a/1"))
    assert (result.exit_code, 60 < gateway.time - started < 62) == (0, True)
    assert "may miss some" in result.stderr


def test_an_import_need_not_wait(gateway: GatewayStandIn, tmp_path: Path) -> None:
    gateway.sign_in()
    gateway.on("POST", "/api/v1/catalogue/imports", _imported)
    gateway.on("GET", "/api/v1/stats", index(7, 5))
    result = gateway.run("import", catalogue(tmp_path, "a/1"), "--no-wait")
    assert result.stderr == ""
    assert gateway.paths.count("GET /api/v1/stats") == 0


def test_a_batch_that_met_a_busy_service_is_sent_again(gateway: GatewayStandIn, tmp_path: Path) -> None:
    gateway.sign_in()
    gateway.on("POST", "/api/v1/catalogue/imports", problem(503, "Away."), _imported)
    assert gateway.run("import", catalogue(tmp_path, "a/1")).exit_code == 0


@pytest.mark.parametrize("text", ["{", "{}", '"text"', '{"data": 3}'])
def test_a_file_that_is_no_catalogue_is_refused(gateway: GatewayStandIn, tmp_path: Path, text: str) -> None:
    gateway.sign_in()
    file = tmp_path / "models.json"
    file.write_text(text)
    assert gateway.run("import", str(file)).exit_code == 1
    assert not gateway.requests


def test_an_account_is_made_with_a_password_that_is_never_shown(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    made = {"email": "eve@example.org", "account_id": "acc_2", "roles": [], "memberships": []}
    gateway.on("POST", "/users", answered(made, 201))
    words = ["users", "create", "eve@example.org", "--team", "science", "--team-role", "owner", "--role", "viewer"]
    result = gateway.run(*words, stdin="a long first password\n")
    assert result.exit_code == 0, result.output
    assert gateway.asked() == {
        "email": "eve@example.org",
        "password": "a long first password",
        "roles": ["viewer"],
        "team": {"slug": "science", "role": "owner"},
    }
    assert "a long first password" not in result.output


def test_lists_are_read_page_by_page(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    team = {
        "slug": "demo", "name": "Demo", "team_id": "tea_1", "created_at": "2026-01-01T00:00:00Z",
        "settings": {"monthly_budget": "250", "monthly_token_quota": None},
    }  # fmt: skip
    gateway.on("GET", "/api/v1/teams", page(team, following="next"), page(team))
    assert len(json.loads(gateway.run("teams", "list", "--json").stdout)["items"]) == 2
    assert gateway.requests[-1].url.params["cursor"] == "next"
    user = {
        "email": "eve@example.org", "display_name": "Eve", "roles": ["viewer"], "state": "active",
        "created_at": "2026-01-01T00:00:00Z", "account_id": "acc_2",
    }  # fmt: skip
    gateway.on("GET", "/users", page(user))
    assert "eve@example.org" in gateway.run("users", "list").stdout


def test_a_team_is_made(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    gateway.on("POST", "/api/v1/teams", answered({"slug": "science", "name": "Science", "team_id": "tea_2"}, 201))
    assert gateway.run("teams", "create", "science", "--owner", "eve@example.org").exit_code == 0
    assert gateway.asked() == {"slug": "science", "name": "science", "owner_email": "eve@example.org"}
