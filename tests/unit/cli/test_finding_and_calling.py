"""Searching, keys and calls."""

import json
from pathlib import Path
from typing import Any

import pytest
from fakes.gateway_stand_in import SECRET_KEY, GatewayStandIn, answered, events, gateway, page, problem

from marketplace_cli.listing_page import why

__all__ = ["gateway"]
LISTING = "lst_" + "b" * 32
HIT: dict[str, Any] = {
    "id": LISTING,
    "name": "demo/echo",
    "title": "[bold]Echo[/bold]",
    "description": "Says it again.\x1b[2J",
    "version": "1.0.0",
    "state": "published",
    "category": "chat",
    "provider": "demo",
    "tags": [],
    "capabilities": [],
    "input_modalities": ["text", "image"],
    "output_modalities": ["text"],
    "context_length": 131072,
    "pricing": {"model": "usage", "input": "0.15", "output": None, "cached_input": "0.075"},
    "score": 0.75,
    "reasons": [{"kind": "words", "text": "'echo' in name"}],
}
FACTS = {
    "request_id": "call_1",
    "listing": "demo/echo",
    "version": "1.0.0",
    "prompt_tokens": 8,
    "completion_tokens": 42,
    "cost_usd": "0.000026400",
    "estimated": False,
    "quota_remaining_tokens": 99824,
}


def test_two_reasons_are_shown_and_the_wish_comes_first() -> None:
    reasons = [
        {"kind": "words", "text": '"images" in description; ' + "and more " * 20},
        {"kind": "meaning", "text": "related (cosine 0.41)"},
        {"kind": "intent", "text": "you asked for: low price"},
        {"kind": "intent", "text": "you asked for: reads images"},
    ]
    wish, _, words = why(reasons).partition("; ")
    assert wish == "you asked for low price, reads images"
    assert words.startswith('"images" in description')
    assert words.endswith(("and more ...", "and ..."))
    assert len(words) <= 84
    assert why([]) == ""


def test_search_says_what_it_could_not_compare(gateway: GatewayStandIn) -> None:
    reply = {"hits": [], "total": 0, "degraded": True, "degraded_reason": "12 listings wait for vectors."}
    gateway.on("POST", "/api/v1/search", answered(reply))
    assert "12 listings wait for vectors." in gateway.run("search", "images").stderr


def test_search_sends_the_filters_that_were_set_and_no_others(gateway: GatewayStandIn) -> None:
    gateway.on("POST", "/api/v1/search", answered({"hits": [HIT], "total": 7, "degraded": True}))
    words = ["search", "reads", "images", "--modality", "image", "--tag", "a", "--tag", "b"]
    result = gateway.run(*words, "--max-input-price", "0.50", "--min-context", "100000")
    assert gateway.asked() == {
        "query": "reads images",
        "filters": {
            "tags": ["a", "b"],
            "max_input_price": "0.50",
            "min_context_length": 100000,
            "input_modalities": ["image"],
        },
        "sort": "relevance",
        "limit": 10,
    }
    for told in ("demo/echo", "0.750", "$0.15", "unknown", "131,072", "'echo' in name"):
        assert told in result.stdout
    assert "1 of 7" in result.stderr
    assert "words alone" in result.stderr


def test_json_of_a_search_is_the_reply_alone(gateway: GatewayStandIn) -> None:
    reply = {"hits": [HIT], "total": 1, "degraded": False}
    gateway.on("POST", "/api/v1/search", answered(reply))
    result = gateway.run("search", "echo", "--json")
    assert json.loads(result.stdout) == reply
    assert result.stderr == ""


def test_a_listing_is_shown_by_name_and_cannot_steer_the_terminal(gateway: GatewayStandIn) -> None:
    gateway.on("POST", "/api/v1/search", answered({"hits": [HIT], "total": 1}))
    more = {
        "measured": {"latency_p50_ms": 3.5, "latency_p95_ms": None},
        "how_to_call": {"method": "POST", "path": "/v1/chat/completions"},
        "deprecation": {
            "reason": "old", "deprecated_at": "2026-01-01T00:00:00Z", "sunset_at": None, "successor": "demo/new",
        },
    }  # fmt: skip
    gateway.on("GET", f"/api/v1/services/{LISTING}", answered(HIT | more))
    result = gateway.run("show", "demo/echo")
    for told in (
        "latency p50  ",
        "3.5 ms",
        "in $0.15 ($0.075 cached), out unknown",
        "POST /v1/chat/completions",
        "2026-01-01 00:00:00: old",
        "demo/new",
    ):
        assert told in result.stdout
    assert result.exit_code == 0, result.output
    assert "[bold]Echo[/bold]" in result.stdout
    assert "\x1b" not in result.stdout


