"""The ledger held against itself: books that agree, and rows broken by hand, each of which is found."""

from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import count

import pytest
from fixtures.consumption_shop import Shop
from fixtures.ledger_books import LedgerBooks, of_unknown_end, opened_books
from fixtures.marketplace_database import ProvisionedServer

from chassis.event_log.postgres_log import PostgresEventLog
from consumption.invoices.resolution_store import PostgresResolutions
from consumption.invoices.resolutions import Decision
from consumption.invoices.rules import Invoice
from consumption.ledger.postgres_store import PostgresLedger
from consumption.ledger.rules import MOST_TOLD, Break, Verification
from dataplane.pricing import cost_nanodollars
from dataplane.usage import Usage

PATH = "/api/v1/ledger/verification"
NUMBERS = count(1)
OF_BALANCE = "UPDATE balances SET {} WHERE scope_id = $1"


@pytest.fixture
async def books(marketplace_database: ProvisionedServer) -> AsyncIterator[LedgerBooks]:
    """Settled calls, one of them beyond its reservation, one unpriced, one of unknown end, and a sealed holder."""
    async with opened_books(marketplace_database, next(NUMBERS)) as books:
        await books.lease(60, 600_000_000, holder="sealed")
        beyond = books.call(3, 60, 10)
        await books.settle(books.call(1, 10, 5), books.call(2, 20, 7), beyond, books.call(4, 1, 1, priced=False))
        await books.settle(of_unknown_end(books.call(5, 4, 0)))
        await books.settlement.seal(f"{books.team}/sealed", books.now)
        await books.settle(books.call(6, 3, 3), holder="sealed")
        yield books


async def verified(books: LedgerBooks) -> Verification:
    return await PostgresLedger(books.database).verify(books.month)


async def test_books_that_agree_hold_and_unknown_calls_are_listed_with_what_they_cost(books: LedgerBooks) -> None:
    found = await verified(books)
    assert found.deviations == ()
    assert found.holds
    assert (found.scopes, found.calls, found.unknown_calls) == (2, 6, 1)
    [unknown] = found.unknown
    assert unknown.reserved == {books.scope("tokens"): 50, books.scope("nanodollars"): 500_000}


@pytest.mark.parametrize(
    ("change", "kind", "expected", "found"),
    [
        ("settled = settled + 7", Break.SETTLED, 120, 127),
        ("unknown = unknown - 1", Break.UNKNOWN, 50, 49),
        ("overdraft = overdraft + 900", Break.OVERDRAFT, 26, 926),
        ("overdraft = overdraft - 9", Break.OVERDRAFT, 20, 17),
        ("leased = leased + 30", Break.LEASED, 256, 286),
    ],
)
async def test_a_balance_that_is_no_sum_of_its_rows_is_found(
    books: LedgerBooks, change: str, kind: Break, expected: int, found: int
) -> None:
    scope = books.scope("tokens")
    await books.write(OF_BALANCE.format(change), scope)
    [told] = (await verified(books)).deviations
    assert (told.kind, told.scope_id, told.expected, told.found) == (kind, scope, expected, found)


async def test_what_passes_its_limit_without_recorded_overdraft_is_found_and_a_lowered_limit_is_none(
    books: LedgerBooks,
) -> None:
    scope = books.scope("tokens")
    await books.write("UPDATE limits SET amount = 10 WHERE scope_id = $1", scope)
    assert (await verified(books)).holds
    await books.write(OF_BALANCE.format("granted_under = 10"), scope)
    [told] = (await verified(books)).deviations
    assert (told.kind, told.scope_id, told.expected, told.found) == (Break.ABOVE_LIMIT, scope, 36, 426)


async def test_a_lost_lease_and_one_of_a_sealed_holder_are_found(books: LedgerBooks) -> None:
    scope = books.scope("tokens")
    await books.write("UPDATE leases SET amount = amount - 1 WHERE scope_id = $1", scope)
    [told] = (await verified(books)).deviations
    assert (told.kind, told.expected, told.found) == (Break.LEASED, 255, 256)
    await books.write("UPDATE leases SET amount = amount + 1 WHERE scope_id = $1", scope)
    await books.write("UPDATE leases SET holder = $2 WHERE scope_id = $1", scope, f"{books.team}/sealed")
    [told] = (await verified(books)).deviations
    assert (told.kind, told.scope_id, told.expected, told.found) == (Break.LEASED_BY_SEALED, scope, 0, 256)


