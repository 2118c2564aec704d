"""Reports of phases on a real database."""

from fixtures.marketplace_database import ProvisionedServer
from fixtures.publishing_actions import ALLOWED, KEY, RED, submission

from chassis.clock import SystemClock
from chassis.database.pool import Database
from chassis.event_log.postgres_log import PostgresEventLog
from chassis.ids import new_id
from publishing.listings.actions import PipelineEntry, SubmitListing
from publishing.listings.postgres_store import PostgresListings
from publishing.listings.sealed_credentials import CredentialSeal
from publishing.pipeline.phase_store import PostgresPhaseLedger, PostgresRunReads
from publishing.pipeline.publication_phases import PHASE_NAMES
from publishing.pipeline.rules import PhaseState


async def test_a_report_that_quotes_what_no_column_holds_is_kept_all_the_same(
    marketplace_database: ProvisionedServer,
) -> None:
    clock = SystemClock()
    async with (
        Database.open(marketplace_database.url("publishing_runtime"), name="test") as own,
        Database.open(marketplace_database.url("publishing_worker"), name="test") as across,
    ):
        entry = PipelineEntry(CredentialSeal(KEY, bytes), clock, new_id, ALLOWED, PHASE_NAMES)
        receipt = await SubmitListing(PostgresListings(own, PostgresEventLog(own)), entry)(RED, submission())
        report = {"quoted": {r"^[^\u0000]*$": "a\x00b"}, "lone": "\ud800"}
        await PostgresPhaseLedger(across, clock).end(receipt.run_id, "validation", PhaseState.PASSED, report)
        run = await PostgresRunReads(own, across).run(None, receipt.run_id)
    assert run is not None
    [kept] = [phase.report for phase in run.phases if phase.name == "validation"]
    assert kept == {"quoted": {r"^[^\u0000]*$": "a?b"}, "lone": "?"}
