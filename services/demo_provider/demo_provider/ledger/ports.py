"""Where lines of the ledger go."""

from typing import Protocol

from demo_provider.ledger.rules import LedgerLine


class Ledger(Protocol):
    """Keeps lines in the order in which answers ended."""

    async def append(self, line: LedgerLine) -> None:
        """Keep the line; once this returns, a crash does not lose it."""
        ...

    async def close(self) -> None:
        """Nothing is appended any more."""
        ...
