"""The marketplace stopped by Ctrl-C and started again on the same folder: everything is still there."""

from pathlib import Path

import httpx
from fixtures.marketplace_people import Json, Person, good, new_person
from fixtures.report import tell
from fixtures.running_fleet import RunningFleet, until

BODY: Json = {"model": "harbour/parrot", "messages": [{"role": "user", "content": "Ahoy"}]}


def test_a_second_start_continues_where_the_first_ended(
    running_fleet: RunningFleet, admin: Person, parrot: Json
) -> None:
    person = new_person(running_fleet, admin, "winterers")
    key = person.key("kept", monthly_token_quota=100_000)
    demo_key, demo_model = running_fleet.access.demo_key, running_fleet.access.demo_model

    def call(secret: str, model: str = "harbour/parrot") -> httpx.Response:
        headers = {"authorization": f"Bearer {secret}"}
        url = f"{running_fleet.gateway}/v1/chat/completions"
        return running_fleet.http.post(url, json=BODY | {"model": model}, headers=headers)

    before = good(call(key["key"]))["usage"]["total_tokens"]
    path = f"/api/v1/calls?key_id={key['id']}"
    until(lambda: person.get(path)["items"], 15)
    kept = person.get(path), entry_of(person, parrot)

    assert journals(running_fleet)
    stopped = running_fleet.stop()
    # All is settled and sealed, so that the next start has nothing of it to read.
    assert not journals(running_fleet)
    started = until_started(running_fleet)
    tell(f"stopped in {stopped:.1f} s, ready again in {started:.1f} s")

    assert (person.get(path), entry_of(person, parrot)) == kept
    assert (running_fleet.access.demo_key, running_fleet.access.demo_model) == (demo_key, demo_model)
    assert call(demo_key, demo_model).status_code == 200
    again = good(call(key["key"]))["usage"]["total_tokens"]
    until(lambda: len(person.get(path)["items"]) == 2, 15)
    [quota] = person.get("/api/v1/quota")["items"]
    assert int(quota["used"]) == before + again
    found = person.post("/api/v1/search", {"query": "a bird that talks back to seafarers"})
    assert "harbour/parrot" in {hit["name"] for hit in found["hits"]}
    assert person.me()["team_slug"] == "winterers"


def journals(fleet: RunningFleet) -> list[Path]:
    return [path for root in fleet.folder.rglob("journals") for path in root.iterdir() if path.is_dir()]


def entry_of(person: Person, listing: Json) -> Json:
    """All that is said of a listing but its popularity, which follows its use."""
    return person.get(f"/api/v1/services/{listing['listing_id']}") | {"popularity": None}


def until_started(fleet: RunningFleet) -> float:
    """The seconds that a start takes."""
    return until(lambda: fleet.start() is None, 60)
