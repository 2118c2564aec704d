"""The loop that makes partitions goes on whatever the database says."""

from datetime import UTC, date, datetime, timedelta
from typing import cast

import asyncpg
import pytest

from chassis.database.errors import DatabaseUnavailable
from chassis.database.pool import Database
from consumption.settlement.partitions import keep_partitions_ahead


class Stopped(Exception):
    """The loop has rested often enough."""


class Months:
    """A database that fails at the first month that it is asked for, and a clock."""

    def __init__(self, error: Exception) -> None:
        self._errors = [error]
        self.asked: list[date] = []
        self.pauses: list[float] = []

    def now(self) -> datetime:
        return datetime(2026, 12, 31, 23, tzinfo=UTC)

    async def run(self, statement: str, month: date) -> None:
        self.asked.append(month)
        if self._errors:
            raise self._errors.pop()

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        if len(self.pauses) == 2:
            raise Stopped


@pytest.mark.parametrize(
    "error", [DatabaseUnavailable("away"), asyncpg.CheckViolationError("a row of that month lies with the rest")]
)
async def test_a_month_that_cannot_be_made_is_tried_again_soon_and_keeps_no_other_from_being_made(
    error: Exception,
) -> None:
    months = Months(error)
    with pytest.raises(Stopped):
        await keep_partitions_ahead(cast("Database", months), months, months.pause, timedelta(hours=6))
    assert months.asked == [date(2026, 12, 1), date(2027, 1, 1)] * 2
    assert months.pauses == [5.0, 6 * 3600.0]
