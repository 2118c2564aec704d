"""Publishing's doors over a real database: who may do what, and what each answer keeps to itself."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fakes.publishing_peers import Peers, peers
from fixtures.marketplace_database import ProvisionedServer
from fixtures.publication_bodies import publication
from fixtures.publishing_units import Door, publishing_settings, served_api
from fixtures.real_inputs import real_input

from chassis.database.errors import RowRefused
from chassis.database.pool import Database
from publishing.listings.facts import TOPIC as LISTING_TOPIC
from publishing.listings.postgres_store import PostgresListings

VENDOR = "http://127.0.0.1:3999"
SECRET = "vendor-secret-that-nobody-sees"


@pytest.fixture(scope="module")
async def door(marketplace_database: ProvisionedServer) -> AsyncIterator[Door]:
    """Publishing's api unit, opened once for a module."""
    async with peers(marketplace_database) as others:
        settings = publishing_settings(marketplace_database, others, endpoint_allowlist=frozenset({"127.0.0.1:3999"}))
        async with served_api(settings, others) as door:
            yield door


async def submitted(door: Door, **changes: Any) -> dict[str, Any]:
    answer = await door.call("POST", "/api/v1/services", publication(VENDOR, SECRET, **changes))
    assert answer.status_code == 202, answer.text
    return answer.json()


async def make_published(server: ProvisionedServer, others: Peers, receipt: dict[str, Any]) -> None:
    """Past the pipeline, which has tests of its own."""
    async with Database.open(server.url("publishing_worker"), name="test") as database, database.transaction() as tx:
        await tx.execute("UPDATE version_states SET state = 'published' WHERE version_id = $1", receipt["version_id"])
        await tx.execute(
            "UPDATE listings SET state = 'published', current_version_id = $2, revision = revision + 1"
            " WHERE listing_id = $1",
            receipt["listing_id"],
            receipt["version_id"],
        )


async def test_roles_decide_who_publishes_and_who_only_reads(door: Door) -> None:
    admin = door.peers.admin
    body = publication(VENDOR, SECRET, name="roles")
    for token in (
        admin.token("acc_v", role="viewer"),
        admin.token("acc_a", team=None, roles=("admin",)),
        admin.token("acc_n", team=None),
    ):
        assert (await door.call("POST", "/api/v1/services", body, token=token)).status_code == 403
    assert (await door.client.post("/api/v1/services", json=body)).status_code == 401
    receipt = await submitted(door, name="roles")
    path = f"/api/v1/services/{receipt['listing_id']}/publication"
    run = f"/api/v1/runs/{receipt['run_id']}"
    readers = {
        admin.token("acc_v", role="viewer"): 200,
        admin.token("acc_ap", team=None, roles=("approver",)): 200,
        admin.token("acc_b", team="tea_blue", role="owner"): 404,
        admin.token("acc_n", team=None): 403,
    }
    for token, status in readers.items():
        assert (await door.call("GET", path, token=token)).status_code == status
        assert (await door.call("GET", run, token=token)).status_code == status


async def test_the_credential_is_in_no_answer_and_in_no_row(
    door: Door, marketplace_database: ProvisionedServer
) -> None:
    receipt = await submitted(door, name="secretive")
    listing = receipt["listing_id"]
    for path in (
        f"/api/v1/services/{listing}/publication",
        f"/api/v1/services/{listing}/versions",
        f"/api/v1/services/{listing}/versions/1.0.0",
        f"/api/v1/runs/{receipt['run_id']}",
        "/api/v1/services",
    ):
        answer = await door.call("GET", path)
        assert answer.status_code == 200, path
        assert SECRET not in answer.text
    refused = publication(VENDOR, f"{SECRET}\n", name="other")
    assert SECRET not in (await door.call("POST", "/api/v1/services", refused)).text
    url = marketplace_database.url("publishing_worker")
    async with Database.open(url, name="test") as database, database.transaction() as transaction:
        for table in ("listing_versions", "version_documents", "version_credentials"):
            rows = await transaction.fetch(f"SELECT t::text AS text FROM {table} t")
            assert not any(SECRET in row["text"] or SECRET.encode().hex() in row["text"] for row in rows)
        events = await transaction.fetch("SELECT data FROM events.read('marketplace.listing.v1', 0, 1000)")
        assert not any(SECRET.encode() in row["data"] for row in events)


