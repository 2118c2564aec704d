"""A listing on its way: submitted, watched, approved by somebody else, found by meaning and by words."""

from typing import Any

from fixtures.end_to_end_report import tell
from fixtures.marketplace_people import Json, Person, approve, demo_submission, new_person, pending_approval, published
from fixtures.running_fleet import RunningFleet, until

PHASES = [
    "authentication",
    "validation",
    "policy_check",
    "registry_sync",
    "testing",
    "approval",
    "indexing",
    "events",
    "analytics",
    "completion",
]
# Nothing of the listing's own words.
MEANING = "a bird that talks back to seafarers"
WORDS = "repeats sailors conversations"
FITTING = {
    "provider": "Harbour-Works",
    "category": "chat",
    "max_input_price": "0.25",
    "min_context_length": 16_384,
    "status": "published",
}
UNFITTING: list[dict[str, Any]] = [
    {"max_input_price": "0.24"},
    {"min_context_length": 16_385},
    {"provider": "other-works"},
    {"category": "embeddings"},
]


def found(person: Person, query: str, filters: Json | None = None) -> list[str]:
    """The names of the hits, best first."""
    body = {"query": query, "filters": filters or {}}
    return [hit["name"] for hit in person.post("/api/v1/search", body)["hits"]]


def phases_of(run: Json) -> dict[str, str]:
    return {phase["name"]: phase["state"] for phase in run["phases"]}


def test_a_run_is_watched_and_approved_by_somebody_else_and_found_at_once(
    running_fleet: RunningFleet, publisher: Person, admin: Person, caller: Person
) -> None:
    body = demo_submission(running_fleet, "watched")
    receipt = publisher.post("/api/v1/services", body)
    run_id = receipt["run_id"]
    assert "harbour/watched" not in found(caller, WORDS)
    said: list[tuple[str, Json]] = []
    for event, run in publisher.watch(run_id):
        said.append((event, run))
        if phases_of(run)["approval"] == "running" and approve(admin, run_id):
            seconds = until(lambda: "harbour/watched" in found(caller, WORDS), 2.0, running_fleet.tails)
            tell(f"found {seconds:.2f} s after its approval")
    assert [event for event, _ in said] == ["run"] * (len(said) - 1) + ["end"]
    assert list(phases_of(said[0][1])) == PHASES
    last = said[-1][1]
    assert (last["state"], last["error"]) == ("succeeded", None)
    skipped = {phase["name"]: phase["report"] for phase in last["phases"] if phase["state"] == "skipped"}
    assert skipped == dict.fromkeys(("policy_check", "registry_sync"), {"skipped": "not configured"})
    for query in (WORDS, MEANING):
        assert found(caller, query)[0] == "harbour/watched"
        assert "harbour/watched" in found(caller, query, FITTING)
        for filters in UNFITTING:
            assert "harbour/watched" not in found(caller, query, filters)


def test_nobody_approves_what_is_his_own(running_fleet: RunningFleet, publisher: Person, admin: Person) -> None:
    both = new_person(running_fleet, admin, "twohats", roles=("approver",))
    receipts = [one.post("/api/v1/services", demo_submission(running_fleet, "own")) for one in (publisher, both)]
    for person, receipt, code in zip((publisher, both), receipts, ("forbidden", "own_approval"), strict=True):
        until(lambda run_id=receipt["run_id"]: pending_approval(admin, run_id), 30)
        approval = pending_approval(admin, receipt["run_id"])
        assert approval is not None
        refused = person.ask("POST", f"/workflows/{approval['approval_id']}/approve", {"comment": "mine"})
        assert (refused.status_code, refused.json()["code"]) == (403, code), refused.text
        assert publisher.ask("GET", f"/api/v1/runs/{receipts[0]['run_id']}").json()["state"] == "running"
    rejected = admin.ask("POST", f"/workflows/{approval['approval_id']}/reject", {"comment": "Not like this."})
    assert rejected.status_code == 200, rejected.text
    until(lambda: both.get(f"/api/v1/runs/{receipts[1]['run_id']}")["state"] == "failed", 30)
    stopped = both.get(f"/api/v1/runs/{receipts[1]['run_id']}")
    assert (stopped["error"]["phase"], stopped["error"]["code"]) == ("approval", "approval_rejected")
    assert "Not like this." in stopped["error"]["message"]
    assert "twohats/own" not in found(publisher, WORDS)
    assert approve(admin, receipts[0]["run_id"])


def test_what_strict_refuses_lenient_publishes_with_warnings(
    running_fleet: RunningFleet, publisher: Person, admin: Person
) -> None:
    body = demo_submission(running_fleet, "sloppy")
    body["openapi"]["paths"]["/v1/models"]["get"]["responses"] = {"ok": {"description": "x"}}
    strict = publisher.post("/api/v1/services", body)
    until(lambda: publisher.get(f"/api/v1/runs/{strict['run_id']}")["state"] == "failed", 30)
    run = publisher.get(f"/api/v1/runs/{strict['run_id']}")
    assert (run["error"]["phase"], run["error"]["code"]) == ("validation", "document_invalid")
    [report] = [phase["report"] for phase in run["phases"] if phase["name"] == "validation"]
    assert any(finding["pointer"].startswith("/paths/~1v1~1models") for finding in report["findings"])
    other = demo_submission(running_fleet, "sloppy-too", openapi=body["openapi"], validation_mode="lenient")
    lenient = published(publisher, admin, other)
    [report] = [
        phase["report"]
        for phase in publisher.get(f"/api/v1/runs/{lenient['run_id']}")["phases"]
        if phase["name"] == "validation"
    ]
    assert (report["mode"], report["errors"]) == ("lenient", 0)
    assert report["warnings"] > 0
