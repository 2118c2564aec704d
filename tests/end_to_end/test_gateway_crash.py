"""The gateway killed with SIGKILL under a call: what it did not settle is unknown, what it settled stays once."""

import json
import os
import signal
from dataclasses import dataclass

import httpx
from fixtures.marketplace_people import Json, Person, good, new_person, patiently
from fixtures.report import tell
from fixtures.running_fleet import RunningFleet, until

QUOTA = 1_000_000
MAX_TOKENS = 100
# As many answers at once as the vendor gives: a stream that lasts for a second.
CHOICES = 8
PATH = "/v1/chat/completions"
BODY: Json = {
    "model": "harbour/parrot",
    "messages": [{"role": "user", "content": "Ahoy"}],
    "max_tokens": MAX_TOKENS,
}


@dataclass(frozen=True)
class Sailor:
    """Somebody with one key, its calls and its quota."""

    fleet: RunningFleet
    person: Person
    key: Json

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.key['key']}", "content-type": "application/json"}

    def call(self) -> httpx.Response:
        return self.fleet.http.post(f"{self.fleet.gateway}{PATH}", json=BODY, headers=self.headers)

    def rows(self, count: int) -> dict[str, Json]:
        """The usage rows by call; there must be exactly so many in the end."""
        path = f"/api/v1/calls?key_id={self.key['id']}"
        until(lambda: len(self.person.get(path)["items"]) >= count, 20, self.fleet.tails)
        items = self.person.get(path)["items"]
        assert len(items) == count
        return {row["id"]: row for row in items}

    def used(self) -> int:
        [quota] = self.person.get("/api/v1/quota")["items"]
        return int(quota["used"])


def test_a_call_under_way_is_charged_as_reserved_and_settled_calls_stay_as_they_are(
    running_fleet: RunningFleet, admin: Person, parrot: Json
) -> None:
    person = new_person(running_fleet, admin, "shipwreck")
    sailor = Sailor(running_fleet, person, person.key("crash", monthly_token_quota=QUOTA))
    settled: dict[str, int] = {}
    for _ in range(3):
        answer = sailor.call()
        settled[answer.headers["x-request-id"]] = good(answer)["usage"]["total_tokens"]
    content = json.dumps(BODY | {"n": CHOICES, "stream": True}).encode()
    lost = killed_under(sailor, content)
    tell(f"gateway back {until(running_fleet.is_up, 60, running_fleet.tails):.1f} s after SIGKILL in mid-stream")

    rows = sailor.rows(len(settled) + 1)
    assert rows.keys() == settled.keys() | {lost}
    for call_id, tokens in settled.items():
        row = rows[call_id]
        assert (row["outcome"], row["prompt_tokens"] + row["completion_tokens"]) == ("completed", tokens)
    assert rows[lost]["outcome"] == "unknown"
    reserved = len(content) + MAX_TOKENS * CHOICES
    charged = sum(settled.values()) + reserved
    assert sailor.used() == charged
    [group] = person.get("/api/v1/usage?group_by=key")["groups"]
    assert (group["calls"], group["unknown_calls"]) == (4, 1)
    team = person.me()["team_id"]
    until(lambda: admin.get(f"/dashboard/metrics?team_id={team}")["unknown_calls"] == 1, 15)
    vendor = [line for line in running_fleet.vendor_ledger() if line["client_request_id"] == lost]
    assert all(line["prompt_tokens"] + line["completion_tokens"] <= reserved for line in vendor)

    again = patiently(sailor.call)["usage"]["total_tokens"]
    sailor.rows(len(settled) + 2)
    assert sailor.used() == charged + again


def killed_under(sailor: Sailor, content: bytes) -> str:
    """Kill the gateway when a stream has begun; the id of its call."""
    fleet = sailor.fleet
    pid = fleet.pid("gateway")
    call_id = ""
    try:
        with fleet.http.stream("POST", f"{fleet.gateway}{PATH}", content=content, headers=sailor.headers) as stream:
            assert stream.status_code == 200
            call_id = stream.headers["x-request-id"]
            for place, line in enumerate(stream.iter_lines()):
                assert "[DONE]" not in line, "the stream ended before the kill"
                if place == 20:
                    os.kill(pid, signal.SIGKILL)
    except httpx.TransportError:
        return call_id
    raise AssertionError("the stream ended as if nothing had happened")
