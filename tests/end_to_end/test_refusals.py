"""What is refused, each beside what is not: keys, limits, other people's listings, broken bodies."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import openai
import pytest
from fixtures.doors_of_calls import AT_BOTH_DOORS
from fixtures.marketplace_people import Json, Person, demo_submission, published
from fixtures.running_fleet import RunningFleet, until

TALK: Any = [{"role": "user", "content": "Ahoy"}]
CALL: Json = {"model": "harbour/parrot", "messages": TALK, "max_tokens": 20}
# A revocation travels by a stream of changes; the promise is a second.
SOON = 1.5


@pytest.fixture
def call(running_fleet: RunningFleet, door: str) -> Callable[..., httpx.Response]:
    """One call with a key, whatever it is answered."""

    def post(key: str | None, body: Json | bytes = CALL, path: str = "/v1/chat/completions") -> httpx.Response:
        headers = {"content-type": "application/json"} | ({} if key is None else {"authorization": f"Bearer {key}"})
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return running_fleet.http.post(f"{running_fleet.url(door)}{path}", content=content, headers=headers)

    return post


@pytest.fixture(scope="session")
def secret_parrot(running_fleet: RunningFleet, publisher: Person, admin: Person) -> Json:
    """A private listing of the team harbour."""
    body = demo_submission(running_fleet, "secret-parrot", title="Whispering zeppelin", visibility="private")
    return published(publisher, admin, body)


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@AT_BOTH_DOORS
def test_only_a_good_key_opens_the_door(parrot: Json, caller: Person, call: Callable[..., httpx.Response]) -> None:
    key = caller.key("good")["key"]
    assert call(key).status_code == 200
    assert code_of(call(None)) == (401, "missing_api_key")
    assert code_of(call(key[:-1] + ("A" if key[-1] != "A" else "B"))) == (401, "invalid_api_key")
    assert code_of(call("x" * 5000)) == (401, "invalid_api_key")
    assert "bearer" in call(None).headers["www-authenticate"].lower()


@AT_BOTH_DOORS
def test_a_revoked_key_is_refused_within_a_second_and_its_sister_is_not(
    parrot: Json, caller: Person, call: Callable[..., httpx.Response]
) -> None:
    revoked, sister = caller.key("revoked"), caller.key("sister")
    assert call(revoked["key"]).status_code == 200
    assert caller.ask("DELETE", f"/api/v1/keys/{revoked['id']}").json()["state"] == "revoked"
    until(lambda: call(revoked["key"]).status_code == 401, SOON)
    assert code_of(call(revoked["key"])) == (401, "invalid_api_key")
    assert call(sister["key"]).status_code == 200


def test_an_expired_key_is_refused(parrot: Json, caller: Person, call: Callable[..., httpx.Response]) -> None:
    ends = datetime.now(UTC) + timedelta(seconds=1.5)
    key = caller.key("short-lived", expires_at=ends.isoformat())["key"]
    assert call(key).status_code == 200
    until(lambda: call(key).status_code == 401, 5)
    assert code_of(call(key)) == (401, "expired_api_key")
    assert datetime.now(UTC) >= ends
    late = {"name": "late", "expires_at": "2020-01-01T00:00:00Z"}
    assert caller.ask("POST", "/api/v1/keys", late).status_code in {400, 422}


def test_a_key_for_other_listings_does_not_know_this_one(
    parrot: Json, secret_parrot: Json, caller: Person, call: Callable[..., httpx.Response]
) -> None:
    for listing, status in ((parrot, 200), (secret_parrot, 404)):
        key = caller.key("narrow", allowed_listings=[listing["listing_id"]])["key"]
        assert call(key).status_code == status
    assert code_of(call(key)) == (404, "model_not_found")


@AT_BOTH_DOORS
def test_a_used_up_quota_and_a_used_up_budget_say_so(
    parrot: Json, caller: Person, client_of: Callable[[str], openai.OpenAI]
) -> None:
    few = client_of(caller.key("few", monthly_token_quota=130)["key"])
    poor = client_of(caller.key("poor", monthly_budget="0.00005")["key"])
    free = client_of(caller.key("free")["key"])
    for client in (few, poor, free):
        client.chat.completions.create(model="harbour/parrot", messages=TALK, max_tokens=20)
    with pytest.raises(openai.RateLimitError, match="token quota of 130 has") as over_quota:
        few.chat.completions.create(model="harbour/parrot", messages=TALK, max_tokens=20)
    assert over_quota.value.code == "insufficient_quota"
    with pytest.raises(openai.APIStatusError, match="budget") as over_budget:
        poor.chat.completions.create(model="harbour/parrot", messages=TALK, max_tokens=20)
    assert (over_budget.value.status_code, over_budget.value.code) == (402, "budget_exhausted")
    for refused in (over_quota, over_budget):
        assert refused.value.response.headers["x-should-retry"] == "false"
    free.chat.completions.create(model="harbour/parrot", messages=TALK, max_tokens=20)


def test_a_private_listing_is_nowhere_for_other_teams(
    running_fleet: RunningFleet,
    publisher: Person,
    caller: Person,
    secret_parrot: Json,
    call: Callable[..., httpx.Response],
) -> None:
    listing_id = secret_parrot["listing_id"]
    wanted = {"query": "whispering zeppelin"}

    def hits(answer: httpx.Response) -> list[str]:
        return [hit["name"] for hit in answer.json()["hits"]]

    assert "harbour/secret-parrot" in hits(publisher.ask("POST", "/api/v1/search", wanted))
    assert "harbour/secret-parrot" not in hits(caller.ask("POST", "/api/v1/search", wanted))
    anybody = running_fleet.http.post(f"{running_fleet.gateway}/api/v1/search", json=wanted)
    assert "harbour/secret-parrot" not in hits(anybody)
    for path in ("", "/publication", "/versions"):
        assert publisher.ask("GET", f"/api/v1/services/{listing_id}{path}").status_code == 200
        assert caller.ask("GET", f"/api/v1/services/{listing_id}{path}").status_code == 404
    assert caller.ask("GET", f"/api/v1/runs/{secret_parrot['run_id']}").status_code == 404
    own, strange = publisher.key("own")["key"], caller.key("strange")["key"]
    for model in ("harbour/secret-parrot", listing_id):
        assert call(own, CALL | {"model": model}).status_code == 200
        assert code_of(call(strange, CALL | {"model": model})) == (404, "model_not_found")
    assert call(own, CALL, f"/api/v1/consume/{listing_id}").status_code == 200
    assert code_of(call(strange, CALL, f"/api/v1/consume/{listing_id}")) == (404, "model_not_found")


@AT_BOTH_DOORS
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (CALL | {"model": "harbour/no-such"}, 404, "model_not_found"),
        (CALL | {"model": "gpt-4o"}, 404, "model_not_found"),
        (CALL | {"model": "harbour/parrot@9.9.9"}, 404, "model_not_found"),
        ({"messages": TALK}, 400, "invalid_request"),
        (CALL | {"max_tokens": -1}, 400, "invalid_request"),
        (CALL | {"stream": "yes"}, 400, "invalid_request"),
        (b'{"model": "harbour/parrot", ', 400, "invalid_request"),
        (b"[1, 2]", 400, "invalid_request"),
        (b"", 400, "invalid_request"),
        (b'{"model":' + b"[" * 20_000, 400, "invalid_request"),
        (b'{"model": "harbour/parrot", "pad": "' + b"x" * (10 << 20) + b'"}', 413, "request_too_large"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_broken_call_is_refused_by_name(
    parrot: Json, caller: Person, call: Callable[..., httpx.Response], body: Json | bytes, status: int, code: str
) -> None:
    key = caller.key("broken")["key"]
    assert code_of(call(key, body)) == (status, code)


def test_keys_are_listed_and_changed_by_their_own_team_alone(publisher: Person, caller: Person) -> None:
    mine = caller.key("mine", monthly_token_quota=10)
    path = f"/api/v1/keys/{mine['id']}"
    listed = caller.get("/api/v1/keys?limit=200")["items"]
    assert mine["id"] in {key["id"] for key in listed}
    assert all("key" not in key for key in listed)
    assert mine["id"] not in {key["id"] for key in publisher.get("/api/v1/keys?limit=200")["items"]}
    for method, body in (("GET", None), ("PATCH", {"name": "theirs"}), ("DELETE", None)):
        assert publisher.ask(method, path, body).status_code == 404
    assert caller.get(path)["state"] == "active"
    assert caller.ask("PATCH", path, {"name": "renamed"}).json()["name"] == "renamed"
    stranger = caller.http.get(f"{caller.gateway}/api/v1/keys")
    assert stranger.status_code == 401
