"""A supplier's invoice beside our books, and calls of unknown end decided by it, on a real PostgreSQL."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import httpx
import psycopg
import pytest
from fixtures.consumption_shop import Json, Shop, Shopper, eventually, numbered
from fixtures.marketplace_database import ProvisionedServer

from chassis.database.pool import Database
from chassis.event_log.port import Consumer, RecordedEvent
from chassis.event_log.postgres_log import PostgresEventLog
from chassis.ids import new_id
from consumption.budgets.postgres_store import PostgresLeaseStore
from consumption.budgets.rules import Wish, month_of
from consumption.facts import INVOICE_TOPIC
from consumption.invoices import usage_store
from consumption.invoices.actions import ReadReport, RegisterInvoice, ResolveCalls
from consumption.invoices.errors import ReportTimedOut
from consumption.invoices.rules import Billed, BilledFor, Invoice, model_key
from consumption.invoices.usage_store import PostgresCountedUsage
from consumption.settlement.postgres_store import PostgresSettlementStore
from consumption.settlement.rules import Charge, EndedCall, UsageRow
from fleet.roles import DATABASE
from marketplace.events.v1.invoice_pb2 import CallsReconciled

NOW = datetime.now(UTC)
DAY = NOW.date().isoformat()
PATH = "/api/v1/invoices"
WIRED = (RegisterInvoice, ReadReport, ResolveCalls)


@dataclass
class Books:
    """A key with a quota and a budget, and calls under leases of it."""

    worker: Database
    owner: Shopper
    key_id: str
    model: str

    async def end(
        self, outcome: str, *, estimated: bool = False, holder: str = "h1", price: str = "", at: datetime = NOW
    ) -> str:
        """A call that reserved 500 tokens and 1,000 nano-dollars, and used 100 and 200 where its end is known."""
        scopes = {f"key:{self.key_id}:tokens": (500, 100), f"key:{self.key_id}:nanodollars": (1000, 200)}
        call_id = new_id("call", NOW)
        wishes = [Wish(scope, reserved, reserved) for scope, (reserved, _) in scopes.items()]
        await PostgresLeaseStore(self.worker).acquire(holder, call_id, wishes, NOW)
        is_known = outcome != "unknown"
        usage = UsageRow(
            *(call_id, at, self.owner.principal.tenant or "", "acc_1", self.key_id, "lst_1", "ver_1", "red/chat"),
            *("1.0.0", "vendor.example", self.model, 60 if is_known else 9, 0, 40 if is_known else 0),
            cost=200 if is_known else None,
            price_id=price,
            outcome=outcome,
            estimated=estimated or not is_known,
            streamed=False,
            status=200,
            duration=1000,
            first_byte=None,
        )
        charges = tuple(
            Charge(scope, reserved, spent if is_known else reserved, month_of(NOW).end)
            for scope, (reserved, spent) in scopes.items()
        )
        store = PostgresSettlementStore(self.worker, PostgresEventLog(self.worker))
        await store.commit(holder, [EndedCall(usage, charges)], [], NOW)
        return call_id

    async def balance(self) -> list[tuple[int, ...]]:
        """Settled, unknown and overdraft of the quota and the budget."""
        async with self.worker.transaction(read_only=True) as transaction:
            rows = await transaction.fetch(
                "SELECT settled, unknown, overdraft FROM balances WHERE scope_id LIKE $1 ORDER BY scope_id DESC",
                f"key:{self.key_id}:%",
            )
        return [tuple(row) for row in rows]


@pytest.fixture
async def worker(marketplace_database: ProvisionedServer) -> AsyncIterator[Database]:
    """The role that sees all teams."""
    async with Database.open(marketplace_database.url("consumption_worker"), name="test", size=3) as database:
        yield database


@pytest.fixture
async def books(shop: Shop, worker: Database, request: pytest.FixtureRequest) -> Books:
    """Each test's model is its own, so that no other test's calls stand beside its invoice."""
    owner = shop.person(team=1)
    key = await owner.good("POST", "/api/v1/keys", {"name": "k", "monthly_token_quota": 10**6, "monthly_budget": "1"})
    return Books(worker, owner, key["id"], request.node.name[:60])


@pytest.fixture
def governor(shop: Shop) -> Shopper:
    """An admin of the platform."""
    return shop.person(platform="admin", account=99)


async def sent(person: Shopper, text: str, kind: str = "text/csv", **params: str) -> httpx.Response:
    return await person.upload(PATH, text, kind, **params)


def lines(model: str, *rows: str) -> str:
    return "day,model,input_tokens,output_tokens,amount\n" + "".join(f"{DAY},{model},{row}\n" for row in rows)


async def registered(governor: Shopper, text: str) -> Json:
    answer = await sent(governor, text)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_the_report_tells_settled_estimated_and_unknown_apart_and_who_owes(
    books: Books, governor: Shopper
) -> None:
    await books.end("completed")
    await books.end("completed", estimated=True)
    unknown = await books.end("unknown")
    report = await registered(governor, lines(books.model, "125,80,0.0000004", "5,0,0.02"))
    [row] = report["rows"]
    assert row["billed"] == {"requests": None, "input_tokens": 130, "output_tokens": 80, "amount": "0.0200004"}
    sums = {certainty: (part["calls"], part["input_tokens"], part["cost"]) for certainty, part in row["ours"].items()}
    assert sums == {"settled": (1, 60, "0.0000002"), "estimated": (1, 60, "0.0000002"), "unknown": (1, 9, "0.000001")}
    assert row["difference"] == {"input_tokens": 10, "output_tokens": 0, "amount": "0.02"}
    assert (row["owing"], [one["listing"] for one in row["by_listing"]]) == ("supplier", ["red/chat"])
    assert [(one["call_id"], one["held"]) for one in report["unknown_calls"]] == [(unknown, "0.000001")]
    token = await governor.ask("GET", f"{PATH}/{report['invoice']['id']}?format=csv")
    [flat] = csv.DictReader(io.StringIO(token.text))
    assert (flat["billed_input_tokens"], flat["settled_calls"], flat["owing"]) == ("130", "1", "supplier")


async def test_each_call_counts_on_its_day_and_at_midnight_on_one_alone(books: Books, governor: Shopper) -> None:
    first, midnight = datetime(2025, 2, 27, tzinfo=UTC), datetime(2025, 2, 28, tzinfo=UTC)
    tick = timedelta(microseconds=1)
    for at in (first - tick, first, midnight - tick, midnight, midnight + timedelta(days=1)):
        await books.end("completed", at=at)
    text = "day,model,output_tokens\n" + "".join(f"{day.date()},{books.model},1\n" for day in (first, midnight))
    report = await registered(governor, text)
    counted = [(row["first_day"], row["ours"]["settled"]["calls"]) for row in report["rows"]]
    assert counted == [("2025-02-27", 2), ("2025-02-28", 1)]


async def test_reports_take_turns_and_no_longer_than_an_answer_may(
    books: Books, worker: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await books.end("completed")
    days = ((NOW - timedelta(days=30)).date(), NOW.date())
    invoice = Invoice("inv_1", b"", "", "USD", *days, {BilledFor(*days, model_key(books.model)): Billed(amount=1)})
    usage = PostgresCountedUsage(worker)
    both = await asyncio.gather(usage.sums(invoice), usage.sums(invoice))
    assert both[0] == both[1] != []
    monkeypatch.setattr(usage_store, "REPORT_SECONDS", 0.001)
    with pytest.raises(ReportTimedOut, match="fewer days"):
        await usage.sums(invoice)
    monkeypatch.undo()
    assert await usage.sums(invoice) == both[0]


async def test_older_calls_of_other_models_hide_none_of_the_invoices_own(books: Books, worker: Database) -> None:
    other = replace(books, model="another-model-of-unknown-end")
    for age in (3, 2):
        await other.end("unknown", at=NOW - timedelta(seconds=age))
    snapshot = replace(books, model=f"{books.model.upper()}-20260101")
    ours = [await snapshot.end("unknown", at=NOW - timedelta(seconds=1)), await books.end("unknown")]
    await books.end("unknown", at=NOW + timedelta(seconds=1))
    days = ((NOW - timedelta(days=1)).date(), NOW.date())
    billed = {BilledFor(*days, model_key(books.model)): Billed(amount=1)}
    invoice = Invoice("inv_1", b"", "", "USD", *days, billed)
    assert [call.call_id for call in await PostgresCountedUsage(worker).unknown(invoice, 2)] == ours
    of_all = replace(invoice, provider="vendor.example")
    assert {call.model for call in await PostgresCountedUsage(worker).unknown(of_all, 1000)} >= {
        other.model,
        books.model,
    }


async def test_the_same_file_twice_is_one_invoice_and_for_another_supplier_another(
    books: Books, governor: Shopper
) -> None:
    text = lines(books.model, "1,1,1")
    answers = await asyncio.gather(*(sent(governor, text) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 201]
    assert len({answer.json()["invoice"]["id"] for answer in answers}) == 1
    other = await sent(governor, text, provider="vendor.example")
    assert other.status_code == 201
    page = await governor.good("GET", f"{PATH}?limit=1")
    assert page["items"][0]["id"] == other.json()["invoice"]["id"]
    following = await governor.good("GET", f"{PATH}?limit=1&cursor={page['next_cursor']}")
    assert following["items"][0]["id"] == answers[0].json()["invoice"]["id"]


async def test_an_invoice_is_the_platforms_and_bad_ones_are_refused(
    books: Books, governor: Shopper, worker: Database
) -> None:
    text = lines(books.model, "1,1,1")
    assert (await sent(books.owner, text)).status_code == 403
    assert await books.owner.refused("GET", PATH) == (403, "forbidden")
    refused = await sent(governor, "day,model,amount\n2026-11-30,m,much\n")
    assert (refused.status_code, refused.json()["code"]) == (422, "invoice_refused")
    assert (await sent(governor, text, "application/json")).status_code == 415
    assert (await sent(governor, "x" * (8 * 1024 * 1024 + 1))).status_code == 413
    assert await governor.refused("GET", f"{PATH}/{numbered('inv', 1)}") == (404, "invoice_not_found")
    async with worker.transaction() as transaction:
        for table in ("invoices", "invoice_lines", "invoice_resolutions"):
            for role, may_read in (("consumption_runtime", False), ("consumption_worker", True)):
                asked = await transaction.fetch_value("SELECT has_table_privilege($1, $2, 'SELECT')", role, table)
                assert asked is may_read


async def test_unknown_calls_are_settled_and_released_once_with_balances_and_events(
    books: Books, governor: Shopper, worker: Database
) -> None:
    settled, released, waiting = [await books.end("unknown") for _ in range(3)]
    assert await books.balance() == [(0, 1500, 0), (0, 3000, 0)]
    report = await registered(governor, lines(books.model, "100,20,0.0000003"))
    path = f"{PATH}/{report['invoice']['id']}/resolutions"
    body = {
        "calls": [
            {"call_id": settled, "decision": "settle", "prompt_tokens": 100, "completion_tokens": 600, "cost": "0"},
            {"call_id": released, "decision": "release"},
        ]
    }
    answers = await asyncio.gather(*(governor.ask("POST", path, body) for _ in range(3)))
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert await books.balance() == [(700, 500, 200), (0, 1000, 0)]
    told_all = [
        {one["call_id"]: (one["decision"], one["cost"]) for one in answer.json()["calls"]} for answer in answers
    ]
    assert told_all == [{settled: ("settle", "0"), released: ("release", "0")}] * 3
    after = await governor.good("GET", f"{PATH}/{report['invoice']['id']}")
    assert [one["call_id"] for one in after["unknown_calls"]] == [waiting]
    assert after["rows"][0]["ours"]["settled"]["output_tokens"] == 600
    calls = (await books.owner.good("GET", f"/api/v1/calls?key_id={books.key_id}"))["items"]
    outcomes = {one["id"]: (one["outcome"], one["prompt_tokens"], one["estimated"]) for one in calls}
    assert outcomes[settled] == ("reconciled", 100, False)
    assert outcomes[released] == ("released", 0, False)
    assert outcomes[waiting][0] == "unknown"
    [fact] = await told(worker, report["invoice"]["id"])
    assert (fact.actor, fact.team_id) == (numbered("acc", 99), books.owner.principal.tenant)
    assert {call.call_id: call.settled for call in fact.calls} == {settled: True, released: False}


async def test_decisions_are_kept_all_together_or_not_at_all(books: Books, governor: Shopper, worker: Database) -> None:
    unknown, known = await books.end("unknown"), await books.end("completed")
    before = await books.balance()
    report = await registered(governor, lines(books.model, "1,1,1"))
    path = f"{PATH}/{report['invoice']['id']}/resolutions"
    release = {"call_id": unknown, "decision": "release"}
    settle = {"call_id": unknown, "decision": "settle", "prompt_tokens": 5}
    for calls, refusal in (
        ([release, {"call_id": known, "decision": "release"}], (409, "call_not_resolvable")),
        ([release, {"call_id": "call_none", "decision": "release"}], (409, "call_not_resolvable")),
        ([settle], (422, "cost_needed")),
        ([release, release], (422, "invalid_input")),
        ([{**release, "prompt_tokens": 1}], (422, "invalid_input")),
        ([], (422, "invalid_input")),
    ):
        assert await governor.refused("POST", path, {"calls": calls}) == refusal
    other = await registered(governor, lines("another-model", "1,1,1"))
    elsewhere = f"{PATH}/{other['invoice']['id']}/resolutions"
    assert await governor.refused("POST", elsewhere, {"calls": [release]}) == (409, "call_not_resolvable")
    assert await books.balance() == before
    async with worker.transaction() as transaction:
        await transaction.execute(
            "INSERT INTO prices (price_id, listing_id, listing_version_id, model, input_nanodollars_per_million,"
            " output_nanodollars_per_million, effective_from) VALUES ('prc_9', 'lst_1', 'ver_1', 'usage', 2000000, 1,"
            " $1)",
            NOW,
        )
    priced = await books.end("unknown", price="prc_9")
    calls = [{"call_id": priced, "decision": "settle", "prompt_tokens": 5}]
    [done] = (await governor.good("POST", path, {"calls": calls}))["calls"]
    assert (done["prompt_tokens"], done["cost"]) == (5, "0.00000001")


async def test_what_was_decided_is_done_whoever_asks_again_and_whether_or_not_there_can_be_a_report(
    books: Books, governor: Shopper, marketplace_database: ProvisionedServer
) -> None:
    settled, late = await books.end("unknown"), await books.end("unknown")
    invoices = [await registered(governor, lines(books.model, figures)) for figures in ("1,1,1", "2,2,2")]
    path, elsewhere = (f"{PATH}/{report['invoice']['id']}/resolutions" for report in invoices)
    settle = {"call_id": settled, "decision": "settle", "prompt_tokens": 10, "cost": "0.0000001"}
    with psycopg.connect(marketplace_database.superuser_url_of(DATABASE), autocommit=True) as server:
        server.execute("REVOKE SELECT ON consumption.corrections FROM consumption_worker")
        try:
            assert (await governor.ask("GET", path.removesuffix("/resolutions"))).status_code >= 500
            done = await governor.good("POST", path, {"calls": [settle]})
        finally:
            server.execute("GRANT SELECT ON consumption.corrections TO consumption_worker")
    balance = await books.balance()
    assert balance == [(10, 500, 0), (100, 1000, 0)]
    priced_by_us = {name: settle[name] for name in ("call_id", "decision", "prompt_tokens")}
    for again in (settle, priced_by_us):
        assert await governor.good("POST", path, {"calls": [again]}) == done
    release = {"call_id": late, "decision": "release"}
    for where, calls in (
        (path, [{**settle, "cost": "0"}, release]),
        (path, [{**settle, "prompt_tokens": 11}, release]),
        (path, [{"call_id": settled, "decision": "release"}, release]),
        (elsewhere, [settle, release]),
    ):
        assert await governor.refused("POST", where, {"calls": calls}) == (409, "call_not_resolvable")
    assert await books.balance() == balance
    both = await governor.good("POST", path, {"calls": [settle, release]})
    assert {one["call_id"] for one in both["calls"]} == {settled, late}
    assert await books.balance() == [(10, 0, 0), (100, 0, 0)]


async def test_what_was_booked_after_its_holders_seal_leaves_the_overdraft_when_it_is_released(
    books: Books, governor: Shopper, worker: Database
) -> None:
    holder = new_id("hol", NOW)
    await books.end("completed", holder=holder)
    store = PostgresSettlementStore(worker, PostgresEventLog(worker))
    await store.seal(holder, NOW - timedelta(seconds=1))
    lost = EndedCall(
        UsageRow(
            *("call_lost", NOW, books.owner.principal.tenant or "", "acc_1", books.key_id, "lst_1", "ver_1"),
            *(
                "red/chat",
                "1.0.0",
                "vendor.example",
                books.model,
                9,
                0,
                0,
                None,
                "",
                "unknown",
                True,
                False,
                0,
                0,
                None,
            ),
        ),
        (Charge(f"key:{books.key_id}:tokens", 500, 500, month_of(NOW).end),),
    )
    await store.commit(holder, [lost], [], NOW)
    assert (await books.balance())[0] == (100, 500, 500)
    report = await registered(governor, lines(books.model, "60,40,0"))
    calls = [{"call_id": "call_lost", "decision": "release"}]
    await governor.good("POST", f"{PATH}/{report['invoice']['id']}/resolutions", {"calls": calls})
    assert (await books.balance())[0] == (100, 0, 0)


async def told(worker: Database, invoice_id: str) -> list[CallsReconciled]:
    """What was told of an invoice's decisions."""
    found: list[CallsReconciled] = []

    async def hear(_: object, event: RecordedEvent) -> None:
        if event.key == invoice_id:
            found.append(CallsReconciled.FromString(event.data))

    consumer = Consumer("consumption.test_told", INVOICE_TOPIC, {CallsReconciled.DESCRIPTOR.full_name: hear})

    async def heard() -> bool:
        await PostgresEventLog(worker).consume_once(consumer)
        return bool(found)

    await eventually(heard)
    return found