async def test_a_version_follows_with_the_etag_that_was_read(
    door: Door, marketplace_database: ProvisionedServer
) -> None:
    receipt = await submitted(door, name="versioned")
    path = f"/api/v1/services/{receipt['listing_id']}"
    assert (await door.call("POST", "/api/v1/services", publication(VENDOR, SECRET, name="versioned"))).json()[
        "code"
    ] == "name_taken"
    pricing = {"input": "0.15", "output": "0.60", "cached_input": "0.075"}
    body = publication(VENDOR, None, name="versioned", version="1.1.0", pricing=pricing)
    waiting = await door.call("PUT", path, body)
    assert (waiting.status_code, waiting.json()["code"]) == (409, "version_in_pipeline")
    await make_published(marketplace_database, door.peers, receipt)
    etag = (await door.call("GET", f"{path}/publication")).headers["etag"]
    stale = await door.call("PUT", path, body, headers={"if-match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "listing_changed")
    lower = await door.call("PUT", path, body | {"version": "1.0.0"}, headers={"if-match": etag})
    assert (lower.status_code, lower.json()["code"]) == (422, "version_refused")
    second = await door.call("PUT", path, body, headers={"if-match": etag})
    assert second.status_code == 202, second.text
    versions = (await door.call("GET", f"{path}/versions")).json()["items"]
    assert [(v["version"], v["state"]) for v in versions] == [("1.1.0", "submitted"), ("1.0.0", "published")]
    publication_now = (await door.call("GET", f"{path}/publication")).json()
    assert publication_now["state"] == "published"
    prices = {"model": "usage", "input": "0.15", "output": "0.6", "cached_input": "0.075"}
    assert publication_now["newest"]["pricing"] == prices


async def test_what_a_version_leaves_out_is_called_as_the_listing_is(
    door: Door, marketplace_database: ProvisionedServer
) -> None:
    endpoint = {"url": f"{VENDOR}/v1", "credential": SECRET}
    left_out = {"title": "", "endpoint": endpoint}
    receipt = await submitted(door, name="red/brief", **left_out)
    await make_published(marketplace_database, door.peers, receipt)
    body = publication(VENDOR, None, version="1.1.0", **left_out)
    del body["name"], body["title"]
    path = f"/api/v1/services/{receipt['listing_id']}"
    answer = await door.call("PUT", path, body)
    assert answer.status_code == 202, answer.text
    for version in ("1.0.0", "1.1.0"):
        shown = (await door.call("GET", f"{path}/versions/{version}")).json()
        assert (shown["title"], shown["endpoint"]["model"]) == ("brief", "brief")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"name": "gpt-4o"}, 422, "name_reserved"),
        ({"name": "blue/x"}, 422, "name_refused"),
        ({"openapi": "https://vendor.example/openapi.json"}, 422, "document_not_given"),
        ({"pricing": {"input": "-1"}}, 422, "price_refused"),
        ({"pricing": {"cached_input": "-1"}}, 422, "price_refused"),
        ({"auth": None, "endpoint": {"url": VENDOR}}, 422, "endpoint_refused"),
        ({"endpoint": {"url": "http://169.254.169.254/latest"}}, 422, "endpoint_refused"),
        ({"endpoint": {"url": "https://vendor.com/v1?key=1"}}, 422, "invalid_input"),
        ({"title": "a\x00b"}, 422, "invalid_input"),
        ({"tags": ["x"] * 33}, 422, "invalid_input"),
        ({"surprise": 1}, 422, "invalid_input"),
        ({"version": "one"}, 422, "version_refused"),
    ],
)
async def test_bad_submissions_leave_nothing_behind(
    door: Door, changes: dict[str, Any], status: int, code: str
) -> None:
    answer = await door.call("POST", "/api/v1/services", publication(VENDOR, SECRET, **{"name": "bad", **changes}))
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert (await door.call("GET", "/api/v1/services?q=bad")).json()["items"] == []


async def test_lists_go_page_by_page_and_cursors_serve_one_question(door: Door) -> None:
    for number in range(5):
        await submitted(door, name=f"page-{number}", title=f"100%_{number}")
    seen: list[str] = []
    query = "/api/v1/services?q=page-&limit=2&owner=me"
    page = (await door.call("GET", query)).json()
    seen += [item["name"] for item in page["items"]]
    while page["next_cursor"]:
        page = (await door.call("GET", f"{query}&cursor={page['next_cursor']}")).json()
        seen += [item["name"] for item in page["items"]]
    assert seen == [f"red/page-{number}" for number in (4, 3, 2, 1, 0)]
    first = (await door.call("GET", query)).json()["next_cursor"]
    other = await door.call("GET", f"/api/v1/services?q=other&limit=2&owner=me&cursor={first}")
    assert (other.status_code, other.json()["code"]) == (422, "cursor_refused")
    assert len((await door.call("GET", "/api/v1/services?q=100%25_3")).json()["items"]) == 1
    blue = door.peers.admin.token("acc_b", team="tea_blue")
    assert (await door.call("GET", "/api/v1/services", token=blue)).json()["items"] == []


