"""A listing on its way: submitted, watched, approved by somebody else, found by meaning and by words."""

from typing import Any

from fixtures.marketplace_people import Json, Person, approve, demo_submission, new_person, pending_approval, published
from fixtures.report import tell
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
TEXT = {"title": "Loom of the old weaver", "description": "Suggests patterns for carpets and shawls."}
WORDS = "weaver carpets shawls"
# Nothing of the listing's own words.
MEANING = "textile designs"
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


def opened_approval(admin: Person, run_id: str) -> Json:
    """The approval of a run, once it is open."""
    until(lambda: pending_approval(admin, run_id), 30)
    approval = pending_approval(admin, run_id)
    assert approval is not None
    return approval


def ended(person: Person, run_id: str) -> Json:
    """A run, once nothing more happens in it."""
    until(lambda: person.get(f"/api/v1/runs/{run_id}")["state"] in {"succeeded", "failed"}, 30)
    return person.get(f"/api/v1/runs/{run_id}")


def phases_of(run: Json) -> dict[str, str]:
    return {phase["name"]: phase["state"] for phase in run["phases"]}


def test_a_run_is_watched_and_approved_by_somebody_else_and_found_at_once(
    running_fleet: RunningFleet, publisher: Person, admin: Person, caller: Person
) -> None:
    body = demo_submission(running_fleet, "watched", **TEXT)
    receipt = publisher.post("/api/v1/services", body)
    run_id = receipt["run_id"]
    assert "harbour/watched" not in found(caller, WORDS)
    said: list[tuple[str, Json]] = []
    seconds = None
    for event, run in publisher.watch(run_id):
        said.append((event, run))
        if seconds is None and phases_of(run)["approval"] == "running":
            opened_approval(admin, run_id)
            assert approve(admin, run_id)
            seconds = until(lambda: "harbour/watched" in found(caller, WORDS), 2.0, running_fleet.tails)
            tell(f"found {seconds:.2f} s after its approval")
    assert [event for event, _ in said] == ["run"] * (len(said) - 1) + ["end"]
    assert list(phases_of(said[0][1])) == PHASES
    last = said[-1][1]
    assert (last["state"], last["error"]) == ("succeeded", None)
    skipped = {phase["name"]: phase["report"] for phase in last["phases"] if phase["state"] == "skipped"}
    nothing = {"skipped": "not configured"}
    assert skipped == {"policy_check": nothing, "registry_sync": nothing}
    for query in (WORDS, MEANING):
        # Found by its words it may still wait for its vector.
        until(lambda asked=query: found(caller, asked)[:1] == ["harbour/watched"], 5.0, running_fleet.tails)
        assert "harbour/watched" in found(caller, query, FITTING)
        for filters in UNFITTING:
            assert "harbour/watched" not in found(caller, query, filters)


def test_nobody_approves_what_is_his_own(running_fleet: RunningFleet, publisher: Person, admin: Person) -> None:
    both = new_person(running_fleet, admin, "twohats", roles=("approver",))
    for person, code in ((publisher, "not_yours_to_decide"), (both, "own_approval")):
        receipt = person.post("/api/v1/services", demo_submission(running_fleet, "own", **TEXT))
        approval = opened_approval(admin, receipt["run_id"])
        path = f"/workflows/{approval['approval_id']}"
        refused = person.ask("POST", f"{path}/approve", {"comment": "mine"})
        assert (refused.status_code, refused.json()["code"]) == (403, code), refused.text
        assert person.get(f"/api/v1/runs/{receipt['run_id']}")["state"] == "running"
        admin.post(f"{path}/reject", {"comment": "Not like this."})
        run = ended(person, receipt["run_id"])
        assert (run["state"], run["error"]["phase"], run["error"]["code"]) == (
            "failed",
            "approval",
            "approval_rejected",
        )
        assert "Not like this." in run["error"]["message"]
        assert not [name for name in found(person, WORDS) if name.endswith("/own")]


def test_what_strict_refuses_lenient_publishes_with_warnings(
    running_fleet: RunningFleet, publisher: Person, admin: Person
) -> None:
    body = demo_submission(running_fleet, "sloppy")
    body["openapi"]["paths"]["/v1/models"]["get"]["responses"] = {"ok": {"description": "x"}}
    strict = publisher.post("/api/v1/services", body)
    run = ended(publisher, strict["run_id"])
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
