"""Following into an index that outlives this process and that others ask: where it is stands beside it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from chassis.errors import MarketplaceError
from discovery.following.progress import Progress, Waiting
from discovery.indexing.board import IndexBoard, IndexReport

_LOOK_SECONDS = 1.0
_log = logging.getLogger("discovery.following")


@dataclass
class TakeIntoShared:
    """Takes changes from where the index says that it is: one that was emptied, restored or switched is completed."""

    take: Callable[[], Awaitable[int]]
    board: IndexBoard
    waiting: Waiting
    progress: Progress
    _written: IndexReport | None = None

    async def __call__(self) -> int:
        """How many changes were taken; none means that the index is where the table is."""
        await self.board.prepare()
        said = await self.board.read()
        if said != self._written:
            copy_report(said, self.progress)
            self.progress.reached = said.resume_at
        taken = await self.take()
        report = self._report(said)
        if report != said:
            await self.board.write(report)
        self._written = report
        return taken

    def _report(self, said: IndexReport) -> IndexReport:
        now = self.progress
        return IndexReport(
            said.generation,
            resume_at=said.resume_at if len(self.waiting) else now.reached,
            reached=now.reached,
            loaded=now.loaded,
            last_change_at=now.last_change_at,
            last_delay=now.last_delay,
            without_vectors=now.without_vectors,
        )


def copy_report(report: IndexReport, progress: Progress) -> None:
    """Make the progress say what the report says; once loaded stays loaded."""
    progress.reached = report.reached
    progress.loaded = progress.loaded or report.loaded
    progress.last_change_at = report.last_change_at
    progress.last_delay = report.last_delay
    progress.without_vectors = report.without_vectors


async def mirror_progress(board: IndexBoard, progress: Progress) -> None:
    """Know how far the index is that another process fills, until cancelled."""
    while True:
        try:
            copy_report(await board.read(), progress)
        except MarketplaceError as error:
            _log.info("the index does not say how far it is: %s", error.code)
        await asyncio.sleep(_LOOK_SECONDS)
