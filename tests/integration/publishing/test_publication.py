"""A publication from its submission to the end, over real PostgreSQL, DBOS and a live endpoint."""

from pathlib import Path
from typing import Any

from fakes.publishing_peers import Peers, peers
from fixtures.demo_provider import RunningProvider, running_demo_provider
from fixtures.marketplace_database import ProvisionedServer
from fixtures.publication_bodies import publication
from fixtures.publishing_units import Door, publishing_settings, running_worker, served_api


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


async def test_a_second_version_is_published_over_the_first_and_a_bad_third_is_not(
    marketplace_database: ProvisionedServer, tmp_path: Path
) -> None:
    async with peers(marketplace_database) as others, running_demo_provider(tmp_path) as vendor:
        settings = publishing_settings(
            marketplace_database, others, endpoint_allowlist=frozenset({vendor.url.removeprefix("http://")})
        )
        async with served_api(settings, others) as door, running_worker(settings):
            first = (await door.call("POST", "/api/v1/services", body(vendor, name="twice"))).json()
            path = f"/api/v1/services/{first['listing_id']}"
            assert (await approved(door, others, first))["state"] == "succeeded"
            second = (await door.call("PUT", path, body(vendor, name="twice", version="1.1.0", credential=None))).json()
            assert (await approved(door, others, second))["state"] == "succeeded"
            wrong_model = body(vendor, name="twice", version="1.2.0")
            wrong_model["endpoint"]["model"] = "no-such-model"
            third = (await door.call("PUT", path, wrong_model)).json()
            run = await door.ended(third["run_id"])
            assert (run["error"]["phase"], run["error"]["code"]) == ("testing", "endpoint_unhealthy")
            undone = {phase["name"] for phase in run["phases"] if phase["state"] == "undone"}
            assert undone == {"authentication", "validation"}
            stands = (await door.call("GET", f"{path}/publication")).json()
            assert (stands["state"], stands["current_version_id"]) == ("published", second["version_id"])
            assert others.discovery.shown[first["listing_id"]].listing_version_id == second["version_id"]


async def test_a_broken_document_is_rejected_in_strict_and_published_in_lenient_mode(
    marketplace_database: ProvisionedServer, tmp_path: Path
) -> None:
    async with peers(marketplace_database) as others, running_demo_provider(tmp_path) as vendor:
        settings = publishing_settings(
            marketplace_database, others, endpoint_allowlist=frozenset({vendor.url.removeprefix("http://")})
        )
        async with served_api(settings, others) as door, running_worker(settings):
            broken = body(vendor, name="broken")
            broken["openapi"]["paths"]["/v1/models"]["get"]["responses"] = {"ok": {"description": "x"}}
            strict = (await door.call("POST", "/api/v1/services", broken)).json()
            run = await door.ended(strict["run_id"])
            assert (run["error"]["phase"], run["error"]["code"]) == ("validation", "document_invalid")
            [report] = [phase["report"] for phase in run["phases"] if phase["name"] == "validation"]
            assert any(finding["pointer"].startswith("/paths/~1v1~1models") for finding in report["findings"])
            lenient = {**broken, "version": "1.0.1", "validation_mode": "lenient"}
            again = (await door.call("PUT", f"/api/v1/services/{strict['listing_id']}", lenient)).json()
            assert (await approved(door, others, again))["state"] == "succeeded"


async def test_an_approval_that_no_event_told_before_the_time_ended_counts(
    marketplace_database: ProvisionedServer, tmp_path: Path
) -> None:
    async with peers(marketplace_database) as others, running_demo_provider(tmp_path) as vendor:
        settings = publishing_settings(
            marketplace_database,
            others,
            endpoint_allowlist=frozenset({vendor.url.removeprefix("http://")}),
            approval_timeout_hours=2 / 3600,
        )
        async with served_api(settings, others) as door, running_worker(settings):
            late = (await door.call("POST", "/api/v1/services", body(vendor, name="late"))).json()
            await others.asked_for(late["run_id"])
            others.admin.approved_by[late["run_id"]] = "acc_approver"
            assert (await door.ended(late["run_id"]))["state"] == "succeeded"


def body(vendor: RunningProvider, **changes: Any) -> dict[str, Any]:
    return publication(vendor.url, changes.pop("credential", vendor.key), **changes)


async def approved(door: Door, others: Peers, receipt: dict[str, Any]) -> dict[str, Any]:
    await others.asked_for(receipt["run_id"])
    await others.decide(receipt["run_id"])
    return await door.ended(receipt["run_id"])
