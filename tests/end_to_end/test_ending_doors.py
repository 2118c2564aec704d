"""A door of calls that ends under a call.

Killed, what it did not settle is unknown and what it settled stays once; told to end, it lets the call end first.
"""

import json
import os
import signal
from dataclasses import dataclass

import httpx
from fixtures.doors_of_calls import AT_BOTH_DOORS
from fixtures.marketplace_people import Json, Person, good, new_person, patiently
from fixtures.report import tell
from fixtures.running_fleet import RunningFleet, until

QUOTA = 1_000_000
MAX_TOKENS = 100
# As many answers at once as the vendor gives: a stream that lasts for a second.
CHOICES = 8
PATH = "/v1/chat/completions"
# Which process has the door.
PART = {"gateway": "gateway", "consumption": "services"}
BODY: Json = {
    "model": "harbour/parrot",
    "messages": [{"role": "user", "content": "Ahoy"}],
    "max_tokens": MAX_TOKENS,
}


@dataclass(frozen=True)
class Sailor:
    """Somebody with one key, its calls and its quota."""

    fleet: RunningFleet
    door: str
    person: Person
    key: Json

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.key['key']}", "content-type": "application/json"}

    def call(self) -> httpx.Response:
        return self.fleet.http.post(self.url, json=BODY, headers=self.headers)

    @property
    def url(self) -> str:
        return f"{self.fleet.url(self.door)}{PATH}"

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


@AT_BOTH_DOORS
def test_a_call_under_way_is_charged_as_reserved_and_settled_calls_stay_as_they_are(
    running_fleet: RunningFleet, admin: Person, parrot: Json, door: str
) -> None:
    person = new_person(running_fleet, admin, f"shipwreck-{door}")
    sailor = Sailor(running_fleet, door, person, person.key("crash", monthly_token_quota=QUOTA))
    settled: dict[str, int] = {}
    for _ in range(3):
        answer = sailor.call()
        settled[answer.headers["x-request-id"]] = good(answer)["usage"]["total_tokens"]
    content = json.dumps(BODY | {"n": CHOICES, "stream": True}).encode()
    lost, ended = ended_under(sailor, content, signal.SIGKILL)
    assert not ended
    tell(f"{door} back {until(running_fleet.is_up, 60, running_fleet.tails):.1f} s after SIGKILL in mid-stream")

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


def test_a_call_under_way_ends_whole_at_a_door_that_is_told_to_end(
    running_fleet: RunningFleet, admin: Person, parrot: Json
) -> None:
    person = new_person(running_fleet, admin, "harbour-master")
    sailor = Sailor(running_fleet, "consumption", person, person.key("drain", monthly_token_quota=QUOTA))
    content = json.dumps(BODY | {"n": CHOICES, "stream": True}).encode()
    pid = running_fleet.pid(PART["consumption"])
    call_id, ended = ended_under(sailor, content, signal.SIGTERM)
    assert ended
    until(lambda: running_fleet.part(PART["consumption"]).pid != pid, 20, running_fleet.tails)
    until(running_fleet.is_up, 60, running_fleet.tails)
    row = sailor.rows(1)[call_id]
    assert (row["outcome"], row["estimated"]) == ("completed", False)
    assert sailor.used() == row["prompt_tokens"] + row["completion_tokens"]


def ended_under(sailor: Sailor, content: bytes, how: signal.Signals) -> tuple[str, bool]:
    """Send the signal to the door when a stream has begun; the id of its call, and whether it came to its end."""
    fleet = sailor.fleet
    pid = fleet.pid(PART[sailor.door])
    call_id, lines = "", list[str]()
    try:
        with fleet.http.stream("POST", sailor.url, content=content, headers=sailor.headers) as stream:
            assert stream.status_code == 200
            call_id = stream.headers["x-request-id"]
            for line in stream.iter_lines():
                lines.append(line)
                if len(lines) == 20:
                    assert "data: [DONE]" not in lines, "the stream ended before the signal"
                    os.kill(pid, how)
    except httpx.TransportError:
        return call_id, False
    return call_id, "data: [DONE]" in lines
