"""The ledger as a file of JSON lines, each on disk before its answer counts as closed."""

import asyncio
import os
from pathlib import Path

from demo_provider.ledger.rules import LedgerLine


class JsonlLedger:
    """Appends and syncs in a thread, so that a slow disk delays no other answer."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    async def append(self, line: LedgerLine) -> None:
        """One write with O_APPEND, so that lines never mix; then fsync."""
        await asyncio.to_thread(self._write, line.written())

    def _write(self, line: bytes) -> None:
        os.write(self._file, line)
        os.fsync(self._file)

    async def close(self) -> None:
        """Close the file."""
        os.close(self._file)