async def test_a_changed_a_vanished_and_a_doubled_usage_row_are_found(books: LedgerBooks) -> None:
    call = books.call(1, 10, 5)
    row = call.usage
    await books.write("UPDATE usage_rows SET cost_nanodollars = 1 WHERE call_id = $1", row.call_id)
    [told] = (await verified(books)).deviations
    assert (told.kind, told.call_id, told.expected, told.found) == (Break.CHARGE_OF_CALL, row.call_id, 1, row.cost)
    await books.write("UPDATE usage_rows SET cost_nanodollars = $2 WHERE call_id = $1", row.call_id, row.cost)
    await books.write("UPDATE usage_rows SET prompt_tokens = 11 WHERE call_id = $1", row.call_id)
    [told] = (await verified(books)).deviations
    assert (told.kind, told.scope_id, told.expected, told.found) == (
        *(Break.CHARGE_OF_CALL, books.scope("tokens"), 16, 15),
    )
    await books.write("UPDATE usage_rows SET prompt_tokens = 10 WHERE call_id = $1", row.call_id)
    await books.write(
        "UPDATE usage_rows SET call_id = $2 WHERE call_id = $1", row.call_id, books.call(2, 1, 1).usage.call_id
    )
    twice = (await verified(books)).deviations
    assert [(told.kind, told.expected, told.found) for told in twice] == [(Break.COUNTED_TWICE, 1, 2)]


async def test_charges_to_a_scope_without_a_balance_are_found(books: LedgerBooks) -> None:
    await books.write(
        "UPDATE usage_rows SET charges = replace(charges::text, ':tokens', ':other')::jsonb WHERE team_id = $1",
        books.team,
    )
    told = {(one.kind, one.scope_id) for one in (await verified(books)).deviations}
    assert {
        (Break.SETTLED, f"team:{books.team}:other"),
        (Break.SETTLED, books.scope("tokens")),
    } <= told


async def test_the_platforms_people_verify_a_month_and_nobody_else_does(shop: Shop, books: LedgerBooks) -> None:
    governor = shop.person(platform="admin", account=99)
    answer = await governor.good("GET", f"{PATH}?month={books.month_name}")
    assert (answer["holds"], answer["calls"], answer["unknown_calls"]) == (True, 6, 1)
    assert answer["unknown"][0]["charged"] == {books.scope("nanodollars"): "0.0005", books.scope("tokens"): "50"}
    await books.write(OF_BALANCE.format("settled = settled + 1000000"), books.scope("nanodollars"))
    [told] = (await governor.good("GET", f"{PATH}?month={books.month_name}"))["deviations"]
    assert (told["kind"], told["expected"], told["found"]) == ("settled", "0.0009825", "0.0019825")
    assert (await governor.good("GET", PATH))["calls"] == 0
    assert await governor.refused("GET", f"{PATH}?month=2026-13") == (422, "invalid_input")
    assert await shop.person().refused("GET", PATH) == (403, "forbidden")


async def test_of_very_many_deviations_a_part_is_told_and_that_there_are_more(books: LedgerBooks) -> None:
    await books.write(
        "INSERT INTO limits (scope_id, team_id, kind, subject_id, unit, amount)"
        " SELECT 'key:' || n || $1 || ':tokens', $1, 'key', n::text, 'tokens', 5 FROM generate_series(1, $2) n",
        *(books.team, MOST_TOLD + 5),
    )
    await books.write(
        "INSERT INTO balances (scope_id, period_start, period_end, team_id, settled)"
        " SELECT scope_id, $2, $3, team_id, 1 FROM limits WHERE team_id = $1 AND kind = 'key'",
        *(books.team, books.month.start, books.month.end),
    )
    found = await verified(books)
    assert (len(found.deviations), found.more_deviations, found.scopes) == (MOST_TOLD, True, MOST_TOLD + 7)


async def test_books_hold_after_an_invoice_decided_calls_of_unknown_end(books: LedgerBooks) -> None:
    second = of_unknown_end(books.call(7, 5, 0))
    await books.settle(second)
    days = (books.now.date(), (books.now + timedelta(days=1)).date())
    invoice = Invoice("inv_1", b"1", "demo", "USD", *days, {})
    await books.write(
        "INSERT INTO invoices VALUES ($1, $2, $3, $4, $5, $6, 0, 'acc_1', $7)",
        *(invoice.invoice_id, invoice.digest, invoice.provider, invoice.currency, *days, books.now),
    )
    billed = Usage(40, 20)
    decide = PostgresResolutions(books.database, PostgresEventLog(books.database))
    decisions = [
        Decision(books.call_id(5), True, 40, 20, cost_nanodollars(billed, books.price)),
        Decision(books.call_id(7), False),
    ]
    await decide.resolve(invoice, decisions, "acc_9", books.now)
    found = await verified(books)
    assert found.deviations == ()
    assert (found.holds, found.calls, found.unknown_calls) == (True, 7, 0)
