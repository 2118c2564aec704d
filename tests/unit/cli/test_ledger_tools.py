"""The ledger's tools at the command line."""

import json

from fakes.gateway_stand_in import GatewayStandIn, answered, gateway, page, problem

__all__ = ["gateway"]
VERIFICATION = "/api/v1/ledger/verification"
AGREES = {
    "holds": True,
    "checked_at": "2026-11-29T00:00:00Z",
    "period_start": "2026-11-01T00:00:00Z",
    "period_end": "2026-12-01T00:00:00Z",
    "scopes": 3,
    "calls": 1200,
    "deviations": [],
    "more_deviations": False,
    "unknown_calls": 1,
    "unknown": [
        {
            "id": "req_1",
            "team_id": "tea_1",
            "started_at": "2026-11-02T00:00:00Z",
            "listing": "red/chat",
            "charged": {"key:key_1:tokens": "50"},
        }
    ],
}
BROKEN = {"kind": "settled", "scope": "key:key_1:tokens", "call_id": None, "expected": "12", "found": "19"}


def test_books_that_agree_end_with_0_and_show_the_unknown_calls(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    gateway.on("GET", VERIFICATION, answered(AGREES))
    result = gateway.run("verify-ledger", "--month", "2026-11")
    assert result.exit_code == 0
    assert "2026-11: the books agree (3 scopes, 1,200 calls, 1 unknown)" in result.stdout
    assert "key:key_1:tokens 50" in result.stdout
    assert gateway.requests[-1].url.params["month"] == "2026-11"


def test_books_that_do_not_agree_end_with_1_and_say_where(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    broken = {**AGREES, "holds": False, "deviations": [BROKEN], "more_deviations": True}
    gateway.on("GET", VERIFICATION, answered(broken))
    result = gateway.run("verify-ledger")
    assert result.exit_code == 1
    assert "the books do NOT agree" in result.stdout
    assert {"settled", "key:key_1:tokens", "12", "19"} <= set(result.stdout.split())
    assert json.loads(gateway.run("verify-ledger", "--json").stdout) == broken
    gateway.on("GET", VERIFICATION, problem(403, "This needs the permission ledger.verify."))
    assert gateway.run("verify-ledger").exit_code == 3


EXPLAINED = {
    "id": "call_1",
    "started_at": "2026-11-02T00:00:00Z",
    "key": {"id": "key_1", "name": None, "tier": None, "account_id": "acc_1", "team_id": "tea_1"},
    "listing": {"name": "red/chat", "version": "1.0.0", "model": "demo-chat", "provider": "demo"},
    "outcome": "completed",
    "unknown_end": False,
    "status": 200,
    "duration_ms": 12.5,
    "policy_version": 3,
    "tokens": {"prompt": 10, "cached_prompt": 0, "completion": 5, "total": 15, "estimated": True},
    "charges": [{"scope": "key:key_1:tokens", "reserved": "50", "charged": "15", "overdraft": "0", "limit": None}],
    "price": {
        "id": "prc_1",
        "source": "listing",
        "input_per_million": "2.5",
        "output_per_million": None,
        "cached_input_per_million": "1.25",
        "effective_from": "2026-11-01T00:00:00Z",
    },
    "cost": {
        "steps": [{"text": "10 prompt tokens at $2.5 per million = $0.000025"}],
        "total": None,
        "rounded": None,
        "recorded": None,
        "agrees": True,
    },
}


def test_a_call_is_explained_step_by_step(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    gateway.on("GET", "/api/v1/calls/call_1/explain", answered(EXPLAINED))
    told = gateway.run("explain", "call_1").stdout
    assert "10 prompt tokens at $2.5 per million = $0.000025" in told
    assert "$2.50 ($1.25 cached) in, unknown out per million, by listing since 2026-11-01 00:00:00" in told
    assert "recorded: unknown" in told
    assert "estimated" in told
    assert json.loads(gateway.run("explain", "call_1", "--json").stdout) == EXPLAINED
    assert gateway.run("explain", "call_2").exit_code == 4


PRICED = {
    "id": "prc_1",
    "listing_version_id": "ver_1",
    "input_per_million": "0.15",
    "output_per_million": "0.6",
    "effective_from": "2026-12-01T00:00:00Z",
    "effective_until": None,
    "cached_input_per_million": None,
    "source": "reference",
    "reference": {"name": "genai-prices 0.2.3", "as_of": "2026-11-01", "age_days": 30},
}


def test_prices_are_listed_with_their_source_and_age_and_set_from_a_day_on(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    gateway.on("GET", "/api/v1/prices", page(PRICED))
    assert "genai-prices 0.2.3, 30 days old" in gateway.run("prices", "list", "red/chat").stdout
    assert gateway.requests[-1].url.params["listing"] == "red/chat"
    gateway.on("POST", "/api/v1/prices", answered({"items": [{**PRICED, "source": "admin", "reference": None}]}))
    words = ("--input", "0.15", "--output", "0.60", "--from", "2026-12-01")
    assert "same" in gateway.run("prices", "set", "lst_1", *words).stdout
    assert "cached_input_per_million" not in gateway.asked()
    halved = {**PRICED, "cached_input_per_million": "0.075", "source": "admin", "reference": None}
    gateway.on("POST", "/api/v1/prices", answered({"items": [halved]}))
    words += ("--cached-input", "0.075")
    assert "$0.075" in gateway.run("prices", "set", "lst_1", *words).stdout
    assert gateway.asked() == {
        "listing_id": "lst_1",
        "input_per_million": "0.15",
        "output_per_million": "0.60",
        "cached_input_per_million": "0.075",
        "effective_from": "2026-12-01T00:00:00+00:00",
    }
    gateway.on("POST", "/api/v1/prices", problem(404, "No such listing.", "price_not_found"))
    assert gateway.run("prices", "set", "lst_9", *words).exit_code == 4


GROUP = {
    "listing": "red/chat",
    "model": "demo-chat",
    "calls": 3,
    "unpriced_calls": 0,
    "old_cost": "0.5",
    "new_cost": "0.25",
    "difference": "-0.25",
    "old_price": {"input_per_million": "2", "output_per_million": "4", "cached_input_per_million": "1"},
    "new_price": None,
}
LEFT = {"without_price": 1, "unknown_end": 2, "decided": 1}
COUNTED = {"calls": 9, "corrected": 3, **LEFT, "difference": "-0.25", "groups": [GROUP]}
RUN = {"id": "rcl_1", "request_id": "once", "calls_total": 9, "state": "running", **COUNTED}
SPAN = ("--from", "2026-11-01", "--to", "2026-11-15T12:00")


def test_a_preview_shows_what_would_change_and_starts_nothing(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    gateway.on("POST", "/api/v1/recalculation-previews", answered({**COUNTED, "complete": False}))
    told = gateway.run("recalculate", *SPAN, "--preview", "--listing", "lst_1").stdout
    assert "3 of 9 calls would be corrected by -$0.25; left as they are: 1 without a price, 2 of unknown end" in told
    assert ", 1 decided by an invoice" in told
    assert "$2 ($1 cached) / $4" in told
    assert gateway.asked() == {
        "from": "2026-11-01T00:00:00+00:00",
        "to": "2026-11-15T12:00:00+00:00",
        "listing_id": "lst_1",
    }
    assert [path for path in gateway.paths if "recalculations" in path] == []
    assert gateway.run("recalculate", "--preview").exit_code == 2


def test_a_recalculation_is_started_once_and_followed_to_its_end(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    gateway.on("POST", "/api/v1/recalculations", answered(RUN, 202))
    gateway.on("GET", "/api/v1/recalculations/rcl_1", answered(RUN), answered({**RUN, "state": "completed"}))
    result = gateway.run("recalculate", *SPAN, "--request-id", "once")
    assert result.exit_code == 0
    assert "3 of 9 calls are corrected by -$0.25" in result.stdout
    assert gateway.paths == ["POST /api/v1/recalculations", *["GET /api/v1/recalculations/rcl_1"] * 2]
    assert json.loads(gateway.requests[0].content)["request_id"] == "once"


def test_a_recalculation_that_fails_says_why_and_what_stays(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    gateway.on("POST", "/api/v1/recalculations", answered(RUN, 202))
    failed = {**RUN, "state": "failed", "failure": "DataError"}
    gateway.on("GET", "/api/v1/recalculations/rcl_1", answered(RUN), answered(failed))
    result = gateway.run("recalculate", *SPAN)
    assert result.exit_code == 5
    assert "rcl_1 failed (DataError): its 3 corrections so far stay" in result.stderr


def test_a_recalculation_that_takes_too_long_goes_on_alone(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    gateway.on("POST", "/api/v1/recalculations", answered(RUN, 202))
    gateway.on("GET", "/api/v1/recalculations/rcl_1", answered(RUN))
    result = gateway.run("recalculate", *SPAN, "--timeout", "2")
    assert result.exit_code == 5
    assert "--request-id once" in result.stderr
