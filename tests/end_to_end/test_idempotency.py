"""Retries under an Idempotency-Key through the whole marketplace: the official client, one call, one charge."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import openai
import pytest
from fixtures.marketplace_people import Json, Person, new_person
from fixtures.running_fleet import RunningFleet, until

MODEL = "harbour/parrot"
TALK: Any = [{"role": "user", "content": "Is the harbour open?"}]
QUOTA = 1_000_000


@dataclass(frozen=True)
class Retrier:
    """Somebody with one key, who sends calls again."""

    fleet: RunningFleet
    person: Person
    key: Json
    client: openai.OpenAI

    def ask(self, name: str, talk: Any = TALK) -> Any:
        """One plain call under a key, with its headers."""
        answers = self.client.chat.completions.with_raw_response
        return answers.create(model=MODEL, messages=talk, extra_headers={"Idempotency-Key": name})

    def streamed(self, name: str) -> str:
        """The text of one streamed call under a key."""
        stream = self.client.chat.completions.create(
            model=MODEL, messages=TALK, stream=True, extra_headers={"Idempotency-Key": name}
        )
        return "".join(choice.delta.content or "" for chunk in stream for choice in chunk.choices)

    def calls(self, at_least: int) -> list[str]:
        """The ids of the calls on our books, once there are so many."""
        path = f"/api/v1/calls?key_id={self.key['id']}"
        until(lambda: len(self.person.get(path)["items"]) >= at_least, 20, self.fleet.tails)
        return [row["id"] for row in self.person.get(path)["items"]]

    def asked_of_vendor(self, call_ids: list[str]) -> int:
        return sum(line["client_request_id"] in call_ids for line in self.fleet.vendor_ledger())


@pytest.fixture(scope="module")
def cautious(running_fleet: RunningFleet, admin: Person) -> Person:
    """Owner of a team that sends everything twice."""
    return new_person(running_fleet, admin, "belt-and-braces")


@pytest.fixture
def retrier(
    running_fleet: RunningFleet, cautious: Person, parrot: Json, client_of: Callable[[str], openai.OpenAI]
) -> Retrier:
    """With a fresh key."""
    key = cautious.key("again", monthly_token_quota=QUOTA)
    return Retrier(running_fleet, cautious, key, client_of(key["key"]))


def test_a_call_that_is_sent_again_is_answered_again_and_charged_once(retrier: Retrier) -> None:
    first, again = retrier.ask("order-1"), retrier.ask("order-1")
    assert first.http_response.content == again.http_response.content
    assert (first.headers.get("idempotent-replayed"), again.headers["idempotent-replayed"]) == (None, "true")
    for name in ("x-request-id", "x-marketplace-cost-usd", "x-marketplace-version", "content-type"):
        assert first.headers[name] == again.headers[name]
    text = retrier.streamed("order-2")
    assert text
    assert retrier.streamed("order-2") == text
    with pytest.raises(openai.ConflictError) as reused:
        retrier.ask("order-1", [{"role": "user", "content": "And the lighthouse?"}])
    assert reused.value.code == "idempotency_key_reused"
    with pytest.raises(openai.BadRequestError) as malformed:
        retrier.ask("k" * 256)
    assert malformed.value.code == "invalid_idempotency_key"

    calls = retrier.calls(2)
    assert len(calls) == 2
    assert first.headers["x-request-id"] in calls
    assert retrier.asked_of_vendor(calls) == 2
    tokens = first.parse().usage.total_tokens
    [quota] = [one for one in retrier.person.get("/api/v1/quota")["items"] if retrier.key["id"] in str(one)]
    assert tokens <= int(quota["used"]) <= 3 * tokens


def test_many_at_once_under_one_key_are_one_call(retrier: Retrier) -> None:
    refused: list[openai.ConflictError] = []

    def ask(_: int) -> str:
        try:
            return retrier.ask("at-once").headers["x-request-id"]
        except openai.ConflictError as busy:
            refused.append(busy)
            return ""

    with ThreadPoolExecutor(6) as callers:
        answered = set(callers.map(ask, range(6))) - {""}
    assert len(answered) == 1
    assert {busy.code for busy in refused} <= {"idempotency_call_in_progress"}
    assert all(busy.response.headers["retry-after"] == "1" for busy in refused)
    assert retrier.calls(1) == list(answered)
    assert retrier.asked_of_vendor(list(answered)) == 1
