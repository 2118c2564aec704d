"""Versions that no run carries on any more are stopped or get a run again; the others are left alone."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from fakes.durable_runs import MemoryRuns
from fakes.publishing import FakeApprovals, MemoryWaitingVersions
from fakes.vendor_endpoint import FakeVendor
from fakes.virtual_time import run_virtually
from fixtures.publishing_actions import RED, Bench, submission

from chassis.database.errors import DatabaseUnavailable, RowRefused
from chassis.durable_runs.errors import NonDeterministicRun, RunNotFound
from chassis.durable_runs.registry import RunRegistry
from chassis.durable_runs.status import RunState
from chassis.errors import Unavailable
from publishing.listings.actions import Receipt
from publishing.listings.errors import VersionInPipeline
from publishing.listings.rules import State
from publishing.pipeline.ports import ApprovalAnswer, ApprovalRequest
from publishing.pipeline.rules import PhaseState
from publishing.pipeline.stranded_runs import EVERY_SECONDS, PATIENCE, MendStrandedRuns, keep_mending
from publishing.pipeline.workflow import PUBLICATION, STOP

NEXT = submission(version="1.1.0")


def mending(over: Bench, runs: Any, at_once: int = 100) -> MendStrandedRuns:
    return MendStrandedRuns(MemoryWaitingVersions(over.listings), runs, over.stop_run, over.clock, at_once)


async def started(over: Bench, runs: MemoryRuns) -> Receipt:
    """A version with its run, begun longer ago than any turn is patient."""
    receipt = await over.submitted()
    argument = {"listing_id": receipt.listing.listing_id, "version_id": receipt.run_id, "team_id": "tea_red"}
    await runs.start(PUBLICATION, receipt.run_id, argument)
    over.clock.moment += PATIENCE
    return receipt


def without(registry: RunRegistry, *activities: str) -> RunRegistry:
    """A registry whose activities of these names find no database."""

    async def fail(_argument: Any) -> Any:
        raise DatabaseUnavailable("The database cannot be reached.")

    registry.activities.update(dict.fromkeys(activities, fail))
    return registry


def test_a_version_whose_run_could_neither_undo_nor_stop_is_failed_and_the_next_is_taken() -> None:
    over = Bench(vendor=FakeVendor())
    over.approvals.state = "rejected"

    async def strand() -> None:
        runs = MemoryRuns(without(over.registry(), "undo.approval", STOP))
        receipt = await started(over, runs)
        assert (await runs.finished(receipt.run_id)).state is RunState.FAILED
        with pytest.raises(VersionInPipeline):
            await over.submit_version(RED, receipt.listing.listing_id, NEXT, None)
        await mending(over, runs)()
        await mending(over, runs)()
        status = over.listings.tables.versions[receipt.run_id].status
        assert (status.state, status.code) == (State.FAILED, "database_unavailable")
        assert over.approvals.withdrawn == [receipt.run_id]
        assert [name for name, _ in over.listings.facts()].count("ListingRejected") == 1
        await over.submit_version(RED, receipt.listing.listing_id, NEXT, None)

    run_virtually(strand())


async def test_a_run_that_recorded_other_steps_fails_its_version_by_that_name() -> None:
    over = Bench(vendor=FakeVendor())
    registry = over.registry()

    async def changed(_steps: Any, _argument: Any) -> Any:
        raise NonDeterministicRun("other steps")

    registry.workflows[str(PUBLICATION)] = changed
    runs = MemoryRuns(registry)
    receipt = await started(over, runs)
    over.ledger.states["approval"] = PhaseState.RUNNING
    await runs.finished(receipt.run_id)
    await mending(over, runs)()
    status = over.listings.tables.versions[receipt.run_id].status
    assert (status.state, status.code, status.phase) == (State.FAILED, "non_deterministic_run", "")
    assert over.ledger.states["approval"] is PhaseState.FAILED


async def test_a_version_without_a_run_gets_one() -> None:
    over = Bench(vendor=FakeVendor())
    over.approvals.state = "approved"
    receipt = await over.submitted()
    runs = MemoryRuns(over.registry())
    await mending(over, runs)()
    with pytest.raises(RunNotFound):
        await runs.status(receipt.run_id)
    over.clock.moment += PATIENCE
    await mending(over, runs)()
    assert (await runs.finished(receipt.run_id)).state is RunState.SUCCEEDED
    assert over.listings.tables.versions[receipt.run_id].status.state is State.PUBLISHED


async def test_a_version_whose_run_goes_on_is_left_alone() -> None:
    over = Bench(vendor=FakeVendor())
    runs = MemoryRuns(over.registry(approval_timeout=timedelta(days=7)))
    receipt = await started(over, runs)
    await mending(over, runs)()
    assert over.listings.tables.versions[receipt.run_id].status.state is State.SUBMITTED
    assert over.approvals.withdrawn == []
    await runs.crash()


async def test_all_pages_are_looked_at_though_one_version_cannot_be_mended() -> None:
    over = Bench(vendor=FakeVendor())
    receipts = [await over.submitted(name=name) for name in ("a", "b", "c")]
    over.clock.moment += PATIENCE
    asked: list[str] = []

    class Runs(MemoryRuns):
        async def status(self, run_id: str) -> Any:
            asked.append(run_id)
            raise RowRefused("no")

    await mending(over, Runs(), at_once=1)()
    assert asked == [receipt.run_id for receipt in receipts]


def test_while_admin_is_away_a_version_waits_rather_than_leave_its_approval_open() -> None:
    over = Bench(vendor=FakeVendor(), approvals=LeavingApprovals("rejected"))

    async def leave() -> None:
        runs = MemoryRuns(over.registry())
        receipt = await started(over, runs)
        await runs.finished(receipt.run_id)
        with pytest.raises(Unavailable):
            await mending(over, runs)()
        assert over.listings.tables.versions[receipt.run_id].status.state is State.SUBMITTED
        over.approvals.away = False
        await mending(over, runs)()
        assert over.listings.tables.versions[receipt.run_id].status.state is State.FAILED
        assert over.approvals.withdrawn == [receipt.run_id]

    run_virtually(leave())


class LeavingApprovals(FakeApprovals):
    """Answers once, and is away from then on."""

    async def request(self, wanted: ApprovalRequest) -> ApprovalAnswer:
        answer = await super().request(wanted)
        self.away = True
        return answer


async def test_turns_go_on_after_one_that_failed() -> None:
    turns: list[float] = []

    async def mend() -> None:
        if not turns:
            raise DatabaseUnavailable("away")

    async def pause(seconds: float) -> None:
        turns.append(seconds)
        if len(turns) == 3:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await keep_mending(mend, pause)
    assert turns == [EVERY_SECONDS] * 3
