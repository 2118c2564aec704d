"""What every EventLog must do; another adapter joins by one more parameter of `log_pair`."""

import asyncio

import pytest
from fixtures.event_logs import TOPIC, LogPair, consumer, consuming, drain, event, note

from chassis.database.errors import RowRefused
from chassis.database.transaction import Transaction
from chassis.event_log.port import EventFailed, RecordedEvent
from chassis.event_log.postgres_log import PostgresEventLog


async def test_a_committed_event_takes_effect_once_and_in_order(log_pair: LogPair) -> None:
    events = [event(f"lst_{number % 3}") for number in range(50)]
    for one in events:
        await log_pair.append(one)
    await drain(log_pair.reader, consumer("discovery.order"))
    ours = {one.id for one in events}
    assert [found for found in await log_pair.effects() if found[0] in ours] == [(one.id, 1) for one in events]


async def test_an_event_of_a_rolled_back_transaction_never_was(log_pair: LogPair) -> None:
    lost = event()

    async def append_and_fail() -> None:
        async with log_pair.writer_database.transaction() as transaction:
            await log_pair.writer.append(transaction, [lost])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await append_and_fail()
    kept = event()
    await log_pair.append(kept)
    await drain(log_pair.reader, consumer("discovery.rollback"))
    seen = dict(await log_pair.effects())
    assert kept.id in seen
    assert lost.id not in seen


async def test_an_event_that_commits_late_is_not_passed_over(log_pair: LogPair) -> None:
    early, late = event("lst_early"), event("lst_late")
    async with log_pair.writer_database.transaction() as slow:
        await log_pair.writer.append(slow, [late])
        await log_pair.append(early)
        await drain(log_pair.reader, consumer("discovery.late"))
        assert late.id not in dict(await log_pair.effects())
    await drain(log_pair.reader, consumer("discovery.late"))
    assert dict(await log_pair.effects())[late.id] == 1


async def test_two_workers_of_a_group_share_the_work_without_doubling_it(log_pair: LogPair) -> None:
    events = [event(f"lst_{number}") for number in range(200)]
    await log_pair.append(*events)
    rival = PostgresEventLog(log_pair.reader_database)
    shared = consumer("discovery.shared")
    await asyncio.gather(drain(log_pair.reader, shared), drain(rival, shared))
    seen = dict(await log_pair.effects())
    assert [seen[one.id] for one in events] == [1] * 200


async def test_each_group_gets_every_event(log_pair: LogPair) -> None:
    one = event()
    await log_pair.append(one)
    await drain(log_pair.reader, consumer("discovery.first"))
    await drain(log_pair.reader, consumer("discovery.second"))
    assert dict(await log_pair.effects())[one.id] == 2


async def test_an_effect_that_fails_leaves_no_trace_and_is_tried_again(log_pair: LogPair) -> None:
    failures = iter([True, False])

    async def fails_once(transaction: Transaction, recorded: RecordedEvent) -> None:
        await note(transaction, recorded)
        if next(failures, False):
            raise ValueError("not yet")

    one = event()
    failing = consumer("discovery.again", fails_once)
    await drain(log_pair.reader, consumer("discovery.again"))
    await log_pair.append(one)
    with pytest.raises(EventFailed):
        await log_pair.reader.consume_once(failing)
    assert one.id not in dict(await log_pair.effects())
    assert await log_pair.reader.consume_once(failing) == 1
    assert dict(await log_pair.effects())[one.id] == 1


async def test_a_running_consumer_hears_of_an_append_without_polling_for_it(log_pair: LogPair) -> None:
    arrived = asyncio.Event()

    async def tell(transaction: Transaction, recorded: RecordedEvent) -> None:
        arrived.set()

    await drain(log_pair.reader, consumer("discovery.live"))
    async with consuming(log_pair.reader, consumer("discovery.live", tell)):
        await log_pair.append(event())
        await asyncio.wait_for(arrived.wait(), 5)


async def test_a_reader_without_a_group_sees_what_was_committed_though_no_consumer_ran(log_pair: LogPair) -> None:
    before = await log_pair.reader.head(TOPIC)
    first, second = event(), event("lst_2")
    await log_pair.append(first)
    await log_pair.append(second)
    read = await log_pair.reader.read(TOPIC, before, 10)
    assert [one.id for one in read] == [first.id, second.id]
    assert await log_pair.reader.read(TOPIC, read[-1].position, 10) == []


async def test_a_service_without_a_grant_may_neither_append_nor_read(log_pair: LogPair) -> None:
    async def append_as_reader() -> None:
        async with log_pair.reader_database.transaction() as transaction:
            await log_pair.reader.append(transaction, [event()])

    with pytest.raises(RowRefused):
        await append_as_reader()
    with pytest.raises(RowRefused):
        await log_pair.reader.read("marketplace.approval.v1", 0, 10)
    with pytest.raises(RowRefused):
        await log_pair.reader.consume_once(consumer("publishing.theft"))


async def test_the_publisher_sees_which_groups_have_taken_an_event(log_pair: LogPair) -> None:
    one = event()
    await log_pair.append(one)
    writer = log_pair.writer
    assert isinstance(writer, PostgresEventLog)
    groups = ["discovery.acknowledging"]
    await drain(log_pair.reader, consumer("discovery.somebody_else"))
    assert await writer.groups_behind(TOPIC, one.id, groups) == 1
    await drain(log_pair.reader, consumer("discovery.acknowledging"))
    assert await writer.groups_behind(TOPIC, one.id, groups) == 0


async def test_a_notice_wakes_readers_of_its_topic_in_another_process_and_no_others(log_pair: LogPair) -> None:
    reader, other = log_pair.reader, "marketplace.usage.v1"
    listening = asyncio.create_task(reader.listen())
    try:
        # The listener says so itself once it is there, of every topic.
        await reader.wait_for_news(other, 0, 5)
        seen = [reader.heard(topic) for topic in (TOPIC, other)]
        await log_pair.append(event())
        await reader.wait_for_news(TOPIC, seen[0], 5)
        assert [reader.heard(topic) for topic in (TOPIC, other)] == [seen[0] + 1, seen[1]]
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
