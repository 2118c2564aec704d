"""The one way in which benchmarks show figures: a title, a Markdown table, and what must be known to read it."""

import sys
from collections.abc import Sequence

Cell = str | int | float


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]], *notes: str) -> None:
    """Numbers stand to the right; a float shows three significant digits."""
    shown = [[_text(cell) for cell in row] for row in rows]
    right = [all(_is_number(row[place]) for row in rows) for place in range(len(columns))]
    widths = [max(len(row[place]) for row in [list(columns), *shown]) for place in range(len(columns))]
    ruler = [("-" * (width - 1) + ":") if number else "-" * width for width, number in zip(widths, right, strict=True)]
    lines = [f"\n### {title}", "", _line(columns, widths, right), _line(ruler, widths, right)]
    lines += [_line(row, widths, right) for row in shown]
    lines += ["", *notes] if notes else []
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = [
        cell.rjust(width) if number else cell.ljust(width)
        for cell, width, number in zip(cells, widths, right, strict=True)
    ]
    return f"| {' | '.join(padded)} |"


def _is_number(cell: Cell) -> bool:
    return isinstance(cell, int | float) or cell in {"", "-"}


def _text(cell: Cell) -> str:
    if isinstance(cell, float):
        digits = 0 if abs(cell) >= 99.95 else 1 if abs(cell) >= 9.995 else 2 if abs(cell) >= 0.9995 else 3
        return f"{cell:,.{digits}f}"
    return f"{cell:,}" if isinstance(cell, int) else cell
