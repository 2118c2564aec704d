"""One page of a list: one row more is asked for than is shown, and its presence makes the cursor."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from chassis.web.pages import Cursors

Row = TypeVar("Row")


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Rows, and the cursor of the next page."""

    items: Sequence[Row]
    next_cursor: str | None


@dataclass(frozen=True)
class Wanted:
    """Which page: `bound_to` is the question that a cursor belongs to."""

    limit: int
    cursor: str | None
    bound_to: Mapping[str, object]


async def page_of(
    cursors: Cursors,
    wanted: Wanted,
    read: Callable[[str | None, int], Awaitable[Sequence[Row]]],
    place: Callable[[Row], str],
) -> Page[Row]:
    """Read a page; `read` takes the place to go on after and how many rows. Raises CursorRefused."""
    before = str(cursors.open(wanted.cursor, wanted.bound_to)[0]) if wanted.cursor else None
    found = await read(before, wanted.limit + 1)
    items = found[: wanted.limit]
    more = len(found) > wanted.limit
    return Page(items, cursors.sign([place(items[-1])], wanted.bound_to) if more else None)
