"""The public list of prices in the installed `genai-prices` (MIT), read by a short-lived program."""

import asyncio
import json
import sys
from datetime import date
from importlib.metadata import version

from consumption.prices.errors import ReferenceUnreadable
from consumption.prices.rules import Reference, ReferencePrice

PACKAGE = "genai-prices"
# The list itself bears no date: the first day of the month in which this version came out. Change both together.
AS_OF = {"0.2.3": date(2026, 11, 1)}
READ_SECONDS = 60.0
Line = tuple[str, str, int, int, int | None]


class GenaiPrices:
    """The list as it is installed."""

    async def name(self) -> str:
        """The list and its version."""
        return f"{PACKAGE} {version(PACKAGE)}"

    async def read(self) -> list[ReferencePrice]:
        """All of it that is one plain price for each kind of token. Raises ReferenceUnreadable."""
        released = AS_OF.get(version(PACKAGE))
        if released is None:
            raise ReferenceUnreadable(f"Nobody wrote down when {await self.name()} came out.")
        reference = Reference(await self.name(), released)
        lines: list[Line] = json.loads(await _printed())
        return [
            ReferencePrice(provider, model, given, taken, reference, cached)
            for provider, model, given, taken, cached in lines
        ]


async def _printed() -> bytes:
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "consumption.prices.reference_catalogue"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(READ_SECONDS):
            printed, _ = await program.communicate()
    except TimeoutError:
        raise ReferenceUnreadable("The public list of prices took too long to read.") from None
    finally:
        if program.returncode is None:
            program.kill()
            await program.wait()
    if program.returncode != 0:
        raise ReferenceUnreadable(f"The public list of prices could not be read (exit code {program.returncode}).")
    return printed
