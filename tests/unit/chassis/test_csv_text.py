"""CSV for spreadsheets: formulas are shown and not run, figures stay figures."""

import csv
import io

import pytest

from chassis.web.csv_text import csv_text


def cell_of(value: object) -> str:
    """One cell, written and read again."""
    [row] = csv.DictReader(io.StringIO(csv_text(["name"], [{"name": value}]), newline=""))
    return row["name"]


@pytest.mark.parametrize(
    "text",
    [
        *(
            '=HYPERLINK("http://x.example","a")',
            "=1+1",
            "+1+1",
            "-1+1",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "\n=1",
            "\uff1d1+1",
        ),
        *("-", "+", "=", "-1e5", "+1.", "-1,5", "-\u0661"),
    ],
)
def test_a_text_that_begins_like_a_formula_is_marked_as_a_text(text: str) -> None:
    assert cell_of(text) == f"'{text}"


@pytest.mark.parametrize("value", ["gpt-4o", "a=b", "", "-0.0075", "-5", "+1.5", "12", "'=1", -3, 1.5, True])
def test_figures_and_other_texts_stay_as_they_are(value: object) -> None:
    assert cell_of(value) == str(value)


def test_what_a_row_lacks_is_empty() -> None:
    assert csv_text(["a", "b", "c"], [{"a": None, "c": "x,y"}]) == 'a,b,c\r\n,,"x,y"\r\n'
