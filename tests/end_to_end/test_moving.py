"""A living marketplace moved to Kafka, Elasticsearch and Temporal, and back, as infrastructure/moving.md says."""

from pathlib import Path

import pytest
from fixtures.marketplace_people import (
    Json,
    Person,
    demo_submission,
    good,
    new_person,
    pending_approval,
    platform_admin,
    published,
)
from fixtures.report import tell
from fixtures.running_fleet import RunningFleet, fleet_on, until

pytestmark = pytest.mark.engines

WORDS = {"query": "a bird that talks back to seafarers"}


class Harbour:
    """What one team does on the marketplace, whatever it stands on."""

    def __init__(self, fleet: RunningFleet) -> None:
        self.fleet = fleet
        self.admin = platform_admin(fleet)
        self.owner = new_person(fleet, self.admin, "harbour")
        self.key: Json = self.owner.key("moved", monthly_token_quota=1_000_000)
        self.tokens = 0
        self.names: set[str] = set()

    def publish(self, name: str) -> None:
        published(self.owner, self.admin, demo_submission(self.fleet, name))
        self.names.add(f"harbour/{name}")

    def begin(self, name: str) -> str:
        """A publication that waits for its approval; the id of its run."""
        receipt = self.owner.post("/api/v1/services", demo_submission(self.fleet, name))
        until(lambda: pending_approval(self.admin, receipt["run_id"]), 60, self.fleet.tails)
        return receipt["run_id"]

    def approve(self, run_id: str, name: str) -> None:
        """The run that began elsewhere ends well."""
        approval = pending_approval(self.admin, run_id)
        assert approval is not None
        self.admin.post(f"/workflows/{approval['approval_id']}/approve", {"comment": "Still good."})
        until(lambda: self._state(run_id) == "succeeded", 60, self.fleet.tails)
        self.names.add(f"harbour/{name}")

    def call(self, name: str) -> None:
        body: Json = {"model": f"harbour/{name}", "messages": [{"role": "user", "content": "Ahoy"}]}
        headers = {"authorization": f"Bearer {self.key['key']}"}
        url = f"{self.fleet.gateway}/v1/chat/completions"
        self.tokens += good(self.fleet.http.post(url, json=body, headers=headers))["usage"]["total_tokens"]

    def stands(self) -> None:
        """All that was published is found, and every token that was used is in the books once."""
        until(lambda: self.names <= self._found(self.owner), 60, self.fleet.tails)
        until(lambda: self._used() >= self.tokens, 30, self.fleet.tails)
        assert self._used() == self.tokens

    def _found(self, person: Person) -> set[str]:
        return {hit["name"] for hit in person.post("/api/v1/search", WORDS)["hits"]}

    def _used(self) -> int:
        [quota] = self.owner.get("/api/v1/quota")["items"]
        return int(quota["used"])

    def _state(self, run_id: str) -> str:
        return str(self.owner.get(f"/api/v1/runs/{run_id}")["state"])


def test_a_living_marketplace_moves_to_the_engines_and_back(
    tmp_path_factory: pytest.TempPathFactory, distributed_knobs: dict[str, str]
) -> None:
    folder: Path = tmp_path_factory.mktemp("moving") / "data"
    with fleet_on(folder) as fleet:
        harbour = Harbour(fleet)
        harbour.publish("before")
        harbour.call("before")
        begun_embedded = harbour.begin("begun-embedded")

        moved = _restarted(fleet, distributed_knobs)
        harbour.stands()
        harbour.approve(begun_embedded, "begun-embedded")
        harbour.publish("there")
        for name in ("before", "begun-embedded", "there"):
            harbour.call(name)
        harbour.stands()
        begun_there = harbour.begin("begun-there")

        back = _restarted(fleet, {"PUBLISHING_DRAIN_RUNS_URL": distributed_knobs["FLEET_RUNS_URL"]})
        harbour.stands()
        harbour.approve(begun_there, "begun-there")
        harbour.publish("again")
        for name in ("there", "begun-there", "again"):
            harbour.call(name)
        harbour.stands()
        tell(f"moved to the engines in {moved:.1f} s and back in {back:.1f} s, {harbour.tokens} tokens in the books")


def _restarted(fleet: RunningFleet, knobs: dict[str, str]) -> float:
    """Stopped, and started again on the same folder with these variables; the seconds that it was away."""

    def restart() -> bool:
        fleet.stop()
        fleet.knobs = knobs
        fleet.start()
        return True

    return until(restart, 90)
