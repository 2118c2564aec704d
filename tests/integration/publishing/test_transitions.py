"""Transitions of versions in real tables, as the worker's role makes and reads them."""

import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fixtures.marketplace_database import ProvisionedServer
from fixtures.publishing_actions import ALLOWED, KEY, RED, submission

from chassis.clock import SystemClock
from chassis.database.pool import Database
from chassis.errors import ErrorKind
from chassis.event_log.postgres_log import PostgresEventLog
from chassis.ids import new_id
from publishing.lifecycle.actions import PublishVersion, StopVersion, WithdrawVersion
from publishing.lifecycle.rules import stop_because
from publishing.listings.actions import PipelineEntry, Receipt, SubmitListing, SubmitVersion
from publishing.listings.postgres_store import PostgresListings
from publishing.listings.rules import Listing, State, Version
from publishing.listings.sealed_credentials import CredentialSeal
from publishing.pipeline.publication_phases import PHASE_NAMES
from publishing.pipeline.rules import WaitingVersion
from publishing.pipeline.waiting_store import PostgresWaitingVersions

CLOCK = SystemClock()
GAVE_UP = stop_because("indexing", "not_indexed_yet", "Search does not show it.", ErrorKind.UNAVAILABLE)


@dataclass
class Shop:
    """Publishers on the one side, the worker on the other."""

    own: PostgresListings
    across: PostgresListings
    database: Database

    def __post_init__(self) -> None:
        self.entry = PipelineEntry(CredentialSeal(KEY, secrets.token_bytes), CLOCK, new_id, ALLOWED, PHASE_NAMES)

    async def submitted(self, name: str, **changes: Any) -> Receipt:
        """A listing with its first version, in the pipeline."""
        return await SubmitListing(self.own, self.entry)(RED, submission(name=name, **changes))

    async def submitted_next(self, listing: Listing, version: str) -> Receipt:
        """Its next version, in the pipeline."""
        wanted = submission(name=listing.name, version=version)
        return await SubmitVersion(self.own, self.entry)(RED, listing.listing_id, wanted, None)

    async def version(self, version_id: str) -> Version:
        """How a version stands."""
        async with self.across.transaction(None) as transaction:
            found = await transaction.version(version_id)
        assert found is not None
        return found


@asynccontextmanager
async def shop(server: ProvisionedServer) -> AsyncGenerator[Shop]:
    async with (
        Database.open(server.url("publishing_runtime"), name="test") as own,
        Database.open(server.url("publishing_worker"), name="test") as across,
    ):
        log = PostgresEventLog(own)
        yield Shop(PostgresListings(own, log), PostgresListings(across, PostgresEventLog(across)), across)


async def test_versions_in_the_pipeline_are_read_page_by_page(marketplace_database: ProvisionedServer) -> None:
    async with shop(marketplace_database) as here:
        receipts = [await here.submitted(f"waiting-{place}") for place in range(4)]
        await PublishVersion(here.across, CLOCK, new_id)(receipts.pop(1).run_id)
        waiting = PostgresWaitingVersions(here.database)
        soon = CLOCK.now() + timedelta(minutes=1)
        expected = [WaitingVersion(r.listing.listing_id, r.run_id, "tea_red") for r in receipts]
        first = await waiting.page(soon, "", 2)
        rest = await waiting.page(soon, first[-1].listing_id, 2)
        assert [*first, *rest] == sorted(expected, key=lambda version: version.listing_id)
        assert await waiting.page(soon, rest[-1].listing_id, 2) == []
        assert await waiting.page(receipts[0].version.status.changed_at, "", 2) == []


async def test_a_version_is_taken_back_while_the_next_is_in_the_pipeline(
    marketplace_database: ProvisionedServer,
) -> None:
    async with shop(marketplace_database) as here:
        publish = PublishVersion(here.across, CLOCK, new_id)
        first = await here.submitted("taken-back")
        await publish(first.run_id)
        second = await here.submitted_next(first.listing, "1.1.0")
        await publish(second.run_id)
        third = await here.submitted_next(first.listing, "1.2.0")
        await WithdrawVersion(here.across, CLOCK, new_id)(second.run_id, GAVE_UP)
        assert await StopVersion(here.across, CLOCK, new_id)(second.run_id, GAVE_UP) is State.FAILED
        status = (await here.version(second.run_id)).status
        assert (status.code, status.published_event_id) == ("not_indexed_yet", None)
        await publish(third.run_id)
        assert (await here.version(third.run_id)).status.state is State.PUBLISHED


async def test_a_version_is_found_valid_once_whatever_becomes_of_it(marketplace_database: ProvisionedServer) -> None:
    async with shop(marketplace_database) as here:
        receipt = await here.submitted("valid-once")

        async def first(event_id: str) -> bool:
            async with here.across.transaction(None) as transaction:
                return await transaction.first_validated(receipt.run_id, event_id)

        assert await first("evt_1")
        assert not await first("evt_2")
        await PublishVersion(here.across, CLOCK, new_id)(receipt.run_id)
        assert not await first("evt_3")
