"""Forgets what nobody needs any more of signing in."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from admin.work import OpenWork

KEEP_ENDED_SESSIONS = timedelta(days=7)
KEEP_ATTEMPTS = timedelta(days=1)
# Rows that one transaction deletes at most.
FORGET_AT_ONCE = 1000


@dataclass(frozen=True)
class ForgetOldSessions:
    """Delete what nobody needs any more: sessions long over, counts of old attempts."""

    open_work: OpenWork
    heard: Callable[[int], None]

    async def __call__(self) -> None:
        """Runs as often as wanted."""
        while True:
            async with self.open_work() as work:
                sessions = await work.sessions.forget_before(work.now - KEEP_ENDED_SESSIONS, FORGET_AT_ONCE)
                attempts = await work.attempts.forget_before(work.now - KEEP_ATTEMPTS, FORGET_AT_ONCE)
            self.heard(sessions + attempts)
            if FORGET_AT_ONCE not in {sessions, attempts}:
                return
