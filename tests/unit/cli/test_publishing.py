"""Describing, publishing, following, approving, deprecating."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from fakes.gateway_stand_in import Answer, GatewayStandIn, answered, events, gateway, page, problem

from marketplace_cli.listing_file import describes_listing

__all__ = ["gateway"]
RUN, LISTING = "ver_" + "a" * 32, "lst_" + "b" * 32
RECEIPT = {
    "listing_id": LISTING,
    "version_id": RUN,
    "run_id": RUN,
    "name": "demo/echo",
    "version": "1.0.0",
    "state": "submitted",
}
DESCRIPTION = """
name: echo
version: 1.0.0
endpoint: {url: "http://127.0.0.1:3010/v1"}
openapi: openapi.json
"""


def run(state: str, **phases: str) -> dict[str, Any]:
    names = ("validation", "testing", "approval", "completion")
    shown = [
        {"name": name, "state": phases.get(name, "pending"), "started_at": None, "ended_at": None, "report": None}
        for name in names
    ]
    error = {"phase": "testing", "code": "endpoint_away", "message": "The endpoint is away."}
    return {
        "run_id": RUN,
        "listing_id": LISTING,
        "version": "1.0.0",
        "version_state": "published" if state == "succeeded" else "submitted",
        "state": state,
        "error": error if state == "failed" else None,
        "phases": shown,
    }


def stream(*runs: dict[str, Any]) -> Answer:
    return events(": still here\n\n" + "".join(f"event: run\ndata: {json.dumps(one)}\n\n" for one in runs))


@pytest.fixture
def listing(tmp_path: Path) -> Path:
    (tmp_path / "openapi.json").write_text('{"openapi": "3.1.0"}')
    file = tmp_path / "echo.yaml"
    file.write_text(DESCRIPTION)
    return file


def test_a_listing_is_sent_with_its_document_and_followed_to_its_end(gateway: GatewayStandIn, listing: Path) -> None:
    gateway.sign_in()
    gateway.on("POST", "/api/v1/services", answered(RECEIPT, 202))
    done = run("succeeded", validation="passed", testing="passed", approval="passed", completion="passed")
    changes = stream(run("running", validation="running"), run("running", validation="passed"), done)
    gateway.on("GET", f"/api/v1/runs/{RUN}/events", changes)
    result = gateway.run("publish", str(listing))
    assert result.exit_code == 0, result.output
    assert gateway.asked(0)["openapi"] == '{"openapi": "3.1.0"}'
    assert "validation: running" in result.stdout
    assert "completion: passed" in result.stdout


def test_json_of_a_publication_is_one_object_with_the_run(gateway: GatewayStandIn, listing: Path) -> None:
    gateway.sign_in()
    gateway.on("POST", "/api/v1/services", answered(RECEIPT, 202))
    gateway.on("GET", f"/api/v1/runs/{RUN}/events", stream(run("running"), run("succeeded")))
    told = json.loads(gateway.run("publish", str(listing), "--json").stdout)
    assert (told["listing_id"], told["state"], told["run"]["state"]) == (LISTING, "published", "succeeded")


def test_a_run_that_fails_ends_with_1_and_says_where(gateway: GatewayStandIn, listing: Path) -> None:
    gateway.sign_in()
    gateway.on("POST", "/api/v1/services", answered(RECEIPT, 202))
    gateway.on("GET", f"/api/v1/runs/{RUN}/events", stream(run("failed", testing="failed")))
    result = gateway.run("publish", str(listing))
    assert result.exit_code == 1
    assert "testing: The endpoint is away." in result.stdout


def test_a_line_that_breaks_is_taken_up_again(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    gateway.on(
        "GET",
        f"/api/v1/runs/{RUN}/events",
        stream(run("running")),
        problem(503, "Away."),
        problem(429, "Slowly."),
        stream(run("succeeded")),
    )
    assert gateway.run("runs", RUN, "--watch").exit_code == 0


def test_following_ends_with_5_when_the_time_is_over(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    gateway.on("GET", f"/api/v1/runs/{RUN}/events", stream(run("running")))
    result = gateway.run("runs", RUN, "--watch", "--timeout", "3")
    assert result.exit_code == 5
    assert "--watch" in result.stderr


def test_following_ends_where_the_gateway_stays_away(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    gateway.on("GET", f"/api/v1/runs/{RUN}/events", problem(503, "Away."))
    result = gateway.run("runs", RUN, "--watch")
    assert result.exit_code == 5
    assert result.stderr == "error: Away.\n"


def test_an_unknown_run_ends_with_4(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    gateway.on("GET", f"/api/v1/runs/{RUN}/events", problem(404, "There is no run of this id."))
    assert gateway.run("runs", RUN, "--watch").exit_code == 4


def test_ctrl_c_leaves_the_run_to_go_on(gateway: GatewayStandIn, listing: Path) -> None:
    def interrupted(_: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    gateway.sign_in()
    gateway.on("POST", "/api/v1/services", answered(RECEIPT, 202))
    gateway.on("GET", f"/api/v1/runs/{RUN}/events", interrupted)
    result = gateway.run("publish", str(listing))
    assert result.exit_code == 130
    assert f"runs {RUN} --watch" in result.stderr


def test_a_taken_name_leads_to_new_version(gateway: GatewayStandIn, listing: Path) -> None:
    gateway.sign_in()
    gateway.on("POST", "/api/v1/services", problem(409, "Send a new version by PUT.", "name_taken"))
    result = gateway.run("publish", str(listing), "--no-wait")
    assert result.exit_code == 1
    assert "a listing named echo: raise its version and publish with --new-version" in result.stderr
    assert "PUT" not in result.stderr


def test_a_new_version_goes_to_the_teams_own_listing(gateway: GatewayStandIn, listing: Path) -> None:
    gateway.sign_in()
    gateway.on("GET", "/api/v1/services", page({"name": "demo/echo", "listing_id": LISTING}))
    gateway.on("PUT", f"/api/v1/services/{LISTING}", answered(RECEIPT, 202))
    result = gateway.run("publish", str(listing), "--new-version", "--no-wait", "--json")
    assert json.loads(result.stdout) == RECEIPT


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- a list", "does not describe a listing"),
        ("a: [", "neither YAML nor JSON"),
        ("name: x", "names no OpenAPI document"),
        ("openapi: missing.json", "There is no file"),
        ("openapi: {}\nendpoint: {credential: '${NOT_SET_ANYWHERE}'}", "NOT_SET_ANYWHERE is not set"),
        ("openapi: {}\nendpoint: {credential: 'file:echo.yaml#member'}", "has no member"),
    ],
)
def test_a_description_that_cannot_be_sent_says_why(
    gateway: GatewayStandIn, listing: Path, text: str, said: str
) -> None:
    gateway.sign_in()
    listing.write_text(text)
    result = gateway.run("publish", str(listing))
    assert result.exit_code == 1
    assert said in result.stderr
    assert not gateway.requests


def test_a_document_at_an_address_and_credentials_elsewhere_are_fetched(
    gateway: GatewayStandIn, listing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VENDOR_KEY", "from-the-shell")
    (listing.parent / "secrets.json").write_text('{"vendor": "from-a-file"}')
    gateway.sign_in()
    gateway.on("GET", "/spec.yaml", lambda _: httpx.Response(200, text="openapi: 3.1.0"))
    gateway.on("POST", "/api/v1/services", answered(RECEIPT, 202))
    for credential, value in (("${VENDOR_KEY}", "from-the-shell"), ("file:secrets.json#vendor", "from-a-file")):
        listing.write_text(
            f"name: echo\nopenapi: http://127.0.0.1:3010/spec.yaml\nendpoint: {{credential: '{credential}'}}\n"
        )
        result = gateway.run("publish", str(listing), "--no-wait")
        assert result.exit_code == 0
        assert gateway.asked()["openapi"] == "openapi: 3.1.0"
        assert gateway.asked()["endpoint"]["credential"] == value
        assert value not in result.output
    assert all("authorization" not in one.headers for one in gateway.requests if one.url.path == "/spec.yaml")


REPORT = {
    "valid": False,
    "mode": "strict",
    "openapi_version": "3.0.3",
    "title": "Shop",
    "operations": 2,
    "findings": [
        {
            "code": "default_not_allowed",
            "severity": "error",
            "layer": "openapi",
            "pointer": "/components/schemas/A/default",
            "line": 12,
            "message": "The default breaks its own schema.",
            "fix": "Leave it out.",
        }
    ],
    "more_findings": 3,
}


def test_validation_shows_findings_and_ends_with_1(gateway: GatewayStandIn, listing: Path) -> None:
    gateway.sign_in()
    gateway.on("POST", "/api/v1/validate", answered(REPORT))
    result = gateway.run("validate", str(listing.parent / "openapi.json"))
    assert result.exit_code == 1
    for told in ("/components/schemas/A/default", "12", "Leave it out.", "3 more", "not valid"):
        assert told in result.stdout
    assert gateway.requests[-1].url.params["mode"] == "strict"


@pytest.mark.parametrize("described", [DESCRIPTION, '{"name": "echo", "endpoint": {}, "openapi": "openapi.json"}'])
def test_of_a_listing_its_document_is_checked(gateway: GatewayStandIn, listing: Path, described: str) -> None:
    gateway.sign_in()
    gateway.on("POST", "/api/v1/validate", answered({**REPORT, "valid": True}))
    listing.write_text(described)
    result = gateway.run("validate", str(listing))
    assert result.exit_code == 0, result.output
    assert gateway.requests[-1].content == b'{"openapi": "3.1.0"}'
    assert "describes a listing" in result.stderr


@pytest.mark.parametrize(
    "document",
    [
        b"openapi: 3.1.0\ninfo: {}\npaths: {}",
        b'{"openapi": "3.1.0", "info": {}, "paths": {}}',
        b"name: x\n",
        b"",
        b"\x00",
    ],
)
def test_an_openapi_document_is_not_taken_for_a_listing(document: bytes) -> None:
    assert not describes_listing(document)


def test_a_valid_document_ends_with_0_and_may_come_from_stdin(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    gateway.on("POST", "/api/v1/validate", answered({**REPORT, "valid": True, "findings": [], "more_findings": 0}))
    result = gateway.run("validate", "-", "--mode", "lenient", "--json", stdin="openapi: 3.1.0")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["valid"] is True
    assert gateway.requests[-1].content == b"openapi: 3.1.0"
    assert gateway.requests[-1].headers["content-type"] == "application/yaml"


APPROVAL = {
    "approval_id": "apr_1",
    "title": "demo/echo@1.0.0: Echo",
    "subject_id": RUN,
    "risk": "medium",
    "state": "pending",
    "created_at": "2026-01-01T00:00:00.000000Z",
    "needed_approvals": 1,
}


@pytest.mark.parametrize("which", ["apr_1", RUN, "echo", "demo/echo", "demo/echo@1.0.0"])
def test_an_approval_is_found_by_each_of_its_names(gateway: GatewayStandIn, which: str) -> None:
    gateway.sign_in()
    gateway.on("GET", "/workflows", page(APPROVAL))
    decided = {**APPROVAL, "state": "approved", "history": [{"kind": "approved"}]}
    gateway.on("POST", "/workflows/apr_1/approve", answered(decided))
    result = gateway.run("approve", which, "--comment", "fine")
    assert result.exit_code == 0, result.output
    assert gateway.asked() == {"comment": "fine"}


def test_an_approval_that_is_about_to_open_is_waited_for(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    gateway.on("GET", "/workflows", page(), page(), page(APPROVAL))
    waits = {**APPROVAL, "needed_approvals": 2, "history": [{"kind": "approved"}]}
    gateway.on("POST", "/workflows/apr_1/approve", answered(waits))
    result = gateway.run("approve", "echo")
    assert "1 more must approve" in result.stdout
    assert result.stderr == "Nothing of the name echo asks yet: waiting up to 5 s.\n"


def test_nothing_of_that_name_ends_with_4(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    gateway.on("GET", "/workflows", page(APPROVAL))
    assert gateway.run("approve", "other").exit_code == 4


def test_a_name_that_means_two_is_asked_for(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    gateway.on("GET", "/workflows", page(APPROVAL, {**APPROVAL, "approval_id": "apr_2"}))
    result = gateway.run("reject", "echo", "--comment", "no")
    assert result.exit_code == 2
    assert "apr_1, apr_2" in result.stderr


def test_deprecating_sends_times_in_utc(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    answer = {
        "name": "demo/echo", "state": "deprecated", "deprecated_at": "2026-01-01T00:00:00Z",
        "sunset_at": None, "successor": "", "reason": "old",
    }  # fmt: skip
    gateway.on("POST", f"/api/v1/services/{LISTING}/deprecate", answered(answer))
    assert gateway.run("deprecate", LISTING, "--reason", "old", "--sunset", "2027-01-01").exit_code == 0
    assert gateway.asked() == {"reason": "old", "sunset_at": "2027-01-01T00:00:00+00:00", "successor": ""}


def test_a_run_is_shown_as_it_stands(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    stopped = run("failed", validation="undone", testing="failed")
    stopped["phases"][0] |= {
        "started_at": "2026-01-01T00:00:00.000000Z",
        "ended_at": "2026-01-01T00:00:01.500000Z",
        "report": {"errors": 0, "findings": []},
    }
    gateway.on("GET", f"/api/v1/runs/{RUN}", answered(stopped))
    result = gateway.run("runs", RUN)
    assert result.exit_code == 1
    for told in ("undone", "(1.5 s)", "errors 0", "failed in testing: The endpoint is away."):
        assert told in result.stdout


def test_the_queue_is_listed_by_state(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    gateway.on("GET", "/workflows", page(APPROVAL))
    assert "demo/echo@1.0.0: Echo" in gateway.run("approvals").stdout
    assert gateway.requests[-1].url.params["state"] == "pending"
    gateway.run("approvals", "--state", "all")
    assert "state" not in gateway.requests[-1].url.params


def test_the_queue_gives_a_publication_that_is_tested_a_moment_to_ask(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    gateway.on("GET", "/workflows", page(), page(), page(APPROVAL))
    gateway.on("GET", "/api/v1/services", page({"name": "demo/echo"}))
    result = gateway.run("approvals")
    assert "demo/echo@1.0.0: Echo" in result.stdout
    assert result.stderr == "Still being tested: demo/echo. Waiting up to 5 s for them to ask.\n"
    assert gateway.requests[1].url.params["status"] == "submitted"


def test_an_empty_queue_is_told_at_once_and_a_long_test_after_the_patience(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    gateway.on("GET", "/workflows", page())
    gateway.on("GET", "/api/v1/services", page())
    assert (gateway.run("approvals").stdout, gateway.time) == ("Nothing waits.\n", 1000.0)
    gateway.on("GET", "/api/v1/services", page({"name": "demo/echo"}))
    result = gateway.run("approvals", "--patience", "2")
    assert result.stdout == "Nothing waits.\n"
    assert "marketplace runs NAME" in result.stderr
    gateway.on("GET", "/api/v1/services", problem(403, "Not for you."))
    assert gateway.run("approvals").exit_code == 0


MINE = {
    "name": "demo/echo", "listing_id": LISTING, "state": "published",
    "newest": {"version": "2.0.0", "state": "published", "run_id": RUN},
}  # fmt: skip


@pytest.mark.parametrize("named", ["demo/echo", "echo", "echo@1.0.0", LISTING, RUN])
def test_a_run_is_found_by_the_names_of_its_listing(gateway: GatewayStandIn, named: str) -> None:
    gateway.sign_in()
    gateway.on("GET", "/api/v1/services", page(MINE))
    gateway.on("GET", f"/api/v1/services/{LISTING}/versions/1.0.0", answered({"state": "published", "run_id": RUN}))
    gateway.on("GET", f"/api/v1/services/{LISTING}/publication", answered(MINE))
    gateway.on("GET", f"/api/v1/runs/{RUN}", answered(run("succeeded")))
    assert gateway.run("runs", named).exit_code == 0


def test_what_is_neither_run_nor_listing_or_was_imported_says_so(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    gateway.on("GET", "/api/v1/services", page())
    result = gateway.run("runs", "demo/other")
    assert result.exit_code == 4
    assert "no run and no listing of your team named demo/other" in result.stderr
    imported = {**MINE, "newest": {"state": "catalogue_only", "run_id": RUN}}
    gateway.on("GET", "/api/v1/services", page(imported))
    assert "was imported" in gateway.run("runs", "demo/echo").stderr


def test_reports_are_told_in_words_without_ids(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    done = run("succeeded")
    done["phases"][2]["report"] = {"comment": "", "decided_by": "acc_" + "a" * 32, "needed_approvals": 1, "seen": True}
    gateway.on("GET", f"/api/v1/runs/{RUN}", answered(done))
    shown = gateway.run("runs", RUN).stdout
    assert "needed approvals 1; seen yes" in shown
    assert "acc_" not in shown
    done["phases"][2] |= {"state": "skipped", "report": {"skipped": "not configured"}}
    assert "skipped not configured" in " ".join(gateway.run("runs", RUN).stdout.split())


def test_publications_come_before_imported_entries_and_what_is_not_shown_is_counted(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    one = {"visibility": "public", "listing_id": LISTING, "updated_at": "2026-01-01T00:00:00Z"} | {
        "newest": {"version": "1.0.0"}
    }
    imported = [{**one, "name": f"demo/model-{n}", "state": "catalogue_only"} for n in range(3)]
    gateway.on("GET", "/api/v1/services", page(*imported, {**one, "name": "demo/echo", "state": "published"}))
    result = gateway.run("listings", "--limit", "2")
    assert result.stdout.index("demo/echo") < result.stdout.index("demo/model-0")
    assert "2 of 4 shown" in result.stderr
    told = json.loads(gateway.run("listings", "--limit", "2", "--json").stdout)
    assert (len(told["items"]), told["total"]) == (2, 4)


def test_a_sunset_in_another_format_shows_the_format(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    result = gateway.run("deprecate", LISTING, "--reason", "old", "--sunset", "30.06.2027")
    assert result.exit_code == 2
    assert "2027-06-30" in result.stderr


def test_the_teams_listings_are_listed_in_whatever_state(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    mine = {
        "name": "demo/echo", "state": "deprecated", "visibility": "public", "listing_id": LISTING,
        "updated_at": "2026-01-01T00:00:00Z", "newest": {"version": "1.2.0"},
    }  # fmt: skip
    gateway.on("GET", "/api/v1/services", page(mine), page())
    assert "1.2.0" in gateway.run("listings").stdout
    assert "no listings yet" in gateway.run("listings").stdout
