"""Past calls priced again on a real database: corrections beside unchanged rows, balances with them."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from fixtures.consumption_shop import Json, Shop, Shopper, eventually, shop_settings
from fixtures.ledger_books import LedgerBooks, of_unknown_end, opened_books
from fixtures.marketplace_database import ProvisionedServer
from fixtures.recalculations import RUNS, scope_of, set_price, start, work

from chassis.clock import rfc3339
from chassis.database.pool import Database
from chassis.event_log.postgres_log import PostgresEventLog
from consumption.compose import worker
from consumption.ledger.postgres_store import PostgresLedger
from consumption.ledger.rules import Break
from consumption.recalculation.calls_walk import BEFORE
from consumption.recalculation.postgres_store import PostgresCorrections

PREVIEWS = "/api/v1/recalculation-previews"
NUMBERS = count(1)


@pytest.fixture
async def books(marketplace_database: ProvisionedServer) -> AsyncIterator[LedgerBooks]:
    """Six calls of last year: four priced, one without a price, one of unknown end."""
    async with opened_books(marketplace_database, next(NUMBERS), year=2025) as books:
        await books.state_price()
        calls = [books.call(number, 10, number) for number in range(1, 5)]
        await books.settle(*calls, books.call(5, 3, 3, priced=False), of_unknown_end(books.call(6, 1, 1)))
        yield books


@pytest.fixture
def governor(shop: Shop) -> Shopper:
    """An admin of the platform."""
    return shop.person(platform="admin", account=99)


async def usage(shop: Shop, books: LedgerBooks) -> Json:
    span = f"from={rfc3339(books.month.start)}&to={rfc3339(books.month.end)}"
    [group] = (await shop.person(team=books.number).good("GET", f"/api/v1/usage?{span}"))["groups"]
    return group


async def rows(books: LedgerBooks) -> list[tuple[object, ...]]:
    async with books.database.transaction(read_only=True) as transaction:
        found = await transaction.fetch(
            "SELECT call_id, cost_nanodollars, price_id, charges FROM usage_rows WHERE team_id = $1 ORDER BY 1",
            books.team,
        )
    return [tuple(row.values()) for row in found]


async def test_a_preview_tells_what_would_change_and_writes_nothing(
    shop: Shop, books: LedgerBooks, governor: Shopper
) -> None:
    nothing = await governor.good("POST", PREVIEWS, scope_of(books))
    # 3 + 3 tokens at 2.5 and 10 dollars: the call without a price had none because nobody asked the book.
    assert (nothing["calls"], nothing["corrected"], nothing["unknown_end"]) == (6, 1, 1)
    await set_price(books, governor, "5", "20", books.now + timedelta(seconds=3))
    before, used = await rows(books), await usage(shop, books)
    seen = await governor.good("POST", PREVIEWS, scope_of(books))
    assert (seen["calls"], seen["corrected"], seen["without_price"], seen["complete"]) == (6, 3, 0, True)
    [group] = seen["groups"]
    # Calls 3 to 5 started at the new price. In microdollars: 55 and 65 doubled, and 3 x 5 + 3 x 20 of the unpriced one.
    assert (group["calls"], group["unpriced_calls"]) == (3, 1)
    assert (group["old_cost"], group["new_cost"], group["difference"]) == ("0.00012", "0.000315", "0.000195")
    assert seen["difference"] == group["difference"]
    assert (group["old_price"]["input_per_million"], group["new_price"]["input_per_million"]) == ("2.5", "5")
    assert (await rows(books), await usage(shop, books)) == (before, used)
    assert (await governor.good("POST", PREVIEWS, scope_of(books, model="other")))["calls"] == 0


async def test_a_recalculation_writes_corrections_beside_unchanged_rows_and_a_second_one_writes_none(
    shop: Shop, books: LedgerBooks, governor: Shopper
) -> None:
    await set_price(books, governor, "5", "20")
    before = await rows(books)
    run = await start(governor, books, "first")
    assert await start(governor, books, "first") == run
    await work(books)
    done = await governor.good("GET", f"{RUNS}/{run}")
    assert (done["state"], done["calls"], done["calls_total"], done["corrected"]) == ("completed", 6, 6, 5)
    assert sum(group["calls"] for group in done["groups"]) == 5
    assert await rows(books) == before
    used = await usage(shop, books)
    # Four calls of 10 prompt tokens and 1 to 4 more, one of 3 and 3; of the sixth nobody saw the end.
    assert (used["cost"], used["corrected_calls"], used["unpriced_calls"]) == ("0.000475", 5, 1)
    again = await start(governor, books, "second")
    await work(books)
    second = await governor.good("GET", f"{RUNS}/{again}")
    assert (second["state"], second["calls"], second["corrected"], second["groups"]) == ("completed", 6, 0, [])
    assert await usage(shop, books) == used
    assert [one["id"] for one in (await governor.good("GET", f"{RUNS}?limit=2"))["items"]] == [again, run]


async def test_an_invoice_is_held_against_the_corrected_cost(books: LedgerBooks, governor: Shopper) -> None:
    # A call without a price that a correction priced is priced; the one of unknown end stays what it was.
    text = f"month,model,amount\n{books.month_name},demo-chat,0.04\n"
    report = (await governor.upload("/api/v1/invoices", text)).json()
    [row] = report["rows"]
    assert (row["ours"]["settled"]["cost"], row["ours"]["settled"]["unpriced"], row["owing"]) == ("0.0002", 1, None)
    await set_price(books, governor, "500", "2000")
    await start(governor, books, "invoiced")
    await work(books)
    [row] = (await governor.good("GET", f"/api/v1/invoices/{report['invoice']['id']}"))["rows"]
    assert (row["ours"]["settled"]["cost"], row["ours"]["settled"]["unpriced"]) == ("0.0475", 0)
    assert (row["ours"]["unknown"]["cost"], row["difference"]["amount"], row["owing"]) == (
        "0.0005",
        "-0.0075",
        "nobody",
    )


async def test_balances_follow_corrections_up_and_down_and_the_books_still_agree(
    books: LedgerBooks, governor: Shopper
) -> None:
    ledger, money = PostgresLedger(books.database), books.scope("nanodollars")
    # 200,000 for four calls and a hold of 500,000 for the fifth, in nano-dollars; then all up, then all down.
    for given, settled in (("500", 21_760_000), ("0", 260_000)):
        await set_price(books, governor, given, "20")
        await start(governor, books, given)
        await work(books)
        assert (await ledger.verify(books.month)).deviations == ()
        async with books.database.transaction(read_only=True) as transaction:
            balance = await transaction.fetch_one("SELECT * FROM balances WHERE scope_id = $1", money)
        assert balance is not None
        assert (balance["settled"], balance["corrected"]) == (settled, settled - 700_000)
        assert balance["corrected_up"] == 21_060_000
    await books.write("UPDATE balances SET corrected = corrected + 5 WHERE scope_id = $1", money)
    [told] = (await ledger.verify(books.month)).deviations
    assert (told.kind, told.scope_id, told.found - told.expected) == (Break.CORRECTED, money, 5)


async def test_an_explanation_shows_each_correction_and_the_cost_of_now(
    shop: Shop, books: LedgerBooks, governor: Shopper
) -> None:
    for given in ("5", "7.5"):
        await set_price(books, governor, given, "10")
        await start(governor, books, given)
        await work(books)
    told = await shop.person(team=books.number).good("GET", f"/api/v1/calls/{books.call_id(1)}/explain")
    assert (told["cost"]["recorded"], told["cost_now"]) == ("0.000035", "0.000085")
    assert [(one["old_cost"], one["new_cost"]) for one in told["corrections"]] == [
        ("0.000035", "0.00006"),
        ("0.00006", "0.000085"),
    ]
    [newest] = [
        one
        for one in (await shop.person(team=books.number).good("GET", "/api/v1/calls"))["items"]
        if one["id"] == books.call_id(1)
    ]
    assert (newest["cost"], newest["corrected"]) == ("0.000085", True)


async def test_a_run_that_is_cut_off_anywhere_goes_on_and_corrects_each_call_once(
    shop: Shop, books: LedgerBooks, governor: Shopper
) -> None:
    await set_price(books, governor, "5", "20")
    run = await start(governor, books, "cut")
    corrections = PostgresCorrections(books.database, PostgresEventLog(books.database), 1)
    for turns in range(1, 60, 3):
        cut_off = asyncio.ensure_future(corrections.step(datetime.now(UTC)))
        for _ in range(turns):
            await asyncio.sleep(0)
        cut_off.cancel()
        await asyncio.gather(cut_off, return_exceptions=True)
    await work(books, 1)
    done = await governor.good("GET", f"{RUNS}/{run}")
    assert (done["state"], done["calls"], done["corrected"]) == ("completed", 6, 5)
    assert (await usage(shop, books))["cost"] == "0.000475"
    assert (await PostgresLedger(books.database).verify(books.month)).holds


async def test_calls_that_are_counted_while_a_run_goes_on_are_corrected_too_and_each_is_counted_once(
    shop: Shop, books: LedgerBooks, governor: Shopper
) -> None:
    await set_price(books, governor, "5", "20")
    corrections = PostgresCorrections(books.database, PostgresEventLog(books.database), 2)

    async def count_late(*numbers: int) -> None:
        late = [books.call(number, 10, 1) for number in numbers]
        assert await books.settlement.commit(f"{books.team}/h1", late, [], datetime.now(UTC)) == len(late)

    await count_late(7)
    run = await start(governor, books, "late")
    for numbers in ((8, 9, 10), (11,)):
        assert await corrections.step(datetime.now(UTC))
        assert await corrections.step(datetime.now(UTC))
        await count_late(*numbers)
    await work(books)
    done = await governor.good("GET", f"{RUNS}/{run}")
    assert (done["state"], done["calls_total"], done["calls"], done["corrected"]) == ("completed", 7, 11, 10)
    await count_late(12)
    seen = await governor.good("POST", PREVIEWS, scope_of(books))
    assert (seen["calls"], seen["corrected"]) == (12, 1)
    await start(governor, books, "later")
    await work(books)
    assert (await usage(shop, books))["corrected_calls"] == 11
    assert (await PostgresLedger(books.database).verify(books.month)).holds


async def test_the_worker_carries_a_run_on_by_itself(
    books: LedgerBooks, governor: Shopper, marketplace_database: ProvisionedServer, tmp_path: Path
) -> None:
    await set_price(books, governor, "5", "20")
    run = await start(governor, books, "alone")

    async def is_done() -> bool:
        return (await governor.good("GET", f"{RUNS}/{run}"))["state"] == "completed"

    async with worker(shop_settings(marketplace_database, tmp_path)) as unit:
        tasks = [asyncio.ensure_future(task()) for task in unit.tasks]
        await eventually(is_done)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert (await governor.good("GET", f"{RUNS}/{run}"))["corrected"] == 5


async def test_cached_tokens_are_priced_again_by_a_price_of_their_own(
    shop: Shop, governor: Shopper, marketplace_database: ProvisionedServer
) -> None:
    async with opened_books(marketplace_database, next(NUMBERS), year=2025) as books:
        await books.state_price()
        await books.settle(books.call(1, 10, 2, cached=8), books.call(2, 10, 2))
        for cached, corrected, costs in (
            ("0.5", 1, ["0.000029", "0.000045"]),
            (None, 1, ["0.000045", "0.000045"]),
            ("0", 1, ["0.000025", "0.000045"]),
        ):
            body = {"listing_id": books.listing_id, "input_per_million": "2.5", "output_per_million": "10"}
            when = {"effective_from": rfc3339(books.month.start), "cached_input_per_million": cached}
            await governor.good("POST", "/api/v1/prices", body | when)
            run = await start(governor, books, f"cached-{cached}")
            await work(books)
            done = await governor.good("GET", f"{RUNS}/{run}")
            assert (done["calls"], done["corrected"]) == (2, corrected)
            assert done["groups"][0]["new_price"]["cached_input_per_million"] == cached
            items = (await shop.person(team=books.number).good("GET", "/api/v1/calls"))["items"]
            assert [one["cost"] for one in sorted(items, key=lambda one: one["id"])] == costs
        assert (await PostgresLedger(books.database).verify(books.month)).deviations == ()


async def test_prices_that_come_after_the_start_of_a_run_wait_for_the_next_one(
    books: LedgerBooks, governor: Shopper
) -> None:
    run = await start(governor, books, "early")
    await set_price(books, governor, "5", "20")
    await work(books)
    assert (await governor.good("GET", f"{RUNS}/{run}"))["corrected"] == 1


async def test_only_the_platforms_people_recalculate_and_only_what_is_over(
    shop: Shop, books: LedgerBooks, governor: Shopper
) -> None:
    owner, body = shop.person(team=books.number), {**scope_of(books), "request_id": "mine"}
    for method, path in (("POST", PREVIEWS), ("POST", RUNS), ("GET", RUNS)):
        assert await owner.refused(method, path, body if method == "POST" else None) == (403, "forbidden")
    later = {**body, "to": rfc3339(datetime.now(UTC) + timedelta(days=1))}
    assert await governor.refused("POST", RUNS, later) == (422, "span_refused")
    assert await governor.refused("POST", RUNS, scope_of(books)) == (422, "invalid_input")
    assert await governor.refused("GET", f"{RUNS}/rcl_{0:032x}") == (404, "recalculation_not_found")
    await start(governor, books, "taken")
    taken = {**scope_of(books, model="other"), "request_id": f"{books.team}/taken"}
    assert await governor.refused("POST", RUNS, taken) == (409, "request_id_taken")
    await work(books)


async def test_another_teams_corrections_are_out_of_reach_even_of_a_wrong_query(
    books: LedgerBooks, governor: Shopper, marketplace_database: ProvisionedServer
) -> None:
    await set_price(books, governor, "5", "20")
    await start(governor, books, "seen")
    await work(books)
    async with Database.open(marketplace_database.url("consumption_runtime"), name="test", size=1) as database:
        for team, seen in ((books.team, 5), (replace(books, number=1).team, 0)):
            async with database.transaction(team) as transaction:
                assert await transaction.fetch_value("SELECT count(*) FROM corrections") == seen


async def test_a_batch_begins_at_its_place_also_by_a_plan_that_was_made_for_any(books: LedgerBooks) -> None:
    start, end = (f"'{moment.isoformat()}'" for moment in (books.month.start, books.month.end))
    async with books.database.transaction(read_only=True) as transaction:
        for setting in ("plan_cache_mode = force_generic_plan", "enable_seqscan = off"):
            await transaction.execute(f"SET LOCAL {setting}")
        await transaction.execute(f"PREPARE batch AS {BEFORE}")
        plan = await transaction.fetch(
            f"EXPLAIN EXECUTE batch({start}, {end}, NULL, NULL, '{books.team}', {end}, {end}, '', 500)"
        )
        await transaction.execute("DEALLOCATE batch")
    lines = [str(row[0]) for row in plan]
    [at] = [number for number, line in enumerate(lines) if "on usage_rows" in line]
    assert "(started_at <= $7)" in lines[at + 1].partition("Index Cond:")[2]
