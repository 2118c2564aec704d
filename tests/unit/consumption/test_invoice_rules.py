"""A supplier's file: how it is read, what is refused, and what its figures say beside ours."""

import re
from datetime import UTC, date, datetime
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from consumption.invoices.csv_lines import MAX_RECORD, InvoiceReader, ReadInvoice
from consumption.invoices.errors import InvoiceRefused
from consumption.invoices.resolutions import Decision, UnknownCall, movements_of, resolved
from consumption.invoices.rules import (
    Billed,
    BilledFor,
    Certainty,
    Compared,
    Counted,
    Invoice,
    Owing,
    UsageSum,
    compared,
    model_key,
)
from consumption.settlement.rules import Charge, Movement

DAY = date(2026, 11, 30)
MONTH_END = datetime(2026, 12, 1, tzinfo=UTC)
PLAIN = "day,model,requests,input_tokens,output_tokens,amount,currency\n2026-11-30,gpt-4o,2,100,20,1.5,USD\n"


def read(text: str, step: int = 7) -> ReadInvoice:
    """The file, in pieces of so many bytes."""
    reader, data = InvoiceReader(), text.encode()
    for start in range(0, len(data), step):
        reader.feed(data[start : start + step])
    return reader.finish()


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        "\ufeff" + PLAIN.replace("\n", "\r\n"),
        (
            "Usage Date (UTC),Model Version,calls,prompt_tokens,completion_tokens,Cost (USD)\n"
            "2026-11-30T00:00:00Z,GPT-4o-2024-08-06,2,100,20,$1.50\n"
        ),
        (
            "start_time_iso,snapshot_id,num_model_requests,input_tokens,output_tokens,amount_value,amount_currency,note\n"
            '2026-11-30T00:00:00+00:00,gpt-4o,2,100,20,1.5,usd,"a, ""quoted""\nnote"\n'
        ),
        (
            "day,model,requests,input_tokens,output_tokens,amount\n2026-11-30,gpt-4o,1,60,5,0.5\n\n"
            "2026-11-30,gpt-4o,1,40,15,1.0\n"
        ),
    ],
    ids=["plain", "windows", "anthropic", "openai", "two lines"],
)
def test_files_as_suppliers_write_them_say_the_same(text: str) -> None:
    for step in (1, 7, 10_000):
        invoice = read(text, step)
        assert invoice.billed == {BilledFor(DAY, DAY, "gpt-4o"): Billed(2, 100, 20, 1_500_000_000)}
        assert (invoice.currency, invoice.first_day, invoice.last_day) == ("USD", DAY, DAY)
        assert invoice.digest == read(text, 3).digest


