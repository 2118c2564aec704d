"""Long work on the loop in short steps, so that no call waits for more than one of them."""

import asyncio
from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

T = TypeVar("T")
Done = TypeVar("Done")
# So many records take well under a millisecond.
STEP = 16


async def each(work: Callable[[T], Done], items: Iterable[T]) -> list[Done]:
    """What the work makes of each item, in order."""
    done: list[Done] = []
    for number, item in enumerate(items, 1):
        done.append(work(item))
        if number % STEP == 0:
            await asyncio.sleep(0)
    return done


async def stepped(steps: Generator[None, None, Done]) -> Done:
    """What a generator returns; others have their turn wherever it yields."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
        await asyncio.sleep(0)
