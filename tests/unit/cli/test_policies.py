"""Policies on the command line."""

from pathlib import Path

import pytest
from fakes.gateway_stand_in import GatewayStandIn, answered, gateway, page

__all__ = ["gateway"]
PATH = "/api/v1/policies"
POLICY = {
    "policy_id": "pol_1", "name": "no-acme", "description": "", "state": "draft", "active_version": None,
    "latest_version": 2, "revision": 7, "updated_at": "2026-01-01T10:00:00Z", "versions": [],
}  # fmt: skip
OUTCOME = {"tried_version": 2, "decision": "denied", "policy": "no-acme", "policy_version": 2, "reason": "No contract."}


@pytest.fixture
def signed_in(gateway: GatewayStandIn) -> GatewayStandIn:
    """Somebody who may."""
    gateway.sign_in()
    gateway.on("GET", PATH, page(POLICY))
    return gateway


@pytest.fixture
def cedar(tmp_path: Path) -> str:
    """A file."""
    file = tmp_path / "no-acme.cedar"
    file.write_text("forbid (principal, action, resource);")
    return str(file)


def test_a_file_becomes_a_policy_or_another_version_of_one(signed_in: GatewayStandIn, cedar: str) -> None:
    signed_in.on("POST", PATH, answered({**POLICY, "latest_version": 1}, 201))
    signed_in.on("POST", f"{PATH}/pol_1/versions", answered({**POLICY, "latest_version": 3}, 201))
    made = signed_in.run("policies", "upload", "other", cedar, "--description", "Why.", "--fail", "open")
    assert "other: version 1 is written, and not in force" in made.stdout
    assert signed_in.asked() == {
        "name": "other",
        "description": "Why.",
        "content": "forbid (principal, action, resource);",
        "fail_mode": "open",
    }
    assert "version 3" in signed_in.run("policies", "upload", "no-acme", cedar).stdout
    assert signed_in.asked() == {"content": "forbid (principal, action, resource);", "fail_mode": "closed"}


def test_findings_name_file_line_and_column(signed_in: GatewayStandIn, cedar: str) -> None:
    findings = [{"line": 2, "column": 5, "message": "unexpected token"}, {"line": 3, "column": 1, "message": "worse"}]
    refusal = {"title": "No", "status": 422, "detail": "Line 2", "code": "policy_invalid", "findings": findings}
    signed_in.on("POST", PATH, answered(refusal, 422))
    result = signed_in.run("policies", "upload", "other", cedar)
    assert result.exit_code == 1
    told = "".join(result.stderr.split())
    assert f"{cedar}:2:5:unexpectedtoken" in told
    assert f"{cedar}:3:1:worse" in told


def test_what_is_in_force_changes_only_as_it_was_read(signed_in: GatewayStandIn) -> None:
    signed_in.on("POST", f"{PATH}/pol_1/activate", answered({**POLICY, "state": "active"}))
    signed_in.on("POST", f"{PATH}/pol_1/deactivate", answered({**POLICY, "state": "retired"}))
    assert "version 2 is in force" in signed_in.run("policies", "activate", "no-acme").stdout
    assert (signed_in.asked(), signed_in.requests[-1].headers["if-match"]) == ({"version": 2}, '"7"')
    signed_in.run("policies", "activate", "no-acme", "--version", "1")
    assert signed_in.asked() == {"version": 1}
    assert "nothing of it is in force" in signed_in.run("policies", "deactivate", "no-acme").stdout
    assert signed_in.requests[-1].headers["if-match"] == '"7"'
    assert signed_in.run("policies", "activate", "nothing").exit_code == 4


def test_a_request_is_tried_with_the_facts_that_are_given(signed_in: GatewayStandIn) -> None:
    signed_in.on("POST", f"{PATH}/pol_1/simulate", answered({**OUTCOME, "undecided": False}))
    words = ["resource.provider=acme", "resource.tags=eu,ch", "context.hour=3", "principal.team_slug=007"]
    result = signed_in.run("policies", "try", "no-acme", "--alone", *(w for fact in words for w in ("--fact", fact)))
    assert "denied by no-acme, version 2: No contract." in result.stdout
    assert signed_in.asked() == {
        "version": None,
        "with_active": False,
        "resource": {"provider": "acme", "tags": ["eu", "ch"]},
        "context": {"hour": 3},
        "principal": {"team_slug": "007"},
    }
    signed_in.on("POST", f"{PATH}/pol_1/simulate", answered({"decision": "allowed"}))
    assert "allowed" in signed_in.run("policies", "try", "no-acme").stdout
    assert signed_in.run("policies", "try", "no-acme", "--fact", "provider=acme").exit_code == 2


def test_policies_are_listed_and_shown(signed_in: GatewayStandIn) -> None:
    text = {"version": 2, "state": "draft", "fail_mode": "closed", "content": "forbid (principal, action, resource);"}
    signed_in.on("GET", f"{PATH}/pol_1/versions/2", answered(text))
    assert "no-acme" in signed_in.run("policies", "list", "--state", "draft").stdout
    assert dict(signed_in.requests[-1].url.params)["state"] == "draft"
    shown = signed_in.run("policies", "show", "no-acme").stdout
    assert "forbid (principal, action, resource);" in shown
    assert "closed" in shown
