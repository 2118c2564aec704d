"""Long work on the loop in short steps, so that no call waits for more than one of them."""

import asyncio
from collections.abc import Generator
from typing import TypeVar

Done = TypeVar("Done")


async def stepped(steps: Generator[None, None, Done], pause: float = 0.0) -> Done:
    """What a generator returns; others have their turn wherever it yields, and the loop for so many seconds."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
        await asyncio.sleep(pause)
