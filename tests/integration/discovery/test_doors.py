"""The HTTP doors of discovery over a real database: who sees what, and what is refused."""

from typing import Any

import pytest
from fixtures.discovery_machine import DiscoveryMachine, RunningDiscovery, id_of, snapshot, token_of, until

from marketplace.events.v1 import usage_pb2
from marketplace.events.v1.listing_pb2 import Pricing


async def published(discovery: DiscoveryMachine, api: RunningDiscovery, *names: str, **changes: Any) -> None:
    """Public or not, until its own team finds them."""
    await discovery.publish(*(snapshot(name, **changes) for name in names))
    for name in names:

        async def there(name: str = name) -> bool:
            return name in await api.found(name, changes.get("team_id", "tea_red"))

        await until(there)


@pytest.mark.parametrize(
    ("visibility", "anyone", "other_team"), [("private", 404, 404), ("workspace", 404, 200), ("public", 200, 200)]
)
async def test_each_door_shows_a_listing_only_to_those_who_may_see_it(
    discovery: DiscoveryMachine, api: RunningDiscovery, visibility: str, anyone: int, other_team: int
) -> None:
    name = f"secret_{visibility}"
    await published(discovery, api, name, visibility=visibility, category=f"cat_{visibility}", tags=[name])
    for team, status in ((None, anyone), ("tea_blue", other_team), ("tea_red", 200)):
        seen = status == 200
        assert (await api.get(f"services/{id_of(name)}", team)).status_code == status
        assert (await api.get(f"services/{id_of(name)}/similar", team)).status_code == status
        assert (name in await api.found(name, team)) is seen
        for path in (f"autocomplete?q={name}", "tags", "trending"):
            assert (name in (await api.get(path, team)).text) is seen
        assert (f"cat_{visibility}" in (await api.get("categories", team)).text) is seen


async def test_an_entry_tells_everything_and_prices_as_decimal_strings(
    discovery: DiscoveryMachine, api: RunningDiscovery
) -> None:
    price = Pricing(model="usage", input_nanodollars_per_million=150_000_000)
    await published(discovery, api, "priced", pricing=price, context_length=8000, output_modalities=["text"])
    entry = (await api.get(f"services/{id_of('priced')}")).json()
    assert entry["pricing"] == {"model": "usage", "input": "0.15", "output": None, "cached_input": None}
    assert (entry["context_length"], entry["max_output_tokens"], entry["state"]) == (8000, None, "published")
    assert entry["how_to_call"]["path"] == "/v1/chat/completions"
    assert entry["how_to_call"]["body"]["model"] == "red/priced"
    assert entry["deprecation"] is None


