"""Where usage is read."""

from datetime import datetime
from typing import Protocol

from consumption.usage.rules import CallView, GroupBy, UsageSum


class UsageReader(Protocol):
    """Usage of one team."""

    async def sums(self, team_id: str, start: datetime, end: datetime, group_by: GroupBy) -> list[UsageSum]:
        """Sums of the calls that started in [start, end), largest cost first; together they are all of them."""
        ...

    async def calls(
        self, team_id: str, after: tuple[datetime, str] | None, key_id: str | None, at_most: int
    ) -> list[CallView]:
        """The newest calls first, after a place."""
        ...