def test_a_month_is_a_period_and_what_is_left_empty_is_unknown() -> None:
    invoice = read("month,model,listing,input_tokens,amount\n2026-02,m,red/chat,,-0.000000001\n")
    what = BilledFor(date(2026, 2, 1), date(2026, 2, 28), "m", "red/chat")
    assert invoice.billed == {what: Billed(None, None, None, -1)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no line"),
        ("day,model,amount\n", "no line"),
        ("day,amount\n2026-11-30,1\n", "Not found: model"),
        ("day,model,other\n2026-11-30,m,1\n", "any figure"),
        ("day,date,model,amount\n2026-11-30,2026-11-30,m,1\n", "both say the period"),
        ("day,model,amount\n30.11.2026,m,1\n", "Line 2: the day"),
        ("day,model,amount\n2026-02-30,m,1\n", "Line 2: the day"),
        ("day,model,amount\n2026-11-30,,1\n", "Line 2: the model is empty"),
        ("day,model,amount\n2026-11-30,m,one\n", "Line 2: the amount"),
        ("day,model,amount\n2026-11-30,m,NaN\n", "Line 2: the amount"),
        ("day,model,amount\n2026-11-30,m,1e3\n", "Line 2: the amount"),
        ("day,model,amount\n2026-11-30,m,1_000\n", "Line 2: the amount"),
        ("day,model,amount\n2026-11-30,m,\uff11\uff12\n", "Line 2: the amount"),
        ("day,model,amount\n2026-11-30,m,4611686019\n", "Line 2: the amount is too large"),
        ('day,model,amount\n2026-11-30,m,"1,234.50"\n', "Line 2: the amount"),
        ("day,model,amount\n2026-11-30,m,1,234.50\n", "Line 2: 4 fields, and the header has 3: write figures without"),
        ("day,model,amount\n2026-11-30,m,12,50\n", "Line 2: 4 fields"),
        ("day,model,input_tokens,output_tokens,amount\n2026-11-30,m,1,234,567,8.5\n", "Line 2: 6 fields"),
        ("day,model,amount\n2026-11-30,m,1\n2026-11-30,m\n", "Line 3: 2 fields"),
        ("day,model,amount,note\n2026-11-30,m,12,50,\n", "Line 2: 5 fields, and the header has 4"),
        ("day,model,input_tokens,output_tokens,note\n2026-11-30,m,1,234,567,\n", "Line 2: 6 fields"),
        ("day,model,amount\n9999-12-31,m,1\n", "Line 2: the day is of a year from 2000 to 2100"),
        ("month,model,amount\n9999-12,m,1\n", "Line 2: the day is of a year"),
        ("day,model,amount\n1999-12-31,m,1\n", "Line 2: the day is of a year"),
        (
            "day,model,input_tokens\n" + 600 * f"2026-11-30,m,{2**53}\n",
            "Line 514: the input_tokens is too large, alone or with the lines before",
        ),
        ("day,model,amount\n" + 600 * "2026-11-30,m,-9007199\n", "Line 514: the amount is too large, alone or"),
        ("day,model,amount\n2026-11-30,m,1e999999\n", "Line 2: the amount"),
        ("day,model,input_tokens\n2026-11-30,m,-1\n", "Line 2: the input_tokens"),
        ("day,model,input_tokens\n2026-11-30,m,1.5\n", "Line 2: the input_tokens"),
        ("day,model,amount,currency\n2026-11-30,m,1,EUR\n2026-11-30,m,1,USD\n", "an invoice has one"),
        ("day,model,amount,currency\n2026-11-30,m,1,dollars\n", "three letters"),
        ('day,model,amount\n2026-11-30,"m,1\n', "never closed"),
        ("day,model,amount\n2026-11-30,m\x00,1\n", "printable"),
        ("day,model,amount\n2026-11,m,1\n2026-11-30,m,1\n", "by month and by day"),
        ("day,model,amount\n2024-11-30,m,1\n2026-11-30,m,1\n", "400 days"),
        ("day,model,amount\n" + "x" * (MAX_RECORD + 1), "longer than"),
    ],
)
def test_a_file_that_is_no_invoice_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(InvoiceRefused, match=said):
        read(text)


@given(st.text("0123456789.,-+$eE_ \u0661\uff11", max_size=24))
@example("0.0000000004999999999999999999999999999999999")
@example("-0.0000000005")
def test_an_amount_that_is_taken_is_what_was_written(said: str) -> None:
    try:
        [billed] = read(f'day,model,amount\n2026-11-30,m,"{said}"\n').billed.values()
    except InvoiceRefused:
        return
    written = said.strip().removeprefix("$")
    if not written:
        assert billed.amount is None
        return
    assert re.fullmatch(r"[+-]?[0-9]*\.?[0-9]*", written)
    assert billed.amount is not None
    assert abs(Fraction(written.rstrip(".")) * 10**9 - billed.amount) <= Fraction(1, 2)


def test_empty_fields_at_the_end_of_a_line_change_nothing() -> None:
    text = "day,model,amount,\n2026-11-30,m,1.5,\n2026-11-30,m,2.5\n"
    assert read(text).billed == {BilledFor(DAY, DAY, "m"): Billed(amount=4_000_000_000)}


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(InvoiceRefused, match="UTF-8"):
        InvoiceReader().feed(b"day,\xff\xfe")


def test_models_meet_without_the_date_of_their_snapshot() -> None:
    names = ("gpt-4o", "GPT-4o-2024-08-06", "gpt-4o-20240806", "gpt-4o@20240806", "gpt-4o-mini", "gpt-4o-2024")
    assert [model_key(name) for name in names] == [*["gpt-4o"] * 4, "gpt-4o-mini", "gpt-4o-2024"]


def invoice(*lines: tuple[BilledFor, Billed], currency: str = "USD") -> Invoice:
    return Invoice("inv_1", b"", "", currency, DAY, DAY, dict(lines))


def used(model: str, listing: str, counted: Counted, certainty: Certainty = Certainty.SETTLED) -> UsageSum:
    return UsageSum(DAY, model, listing, certainty, counted)


