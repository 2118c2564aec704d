"""A policy in force is in force at the gateway within a second or so, and goes on being enforced without admin."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import openai
import pytest
from fixtures.doors_of_calls import AT_BOTH_DOORS
from fixtures.marketplace_people import Json, Person, good, new_person
from fixtures.report import tell
from fixtures.running_fleet import RunningFleet, until

PATH = "/api/v1/policies"
CALL: Json = {"model": "harbour/parrot", "messages": [{"role": "user", "content": "Ahoy"}], "max_tokens": 20}
# A change travels by an event and a stream; the promise is a second or so, on a machine that is not busy.
SOON = 5.0


@dataclass
class Bundle:
    """One policy, and who may put it in force."""

    admin: Person
    policy_id: str

    def activate(self) -> None:
        """Put the newest version in force."""
        self._change("activate", {"version": 1})

    def deactivate(self) -> None:
        """Take it out of force."""
        self._change("deactivate", None)

    def _change(self, deed: str, body: Json | None) -> None:
        read = self.admin.ask("GET", f"{PATH}/{self.policy_id}")
        headers = self.admin.headers | {"if-match": read.headers["etag"]}
        good(self.admin.http.post(f"{self.admin.gateway}{PATH}/{self.policy_id}/{deed}", json=body, headers=headers))


@pytest.fixture(scope="module")
def breakwater(running_fleet: RunningFleet, admin: Person, parrot: Json) -> Json:
    """A key of a team of its own."""
    return new_person(running_fleet, admin, "breakwater").key("policies", tier="premium")


@pytest.fixture(scope="module")
def draft(admin: Person) -> Bundle:
    """A policy that keeps the team breakwater away from what harbour-works provides."""
    content = (
        '@reason("Harbour works is under review.")\n'
        'forbid (principal, action == Action::"call", resource)\n'
        'when { principal.team.slug == "breakwater" && resource.provider == "harbour-works" };'
    )
    made = admin.post(PATH, {"name": "no-harbour-works", "content": content})
    return Bundle(admin, made["policy_id"])


@pytest.fixture
def policy(running_fleet: RunningFleet, draft: Bundle) -> Iterator[Bundle]:
    """That policy, of which nothing stays in force."""
    yield draft
    until(running_fleet.is_up, 60, running_fleet.tails)
    if draft.admin.get(f"{PATH}/{draft.policy_id}")["state"] == "active":
        draft.deactivate()


def test_a_policy_is_enforced_while_it_is_in_force_also_without_admin(
    running_fleet: RunningFleet, publisher: Person, breakwater: Json, policy: Bundle
) -> None:
    other = publisher.key("beside policies")

    def call(key: Json = breakwater) -> httpx.Response:
        headers = {"authorization": f"Bearer {key['key']}"}
        return running_fleet.http.post(f"{running_fleet.gateway}/v1/chat/completions", json=CALL, headers=headers)

    assert call().status_code == 200
    policy.activate()
    tell(f"a policy was enforced {until(lambda: call().status_code == 403, SOON):.2f} s after its activation")
    refused = call()
    assert refused.headers["x-should-retry"] == "false"
    assert refused.json()["error"] == {
        "message": "The policy 'no-harbour-works' forbids this call: Harbour works is under review.",
        "type": "permission_error",
        "param": None,
        "code": "policy_denied",
    }
    assert call(other).status_code == 200

    policy.deactivate()
    tell(f"and calls passed {until(lambda: call().status_code == 200, SOON):.2f} s after its deactivation")
    policy.activate()
    until(lambda: call().status_code == 403, SOON)

    running_fleet.kill("services")
    without_admin = 0
    until_at = time.monotonic() + 60
    while not running_fleet.is_up():
        assert time.monotonic() < until_at, running_fleet.tails()
        answer = call()
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "policy_denied")
        without_admin += 1
    assert without_admin > 0
    assert call().status_code == 403
    assert call(other).status_code == 200
    tell(f"{without_admin} calls were refused while admin was away")


@AT_BOTH_DOORS
def test_the_official_client_sees_a_denial_as_what_it_is(
    running_fleet: RunningFleet, breakwater: Json, policy: Bundle, door: str
) -> None:
    policy.activate()
    # With its own tries again, which a denial must not set off.
    with openai.OpenAI(base_url=f"{running_fleet.url(door)}/v1", api_key=breakwater["key"], max_retries=2) as client:

        def code() -> str | None:
            try:
                client.chat.completions.create(**CALL)
            except openai.PermissionDeniedError as error:
                return error.code
            return None

        until(lambda: code() == "policy_denied", SOON)
