"""What publishing hears of a submitted version, when the id of its run is there already."""

from datetime import UTC, datetime
from typing import Any, cast

import pytest
from fakes.durable_runs import MemoryRuns

from chassis.durable_runs.errors import RunIdTaken
from chassis.durable_runs.port import WorkflowRef
from chassis.event_log.port import RecordedEvent
from marketplace.events.v1.listing_pb2 import ListingSubmitted
from publishing.listings.facts import TOPIC
from publishing.pipeline.event_handlers import consumers
from publishing.pipeline.workflow import PUBLICATION

KIND = ListingSubmitted.DESCRIPTOR.full_name


async def _hear_submitted(runs: MemoryRuns) -> None:
    [table] = [consumer for consumer in consumers(runs) if consumer.topic == TOPIC]
    fact = ListingSubmitted(run_id="ver_1").SerializeToString()
    at = datetime(2026, 11, 30, tzinfo=UTC)
    transaction = cast("Any", None)
    await table.handlers[KIND](transaction, RecordedEvent("evt_1", TOPIC, "lst_1", KIND, "publishing", at, fact, 1))


async def test_a_version_whose_run_another_build_started_is_left_to_that_run() -> None:
    runs = MemoryRuns()
    before = WorkflowRef(PUBLICATION.name, PUBLICATION.version + 1)
    await runs.start(before, "ver_1", {})
    await _hear_submitted(runs)
    assert (await runs.status("ver_1")).version == before.version


async def test_an_id_that_a_run_of_something_else_has_is_an_error() -> None:
    runs = MemoryRuns()
    await runs.start(WorkflowRef("something.else", 1), "ver_1", {})
    with pytest.raises(RunIdTaken):
        await _hear_submitted(runs)