def test_a_listing_that_nobody_has_ends_with_4(gateway: GatewayStandIn) -> None:
    gateway.on("POST", "/api/v1/search", answered({"hits": [HIT], "total": 1}))
    assert gateway.run("show", "demo/other").exit_code == 4


KEY = {
    "id": "key_1",
    "name": "journey",
    "hint": "mkt-...test",
    "tier": "standard",
    "state": "active",
    "monthly_token_quota": 1000,
    "monthly_budget": "1.5",
    "expires_at": None,
}


def test_a_key_is_shown_once_and_kept_only_if_asked(gateway: GatewayStandIn) -> None:
    file = gateway.sign_in()
    gateway.on("POST", "/api/v1/keys", answered({**KEY, "key": SECRET_KEY}, 201))
    words = ["keys", "create", "journey", "--quota-tokens", "1000", "--budget", "1.50", "--expires", "2027-01-01"]
    result = gateway.run(*words, "--listing", LISTING)
    assert result.stdout == f"{SECRET_KEY}\n"
    assert gateway.asked() == {
        "name": "journey",
        "monthly_token_quota": 1000,
        "monthly_budget": "1.50",
        "expires_at": "2027-01-01T00:00:00+00:00",
        "allowed_listings": [LISTING],
    }
    kept = file.read()
    assert kept is not None
    assert kept.api_key == ""
    gateway.run("keys", "create", "journey", "--save")
    kept = file.read()
    assert kept is not None
    assert kept.api_key == SECRET_KEY


def test_keys_are_listed_without_secrets_and_revoked_by_name(gateway: GatewayStandIn) -> None:
    file = gateway.sign_in(api_key=SECRET_KEY)
    gateway.on("GET", "/api/v1/keys", page(KEY, {**KEY, "id": "key_0", "state": "revoked"}))
    gateway.on("DELETE", "/api/v1/keys/key_1", answered({**KEY, "state": "revoked"}))
    listed = gateway.run("keys", "list")
    assert "$1.50" in listed.stdout
    assert SECRET_KEY not in listed.output
    assert gateway.run("keys", "revoke", "journey").stdout == "journey (key_1): revoked\n"
    assert gateway.run("keys", "revoke", "unknown").exit_code == 4
    kept = file.read()
    assert kept is not None
    assert kept.api_key == ""


def chunk(text: str) -> str:
    return f"data: {json.dumps({'choices': [{'delta': {'content': text}}]})}\n\n"


