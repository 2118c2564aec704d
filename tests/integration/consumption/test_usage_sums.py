"""What a team used, summed at its door: of many groups too, and as a file for a spreadsheet."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import pytest
from fixtures.consumption_shop import Shop, Shopper
from fixtures.marketplace_database import ProvisionedServer

from chassis.database.pool import Database
from chassis.event_log.postgres_log import PostgresEventLog
from chassis.ids import new_id
from consumption.settlement.postgres_store import PostgresSettlementStore
from consumption.settlement.rules import EndedCall, UsageRow

NOW = datetime.now(UTC)
USAGE = "/api/v1/usage?group_by=model"


@pytest.fixture
async def worker(marketplace_database: ProvisionedServer) -> AsyncIterator[Database]:
    """The role that sees all teams."""
    async with Database.open(marketplace_database.url("consumption_worker"), name="test", size=2) as database:
        yield database


async def settle(worker: Database, owner: Shopper, models: Sequence[str]) -> None:
    """A call of each model, each of which cost a nano-dollar more than the one before it."""
    calls = [
        UsageRow(
            *(new_id("call", NOW), NOW, owner.principal.tenant or "", "acc_1", "key_1", "lst_1", "ver_1", "red/chat"),
            *("1.0.0", "vendor.example", model, 2, 0, 1),
            cost=number,
            price_id="",
            outcome="completed",
            estimated=False,
            streamed=False,
            status=200,
            duration=1000,
            first_byte=None,
        )
        for number, model in enumerate(models)
    ]
    store = PostgresSettlementStore(worker, PostgresEventLog(worker))
    await store.commit("h1", [EndedCall(call, ()) for call in calls], [], NOW)


async def test_all_groups_together_are_the_whole_also_where_they_are_too_many_to_show(
    shop: Shop, worker: Database
) -> None:
    owner = shop.person(team=40)
    names = [f"model-{number:04}" for number in range(1003)]
    await settle(worker, owner, names[:1000])
    told = await owner.good("GET", USAGE)
    assert ([one["group"] for one in told["groups"]], told["groups_in_others"]) == (names[999::-1], 0)
    await settle(worker, owner, names)
    told = await owner.good("GET", USAGE)
    assert (len(told["groups"]), told["groups_in_others"]) == (1001, 3)
    assert (
        sum(one["calls"] for one in told["groups"]) == sum(one["prompt_tokens"] for one in told["groups"]) / 2 == 2003
    )
    others = told["groups"][-1]
    # Twice 0, 1 and 2 nano-dollars.
    assert (others["group"], others["calls"], others["cost"]) == (None, 6, "0.000000006")
    flat = csv.DictReader(io.StringIO((await owner.ask("GET", f"{USAGE}&format=csv")).text))
    assert [row["group"] for row in flat][-2:] == ["model-0003", "(others)"]


async def test_a_models_name_is_no_formula_in_the_files_of_usage_and_invoices(shop: Shop, worker: Database) -> None:
    owner, governor = shop.person(team=41), shop.person(platform="admin", account=99)
    await settle(worker, owner, ["=1+1"])
    [used] = csv.DictReader(io.StringIO((await owner.ask("GET", f"{USAGE}&format=csv")).text))
    assert (used["group"], used["calls"]) == ("'=1+1", "1")
    report = await governor.upload("/api/v1/invoices", f"day,model,input_tokens,amount\n{NOW.date()},=1+1,1,-5\n")
    found = await governor.ask("GET", f"/api/v1/invoices/{report.json()['invoice']['id']}?format=csv")
    [row] = csv.DictReader(io.StringIO(found.text))
    assert (row["model"], row["billed_amount"], row["difference_input_tokens"]) == ("'=1+1", "-5", "-1")
