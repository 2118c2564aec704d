"""A real catalogue imported in batches: everything found, nothing invented, the same again changes nothing."""

import json
from collections.abc import Sequence
from decimal import Decimal

import pytest
from fixtures.marketplace_people import Json, Person
from fixtures.real_inputs import real_input
from fixtures.report import tell
from fixtures.running_fleet import RunningFleet, until

BATCH = 50
ALL = 364
# Has names with a variant, a negative price and what NEED asks for; each further row costs 0.1 s for its meaning.
A_PART = 60
NEED = "cheap model that can read images with a long context"
FILTERS: Json = {
    "input_modalities": ["image"],
    "min_context_length": 200_000,
    "max_input_price": "0.50",
    "status": "catalogue_only",
}


def imported(admin: Person, rows: Sequence[object]) -> Json:
    """The counts of all batches and the results of all rows."""
    answers = [
        admin.post("/api/v1/catalogue/imports", {"data": rows[begin : begin + BATCH]})
        for begin in range(0, len(rows), BATCH)
    ]
    counts = {name: sum(answer[name] for answer in answers) for name in ("created", "updated", "unchanged", "refused")}
    return counts | {"rows": [row for answer in answers for row in answer["rows"]]}


def counts_of(result: Json) -> tuple[int, int, int, int]:
    return result["created"], result["updated"], result["unchanged"], result["refused"]


def all_hits(person: Person, body: Json) -> list[Json]:
    """The hits of all pages."""
    hits: list[Json] = []
    cursor = None
    while True:
        page = person.post("/api/v1/search", body | {"limit": 100, "cursor": cursor})
        hits += page["hits"]
        cursor = page["next_cursor"]
        if cursor is None:
            return hits


@pytest.mark.parametrize("size", [A_PART, pytest.param(ALL, marks=pytest.mark.campaign)])
def test_a_real_catalogue_is_searchable_and_honest(
    running_fleet: RunningFleet, admin: Person, caller: Person, size: int
) -> None:
    catalogue: list[Json] = json.loads(real_input("catalogue/models.json").read_text())["data"]
    assert len(catalogue) == ALL
    rows = catalogue[:size]
    everything: Json = {"filters": {"status": "catalogue_only"}}
    known = len(all_hits(caller, everything))

    question: Json = {"query": NEED, "filters": FILTERS, "explain": True}

    def searchable() -> bool:
        # In this order: what is not there yet waits for no vector, and what is written is found a moment later.
        total = caller.post("/api/v1/search", everything)["total"]
        waiting = total < size or caller.get("/api/v1/stats")["without_vectors"]
        return not waiting and not caller.post("/api/v1/search", question)["degraded"]

    assert counts_of(imported(admin, rows)) == (size - known, 0, known, 0)
    seconds = until(searchable, 180, running_fleet.tails)
    tell(f"{size} models searchable, with their meaning, {seconds:.1f} s after their import")

    hits = {hit["name"].removeprefix("catalogue/"): hit for hit in all_hits(caller, everything)}
    assert hits.keys() == {row["id"] for row in rows}
    assert any(":" in name for name in hits)
    assert any(Decimal(row["pricing"]["prompt"]) < 0 for row in rows)
    for row in rows:
        require_honest(hits[row["id"]], row)

    found = caller.post("/api/v1/search", question)
    assert found["hits"]
    assert not found["degraded"]
    for hit in found["hits"]:
        assert "image" in hit["input_modalities"]
        assert hit["context_length"] >= 200_000
        assert Decimal(hit["pricing"]["input"]) <= Decimal("0.50")
        assert hit["reasons"]
    assert {reason["kind"] for hit in found["hits"] for reason in hit["reasons"]} >= {"meaning", "intent"}
    import_again(admin, caller, rows, hits[rows[0]["id"]]["version"])


def require_honest(hit: Json, row: Json) -> None:
    """What search shows of a row is what the row says; a negative price is unknown."""
    assert (hit["state"], hit["callable"], hit["verified"]) == ("catalogue_only", False, False)
    for source, shown in (("prompt", "input"), ("completion", "output")):
        dollars = Decimal(row["pricing"][source]) * 1_000_000
        price = hit["pricing"][shown]
        assert price is None if dollars < 0 else Decimal(price) == dollars


def import_again(admin: Person, caller: Person, rows: list[Json], first_version: str) -> None:
    """The same rows change nothing; a changed one changes itself alone, and unreadable ones are refused."""
    assert counts_of(imported(admin, rows)) == (0, 0, len(rows), 0)
    result = imported(admin, [{**rows[0], "name": "Another name"}, {"id": "no slash"}, "no object"])
    assert [row["outcome"] for row in result["rows"]] == ["updated", "refused", "refused"]
    path = f"/api/v1/services/{result['rows'][0]['listing_id']}"
    until(lambda: caller.get(path)["title"] == "Another name", 10)
    assert caller.get(path)["version"] != first_version
    assert counts_of(imported(admin, rows[:1])) == (0, 1, 0, 0)


def test_a_catalogue_entry_cannot_be_called_and_callers_import_for_nobody_else(
    running_fleet: RunningFleet, caller: Person
) -> None:
    row = {"id": "vendor/model:free", "name": "Model", "pricing": {"prompt": "-1", "completion": "0"}}
    result = caller.post("/api/v1/catalogue/imports", {"data": [row]})
    assert result["created"] == 1
    listing_id = result["rows"][0]["listing_id"]
    until(lambda: caller.ask("GET", f"/api/v1/services/{listing_id}").status_code == 200, 10)
    entry = caller.get(f"/api/v1/services/{listing_id}")
    assert (entry["name"], entry["pricing"]["input"], entry["how_to_call"]) == (
        "lighthouse/vendor/model:free",
        None,
        None,
    )
    headers = {"authorization": f"Bearer {caller.key('catalogue')['key']}"}
    body = {"model": entry["name"], "messages": [{"role": "user", "content": "Ahoy"}]}
    refused = running_fleet.http.post(f"{running_fleet.gateway}/v1/chat/completions", json=body, headers=headers)
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "model_not_callable")
    anybody = running_fleet.http.post(f"{running_fleet.gateway}/api/v1/catalogue/imports", json={"data": [row]})
    assert anybody.status_code == 401