def test_each_call_of_ours_stands_beside_one_line_and_what_is_not_billed_stands_alone() -> None:
    month = BilledFor(date(2026, 11, 1), DAY, "gpt-4o")
    of_listing = BilledFor(date(2026, 11, 1), DAY, "gpt-4o", "red/chat")
    rows = compared(
        invoice((month, Billed(None, 50, 5, 100)), (of_listing, Billed(None, 10, 1, 20))),
        [
            used("gpt-4o-2024-08-06", "red/chat", Counted(1, 10, 1, 20)),
            used("gpt-4o", "blue/chat", Counted(2, 30, 3, 60)),
            used("gpt-4o", "blue/other", Counted(1, 20, 2, 30), Certainty.ESTIMATED),
            used("gpt-4o", "blue/chat", Counted(1, 7, 0, 9), Certainty.UNKNOWN),
            used("o9", "blue/chat", Counted(1, 5, 5, 5)),
        ],
    )
    by_what = {row.what: row for row in rows}
    assert by_what[of_listing].known == Counted(1, 10, 1, 20)
    whole = by_what[month]
    assert (whole.known, whole.ours[Certainty.UNKNOWN].calls) == (Counted(3, 50, 5, 90), 1)
    assert (whole.input_difference, whole.output_difference, whole.money_difference("USD")) == (0, 0, 10)
    assert set(whole.by_listing) == {"blue/chat", "blue/other"}
    alone = by_what[BilledFor(DAY, DAY, "o9", "blue/chat")]
    assert (alone.billed, alone.input_difference, alone.money_difference("USD")) == (None, -5, -5)


@pytest.mark.parametrize(
    ("amount", "counted", "unknown", "currency", "owing"),
    [
        (10**9, Counted(1, cost=10**9), Counted(), "USD", Owing.NOBODY),
        (10**9 + 9_999_999, Counted(1, cost=10**9), Counted(), "USD", Owing.NOBODY),
        (2 * 10**9, Counted(1, cost=10**9), Counted(), "USD", Owing.SUPPLIER),
        (10**9, Counted(1, cost=2 * 10**9), Counted(), "USD", Owing.US),
        (2 * 10**9, Counted(1, cost=10**9), Counted(1, cost=10**9), "USD", Owing.OPEN),
        (2 * 10**9, Counted(1, cost=10**9), Counted(1, cost=10**8), "USD", Owing.SUPPLIER),
        (2 * 10**9, Counted(1, cost=10**9), Counted(1, unpriced=1), "USD", Owing.OPEN),
        (2 * 10**9, Counted(1, cost=10**9, unpriced=1), Counted(), "USD", None),
        (2 * 10**9, Counted(1, cost=10**9), Counted(), "EUR", None),
        (None, Counted(1, cost=10**9), Counted(), "USD", None),
    ],
)
def test_who_owes_follows_from_the_difference_and_from_what_unknown_calls_may_explain(
    amount: int | None, counted: Counted, unknown: Counted, currency: str, owing: Owing | None
) -> None:
    row = Compared(BilledFor(DAY, DAY, "m"), Billed(amount=amount))
    row.ours |= {Certainty.SETTLED: counted, Certainty.UNKNOWN: unknown}
    assert row.owing(currency) is owing


def unknown_call(after_seal: bool = False) -> UnknownCall:
    charges = (
        Charge("key:key_1:tokens", 500, 500, MONTH_END),
        Charge("team:tea_1:nanodollars", 1000, 1000, MONTH_END),
    )
    at = datetime(2026, 11, 30, tzinfo=UTC)
    return UnknownCall("call_1", at, "tea_1", "red/chat", "1.0.0", "m", "prc_1", 9, 0, None, charges, after_seal)


@pytest.mark.parametrize(
    ("decision", "cost", "after_seal", "tokens", "money"),
    [
        (Decision("call_1", True, 100, 20), 300, False, Movement(0, 120, -500, 0), Movement(0, 300, -1000, 0)),
        (Decision("call_1", True, 700, 0), 1500, False, Movement(0, 700, -500, 200), Movement(0, 1500, -1000, 500)),
        (Decision("call_1", False), 0, False, Movement(0, 0, -500, 0), Movement(0, 0, -1000, 0)),
        (Decision("call_1", False), 0, True, Movement(0, 0, -500, -500), Movement(0, 0, -1000, -1000)),
        (Decision("call_1", True, 100, 0), 300, True, Movement(0, 100, -500, -400), Movement(0, 300, -1000, -700)),
    ],
    ids=["settled", "settled beyond", "released", "released after a seal", "settled after a seal"],
)
def test_a_decision_moves_the_reservation_out_of_unknown_and_what_was_used_into_settled(
    decision: Decision, cost: int, after_seal: bool, tokens: Movement, money: Movement
) -> None:
    one = resolved(unknown_call(after_seal), decision, cost)
    assert movements_of([one]) == {
        ("key:key_1:tokens", MONTH_END): tokens,
        ("team:tea_1:nanodollars", MONTH_END): money,
    }
    assert one.outcome == ("reconciled" if decision.is_settled else "released")
