"""Access to a listing from the asking to the first call, and a key that changes its secret while it is in use."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import openai
import pytest
from fixtures.marketplace_people import Json, Person
from fixtures.running_fleet import RunningFleet, until

TALK: Any = [{"role": "user", "content": "Ahoy"}]
PATH = "/api/v1/access-requests"
PATIENCE = 15.0
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat()
Clients = Callable[[str], openai.OpenAI]


def talk(client: openai.OpenAI, model: str = "harbour/parrot") -> None:
    client.chat.completions.create(model=model, messages=TALK, max_tokens=5)


def asked(caller: Person) -> Json:
    body = {"listing": "harbour/parrot", "purpose": "to talk", "monthly_budget": "1", "expires_at": TOMORROW}
    answers: list[httpx.Response] = []

    def taken() -> bool:
        answers.append(caller.ask("POST", PATH, body))
        return answers[-1].status_code == 201

    # The listing's publication is heard of a moment after it.
    until(taken, PATIENCE, lambda: answers[-1].text)
    return answers[-1].json()


def approval_of(publisher: Person, request: Json) -> str:
    found: list[str] = []

    def waits() -> bool:
        queue = publisher.get("/workflows?state=pending&subject_kind=access_request")["items"]
        found.extend(one["approval_id"] for one in queue if one["subject_id"] == request["id"])
        return bool(found)

    until(waits, PATIENCE)
    return found[0]


def test_the_listings_team_approves_and_the_asker_alone_collects_a_key_that_calls_it(
    running_fleet: RunningFleet, parrot: Json, publisher: Person, caller: Person, admin: Person, client_of: Clients
) -> None:
    request = asked(caller)
    assert asked(caller)["id"] == request["id"]
    approval = approval_of(publisher, request)
    assert caller.ask("POST", f"/workflows/{approval}/approve", {"comment": ""}).json()["code"] == "not_yours_to_decide"
    publisher.post(f"/workflows/{approval}/approve", {"comment": "welcome"})
    path = f"{PATH}/{request['id']}"
    until(lambda: caller.get(path)["state"] == "approved", PATIENCE)
    assert publisher.ask("POST", f"{path}/collect").status_code == 404
    collected = caller.post(f"{path}/collect", {})
    assert caller.ask("POST", f"{path}/collect").json()["code"] == "access_collected"
    client = client_of(collected["key"])
    talk(client)
    with pytest.raises(openai.NotFoundError):
        talk(client, "demo/demo-chat")

    def trail() -> set[str]:
        rows = admin.get(f"/audit?subject_id={request['id']}")["items"]
        rows += admin.get(f"/audit?subject_id={collected['key_id']}")["items"]
        return {row["action"] for row in rows}

    until(lambda: {"access.requested", "access.granted", "access.collected", "key.created"} <= trail(), PATIENCE, trail)
    kept = "SELECT details FROM admin.audit_rows UNION ALL SELECT encode(data, 'escape') FROM events.log"
    secrets = running_fleet.rows(kept)
    assert not any(collected["key"] in row[0] for row in secrets)


def test_a_key_is_rotated_under_use_and_nothing_is_refused_before_the_grace_ends(
    parrot: Json, caller: Person, client_of: Clients
) -> None:
    key = caller.key("in use")
    old = client_of(key["key"])
    talk(old)
    rotated = caller.post(f"/api/v1/keys/{key['id']}/rotate", {"grace_seconds": 3, "generation": 1})
    new = client_of(rotated["key"])
    for client in (old, new):
        talk(client)

    def ended() -> bool:
        # Below the ten requests a second of its tier.
        time.sleep(0.2)
        try:
            talk(old)
        except openai.AuthenticationError:
            return True
        return False

    until(ended, PATIENCE)
    assert datetime.now(UTC) >= datetime.fromisoformat(rotated["previous_ends_at"])
    talk(new)
