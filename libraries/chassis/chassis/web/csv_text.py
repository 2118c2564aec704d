"""Rows as CSV that a spreadsheet shows and never runs: a text that begins like a formula is marked as a text."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence

# What spreadsheets take for the beginning of a formula, also behind white space that they drop; below, the wide forms
# that some locales take for the same. https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA_STARTS = (
    *("=", "+", "-", "@", "\t", "\r", "\n"),
    *("\uff1d", "\uff0b", "\uff0d", "\uff20"),
)
_FIGURE = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    """A header and a line for each row; what a row does not have, or has as None, is empty.

    A text that could be run gets an apostrophe before it. Figures, also those written as text, stay as they are.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=columns)
    writer.writeheader()
    writer.writerows({name: _harmless(cell) for name, cell in row.items()} for row in rows)
    return text.getvalue()


def _harmless(cell: object) -> object:
    if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) and not _FIGURE.fullmatch(cell):
        return f"'{cell}"
    return cell
