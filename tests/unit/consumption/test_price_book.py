"""Which price holds when, setting prices, and taking over a public list."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from genai_prices.types import ClauseEquals, ClauseOr, ClauseStartsWith, ModelInfo, ModelPrice, Provider, TieredPrices

from chassis.identity.principal import Principal
from consumption.prices.actions import KeepReferences, NewPrice, SetPrice
from consumption.prices.errors import PriceTooHigh
from consumption.prices.price_view import price_view
from consumption.prices.reference_catalogue import lines_of
from consumption.prices.rules import DEAREST, PriceRow, Reference, ReferencePrice, price_of_row, row_in_force
from dataplane.price import Price

T = datetime(2026, 11, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ADMIN = Principal("acc_9", frozenset({"admin"}), None, None, None, 1, T)
LIST = Reference("a list 1", date(2026, 11, 1))
FOUND = ReferencePrice("acme", "big", 7, 8, LIST, 3)


def row(price_id: str, since: datetime, recorded: datetime, **changes: Any) -> PriceRow:
    first = PriceRow(price_id, "lst_1", "ver_1", "usage", 1, 2, since, provider="acme", upstream_model="big")
    return replace(first, recorded_at=recorded, **changes)


ROWS = [
    row("prc_1", T, T),
    row("prc_2", T + 2 * DAY, T + DAY),
    row("prc_3", T + 2 * DAY, T + 3 * DAY),
    row("prc_4", T + DAY, T + 5 * DAY),
]


@pytest.mark.parametrize(
    ("moment", "holds"),
    [
        (T - DAY, None),
        (T, "prc_1"),
        (T + DAY, "prc_4"),
        (T + 2 * DAY - timedelta(microseconds=1), "prc_4"),
        (T + 2 * DAY, "prc_3"),
        (T + 9 * DAY, "prc_3"),
    ],
)
def test_the_latest_price_by_date_holds_and_of_one_date_the_latest_word(moment: datetime, holds: str | None) -> None:
    found = row_in_force(reversed(ROWS), moment)
    assert (found and found.price_id) == holds


@dataclass
class KeptBook:
    """A book of one version, and the public list beside it."""

    rows: list[PriceRow]
    list_name: str | None = None
    taken_over: int = 0
    actors: list[str] = field(default_factory=list[str])

    def now(self) -> datetime:
        return T + 10 * DAY

    async def standing_at(self, moment: datetime, listing_id: str, listing_version_id: str | None) -> list[PriceRow]:
        return [row_in_force(self.rows, moment) or self.rows[-1]]

    async def set(self, rows: Sequence[PriceRow], actor: str, now: datetime) -> None:
        self.rows += rows
        self.actors.append(actor)

    async def kept(self) -> str | None:
        return self.list_name

    async def replace(self, prices: Sequence[ReferencePrice]) -> None:
        self.list_name, self.taken_over = prices[0].reference.name, self.taken_over + 1

    async def outdated(self, now: datetime) -> list[tuple[PriceRow, ReferencePrice]]:
        last = row_in_force(self.rows, now)
        is_new = last is not None and last.wants_reference and last.input_price != FOUND.input_price
        return [(last, FOUND)] if last is not None and is_new else []

    async def add(self, rows: Sequence[PriceRow]) -> None:
        self.rows += rows

    async def name(self) -> str:
        return LIST.name

    async def read(self) -> list[ReferencePrice]:
        return [FOUND]


def new_id(prefix: str, now: datetime) -> str:
    return f"{prefix}_new"


async def test_a_price_is_set_from_a_moment_on_and_the_same_word_again_adds_nothing() -> None:
    book = KeptBook(ROWS[:1])
    set_price = SetPrice(book, book, new_id)
    wanted = NewPrice("lst_1", None, 5, 6, T + 20 * DAY)
    [first] = await set_price(ADMIN, wanted)
    assert (first.source, first.input_price, first.effective_from) == ("admin", 5, T + 20 * DAY)
    assert (first.recorded_by, first.recorded_at) == ("acc_9", book.now())
    again = await set_price(ADMIN, wanted)
    assert (again, len(book.rows), book.actors) == ([first], 2, ["acc_9"])
    [now] = await set_price(ADMIN, NewPrice("lst_1", None, 9, 6, None))
    assert (now.effective_from, len(book.rows)) == (book.now(), 3)


SAID = {"source": "admin", "input_price": 5, "output_price": 6}


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([row("prc_2", T + 20 * DAY, T + DAY, **SAID)], id="the same price holds later"),
        pytest.param([row("prc_2", T + 9 * DAY, T), row("prc_3", T + DAY, T + 9 * DAY, **SAID)], id="it held before"),
    ],
)
async def test_a_price_sent_without_a_date_holds_from_now_on_whatever_was_recorded_last(rows: list[PriceRow]) -> None:
    book = KeptBook([ROWS[0], *rows])
    set_price = SetPrice(book, book, new_id)
    wanted = NewPrice("lst_1", None, 5, 6, None)
    held = await set_price(ADMIN, wanted)
    assert [row_in_force(book.rows, book.now())] == held == book.rows[-1:]
    assert (await set_price(ADMIN, wanted), len(book.rows)) == (held, 2 + len(rows))


async def test_another_price_of_cached_tokens_is_another_price_and_leaving_it_out_takes_it_back() -> None:
    book = KeptBook(ROWS[:1])
    set_price = SetPrice(book, book, new_id)
    for cached, rows in ((3, 2), (3, 2), (0, 3), (None, 4)):
        [held] = await set_price(ADMIN, NewPrice("lst_1", None, 5, 6, T + 20 * DAY, cached))
        assert (held.cached_input_price, len(book.rows)) == (cached, rows)
        assert price_of_row(held) == Price(held.price_id, 5, 6, cached)


@pytest.mark.parametrize(
    "new", [NewPrice("lst_1", None, 1, DEAREST + 1, None), NewPrice("lst_1", None, 1, 1, None, DEAREST + 1)]
)
async def test_a_price_that_would_pass_63_bits_for_one_call_is_refused(new: NewPrice) -> None:
    book = KeptBook(ROWS[:1])
    with pytest.raises(PriceTooHigh):
        await SetPrice(book, book, new_id)(ADMIN, new)
    assert len(book.rows) == 1


@pytest.mark.parametrize(
    ("stated", "priced"),
    [
        ({"input_price": None}, True),
        ({"input_price": None, "model": "free"}, False),
        ({}, False),
        ({"source": "reference", "reference": LIST, "input_price": 3}, True),
        ({"source": "admin"}, False),
    ],
)
async def test_a_public_list_prices_what_states_no_price_and_nothing_else(stated: dict[str, Any], priced: bool) -> None:
    book = KeptBook([row("prc_1", T, T, **stated)])
    keep = KeepReferences(book, book, book, new_id)
    assert [await keep(), await keep()] == [int(priced), 0]
    assert (len(book.rows), book.taken_over) == (1 + priced, 1)
    last = book.rows[-1]
    told = (last.source, last.input_price, last.cached_input_price)
    assert told == (("reference", 7, 3) if priced else (last.source, last.input_price, None))
    shown = price_view(last, book.now()).reference
    assert (shown and shown.age_days) == (19 if last.reference else None)


def test_only_plain_prices_of_whole_names_are_read_from_the_public_list() -> None:
    tiers = TieredPrices(base=1, tiers=[])  # pyright: ignore[reportArgumentType] -- never looked into
    models = [
        ModelInfo("Big", ClauseOr([ClauseEquals("big-1"), ClauseStartsWith("big-")]), prices=price(0.15, 0.6)),
        ModelInfo("cached", ClauseEquals("cached"), prices=price(2, 8, 0.5)),
        ModelInfo("gift", ClauseEquals("gift"), prices=price(2, 8, 0)),
        ModelInfo("odd", ClauseEquals("odd"), prices=price(2, 8, tiers)),
        ModelInfo("wrong", ClauseEquals("wrong"), prices=price(2, 8, -1)),
        ModelInfo("half", ClauseEquals("half"), prices=price(1, None)),
        ModelInfo("tiered", ClauseEquals("tiered"), prices=price(tiers, 1)),
        ModelInfo("none", ClauseEquals("none"), prices=price(None, None)),
    ]
    lines = list(lines_of([Provider("acme", "Acme AI", r"https://acme\.example", models=models)], T))
    small, large = (150_000_000, 600_000_000), (2_000_000_000, 8_000_000_000)
    groups = [
        [("big", *small, None), ("big-1", *small, None)],
        [("cached", *large, 500_000_000)],
        [("gift", *large, 0)],
        [("odd", *large, None)],
        [("wrong", *large, None)],
    ]
    assert lines == [(name, *line) for group in groups for name in ("acme", "acme ai") for line in group]


def price(given: Any, taken: Any, cached: Any = None) -> ModelPrice:
    def exact(amount: Any) -> Any:
        return Decimal(str(amount)) if isinstance(amount, int | float) else amount

    return ModelPrice(input_mtok=exact(given), output_mtok=exact(taken), cache_read_mtok=exact(cached))
