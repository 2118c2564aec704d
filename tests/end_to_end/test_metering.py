"""Calls by every door, and every book about them: they must agree to the token and to the nano-dollar."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import httpx
import openai
import pytest
from fixtures.doors_of_calls import AT_BOTH_DOORS
from fixtures.marketplace_people import Json, Person, demo_submission, good, new_person, published
from fixtures.running_fleet import RunningFleet, until

QUOTA = 5_000_000
BUDGET = "3.50"
# Dollars per million tokens, as the fixtures publish.
PRICES = {
    "harbour/parrot": (Decimal("0.25"), Decimal("1.10")),
    "harbour/compass": (Decimal("0.02"), Decimal("0")),
}
TALK: Any = [{"role": "user", "content": "Row the boat to the northern pier before the tide turns."}]


@dataclass(frozen=True)
class Said:
    """What a caller was told about a call."""

    call_id: str
    listing: str
    prompt_tokens: int
    completion_tokens: int
    facts: Json

    @property
    def tokens(self) -> tuple[int, int]:
        return self.prompt_tokens, self.completion_tokens

    @property
    def cost(self) -> Decimal:
        """Rounded once, to the nano-dollar."""
        prompt, completion = PRICES[self.listing]
        dollars = (self.prompt_tokens * prompt + self.completion_tokens * completion) / 1_000_000
        return dollars.quantize(Decimal("1e-9"), ROUND_HALF_UP)


@pytest.fixture(scope="session")
def compass(running_fleet: RunningFleet, publisher: Person, admin: Person) -> Json:
    """A published listing whose model makes vectors."""
    body = demo_submission(
        running_fleet,
        "compass",
        category="embeddings",
        modalities={"output": ["embedding"]},
        pricing={"input": "0.02", "output": "0"},
    )
    body["endpoint"]["model"] = "demo-embed"
    return published(publisher, admin, body)


def told(headers: Mapping[str, str], usage: Json | None) -> Said:
    """What the headers of a plain answer say; its body's usage must say the same."""
    facts = {
        name.removeprefix("x-marketplace-").replace("-", "_"): value
        for name, value in headers.items()
        if name.startswith("x-marketplace-")
    }
    tokens = int(facts["prompt_tokens"]), int(facts["completion_tokens"])
    if usage is not None:
        assert tokens == (usage["prompt_tokens"], usage.get("completion_tokens", 0))
    return Said(headers["x-request-id"], facts["listing"], *tokens, facts)


def told_at_end(text: str) -> Said:
    """What the last comment of a stream says."""
    [line] = [line for line in text.splitlines() if line.startswith(": marketplace ")]
    facts = json.loads(line.removeprefix(": marketplace "))
    return Said(facts["request_id"], facts["listing"], facts["prompt_tokens"], facts["completion_tokens"], facts)


