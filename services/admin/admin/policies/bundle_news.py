"""Tells those who follow the policies in force when these changed."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from admin.work import OpenWork
from chassis.event_log.port import RecordedEvent
from dataplane.policy_bundle import PolicyBundle


class BundleNews:
    """Wakes every follower in this process."""

    def __init__(self) -> None:
        self._followers: set[asyncio.Event] = set()

    async def take(self, event: RecordedEvent) -> None:
        """Take one event of the policy topic; whatever it says, what is in force is read anew."""
        del event
        for follower in self._followers:
            follower.set()

    @asynccontextmanager
    async def following(self) -> AsyncGenerator[asyncio.Event]:
        """An event that is set by each piece of news."""
        mine = asyncio.Event()
        self._followers.add(mine)
        try:
            yield mine
        finally:
            self._followers.discard(mine)


@dataclass(frozen=True)
class ReadBundle:
    """Read what is in force."""

    open_work: OpenWork

    async def __call__(self) -> PolicyBundle:
        """The bundle as of one moment."""
        async with self.open_work() as work:
            return await work.policies.bundle()
