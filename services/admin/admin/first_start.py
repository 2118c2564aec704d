"""What a process does before it is of use: makes the first super_admin, learns withdrawn tokens, then follows them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from admin.accounts.actions import Bootstrap
from admin.epochs.actions import ListRecentEpochs
from admin.facts import IDENTITY_TOPIC
from admin.settings import AdminSettings
from chassis.clock import Clock
from chassis.errors import ErrorKind, MarketplaceError, Unavailable
from chassis.event_log.consuming import follow
from chassis.event_log.port import EventLog
from chassis.identity.issuer_client import AccountEpochs

RETRY_SECONDS = 0.5
LONGEST_TOKEN_LIFE = timedelta(hours=1)
_WAIT_FOR = frozenset({ErrorKind.UNAVAILABLE, ErrorKind.TIMED_OUT, ErrorKind.CONFLICT})
_log = logging.getLogger("admin")

Answer = TypeVar("Answer")


class NotStarted(Unavailable):
    """The first super_admin is not there yet, or withdrawn tokens are not known yet."""

    code = "not_started"


@dataclass
class FirstStart:
    """A task that never ends; until its first part is done the service is not ready."""

    bootstrap: Bootstrap
    list_recent_epochs: ListRecentEpochs
    epochs: AccountEpochs
    log: EventLog
    settings: AdminSettings
    clock: Clock
    schema_is_current: Callable[[], Awaitable[None]]
    done: bool = field(default=False)

    async def __call__(self) -> None:
        """Wait for the database, do what a start needs, then follow the identity topic."""
        given = self.settings.bootstrap_password
        password = given.get_secret_value() if given else None
        await _until_answered(self.schema_is_current)
        await _until_answered(lambda: self.bootstrap(self.settings.bootstrap_email, password))
        start = await _until_answered(lambda: self.log.head(IDENTITY_TOPIC))
        since = self.clock.now() - LONGEST_TOKEN_LIFE
        for account_id, epoch in (await _until_answered(lambda: self.list_recent_epochs(since))).items():
            self.epochs.advance(account_id, epoch)
        self.done = True
        await follow(self.log, IDENTITY_TOPIC, start, self.epochs.take)

    async def check(self) -> str | None:
        """For readiness. Raises NotStarted."""
        if not self.done:
            raise NotStarted("The service has not started yet: it waits for its database.")
        return None


async def _until_answered(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    while True:
        try:
            return await ask()
        except MarketplaceError as error:
            if error.kind not in _WAIT_FOR:
                raise
            _log.info("the start waits: %s", error.code)
        await asyncio.sleep(RETRY_SECONDS)