def test_chat_streams_and_ends_with_the_bill(gateway: GatewayStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARKETPLACE_API_KEY", SECRET_KEY)
    text = chunk("Hel") + chunk("lo\x1b[2J") + f"data: [DONE]\n\n: marketplace {json.dumps(FACTS)}\n\n"
    gateway.on("POST", "/v1/chat/completions", events(text))
    result = gateway.run("chat", "demo/echo", "Say", "hello", "--max-tokens", "9", "--system", "Be short.")
    assert result.exit_code == 0, result.output
    assert result.stdout == "Hello\ufffd[2J\n"
    assert result.stderr == "8 + 42 tokens, cost $0.0000264, 99,824 tokens left, demo/echo@1.0.0\n"
    assert gateway.asked() == {
        "model": "demo/echo",
        "messages": [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Say hello"}],
        "max_tokens": 9,
        "stream": True,
    }
    assert gateway.requests[-1].headers["authorization"] == f"Bearer {SECRET_KEY}"
    assert SECRET_KEY not in result.output


def test_chat_reads_line_separators_as_letters_of_the_answer(
    gateway: GatewayStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MARKETPLACE_API_KEY", SECRET_KEY)
    data = json.dumps({"choices": [{"delta": {"content": "a\u2028b\u2029c\u0085d"}}]}, ensure_ascii=False)
    gateway.on("POST", "/v1/chat/completions", events(f"data: {data}\n\ndata: [DONE]\n\n"))
    result = gateway.run("chat", "demo/echo", "Say", "hello", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["text"] == "a\u2028b\u2029c\u0085d"


def test_chat_without_a_stream_reads_the_bill_from_the_headers(gateway: GatewayStandIn, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{SECRET_KEY}\n")
    reply = {"choices": [{"message": {"content": "Hello"}}]}
    headers = {
        "x-request-id": "call_1",
        "x-marketplace-listing": "demo/echo",
        "x-marketplace-prompt-tokens": "8",
        "x-marketplace-completion-tokens": "42",
        "x-marketplace-cost-usd": "unknown",
        "x-marketplace-estimated": "true",
        "deprecation": "@1760000000",
        "sunset": "Fri, 01 Jan 2027 00:00:00 GMT",
    }
    gateway.on("POST", "/v1/chat/completions", answered(reply, headers=headers))
    words = ["chat", "demo/echo", "hello", "--no-stream", "--key-file", str(file)]
    result = gateway.run(*words)
    assert result.stdout == "Hello\n"
    assert "cost unknown (estimated)" in result.stderr
    assert "is deprecated, calls may end after Fri, 01 Jan 2027" in result.stderr
    told = json.loads(gateway.run(*words, "--json").stdout)
    assert (told["text"], told["facts"]["cost_usd"], told["facts"]["prompt_tokens"]) == ("Hello", None, 8)
    assert told["reply"] == reply


def test_chat_uses_the_kept_key_and_reads_the_question_from_stdin(gateway: GatewayStandIn) -> None:
    gateway.sign_in(api_key=SECRET_KEY)
    gateway.on("POST", "/v1/chat/completions", events(chunk("Yes") + "data: [DONE]\n\n"))
    assert gateway.run("chat", "demo/echo", stdin="Is it so?").stdout == "Yes\n"
    assert gateway.asked()["messages"] == [{"role": "user", "content": "Is it so?"}]
    assert gateway.run("chat", "demo/echo", "x", "--gateway", "http://127.0.0.1:1").exit_code == 3


def test_chat_without_a_key_says_how_to_get_one(gateway: GatewayStandIn) -> None:
    result = gateway.run("chat", "demo/echo", "hello")
    assert result.exit_code == 3
    assert "keys create" in result.stderr
    assert not gateway.requests


def test_chat_falls_back_on_this_machines_demo_key(gateway: GatewayStandIn, tmp_path: Path) -> None:
    names = ("admin_email", "admin_password", "publisher_email", "publisher_password", "demo_model")
    access = {**dict.fromkeys(names, "x"), "gateway": "http://127.0.0.1:8080", "demo_key": SECRET_KEY}
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "access.json").write_text(json.dumps(access))
    gateway.on("POST", "/v1/chat/completions", events(chunk("Yes") + "data: [DONE]\n\n"))
    result = gateway.run("chat", "demo/demo-chat", "hello")
    assert result.exit_code == 0
    assert "demo key" in result.stderr
    assert SECRET_KEY not in result.output


def test_an_answer_that_breaks_off_ends_with_5(gateway: GatewayStandIn) -> None:
    gateway.sign_in(api_key=SECRET_KEY)
    gateway.on("POST", "/v1/chat/completions", events(chunk("Hal")))
    result = gateway.run("chat", "demo/echo", "hello")
    assert result.exit_code == 5
    assert "broke off" in result.stderr


def test_an_error_inside_a_stream_is_told(gateway: GatewayStandIn) -> None:
    gateway.sign_in(api_key=SECRET_KEY)
    error = {"error": {"message": "The provider failed.", "code": "upstream_error"}}
    gateway.on("POST", "/v1/chat/completions", events(f"data: {json.dumps(error)}\n\n"))
    result = gateway.run("chat", "demo/echo", "hello")
    assert result.exit_code == 1
    assert result.stderr == "error: The provider failed.\n"


def test_openais_shape_of_an_error_is_understood(gateway: GatewayStandIn) -> None:
    gateway.sign_in(api_key=SECRET_KEY)
    body = {"error": {"message": "The model does not exist.", "type": "invalid_request_error", "code": "x"}}
    gateway.on("POST", "/v1/chat/completions", answered(body, 404))
    result = gateway.run("chat", "demo/echo", "hello")
    assert result.exit_code == 4
    assert result.stderr == "error: The model does not exist.\n"


def test_a_refused_key_is_not_sent_twice(gateway: GatewayStandIn) -> None:
    gateway.sign_in(api_key=SECRET_KEY)
    gateway.on("POST", "/v1/chat/completions", problem(401, "This API key is not valid."))
    assert gateway.run("chat", "demo/echo", "hello", "--no-stream").exit_code == 3
    assert len(gateway.requests) == 1
