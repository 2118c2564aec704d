"""Admin as a process: it starts, serves, adds up usage in its worker, and ends in good order."""

import asyncio
from pathlib import Path

import httpx
from fixtures.admin_people import FIRST_EMAIL, FIRST_PASSWORD
from fixtures.admin_process import admin_process
from fixtures.marketplace_database import ProvisionedServer
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.clock import SystemClock
from chassis.database.pool import Database
from chassis.event_log.port import Event
from chassis.event_log.postgres_log import PostgresEventLog
from chassis.ids import new_id
from marketplace.events.v1.usage_pb2 import UsageRecorded, UsageRow


async def append_usage(server: ProvisionedServer) -> None:
    """One call, as consumption appends it."""
    now = SystemClock().now()
    started = Timestamp()
    started.FromDatetime(now)
    row = UsageRow(
        team_id="tea_x", listing_id="lst_x", prompt_tokens=11, completion_tokens=4, status=200, started_at=started
    )
    data = UsageRecorded(rows=[row]).SerializeToString()
    kind = UsageRecorded.DESCRIPTOR.full_name
    event = Event(new_id("evt", now), "marketplace.usage.v1", "tea_x", kind, "consumption", now, data)
    url = server.url("consumption_worker")
    async with Database.open(url, name="elsewhere", size=1) as database, database.transaction() as transaction:
        await PostgresEventLog(database).append(transaction, [event])


async def test_a_process_serves_and_its_worker_adds_up_what_it_hears(
    marketplace_database: ProvisionedServer, tmp_path: Path
) -> None:
    with admin_process(marketplace_database, tmp_path / "log") as url:
        async with httpx.AsyncClient(base_url=url) as client:
            signed_in = await client.post("/auth/login", json={"email": FIRST_EMAIL, "password": FIRST_PASSWORD})
            headers = {"authorization": f"Bearer {signed_in.json()['access_token']}"}
            await append_usage(marketplace_database)
            for _ in range(100):
                metrics = (await client.get("/dashboard/metrics", headers=headers)).json()
                if metrics["calls"]:
                    break
                await asyncio.sleep(0.05)
    assert (metrics["calls"], metrics["total_tokens"], metrics["cost_usd"]) == (1, 15, None)
    assert FIRST_PASSWORD not in (tmp_path / "log").read_text()


async def test_a_gateway_on_another_machine_is_believed_where_it_is_named(
    marketplace_database: ProvisionedServer, tmp_path: Path
) -> None:
    body = {"email": FIRST_EMAIL, "password": FIRST_PASSWORD}
    with admin_process(marketplace_database, tmp_path / "log", ("api",), ADMIN_TRUSTED_PROXIES="127.0.0.2") as url:
        for peer, place in (("127.0.0.2", "203.0.113.9"), ("127.0.0.3", "127.0.0.3")):
            door = httpx.AsyncHTTPTransport(local_address=peer)
            async with httpx.AsyncClient(base_url=url, transport=door) as client:
                tokens = await client.post("/auth/login", json=body, headers={"x-forwarded-for": "203.0.113.9"})
                headers = {"authorization": f"Bearer {tokens.json()['access_token']}"}
                [newest, *_] = (await client.get("/auth/sessions", headers=headers)).json()["items"]
            assert newest["source"] == place
