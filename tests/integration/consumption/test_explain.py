"""Why a call cost what it cost, told to its team and to the platform's admins."""

from collections.abc import AsyncIterator
from decimal import Decimal
from itertools import count

import pytest
from fixtures.consumption_shop import Shop
from fixtures.ledger_books import LedgerBooks, of_unknown_end, opened_books
from fixtures.marketplace_database import ProvisionedServer
from msgspec.structs import replace

NUMBERS = count(1)


@pytest.fixture
async def books(marketplace_database: ProvisionedServer) -> AsyncIterator[LedgerBooks]:
    """A call within its reservation, one beyond it, one of unknown end."""
    async with opened_books(marketplace_database, next(NUMBERS)) as books:
        await books.state_price()
        await books.settle(books.call(1, 10, 5), books.call(2, 60, 10), of_unknown_end(books.call(3, 4, 0)))
        yield books


def path(books: LedgerBooks, number: int) -> str:
    return f"/api/v1/calls/{books.call_id(number)}/explain"


async def test_a_call_is_explained_to_its_team_from_its_key_to_its_rounded_cost(shop: Shop, books: LedgerBooks) -> None:
    viewer = shop.person(team=books.number, role="viewer")
    told = await viewer.good("GET", path(books, 1))
    assert (told["id"], told["outcome"], told["policy_version"]) == (books.call_id(1), "completed", 3)
    assert told["tokens"] == {"prompt": 10, "cached_prompt": 0, "completion": 5, "total": 15, "estimated": False}
    assert {name: told["price"][name] for name in ("source", "input_per_million", "output_per_million")} == {
        "source": "listing",
        "input_per_million": "2.5",
        "output_per_million": "10",
    }
    assert [step["text"] for step in told["cost"]["steps"]] == [
        "10 prompt tokens at $2.5 per million = $0.000025",
        "5 completion tokens at $10 per million = $0.00005",
    ]
    assert told["price"]["cached_input_per_million"] is None
    cost = told["cost"]
    assert (cost["total"], cost["rounded"], cost["recorded"], cost["agrees"]) == (*(["0.000075"] * 3), True)
    money, tokens = told["charges"]
    assert (money["unit"], money["reserved"], money["charged"], money["limit"]) == ("usd", "0.0005", "0.000075", "10")
    assert (tokens["scope"], tokens["charged"], tokens["limit"]) == (books.scope("tokens"), "15", "1000")


async def test_cached_tokens_at_a_price_of_their_own_are_a_step_and_the_steps_sum_up_to_what_was_recorded(
    shop: Shop, marketplace_database: ProvisionedServer
) -> None:
    async with opened_books(marketplace_database, next(NUMBERS)) as books:
        books.price = replace(books.price, cached_prompt=1_250_000_001)
        await books.state_price()
        await books.settle(books.call(1, 10, 5, cached=4), books.call(2, 10, 5))
        owner = shop.person(team=books.number)
        told, plain = [await owner.good("GET", path(books, number)) for number in (1, 2)]
    assert (told["price"]["cached_input_per_million"], told["tokens"]["cached_prompt"]) == ("1.250000001", 4)
    cost = told["cost"]
    assert [step["text"] for step in cost["steps"]] == [
        "6 prompt tokens at $2.5 per million = $0.000015",
        "4 cached prompt tokens at $1.250000001 per million = $0.000005000000004",
        "5 completion tokens at $10 per million = $0.00005",
    ]
    assert sum(Decimal(step["amount"]) for step in cost["steps"]) == Decimal(cost["total"])
    assert (cost["total"], cost["rounded"], cost["recorded"]) == ("0.000070000000004", "0.00007", "0.00007")
    assert (cost["agrees"], plain["cost"]["recorded"], plain["cost"]["agrees"]) == (True, "0.000075", True)


async def test_what_passed_its_reservation_and_what_ended_unseen_say_so(shop: Shop, books: LedgerBooks) -> None:
    owner = shop.person(team=books.number)
    beyond = await owner.good("GET", path(books, 2))
    assert [one["overdraft"] for one in beyond["charges"]] == ["0", "20"]
    unknown = await owner.good("GET", path(books, 3))
    assert (unknown["unknown_end"], unknown["tokens"]["estimated"], unknown["cost"]["recorded"]) == (True, True, None)
    assert [one["charged"] for one in unknown["charges"]] == ["0.0005", "50"]
    assert unknown["cost"]["agrees"] is False


async def test_another_teams_call_is_not_there_and_an_admin_sees_every_one(shop: Shop, books: LedgerBooks) -> None:
    stranger, governor = shop.person(team=500), shop.person(platform="admin", account=99)
    assert await stranger.refused("GET", path(books, 1)) == (404, "call_not_found")
    assert (await governor.good("GET", path(books, 1)))["id"] == books.call_id(1)
    assert await governor.refused("GET", path(books, 9)) == (404, "call_not_found")
    assert await governor.refused("GET", "/api/v1/calls/nothing/explain") == (422, "invalid_input")


async def test_a_call_whose_price_is_in_no_book_is_explained_without_arithmetic(shop: Shop, books: LedgerBooks) -> None:
    await books.write("UPDATE usage_rows SET price_id = 'prc_gone' WHERE call_id = $1", books.call_id(1))
    told = await shop.person(team=books.number).good("GET", path(books, 1))
    assert (told["price"], told["cost"]["steps"], told["cost"]["rounded"]) == (None, [], None)
    assert told["cost"]["recorded"] == "0.000075"