@dataclass(frozen=True)
class Calls:
    """One caller's calls by every door."""

    fleet: RunningFleet
    door: str
    client: openai.OpenAI
    key: str

    def post(self, path: str, body: object) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.key}"}
        answer = self.fleet.http.post(f"{self.fleet.url(self.door)}{path}", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer

    def plain(self) -> Said:
        raw = self.client.chat.completions.with_raw_response.create(model="harbour/parrot", messages=TALK)
        usage = raw.parse().usage
        assert usage is not None
        return told(raw.headers, usage.model_dump())

    def streamed(self, include_usage: bool) -> tuple[str, Json | None]:
        """The text and the usage that the official client saw."""
        more: Any = {"stream_options": {"include_usage": True}} if include_usage else {}
        stream = self.client.chat.completions.create(model="harbour/parrot", messages=TALK, stream=True, **more)
        text, usage = "", None
        for chunk in stream:
            text += "".join(choice.delta.content or "" for choice in chunk.choices)
            usage = chunk.usage.model_dump() if chunk.usage else usage
        return text, usage

    def consumed(self, listing_id: str, **body: object) -> Said:
        answer = self.post(f"/api/v1/consume/{listing_id}", body)
        if answer.headers["content-type"].startswith("text/event-stream"):
            return told_at_end(answer.text)
        return told(answer.headers, answer.json()["usage"])

    def embedded(self) -> Said:
        raw = self.client.embeddings.with_raw_response.create(model="harbour/compass", input=["north", "by north-west"])
        answer = raw.parse()
        assert [len(row.embedding) > 0 for row in answer.data] == [True, True]
        return told(raw.headers, answer.usage.model_dump())


def rows_of(person: Person, key_id: str, count: int) -> dict[str, Json]:
    """The usage rows of a key by call, once there are so many."""
    path = f"/api/v1/calls?key_id={key_id}&limit=100"
    until(lambda: len(person.get(path)["items"]) >= count, 15)
    return {row["id"]: row for row in person.get(path)["items"]}


def calls_by_every_door(calls: Calls, listing_id: str) -> list[Said]:
    """Plain and streamed, by the official client and by /consume; the first is the official client's plain one."""
    plain = calls.plain()
    said = [
        plain,
        calls.consumed(listing_id, model="ignored", messages=TALK),
        calls.consumed(f"{listing_id}@1.0.0", messages=TALK, stream=True),
        calls.consumed(listing_id, messages=TALK, stream=True, stream_options={"include_usage": True}),
        calls.consumed(listing_id, prompt="Count the gulls", max_tokens=9),
        calls.consumed("harbour/parrot", prompt="Count the gulls", max_tokens=9, stream=True),
        calls.embedded(),
    ]
    assert [one.tokens for one in said[1:4]] == [plain.tokens] * 3
    assert [one.completion_tokens for one in said[4:6]] == [9, 9]
    return said


def official_streams(calls: Calls, tokens: tuple[int, int]) -> None:
    """Two streams of the official client: it sees the usage where it asks for it, and nothing of it where not."""
    text, usage = calls.streamed(include_usage=True)
    assert usage is not None
    assert (usage["prompt_tokens"], usage["completion_tokens"]) == tokens
    assert calls.streamed(include_usage=False) == (text, None)
    assert text.startswith(("This is a demo", "A demo provider", "You reached"))


@AT_BOTH_DOORS
def test_every_book_agrees_to_the_token(
    running_fleet: RunningFleet,
    admin: Person,
    parrot: Json,
    compass: Json,
    client_of: Callable[[str], openai.OpenAI],
    door: str,
) -> None:
    person = new_person(running_fleet, admin, f"metered-{door}")
    key = person.key("books", monthly_token_quota=QUOTA, monthly_budget=BUDGET)
    calls = Calls(running_fleet, door, client_of(key["key"]), key["key"])
    said = calls_by_every_door(calls, parrot["listing_id"])
    tokens = said[0].tokens
    official_streams(calls, tokens)

    rows = rows_of(person, key["id"], len(said) + 2)
    assert len(rows) == len(said) + 2
    known = {one.call_id for one in said}
    said += [
        Said(row["id"], "harbour/parrot", *tokens, {"cost_usd": row["cost"], "estimated": False})
        for row in rows.values()
        if row["id"] not in known
    ]
    require_same_row(said, rows)
    require_same_at_vendor(said, running_fleet.vendor_ledger())
    total = sum(sum(one.tokens) for one in said)
    cost = sum((one.cost for one in said), Decimal(0))
    books_of_the_team(person, admin, key["id"], said, cost)
    quota = {item["unit"]: item for item in person.get("/api/v1/quota")["items"]}
    assert (quota["tokens"]["limit"], quota["tokens"]["used"]) == (str(QUOTA), str(total))
    assert quota["tokens"]["remaining"] == str(QUOTA - total)
    assert (Decimal(quota["usd"]["used"]), Decimal(quota["usd"]["remaining"])) == (cost, Decimal(BUDGET) - cost)
    last = calls.plain()
    assert int(last.facts["quota_remaining_tokens"]) == QUOTA - total - sum(tokens)
    assert Decimal(last.facts["budget_remaining_usd"]) == Decimal(BUDGET) - cost - last.cost


def require_same_row(said: list[Said], rows: dict[str, Json]) -> None:
    """Consumption's row of each call says what the caller was told."""
    for one in said:
        row = rows[one.call_id]
        assert (row["listing"], row["outcome"], row["status"]) == (one.listing, "completed", 200)
        assert (row["prompt_tokens"], row["completion_tokens"]) == one.tokens
        assert Decimal(row["cost"]) == Decimal(one.facts["cost_usd"]) == one.cost
        assert not row["estimated"]
        assert str(one.facts["estimated"]).lower() == "false"


def require_same_at_vendor(said: list[Said], ledger: list[Json]) -> None:
    """The vendor's own count of each call is what the caller was told."""
    lines = {line["client_request_id"]: line for line in ledger}
    for one in said:
        line = lines[one.call_id]
        assert (line["prompt_tokens"], line["completion_tokens"]) == one.tokens
        assert line["finished"]


def books_of_the_team(person: Person, admin: Person, key_id: str, said: list[Said], cost: Decimal) -> None:
    """The sums of consumption and of admin's dashboard are the sums of what the caller was told."""
    prompt = sum(one.prompt_tokens for one in said)
    completion = sum(one.completion_tokens for one in said)
    [group] = person.get("/api/v1/usage?group_by=key")["groups"]
    assert (group["group"], group["calls"]) == (key_id, len(said))
    assert (group["prompt_tokens"], group["completion_tokens"]) == (prompt, completion)
    assert Decimal(group["cost"]) == cost
    assert (group["estimated_calls"], group["unknown_calls"], group["unpriced_calls"], group["failed_calls"]) == (
        0,
    ) * 4
    csv = person.ask("GET", "/api/v1/usage?group_by=key&format=csv").text.splitlines()
    assert csv[1].startswith(f"{key_id},{len(said)},{prompt},{completion},")
    team = person.me()["team_id"]
    until(lambda: admin.get(f"/dashboard/metrics?team_id={team}")["calls"] >= len(said), 15)
    for figures in (
        admin.get(f"/dashboard/metrics?team_id={team}"),
        person.get("/dashboard/metrics"),
        person.get(f"/api/v1/teams/{team}/usage"),
    ):
        assert (figures["calls"], figures["failed_calls"], figures["estimated_calls"]) == (len(said), 0, 0)
        assert (figures["prompt_tokens"], figures["completion_tokens"]) == (prompt, completion)
        assert Decimal(figures["cost_usd"]) == cost


@AT_BOTH_DOORS
def test_a_door_s_document_tells_of_the_calls_that_it_takes(running_fleet: RunningFleet, door: str) -> None:
    document = good(running_fleet.http.get(f"{running_fleet.url(door)}/openapi.json"))
    assert {"/v1/chat/completions", "/v1/models", "/api/v1/keys"} <= document["paths"].keys()
    assert document["paths"]["/v1/chat/completions"]["post"]["security"] == [{"ApiKey": []}]


@AT_BOTH_DOORS
def test_the_models_of_a_key_are_those_it_may_call(
    parrot: Json, compass: Json, caller: Person, client_of: Callable[[str], openai.OpenAI]
) -> None:
    client = client_of(caller.key("all")["key"])
    models = {model.id: model for model in client.models.list()}
    assert {"harbour/parrot", "harbour/compass"} <= models.keys()
    assert models["harbour/parrot"].owned_by == "harbour"
    assert client.models.retrieve("harbour/parrot").id == "harbour/parrot"
    only = client_of(caller.key("only", allowed_listings=[compass["listing_id"]])["key"])
    assert [model.id for model in only.models.list()] == ["harbour/compass"]
    with pytest.raises(openai.NotFoundError):
        only.models.retrieve("harbour/parrot")


def test_the_entry_tells_how_to_call_and_that_call_works(
    running_fleet: RunningFleet, parrot: Json, compass: Json, caller: Person
) -> None:
    headers = {"authorization": f"Bearer {caller.key('told')['key']}"}
    for listing in (parrot, compass):
        how = caller.get(f"/api/v1/services/{listing['listing_id']}")["how_to_call"]
        url = f"{running_fleet.gateway}{how['path']}"
        good(running_fleet.http.request(how["method"], url, json=how["body"], headers=headers))
