"""What guessing passwords leaves behind on a real database."""

from datetime import UTC, datetime, timedelta

import pytest

from admin.compose_work import PostgresWork
from admin.sessions.errors import TooManyAttempts
from admin.sessions.forgetting import FORGET_AT_ONCE, ForgetOldSessions
from admin.sessions.guessing import SlowGuessing
from chassis.database.pool import Database

ELSEWHERE = "203.0.113.99"
COUNT = "SELECT count(*) FROM sign_in_attempts"


async def test_a_place_that_must_wait_leaves_no_row_for_all_the_addresses_it_tries(
    work: PostgresWork, worker_database: Database
) -> None:
    guessing = SlowGuessing(work)
    async with worker_database.transaction() as transaction:
        await transaction.execute(
            "INSERT INTO sign_in_attempts (account_key, source, failures, last_at, blocked_until)"
            " VALUES ('*', $1, 100, now(), now() + interval '1 minute')",
            ELSEWHERE,
        )
        before = await transaction.fetch_value(COUNT)
    for number in range(100):
        with pytest.raises(TooManyAttempts):
            await guessing.count_attempt(f"nobody{number}@x.test", ELSEWHERE)
    async with worker_database.transaction() as transaction:
        assert await transaction.fetch_value(COUNT) == before


async def test_old_counts_beyond_one_batch_all_go_and_one_in_use_is_not_waited_for(
    work: PostgresWork, worker_database: Database
) -> None:
    old = datetime.now(UTC) - timedelta(days=2)
    heard: list[int] = []
    async with worker_database.transaction() as transaction:
        await transaction.execute(
            "INSERT INTO sign_in_attempts (account_key, source, failures, last_at)"
            " SELECT 'old ' || n, '*', 1, $1 FROM generate_series(0, $2) n",
            old,
            2 * FORGET_AT_ONCE,
        )
    async with worker_database.transaction() as transaction:
        await transaction.execute("UPDATE sign_in_attempts SET failures = 2 WHERE account_key = 'old 7'")
        await ForgetOldSessions(work, heard.append)()
    async with worker_database.transaction() as transaction:
        rows = await transaction.fetch("SELECT account_key FROM sign_in_attempts WHERE last_at <= $1", old)
    assert [row["account_key"] for row in rows] == ["old 7"]
    assert sum(heard) >= 2 * FORGET_AT_ONCE
