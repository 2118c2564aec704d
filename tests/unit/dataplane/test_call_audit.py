"""The audit behind the campaign of killed gateways: it finds what is wrong, and nothing where all is right."""

from dataclasses import replace
from typing import Any

import pytest
from fixtures.call_audit import Audit, Row, Scope
from fixtures.counting_callers import Called, End

ROW = Row("call_1", "completed", 7, 5, estimated=False)
LOST = Row("call_2", "unknown", 7, 5, estimated=True)
SCOPE = Scope("key:tokens", 12, 12, 30, 30, 0, 0, 100, 100, 1000)
BILLED: list[dict[str, Any]] = [
    {"call_id": "call_1", "prompt_tokens": 7, "completion_tokens": 5},
    {"call_id": "call_2", "prompt_tokens": 9, "completion_tokens": 9},
]
CALLED = [Called("a", End.ANSWERED, "call_1", 12), Called("b", End.BROKEN)]


def found(
    rows: list[Row] | None = None,
    scope: Scope = SCOPE,
    billed: list[dict[str, Any]] | None = None,
    called: list[Called] | None = None,
) -> dict[str, list[str]]:
    audit = Audit([ROW, LOST] if rows is None else rows, [scope])
    return audit.findings(BILLED if billed is None else billed, CALLED if called is None else called).all


def test_books_that_agree_show_nothing_whatever_an_unknown_call_cost_the_vendor() -> None:
    assert found() == {}


def test_what_the_vendor_billed_and_we_have_no_row_for_is_lost() -> None:
    assert found(rows=[ROW]) == {"lost": ["call_2"]}


def test_an_answer_that_its_caller_has_and_we_call_unknown_is_lost() -> None:
    assert found(called=[*CALLED, Called("b", End.ANSWERED, "call_2", 18)]) == {"lost": ["call_2"]}


@pytest.mark.parametrize("side", ["ours", "the vendor's"])
def test_a_call_that_stands_twice_on_either_side_is_doubled(side: str) -> None:
    rows = [ROW, ROW, LOST] if side == "ours" else [ROW, LOST]
    billed = BILLED if side == "ours" else [*BILLED, BILLED[0]]
    assert found(rows=rows, billed=billed) == {"doubled": ["call_1"]}


def test_a_settled_call_that_the_vendor_never_billed_is_found() -> None:
    assert found(billed=BILLED[1:]) == {"never_billed": ["call_1"]}


def test_one_token_of_difference_is_found_and_an_estimate_may_differ() -> None:
    assert found(rows=[replace(ROW, completion_tokens=6), LOST], called=[]) == {"tokens_differ": ["call_1"]}
    assert found(rows=[replace(ROW, outcome="caller_left", completion_tokens=6, estimated=True), LOST], called=[]) == {}


@pytest.mark.parametrize(
    "change",
    [{"settled": 13}, {"unknown": 29}, {"overdraft": 1}, {"leases": 99}, {"limit": 141}],
    ids=lambda change: next(iter(change)),
)
def test_a_balance_that_its_rows_leases_or_limit_do_not_explain_is_found(change: dict[str, int]) -> None:
    assert found(scope=replace(SCOPE, **change)) == {"scopes_differ": ["key:tokens"]}
