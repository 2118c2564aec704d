"""The deeds of single phases, success and refusal side by side."""

import pytest
from fakes.publishing import FakeAcknowledgements, FakeIndex, finding, no_pause
from fakes.vendor_endpoint import FakeVendor
from fixtures.publishing_actions import Bench, content

from publishing.lifecycle.errors import VersionStopped
from publishing.listings.errors import VersionNotFound
from publishing.pipeline.actions import (
    AskApproval,
    CheckPublisher,
    CompleteRun,
    ObserveConsumers,
    ObserveIndex,
    TakeDecision,
    ValidateVersion,
)
from publishing.pipeline.errors import (
    ApprovalRejected,
    ApprovalTimedOut,
    DocumentInvalid,
    NotIndexedYet,
    NotTakenYet,
    PublisherGone,
)
from publishing.pipeline.ports import ApprovalAnswer
from publishing.pipeline.rules import phase_of_key
from publishing.validation.actions import ValidateDocument
from publishing.validation.findings import Mode, Severity

YES = ApprovalAnswer("apr_1", "approved", "acc_approver", "")


async def test_a_renamed_team_publishes_nothing() -> None:
    bench = Bench()
    receipt = await bench.submitted()
    check = CheckPublisher(bench.listings, bench.teams)
    assert (await check(receipt.run_id))["team"] == "red"
    bench.teams.slugs["tea_red"] = "scarlet"
    with pytest.raises(PublisherGone):
        await check(receipt.run_id)
    with pytest.raises(VersionNotFound):
        await check("ver_0")


@pytest.mark.parametrize("mode", ["strict", "lenient"])
async def test_the_document_is_judged_in_the_publishers_mode(mode: str) -> None:
    bench = Bench()
    receipt = await bench.submitted(validation_mode=mode)
    bench.validator.findings = [finding(Severity.WARNING)]
    validate = ValidateVersion(
        bench.listings, ValidateDocument(bench.validator), {"127.0.0.1:3010"}, bench.clock, bench.ids
    )
    assert (await validate(receipt.run_id))["warnings"] == 1
    assert bench.validator.modes == [Mode(mode)]
    assert bench.listings.facts()[-1][0] == "ListingValidated"
    bench.validator.findings = [finding(Severity.ERROR)] * 30
    with pytest.raises(DocumentInvalid) as refusal:
        await validate(receipt.run_id)
    assert (len(refusal.value.details["findings"]), refusal.value.details["more_findings"]) == (20, 10)


async def test_a_validation_that_a_crash_repeats_is_told_once() -> None:
    bench = Bench()
    receipt = await bench.submitted()
    validate = ValidateVersion(
        bench.listings, ValidateDocument(bench.validator), {"127.0.0.1:3010"}, bench.clock, bench.ids
    )
    assert await validate(receipt.run_id) == await validate(receipt.run_id)
    assert [name for name, _ in bench.listings.facts()] == ["ListingSubmitted", "ListingValidated"]


async def test_an_endpoint_taken_off_the_list_since_is_refused_by_the_run() -> None:
    bench = Bench()
    receipt = await bench.submitted()
    validate = ValidateVersion(bench.listings, ValidateDocument(bench.validator), frozenset(), bench.clock, bench.ids)
    with pytest.raises(DocumentInvalid):
        await validate(receipt.run_id)


async def test_an_approver_is_asked_with_evidence_and_risk() -> None:
    bench = Bench(vendor=FakeVendor())
    receipt = await bench.submitted(content=content(visibility="public"))
    await AskApproval(bench.listings, bench.approvals)(receipt.run_id, {"testing": {"health": "ok"}})
    [asked] = bench.approvals.asked
    assert (asked.version_id, asked.requested_by, asked.risk) == (receipt.run_id, "acc_publisher", "medium")
    assert asked.evidence == {"endpoint": "http://127.0.0.1:3010/v1", "testing": {"health": "ok"}}


async def test_a_decision_counts_unless_it_is_the_publishers_own() -> None:
    bench = Bench()
    receipt = await bench.submitted()
    take = TakeDecision(bench.listings, AskApproval(bench.listings, bench.approvals))
    assert (await take(receipt.run_id, YES))["decided_by"] == "acc_approver"
    with pytest.raises(ApprovalTimedOut):
        await take(receipt.run_id, None)
    assert bench.approvals.withdrawn == [receipt.run_id]
    for state, by in (("rejected", "acc_approver"), ("approved", "acc_publisher"), ("withdrawn", "")):
        with pytest.raises(ApprovalRejected):
            await take(receipt.run_id, ApprovalAnswer("apr_1", state, by, "no"))


async def test_a_decision_that_was_not_heard_is_asked_for() -> None:
    bench = Bench()
    receipt = await bench.submitted()
    take = TakeDecision(bench.listings, AskApproval(bench.listings, bench.approvals))
    bench.approvals.late = "approved"
    assert (await take(receipt.run_id, None))["decided_by"] == "acc_approver"
    bench.approvals.decided_by = "acc_publisher"
    with pytest.raises(ApprovalRejected, match="himself"):
        await take(receipt.run_id, None)


async def test_the_index_is_asked_until_it_shows_the_version() -> None:
    bench = Bench()
    receipt = await bench.published()
    observe = ObserveIndex(FakeIndex(bench.listings, deaf_for=2), no_pause, polls=3)
    assert await observe(receipt.listing.listing_id, receipt.run_id, 2) == {"revision": 2}
    with pytest.raises(NotIndexedYet):
        await observe(receipt.listing.listing_id, receipt.run_id, 3)
    with pytest.raises(NotIndexedYet):
        await observe(receipt.listing.listing_id, "ver_0", 2)
    assert await observe(receipt.listing.listing_id, "ver_0", 1) == {"revision": 2}


async def test_consumers_are_waited_for_until_none_is_behind() -> None:
    observe = ObserveConsumers(FakeAcknowledgements([None, 1]), no_pause, polls=3)
    assert await observe("evt_1", ["discovery.indexing"]) == {"taken_by": ["discovery.indexing"]}
    assert await observe("evt_1", []) == {"skipped": "not configured"}
    with pytest.raises(NotTakenYet):
        await ObserveConsumers(FakeAcknowledgements([1, 1, 1]), no_pause, polls=3)("evt_1", ["x"])


async def test_a_run_completes_only_over_a_published_version() -> None:
    bench = Bench()
    waiting = await bench.submitted()
    with pytest.raises(VersionStopped):
        await CompleteRun(bench.listings)(waiting.run_id)
    await bench.publish_version(waiting.run_id)
    assert (await CompleteRun(bench.listings)(waiting.run_id))["listing"] == "red/echo"


@pytest.mark.parametrize(
    ("key", "phase"), [("do:testing", "testing"), ("undo:testing", "testing"), ("approval:decision", "approval")]
)
def test_a_step_key_names_its_phase(key: str, phase: str) -> None:
    assert phase_of_key(key) == phase
