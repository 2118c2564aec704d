"""The ten phases as one durable run, over memory: to the end, or undone to where it began."""

import asyncio
from datetime import timedelta

import pytest
from fakes.durable_runs import MemoryRuns
from fakes.publishing import FakeIndex, finding
from fakes.vendor_endpoint import FakeVendor
from fakes.virtual_time import run_virtually
from fixtures.publishing_actions import RED, Bench, submission

from chassis.durable_runs.status import RunState
from chassis.errors import ErrorKind, MarketplaceError
from publishing.listings.actions import Receipt
from publishing.listings.rules import State
from publishing.pipeline.errors import NotIndexedYet
from publishing.pipeline.ports import Indexed
from publishing.pipeline.publication_phases import PHASE_NAMES
from publishing.pipeline.rules import PhaseState
from publishing.pipeline.workflow import APPROVAL_SIGNAL, PUBLICATION
from publishing.probes.actions import Effort
from publishing.validation.findings import Severity

APPROVED = {"approval_id": "apr_1", "state": "approved", "decided_by": "acc_approver", "comment": "fine"}


def bench() -> Bench:
    return Bench(vendor=FakeVendor())


async def run(over: Bench, receipt: Receipt, *, runs: MemoryRuns | None = None, signal: dict[str, str] | None = None):
    chosen = runs or MemoryRuns(over.registry())
    argument = {
        "listing_id": receipt.listing.listing_id,
        "version_id": receipt.run_id,
        "team_id": receipt.listing.team_id,
    }
    await chosen.start(PUBLICATION, receipt.run_id, argument)
    if signal is not None:
        await chosen.signal(receipt.run_id, APPROVAL_SIGNAL, signal, "apr_1")
    return await chosen.finished(receipt.run_id)


async def test_an_approved_version_passes_all_phases() -> None:
    over = bench()
    receipt = await over.submitted()
    status = await run(over, receipt, signal=APPROVED)
    assert status.state is RunState.SUCCEEDED, status.error
    skipped = {"policy_check", "registry_sync", "analytics"}
    assert over.ledger.states == {
        name: PhaseState.SKIPPED if name in skipped else PhaseState.PASSED for name in PHASE_NAMES
    }
    listing = over.listings.tables.listings[receipt.listing.listing_id]
    assert (listing.state, listing.current_version_id) == (State.PUBLISHED, receipt.run_id)
    assert [name for name, _ in over.listings.facts()] == ["ListingSubmitted", "ListingValidated", "ListingPublished"]
    measured = over.listings.tables.versions[receipt.run_id].measurements
    assert (measured.latency_p50_ms, measured.error_rate, measured.throughput_per_second) == (20.0, 0.0, 120.0)


async def test_an_approval_given_before_the_question_counts() -> None:
    over = bench()
    over.approvals.state = "approved"
    status = await run(over, await over.submitted())
    assert status.state is RunState.SUCCEEDED


@pytest.mark.parametrize(
    ("late", "run_state", "version_state", "code"),
    [
        ("approved", RunState.SUCCEEDED, State.PUBLISHED, ""),
        ("rejected", RunState.FAILED, State.REJECTED, "approval_rejected"),
        ("pending", RunState.FAILED, State.REJECTED, "approval_timed_out"),
    ],
)
async def test_a_decision_that_falls_as_the_time_ends_counts(late, run_state, version_state, code) -> None:
    over = bench()
    over.approvals.late = late
    receipt = await over.submitted()
    runs = MemoryRuns(over.registry(approval_timeout=timedelta(milliseconds=20)))
    assert (await run(over, receipt, runs=runs)).state is run_state
    status = over.listings.tables.versions[receipt.run_id].status
    assert (status.state, status.code) == (version_state, code)


@pytest.mark.parametrize(
    ("spoil", "phase", "code", "state"),
    [
        (lambda over: over.teams.slugs.clear(), "authentication", "publisher_gone", State.REJECTED),
        (
            lambda over: over.validator.findings.append(finding(Severity.ERROR)),
            "validation",
            "document_invalid",
            State.REJECTED,
        ),
        (lambda over: setattr(over.vendor, "open_door", True), "testing", "endpoint_insecure", State.REJECTED),
        (lambda over: setattr(over.approvals, "state", "rejected"), "approval", "approval_rejected", State.REJECTED),
        (
            lambda over: (
                setattr(over.approvals, "state", "approved"),
                setattr(over.approvals, "decided_by", "acc_publisher"),
            ),
            "approval",
            "approval_rejected",
            State.REJECTED,
        ),
        (lambda over: None, "approval", "approval_timed_out", State.REJECTED),
    ],
)
async def test_what_a_phase_refuses_is_rejected_with_phase_and_code(spoil, phase, code, state) -> None:
    over = bench()
    spoil(over)
    receipt = await over.submitted()
    runs = MemoryRuns(over.registry(approval_timeout=timedelta(milliseconds=20)))
    status = await run(over, receipt, runs=runs)
    assert status.state is RunState.FAILED
    listing = over.listings.tables.listings[receipt.listing.listing_id]
    version = over.listings.tables.versions[receipt.run_id]
    assert (listing.state, listing.current_version_id) == (state, None)
    assert (version.status.state, version.status.phase, version.status.code) == (state, phase, code)
    name, fact = over.listings.facts()[-1]
    assert (name, fact.phase, fact.code, fact.rejected_version_id) == ("ListingRejected", phase, code, receipt.run_id)
    assert over.ledger.states[phase] is PhaseState.FAILED
    assert PhaseState.PASSED not in over.ledger.states.values()
    assert (receipt.run_id in over.approvals.withdrawn) == (phase == "approval")


