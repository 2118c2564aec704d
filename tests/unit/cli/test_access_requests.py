"""Asking for access, deciding it, collecting the key."""

import json

from fakes.gateway_stand_in import SECRET_KEY, GatewayStandIn, answered, gateway, page, problem

__all__ = ["gateway"]
REQUEST = {
    "id": "arq_1",
    "listing": "blue/chat",
    "state": "pending",
    "purpose": "to chat",
    "comment": None,
    "requested_at": "2026-12-01T00:00:00Z",
}
WAITING = {
    "approval_id": "apr_1",
    "subject_id": "arq_1",
    "title": "blue/chat: access for red",
    "state": "pending",
    "created_at": "2026-12-01T00:00:00Z",
}


def test_access_is_asked_for_with_purpose_bounds_and_expiry(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    gateway.on("POST", "/api/v1/access-requests", answered(REQUEST, 201))
    words = ("--purpose", "to chat", "--expires", "2027-01-01", "--quota-tokens", "5")
    result = gateway.run("access", "request", "blue/chat", *words)
    assert result.stdout == "arq_1: blue/chat pending\n"
    assert gateway.asked() == {
        "listing": "blue/chat",
        "purpose": "to chat",
        "expires_at": "2027-01-01T00:00:00+00:00",
        "monthly_token_quota": 5,
    }


def test_requests_are_listed_for_the_asker_and_for_the_one_who_decides(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    gateway.on("GET", "/api/v1/access-requests", page(REQUEST))
    gateway.on("GET", "/workflows", page(WAITING))
    assert "to chat" in gateway.run("access", "list").stdout
    assert "access for red" in gateway.run("access", "list", "--deciding").stdout
    assert gateway.requests[-1].url.params["subject_kind"] == "access_request"


def test_a_request_is_approved_or_refused_by_its_own_id(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    gateway.on("GET", "/workflows", page(WAITING))
    gateway.on("POST", "/workflows/apr_1/approve", answered({**WAITING, "state": "approved"}))
    gateway.on("POST", "/workflows/apr_1/reject", answered({**WAITING, "state": "rejected"}))
    assert gateway.run("access", "approve", "arq_1").stdout == "blue/chat: access for red: approved\n"
    assert gateway.run("access", "refuse", "arq_1", "--reason", "no").stdout == "blue/chat: access for red: rejected\n"
    assert gateway.asked() == {"comment": "no"}
    assert gateway.run("access", "refuse", "arq_1").exit_code == 2
    assert gateway.run("access", "approve", "arq_9").exit_code == 4


def test_a_key_is_collected_once_and_kept_only_if_asked(gateway: GatewayStandIn) -> None:
    file = gateway.sign_in()
    made = {"key_id": "key_1", "key": SECRET_KEY, "listing": "lst_1", "expires_at": None}
    gone = problem(409, "Shown already.", "access_collected")
    gateway.on("POST", "/api/v1/access-requests/arq_1/collect", answered(made), answered(made), gone)
    assert gateway.run("access", "collect", "arq_1").stdout == f"{SECRET_KEY}\n"
    kept = file.read()
    assert kept is not None
    assert kept.api_key == ""
    assert json.loads(gateway.run("access", "collect", "arq_1", "--save", "--json").stdout) == made
    kept = file.read()
    assert kept is not None
    assert kept.api_key == SECRET_KEY
    assert gateway.run("access", "collect", "arq_1").exit_code == 1


def test_an_open_request_is_taken_back(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    gateway.on("POST", "/api/v1/access-requests/arq_1/withdraw", answered({**REQUEST, "state": "withdrawn"}))
    assert gateway.run("access", "withdraw", "arq_1").stdout == "arq_1: withdrawn\n"
