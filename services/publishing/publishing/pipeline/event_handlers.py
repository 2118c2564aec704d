"""What publishing hears: a submitted version starts its run, a decided approval wakes it."""

from collections.abc import Sequence

from chassis.database.transaction import Transaction
from chassis.durable_runs.errors import RunIdTaken, RunNotFound
from chassis.durable_runs.port import DurableRuns
from chassis.event_log.port import Consumer, RecordedEvent
from marketplace.events.v1.approval_pb2 import ApprovalDecided
from marketplace.events.v1.listing_pb2 import ListingSubmitted
from publishing.listings.facts import TOPIC
from publishing.pipeline.rules import WaitingVersion
from publishing.pipeline.workflow import APPROVAL_SIGNAL, PUBLICATION

GROUP = "publishing.pipeline"
APPROVAL_TOPIC = "marketplace.approval.v1"


def consumers(runs: DurableRuns) -> Sequence[Consumer]:
    """The tables, read top to bottom."""
    hearing = _Hearing(runs)
    return [
        Consumer(GROUP, TOPIC, {ListingSubmitted.DESCRIPTOR.full_name: hearing.submitted}),
        Consumer(GROUP, APPROVAL_TOPIC, {ApprovalDecided.DESCRIPTOR.full_name: hearing.decided}),
    ]


class _Hearing:
    def __init__(self, runs: DurableRuns) -> None:
        self._runs = runs

    async def submitted(self, _transaction: Transaction, event: RecordedEvent) -> None:
        """Starting twice by the same id changes nothing, so a repeated event is harmless.

        Raises RunIdTaken where a run of something else has the id.
        """
        fact = ListingSubmitted.FromString(event.data)
        version = WaitingVersion(fact.listing.listing_id, fact.run_id, fact.listing.team_id)
        try:
            await self._runs.start(PUBLICATION, version.version_id, version.run_argument)
        except RunIdTaken:
            # Another build heard it first and started its own version of the workflow: that run does the work.
            if (await self._runs.status(version.version_id)).workflow != PUBLICATION.name:
                raise

    async def decided(self, _transaction: Transaction, event: RecordedEvent) -> None:
        fact = ApprovalDecided.FromString(event.data)
        if fact.subject_kind != "listing_version":
            return
        payload = {
            "approval_id": fact.approval_id,
            "state": "approved" if fact.approved else "rejected",
            "decided_by": fact.decided_by,
            "comment": fact.comment,
        }
        try:
            await self._runs.signal(fact.subject_id, APPROVAL_SIGNAL, payload, fact.approval_id)
        except RunNotFound:
            # Only a run asks for an approval: one without a run belongs to a database of runs that was thrown away.
            return