@pytest.mark.parametrize(
    ("seconds", "calls", "state", "code"),
    [(17, 11, State.PUBLISHED, ""), (30, 8, State.REJECTED, "endpoint_unreliable")],
)
def test_a_slow_endpoint_is_called_one_round_and_no_more(seconds, calls, state, code) -> None:
    over = Bench(vendor=FakeVendor(seconds=seconds), effort=Effort(plain_calls=5, streamed_calls=3))
    over.approvals.state = "approved"

    async def test() -> None:
        receipt = await over.submitted()
        await run(over, receipt)
        status = over.listings.tables.versions[receipt.run_id].status
        assert (len(over.vendor.calls), status.state, status.code) == (calls, state, code)

    run_virtually(test())


async def test_an_index_that_never_answers_takes_the_publication_back() -> None:
    over = bench()
    over.approvals.state = "approved"
    first = await over.published()
    over.index.deaf_for = 10_000
    second = await over.submit_version(RED, first.listing.listing_id, submission(version="1.1.0"), None)
    status = await run(over, second, runs=MemoryRuns(_impatient(over)))
    assert status.state is RunState.FAILED
    listing = over.listings.tables.listings[first.listing.listing_id]
    assert (listing.state, listing.current_version_id) == (State.PUBLISHED, first.run_id)
    assert over.listings.tables.versions[second.run_id].status.state is State.FAILED
    facts = over.listings.facts()[-2:]
    assert [name for name, _ in facts] == ["ListingRolledBack", "ListingRejected"]
    assert all(fact.listing.listing_version_id == first.run_id for _, fact in facts)
    assert facts[0][1].listing.revision < facts[1][1].listing.revision == listing.revision


async def test_a_worker_that_dies_at_any_moment_publishes_once() -> None:
    for crashes in range(1, 25):
        over = bench()
        over.approvals.state = "approved"
        receipt = await over.submitted()
        runs = MemoryRuns()
        argument = {"listing_id": receipt.listing.listing_id, "version_id": receipt.run_id, "team_id": "tea_red"}
        await runs.start(PUBLICATION, receipt.run_id, argument)
        await _serve_a_little(runs, over, crashes)
        await runs.crash()
        await runs.serve(over.registry())
        assert (await runs.finished(receipt.run_id)).state is RunState.SUCCEEDED
        assert [name for name, _ in over.listings.facts()].count("ListingPublished") == 1
        assert over.listings.tables.listings[receipt.listing.listing_id].revision == 2


async def _serve_a_little(runs: MemoryRuns, over: Bench, turns: int) -> None:
    await runs.serve(over.registry())
    for _ in range(turns * 4):
        await asyncio.sleep(0)


def _impatient(over: Bench):
    """A registry whose index observation fails for good at once, as it would after all its attempts."""
    registry = over.registry()
    observe = registry.activities["indexing.observe"]

    async def observe_once(argument):
        try:
            return await observe(argument)
        except NotIndexedYet as error:
            error.kind = ErrorKind.INTERNAL
            raise

    registry.activities["indexing.observe"] = observe_once
    return registry


async def test_a_publication_is_taken_back_though_the_next_version_is_in_the_pipeline_already() -> None:
    over = bench()
    over.approvals.state = "approved"
    first = await over.published()
    listing_id = first.listing.listing_id
    second = await over.submit_version(RED, listing_id, submission(version="1.1.0"), None)
    third: list[Receipt] = []

    class ListeningIndex(FakeIndex):
        async def indexed(self, listing_id: str) -> Indexed | None:
            if not third:
                third.append(await over.submit_version(RED, listing_id, submission(version="1.2.0"), None))
            return await super().indexed(listing_id)

    over.index = ListeningIndex(over.listings, deaf_for=10_000)
    runs = MemoryRuns(_impatient(over))
    status = await run(over, second, runs=runs)
    assert status.state is RunState.FAILED
    assert all(phase["undo"] in {None, "undone"} for phase in (status.progress or {})["phases"])
    versions = over.listings.tables.versions
    taken_back = versions[second.run_id].status
    assert (taken_back.state, taken_back.phase, taken_back.code) == (State.FAILED, "indexing", "not_indexed_yet")
    assert over.listings.tables.listings[listing_id].current_version_id == first.run_id
    over.index = FakeIndex(over.listings)
    assert (await run(over, third[0], runs=MemoryRuns(over.registry()))).state is RunState.SUCCEEDED
    listing = over.listings.tables.listings[listing_id]
    assert (listing.state, listing.current_version_id) == (State.PUBLISHED, third[0].run_id)


async def test_a_run_that_stops_takes_back_what_its_undo_left_published() -> None:
    over = bench()
    over.approvals.state = "approved"
    over.index.deaf_for = 10_000
    receipt = await over.submitted()
    registry = _impatient(over)

    async def broken(_argument: object) -> dict[str, str]:
        raise MarketplaceError("broken")

    registry.activities["undo.indexing"] = broken
    await run(over, receipt, runs=MemoryRuns(registry))
    status = over.listings.tables.versions[receipt.run_id].status
    assert (status.state, status.phase, status.code) == (State.FAILED, "indexing", "not_indexed_yet")
    assert [name for name, _ in over.listings.facts()][-2:] == ["ListingRolledBack", "ListingRejected"]


async def test_a_run_that_starts_once_more_takes_back_nothing_that_it_did_not_reach() -> None:
    over = bench()
    receipt = await over.published()
    over.vendor.dead_after = 0
    assert (await run(over, receipt)).state is RunState.FAILED
    assert over.listings.tables.versions[receipt.run_id].status.state is State.PUBLISHED
