"""Calls that an invoice decided, and the price book after and before it: whose word holds."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest
from fixtures.consumption_shop import Json, Shop, Shopper
from fixtures.ledger_books import LedgerBooks, of_unknown_end, opened_books
from fixtures.marketplace_database import ProvisionedServer
from fixtures.recalculations import RUNS, set_price, start, work

from chassis.event_log.postgres_log import PostgresEventLog
from consumption.invoices.resolution_store import PostgresResolutions
from consumption.invoices.resolutions import Decision
from consumption.invoices.rules import Invoice
from consumption.ledger.postgres_store import PostgresLedger


@pytest.fixture
async def books(marketplace_database: ProvisionedServer) -> AsyncIterator[LedgerBooks]:
    """Three calls whose end nobody saw, counted at one price, which is another one since."""
    async with opened_books(marketplace_database, 1, year=2024) as books:
        await books.state_price()
        await books.settle(*(of_unknown_end(books.call(number, 1, 0)) for number in (1, 2, 3)))
        yield books


async def decide(books: LedgerBooks, decisions: Sequence[Decision]) -> None:
    days = (books.now.date(), (books.now + timedelta(days=1)).date())
    invoice = Invoice("inv_1", b"1", "demo", "USD", *days, {})
    await books.write(
        "INSERT INTO invoices VALUES ($1, $2, $3, $4, $5, $6, 0, 'acc_1', $7)",
        *(invoice.invoice_id, invoice.digest, invoice.provider, invoice.currency, *days, books.now),
    )
    log = PostgresEventLog(books.database)
    await PostgresResolutions(books.database, log).resolve(invoice, decisions, "acc_9", books.now)


async def recalculated(books: LedgerBooks, governor: Shopper, request_id: str) -> tuple[int, int, str]:
    """How many calls an invoice had decided, how many were corrected, and by how much."""
    run = await start(governor, books, request_id)
    await work(books)
    done = await governor.good("GET", f"{RUNS}/{run}")
    assert (done["state"], done["calls"], done["unknown_end"]) == ("completed", 3, 0)
    assert (await PostgresLedger(books.database).verify(books.month)).deviations == ()
    return done["decided"], done["corrected"], done["difference"]


async def test_a_stated_cost_is_left_alone_and_without_one_the_price_as_of_the_start_holds(
    shop: Shop, books: LedgerBooks
) -> None:
    governor = shop.person(platform="admin", account=99)
    await set_price(books, governor, "5", "20")
    stated, priced, released = (books.call_id(number) for number in (1, 2, 3))
    await decide(books, [Decision(stated, True, 10, 2, 77), Decision(priced, True, 10, 2), Decision(released, False)])
    assert await recalculated(books, governor, "same") == (2, 0, "0")
    await set_price(books, governor, "7", "20")
    assert await recalculated(books, governor, "another") == (2, 1, "0.00002")

    async def told(call_id: str) -> Json:
        return await shop.person(team=books.number).good("GET", f"/api/v1/calls/{call_id}/explain")

    first, second = await told(stated), await told(priced)
    assert (first["cost_now"], first["corrections"]) == ("0.000000077", [])
    assert (second["cost"]["recorded"], second["cost"]["rounded"], second["cost_now"]) == (
        *("0.00009", "0.00009", "0.00011"),
    )
