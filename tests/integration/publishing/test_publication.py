"""A publication from its submission to the end, over real PostgreSQL, DBOS and a live endpoint."""

from pathlib import Path

from fakes.publishing_peers import peers
from fixtures.demo_provider import running_demo_provider
from fixtures.marketplace_database import ProvisionedServer
from fixtures.publication_bodies import publication
from fixtures.publishing_units import publishing_settings, running_worker, served_api


async def test_an_approved_version_is_published_and_found(
    marketplace_database: ProvisionedServer, tmp_path: Path
) -> None:
    async with peers(marketplace_database) as others, running_demo_provider(tmp_path) as vendor:
        settings = publishing_settings(
            marketplace_database, others, endpoint_allowlist=frozenset({vendor.url.removeprefix("http://")})
        )
        async with served_api(settings, others) as door, running_worker(settings):
            receipt = await door.call("POST", "/api/v1/services", publication(vendor.url, vendor.key))
            assert receipt.status_code == 202, receipt.text
            run_id = receipt.json()["run_id"]
            await others.asked_for(run_id)
            await others.decide(run_id)
            run = await door.ended(run_id)
            assert run["state"] == "succeeded", run
            states = {phase["name"]: phase["state"] for phase in run["phases"]}
            skipped = {name for name, state in states.items() if state == "skipped"}
            assert skipped == {"policy_check", "registry_sync"}
            assert set(states.values()) == {"passed", "skipped"}
            shown = others.discovery.shown[receipt.json()["listing_id"]]
            assert (shown.state, shown.listing_version_id) == ("published", run_id)
            assert shown.measurements.latency_p95_ms > 0
