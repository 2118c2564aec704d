"""A listing that is announced to end: still callable, said on every call, and lower in search."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import openai
from fixtures.marketplace_people import Json, Person, demo_submission, published
from fixtures.running_fleet import RunningFleet, until

TALK: Any = [{"role": "user", "content": "Ahoy"}]
TEXT = {"title": "Foghorn of the old pier", "description": "Sounds loud signals for ships in thick weather."}


def hits(person: Person, query: str) -> dict[str, Json]:
    answer = person.post("/api/v1/search", {"query": query, "limit": 100})
    return {hit["name"]: hit | {"rank": rank} for rank, hit in enumerate(answer["hits"])}


def test_a_deprecated_listing_says_so_on_every_call_and_sinks_in_search(
    running_fleet: RunningFleet,
    publisher: Person,
    admin: Person,
    caller: Person,
    client_of: Callable[[str], openai.OpenAI],
) -> None:
    old = published(publisher, admin, demo_submission(running_fleet, "foghorn", **TEXT))
    published(publisher, admin, demo_submission(running_fleet, "foghorn-two", **TEXT))
    client = client_of(caller.key("foghorn", tier="premium")["key"])

    def headers(stream: bool = False) -> Any:
        create = client.chat.completions.with_raw_response.create
        return create(model="harbour/foghorn", messages=TALK, stream=stream).http_response.headers

    assert not {"deprecation", "sunset", "link"} & set(headers())
    before = hits(caller, "loud signals for ships")["harbour/foghorn"]
    sunset = datetime.now(UTC).replace(microsecond=0) + timedelta(days=90)
    announcement = {"reason": "Rusty.", "sunset_at": sunset.isoformat(), "successor": "harbour/foghorn-two"}
    path = f"/api/v1/services/{old['listing_id']}"
    shown = publisher.post(f"{path}/deprecate", announcement)
    assert shown["state"] == "deprecated"

    until(lambda: "deprecation" in headers(), 5)
    since = datetime.fromisoformat(shown["deprecated_at"])
    for seen in (headers(), headers(stream=True)):
        assert seen["deprecation"] == f"@{int(since.timestamp())}"
        assert parsedate_to_datetime(seen["sunset"]) == sunset
        assert seen["link"] == '</v1/models/harbour/foghorn-two>; rel="successor-version"'
    assert client.models.retrieve("harbour/foghorn-two").id == "harbour/foghorn-two"

    until(lambda: hits(caller, "loud signals for ships")["harbour/foghorn"]["state"] == "deprecated", 5)
    after = hits(caller, "loud signals for ships")
    assert after["harbour/foghorn"]["score"] < before["score"]
    assert after["harbour/foghorn-two"]["rank"] < after["harbour/foghorn"]["rank"]
    entry = caller.get(path)
    assert (entry["state"], entry["callable"]) == ("deprecated", True)
    assert entry["deprecation"]["successor"] == "harbour/foghorn-two"


def test_only_its_publisher_announces_the_end_and_names_a_real_successor(
    publisher: Person, caller: Person, parrot: Json
) -> None:
    path = f"/api/v1/services/{parrot['listing_id']}"
    announcement = {"reason": "Rusty."}
    assert caller.ask("POST", f"{path}/deprecate", announcement).status_code == 404
    for successor in ("harbour/no-such", parrot["listing_id"]):
        refused = publisher.ask("POST", f"{path}/deprecate", announcement | {"successor": successor})
        assert refused.status_code in {400, 409, 422}, refused.text
    past = announcement | {"sunset_at": "2020-01-01T00:00:00Z"}
    assert publisher.ask("POST", f"{path}/deprecate", past).status_code in {400, 422}
    assert publisher.get(f"{path}/publication")["state"] == "published"
