"""Calls priced again where amounts leave all bounds: balances stay within theirs, and a fault ends one run alone."""

from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import count

import pytest
from fixtures.consumption_shop import Shop, Shopper
from fixtures.ledger_books import LedgerBooks, opened_books
from fixtures.marketplace_database import ProvisionedServer
from fixtures.recalculations import RUNS, set_price, start, work

from chassis.database.transaction import Row
from chassis.event_log.postgres_log import PostgresEventLog
from consumption.facts import LEDGER_TOPIC
from consumption.ledger.postgres_store import PostgresLedger
from consumption.ledger.rules import Break
from consumption.prices.rules import DEAREST
from consumption.settlement.rules import FULL
from dataplane.price import Price
from marketplace.events.v1.ledger_pb2 import RecalculationFailed

NUMBERS = count(1)
# At a dollar a token one such call costs more than half of what 63 bits hold.
MOST_TOKENS = 2**32


@pytest.fixture
async def books(marketplace_database: ProvisionedServer) -> AsyncIterator[LedgerBooks]:
    """Books of a month that no other test's are of."""
    async with opened_books(marketplace_database, next(NUMBERS), year=2018) as books:
        yield books


@pytest.fixture
def governor(shop: Shop) -> Shopper:
    """An admin of the platform."""
    return shop.person(platform="admin", account=99)


async def balance(books: LedgerBooks) -> Row:
    async with books.database.transaction(read_only=True) as transaction:
        found = await transaction.fetch_one("SELECT * FROM balances WHERE scope_id = $1", books.scope("nanodollars"))
    assert found is not None
    return found


async def require_books_agree(books: LedgerBooks) -> None:
    assert (await PostgresLedger(books.database).verify(books.month)).deviations == ()


async def test_absurd_costs_are_corrected_down_and_up_again_within_what_a_balance_holds(
    books: LedgerBooks, governor: Shopper
) -> None:
    dear = replace(books, price=Price("", DEAREST, DEAREST))
    await dear.state_price()
    await books.settle(*(dear.call(number, MOST_TOKENS, number) for number in range(3)))
    assert (await balance(books))["settled"] == FULL
    await require_books_agree(books)
    for request_id, dollars, settled in (("down", "2.5", 0), ("up", "1000000", FULL), ("down-again", "0", 0)):
        await set_price(books, governor, dollars, dollars)
        run = await start(governor, books, request_id)
        await work(books)
        done = await governor.good("GET", f"{RUNS}/{run}")
        assert (done["state"], done["failure"], done["corrected"]) == ("completed", None, 3)
        assert [group["calls"] for group in done["groups"]] == [3]
        assert (await balance(books))["settled"] == settled
        await require_books_agree(books)
    await books.write(f"UPDATE balances SET corrected = {FULL + 1} WHERE scope_id = $1", books.scope("nanodollars"))
    [told] = (await PostgresLedger(books.database).verify(books.month)).deviations
    assert (told.kind, told.found) == (Break.CORRECTED, FULL + 1)


@pytest.mark.parametrize(
    ("broken", "reason"),
    [("prompt_tokens = 4611686018427387904", "DataError"), ("charges = '{}'", "ValidationError")],
)
async def test_a_batch_that_can_never_be_priced_again_ends_its_run_alone(
    books: LedgerBooks, governor: Shopper, broken: str, reason: str
) -> None:
    await books.state_price()
    await books.settle(*(books.call(number, 10, number) for number in range(1, 6)))
    await set_price(books, governor, "5000", "20")
    await books.write(f"UPDATE usage_rows SET {broken} WHERE call_id = $1", books.call_id(1))
    failing = await start(governor, books, "failing")
    other = await start(governor, books, "other", model="another")
    await work(books)
    failed = await governor.good("GET", f"{RUNS}/{failing}")
    told = (failed["state"], failed["failure"], failed["completed_at"], failed["calls"], failed["corrected"])
    assert told == ("failed", reason, None, 4, 4)
    assert (await balance(books))["corrected"] == 4 * 10 * 4_997_500 + (2 + 3 + 4 + 5) * 10_000
    assert (await governor.good("GET", f"{RUNS}/{other}"))["state"] == "completed"
    kind = RecalculationFailed.DESCRIPTOR.full_name
    events = await PostgresEventLog(books.database).read(LEDGER_TOPIC, 0, 10_000)
    [event] = [event for event in events if (event.type, event.key) == (kind, failing)]
    fact = RecalculationFailed.FromString(event.data)
    assert (fact.actor, fact.reason, fact.calls, fact.corrected) == (governor.principal.account_id, reason, 4, 4)