async def test_a_catalogue_entry_is_not_callable(discovery: DiscoveryMachine, api: RunningDiscovery) -> None:
    await published(discovery, api, "described", state="catalogue_only")
    entry = (await api.get(f"services/{id_of('described')}")).json()
    assert (entry["callable"], entry["how_to_call"]) == (False, None)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"filters": {"colour": "red"}}, "colour"),
        ({"filters": {"min_rating": 9}}, "min_rating"),
        ({"filters": {"max_input_price": "much"}}, "max_input_price"),
        ({"filters": {"status": "retired"}}, "status"),
        ({"limit": 0}, "limit"),
        ({"sort": "luck"}, "sort"),
        ({"surprise": 1}, "surprise"),
        ({"query": "\x00"}, "query"),
    ],
)
async def test_a_wrong_search_is_refused_by_name(api: RunningDiscovery, body: dict[str, Any], named: str) -> None:
    answer = await api.post("search", body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert named in answer.text


async def test_a_cursor_goes_on_and_fits_its_own_question_alone(
    discovery: DiscoveryMachine, api: RunningDiscovery
) -> None:
    names = [f"page_{number}" for number in range(5)]
    await published(discovery, api, *names, category="pages")
    question: dict[str, Any] = {"filters": {"category": "pages"}, "limit": 2, "facets": ["category"]}
    first = await api.search(**question)
    assert (first["total"], first["facets"]["category"][0]["value"]) == (5, "pages")
    second = await api.search(**question, cursor=first["next_cursor"])
    third = await api.search(**question, cursor=second["next_cursor"])
    found = [hit["title"] for page in (first, second, third) for hit in page["hits"]]
    assert (sorted(found), third["next_cursor"]) == (names, None)
    for change in ({"query": "other"}, {"filters": {}}, {"sort": "newest"}):
        refused = await api.post("search", {**question, **change, "cursor": first["next_cursor"]}, account=None)
        assert (refused.status_code, refused.json()["code"]) == (422, "cursor_refused")
    other_viewer = await api.post("search", {**question, "cursor": first["next_cursor"]})
    assert other_viewer.status_code == 422


async def test_reasons_have_weights_where_they_are_asked_for(
    discovery: DiscoveryMachine, api: RunningDiscovery
) -> None:
    await published(discovery, api, "weighed")
    plain, explained = [(await api.search("weighed", explain=explain))["hits"][0] for explain in (False, True)]
    assert {reason["score"] for reason in plain["reasons"]} == {None}
    assert all(reason["score"] is not None for reason in explained["reasons"])


async def test_a_rating_counts_once_for_each_account_and_reaches_search(
    discovery: DiscoveryMachine, api: RunningDiscovery
) -> None:
    path = f"services/{id_of('rated')}/ratings"
    await published(discovery, api, "rated")
    await api.post(path, {"stars": 1, "review": "slow"}, "acc_a")
    await api.post(path, {"stars": 4}, "acc_a")
    answer = await api.post(path, {"stars": 5}, "acc_b")
    assert answer.json()["rating"] == {"average": 4.5, "count": 2}
    await until(lambda: is_found_rated(api))
    assert (await api.get(f"services/{id_of('rated')}")).json()["rating"] == {"average": 4.5, "count": 2}


async def is_found_rated(api: RunningDiscovery) -> bool:
    return "rated" in await api.found(filters={"min_rating": 4.5})


async def test_ratings_and_interactions_need_a_token_and_a_listing_that_is_seen(
    discovery: DiscoveryMachine, api: RunningDiscovery
) -> None:
    await published(discovery, api, "closed", visibility="private", team_id="tea_blue")
    path = f"services/{id_of('closed')}/ratings"
    look = {"interactions": [{"kind": "view", "listing_id": id_of("closed")}]}
    assert (await api.post(path, {"stars": 5}, None)).status_code == 401
    assert (await api.post("interactions", look, None)).status_code == 401
    assert (await api.post(path, {"stars": 5})).status_code == 404
    assert (await api.post("interactions", look)).json() == {"recorded": 0}
    assert (await api.post(path, {"stars": 6})).status_code == 422


async def test_looking_again_on_the_same_day_adds_nothing(discovery: DiscoveryMachine, api: RunningDiscovery) -> None:
    await published(discovery, api, "looked_at")
    look = {"kind": "view", "listing_id": id_of("looked_at")}
    click = look | {"kind": "click"}
    assert (await api.post("interactions", {"interactions": [look, look, click]})).json() == {"recorded": 2}
    assert (await api.post("interactions", {"interactions": [look]})).json() == {"recorded": 0}
    assert (await api.post("interactions", {"interactions": [look]}, "acc_2")).json() == {"recorded": 1}


def calls(name: str, count: int, outcome: str = "completed") -> usage_pb2.UsageRecorded:
    rows = [usage_pb2.UsageRow(listing_id=id_of(name), outcome=outcome) for _ in range(count)]
    for row in rows:
        row.started_at.GetCurrentTime()
    return usage_pb2.UsageRecorded(rows=rows)


async def test_calls_make_a_listing_trend_and_popular_and_failed_ones_do_not(
    discovery: DiscoveryMachine, api: RunningDiscovery
) -> None:
    await published(discovery, api, "busy", "failing", "idle", category="traffic")
    facts = [("tea_red", calls("busy", 30)), ("tea_red", calls("failing", 30, "upstream_error"))]
    await discovery.append("consumption_worker", "marketplace.usage.v1", facts)
    await until(lambda: is_busy(api))
    found = await api.found(sort="popularity", filters={"category": "traffic"})
    assert found[0] == "busy"


async def is_busy(api: RunningDiscovery) -> bool:
    answer = (await api.get("trending?window=7d&category=traffic")).json()
    popularity = {one["title"]: one["popularity"] for one in answer["items"]}
    return popularity["busy"] >= 29 and popularity["failing"] == 0


async def test_what_is_busy_and_hidden_takes_no_place_among_the_trending(
    discovery: DiscoveryMachine, api: RunningDiscovery
) -> None:
    await published(discovery, api, "modest", category="modest")
    hidden = [f"humming_{number}" for number in range(501)]
    await discovery.publish(*(snapshot(name, visibility="private", team_id="tea_blue") for name in hidden))
    await discovery.append(
        "consumption_worker", "marketplace.usage.v1", [("tea_blue", calls(name, 3)) for name in hidden]
    )
    await discovery.append("consumption_worker", "marketplace.usage.v1", [("tea_red", calls("modest", 1))])

    async def used() -> bool:
        items = (await api.get("trending?window=30d&category=modest")).json()["items"]
        return items[0]["uses"] == 1.0

    await until(used, 60)
    assert "humming" not in (await api.get("trending?window=30d&limit=100")).text


async def test_similar_listings_share_meaning_and_abilities(discovery: DiscoveryMachine, api: RunningDiscovery) -> None:
    await published(discovery, api, "painter", description="paints pictures", output_modalities=["image"])
    await published(discovery, api, "sketcher", description="draws pictures", output_modalities=["image"])
    await published(discovery, api, "scribe", description="draws up contracts", output_modalities=["text"])
    await api.until_settled()
    items = (await api.get(f"services/{id_of('painter')}/similar")).json()["items"]
    assert items[0]["title"] == "sketcher"
    assert items[0]["shared"] == ["gives image"]
    assert "painter" not in {item["title"] for item in items}


async def test_a_token_that_does_not_hold_is_not_taken_for_nobodys(api: RunningDiscovery) -> None:
    broken = {"authorization": token_of("acc_1")["authorization"] + "x"}
    assert (await api.http.post("/api/v1/search", json={}, headers=broken)).status_code == 401


async def test_searches_are_counted_by_outcome(discovery: DiscoveryMachine) -> None:
    async with discovery.api() as api:
        await api.until_settled()
        await api.search("anything")
        await api.post("search", {"filters": {"colour": "red"}})
        text = (await api.http.get("/metrics")).text
    assert 'marketplace_search_requests_total{outcome="answered"} 1.0' in text
    assert 'marketplace_search_requests_total{outcome="refused"} 1.0' in text
    assert "marketplace_search_duration_seconds_count 2.0" in text