async def test_a_deprecation_is_answered_and_told(door: Door, marketplace_database: ProvisionedServer) -> None:
    receipt = await submitted(door, name="old")
    path = f"/api/v1/services/{receipt['listing_id']}/deprecate"
    sunset = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    body = {"reason": "Superseded.", "sunset_at": sunset}
    assert (await door.call("POST", path, body)).json()["code"] == "listing_closed"
    await make_published(marketplace_database, door.peers, receipt)
    assert (await door.call("POST", path, body | {"successor": "red/none"})).json()["code"] == "successor_refused"
    viewer = door.peers.admin.token("acc_v", role="viewer")
    assert (await door.call("POST", path, body, token=viewer)).status_code == 403
    answer = await door.call("POST", path, body)
    assert (answer.status_code, answer.json()["state"]) == (200, "deprecated")
    assert answer.json()["sunset_at"].endswith("Z")


async def test_a_run_is_followed_as_server_sent_events(door: Door, marketplace_database: ProvisionedServer) -> None:
    receipt = await submitted(door, name="followed")
    headers = {"authorization": f"Bearer {door.peers.admin.token('acc_publisher')}"}
    path = f"/api/v1/runs/{receipt['run_id']}/events"
    async with door.client.stream("GET", path, headers=headers) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.aiter_lines()
        assert await anext(lines) == "event: run"
        run = json.loads((await anext(lines)).removeprefix("data: "))
        assert (run["state"], len(run["phases"])) == ("queued", 10)
        await end_run(marketplace_database, receipt["run_id"])
        assert "event: end" in [line async for line in lines]
    missing = f"/api/v1/runs/ver_{'0' * 32}/events"
    assert (await door.call("GET", missing)).status_code == 404


async def end_run(server: ProvisionedServer, run_id: str) -> None:
    async with Database.open(server.url("publishing_worker"), name="test") as database, database.transaction() as tx:
        await tx.execute("UPDATE version_states SET state = 'failed' WHERE version_id = $1", run_id)


async def test_the_real_catalogue_is_imported_in_batches_and_again(door: Door) -> None:
    rows = json.loads(real_input("catalogue/models.json").read_text())["data"]
    admin = door.peers.admin.token("acc_admin", team=None, roles=("super_admin",))
    path = "/api/v1/catalogue/imports"
    created = 0
    for begin in range(0, len(rows), 50):
        answer = await door.call("POST", path, {"data": rows[begin : begin + 50]}, token=admin)
        assert answer.status_code == 200, answer.text
        created += answer.json()["created"]
    assert created == 364
    again = (await door.call("POST", path, {"data": rows}, token=admin)).json()
    assert (again["unchanged"], again["created"], again["updated"], again["refused"]) == (364, 0, 0, 0)
    changed = rows[0] | {"description": "Another text."}
    assert (await door.call("POST", path, {"data": [changed]}, token=admin)).json()["updated"] == 1
    viewer = door.peers.admin.token("acc_v", role="viewer")
    assert (await door.call("POST", path, {"data": []}, token=viewer)).status_code == 403
    for_everybody = await door.call("POST", f"{path}?visibility=public", {"data": rows[:3]})
    assert (for_everybody.status_code, for_everybody.json()["code"]) == (403, "public_import_refused")
    team = (await door.call("POST", path, {"data": rows[:3]})).json()
    assert team["created"] == 3
    mine = (await door.call("GET", "/api/v1/services?status=catalogue_only")).json()["items"]
    assert {item["visibility"] for item in mine} == {"workspace"}
    for _ in range(200):
        if len([s for s in door.peers.discovery.shown.values() if s.team_slug == "catalogue"]) == 364:
            break
        await door.peers.log.wait_for_news(LISTING_TOPIC, door.peers.log.heard(LISTING_TOPIC), 0.1)
    shown = {s.name: s for s in door.peers.discovery.shown.values() if s.team_slug == "catalogue"}
    assert shown[changed["id"]].description == "Another text."
    assert not shown["openrouter/auto"].pricing.HasField("output_nanodollars_per_million")


async def test_row_security_shows_and_takes_one_teams_rows(door: Door, marketplace_database: ProvisionedServer) -> None:
    receipt = await submitted(door, name="guarded")
    async with Database.open(marketplace_database.url("publishing_runtime"), name="test") as database:
        listings = PostgresListings(database, door.peers.log)
        for tenant, seen in (("tea_red", True), ("tea_blue", False), (None, False)):
            async with listings.transaction(tenant) as transaction:
                assert (await transaction.listing(receipt["listing_id"]) is not None) is seen
                assert (await transaction.version(receipt["version_id"]) is not None) is seen
                assert (await transaction.credential(receipt["version_id"]) is not None) is seen
                assert (await transaction.document(receipt["version_id"]) is not None) is seen
        with pytest.raises(RowRefused):
            async with listings.transaction("tea_blue") as transaction:
                await transaction.open_run("ver_x", "tea_red", ["authentication"])
        with pytest.raises(RowRefused):
            async with database.transaction("tea_red") as transaction:
                await transaction.execute("UPDATE listing_versions SET content = '{}'")


async def test_a_document_is_validated_without_being_published(door: Door) -> None:
    answer = await door.call("POST", "/api/v1/validate?mode=strict", {"openapi": "3.1.0"})
    assert (answer.status_code, answer.json()["valid"]) == (200, False)
