"""A gateway killed at named points under a call with an Idempotency-Key, and the retry that its caller then sends.

IDEMPOTENCY_ROUNDS kills at every point so many times, plain and streamed in turn.
"""

import os
import signal
from collections import Counter
from dataclasses import dataclass

import httpx
import pytest
from fixtures.billed_marketplace import MortalGateway, mortal_gateway, wait_until_settled
from fixtures.call_audit import Audit
from fixtures.marketplace_people import Json, Person, new_person
from fixtures.report import tell
from fixtures.running_fleet import RunningFleet, until

pytestmark = pytest.mark.campaign
ROUNDS = int(os.environ.get("IDEMPOTENCY_ROUNDS", "1"))
BODY: Json = {"model": "harbour/parrot", "messages": [{"role": "user", "content": "Ahoy"}], "max_tokens": 40}
REPLAYED, MADE, UNKNOWN = "replayed", "made", "unknown"
# What a retry is told after a death at each point.
TOLD = {
    "before open": MADE,
    "after open": UNKNOWN,
    "in mid-stream": UNKNOWN,
    "before settle": UNKNOWN,
    "after settle": REPLAYED,
    "before the commit": REPLAYED,
    "after the commit": REPLAYED,
    "after the move": REPLAYED,
}


@dataclass(frozen=True)
class Victim:
    """One key, and a gateway that dies under its calls."""

    fleet: RunningFleet
    gateway: MortalGateway
    key: Json

    def ask(self, name: str, body: Json) -> httpx.Response:
        url = f"http://127.0.0.1:{self.gateway.port}/v1/chat/completions"
        headers = {"authorization": f"Bearer {self.key['key']}", "idempotency-key": name}
        return self.fleet.http.post(url, json=body, headers=headers)

    def die_under(self, name: str, point: str, body: Json) -> bytes:
        """The body of a call, as far as it came; empty where none did."""
        self.gateway.live(point, 1)
        until(self.gateway.answers, 30)
        try:
            answer = self.ask(name, body)
        except httpx.TransportError:
            said = b""
        else:
            assert answer.status_code == 200, answer.text
            said = answer.content
        assert self.gateway.ended() == -signal.SIGKILL
        return said

    def retry(self, name: str, body: Json) -> httpx.Response:
        """The answer of the next life, asked for again while the first call's end is on its way."""
        self.gateway.live()
        until(self.gateway.answers, 30)
        answers: list[httpx.Response] = []

        def settled() -> bool:
            answers.append(self.ask(name, body))
            return "in_progress" not in answers[-1].text and answers[-1].status_code != 503

        until(settled, 30, lambda: [answer.text for answer in answers[-2:]])
        return answers[-1]

    def end(self) -> None:
        os.kill(self.gateway.pid, signal.SIGTERM)
        assert self.gateway.ended() == 0


def what_was_told(answer: httpx.Response) -> str:
    if answer.status_code == 409:
        assert answer.json()["error"]["code"] == "idempotency_outcome_unknown", answer.text
        return UNKNOWN
    assert answer.status_code == 200, answer.text
    return REPLAYED if "idempotent-replayed" in answer.headers else MADE


def test_a_retry_after_a_death_gets_the_settled_reply_or_the_truth_and_never_a_second_call(
    running_fleet: RunningFleet, admin: Person, parrot: Json
) -> None:
    person = new_person(running_fleet, admin, "drowned")
    key = person.key("drowned", monthly_token_quota=10_000_000)
    told: Counter[str] = Counter()
    made = 0
    with mortal_gateway(running_fleet, "drowned") as gateway:
        victim = Victim(running_fleet, gateway, key)
        for number in range(ROUNDS * len(TOLD)):
            point = list(TOLD)[number % len(TOLD)]
            streamed = point == "in mid-stream" or (number // len(TOLD) + number) % 2 == 1
            body, name = BODY | {"stream": streamed}, f"call-{number}"
            first = victim.die_under(name, point, body)
            again = victim.retry(name, body)
            assert what_was_told(again) == TOLD[point], point
            assert not first or again.content == first, point
            # And once more, on the same life.
            third = victim.ask(name, body)
            assert what_was_told(third) == (UNKNOWN if TOLD[point] == UNKNOWN else REPLAYED)
            assert TOLD[point] == UNKNOWN or third.content == again.content
            assert TOLD[point] == UNKNOWN or third.headers["x-request-id"] == again.headers["x-request-id"]
            victim.end()
            told[f"{point}: {TOLD[point]}"] += 1
            made += 1
        wait_until_settled(gateway)
        victim.end()
    audit = Audit.of(running_fleet, key["id"])
    calls = {row.call_id for row in audit.rows}
    lines = [line for line in running_fleet.vendor_ledger() if line["client_request_id"] in calls]
    assert not audit.findings([line | {"call_id": line["client_request_id"]} for line in lines], []).all
    assert len(audit.rows) == made, "each key is one call on the books"
    assert len(audit.unknown) == sum(count for name, count in told.items() if name.endswith(UNKNOWN))
    assert all(scope.leased == 0 for scope in audit.scopes)
    tell(f"{made} SIGKILLs under calls with a key, {dict(told)}; no key was called twice ({3 / made:.1%}, 3/n)")
