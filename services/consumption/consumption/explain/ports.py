"""Where calls are looked up."""

from typing import Protocol

from consumption.explain.rules import CallRecord


class CallRecords(Protocol):
    """Calls that were counted."""

    async def find(self, call_id: str, team_id: str | None) -> CallRecord:
        """A call of that team; of any team for None. Raises CallNotFound."""
        ...
