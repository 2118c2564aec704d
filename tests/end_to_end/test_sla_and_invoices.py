"""What a listing keeps, and a supplier's invoice beside the books, through the gateway of a whole marketplace."""

from collections.abc import Callable
from datetime import UTC, datetime

import openai
from fixtures.marketplace_people import Json, Person, good, new_person
from fixtures.running_fleet import RunningFleet, until

TARGETS = {"latency_p95_ms": 60_000, "error_rate": 0.5, "uptime_percent": None}


def test_calls_are_seen_in_the_figures_of_their_listing_and_its_targets_in_the_trail(
    running_fleet: RunningFleet,
    admin: Person,
    publisher: Person,
    parrot: Json,
    client_of: Callable[[str], openai.OpenAI],
) -> None:
    person = new_person(running_fleet, admin, "watching")
    path = f"/api/v1/sla/{parrot['listing_id']}"
    before = person.get(path)["windows"][-1]["succeeded"]
    client = client_of(person.key("watched")["key"])
    for _ in range(3):
        client.chat.completions.create(model="harbour/parrot", messages=[{"role": "user", "content": "Ahoy"}])
    until(lambda: person.get(path)["windows"][-1]["succeeded"] >= before + 3, 15)
    hour = person.get(path)["windows"][1]
    assert hour["latency_ms"]["p50"] > 0
    assert hour["added_ms"] > 0
    assert person.ask("PUT", f"{path}/targets", TARGETS).status_code == 403
    assert publisher.put(f"{path}/targets", TARGETS)["targets"] == TARGETS
    until(lambda: admin.get("/audit?action=sla.targets_changed")["items"], 15)


def test_an_invoice_goes_through_the_gateway_as_a_file(admin: Person) -> None:
    text = f"day,model,input_tokens,amount\n{datetime.now(UTC).date()},a-model-of-nobody,5,1\n"
    headers = {**admin.headers, "content-type": "text/csv"}
    answer = admin.http.post(f"{admin.gateway}/api/v1/invoices", content=text.encode(), headers=headers)
    report = good(answer)
    [row] = report["rows"]
    assert (row["difference"]["input_tokens"], row["owing"]) == (5, "supplier")
    until(lambda: admin.get("/audit?action=invoice.registered")["items"], 15)
