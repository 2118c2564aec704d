"""The ledger of a demo provider that was told to keep none."""

from demo_provider.ledger.rules import LedgerLine


class SilentLedger:
    """Forgets every line."""

    async def append(self, line: LedgerLine) -> None:
        """Nothing is kept."""

    async def close(self) -> None:
        """Nothing was open."""
