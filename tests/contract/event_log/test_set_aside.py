"""Events that fail for good: set aside with their reason, tried again at a start and when somebody asks."""

import asyncio
import secrets
from dataclasses import dataclass, field

import pytest
from fixtures.discovery_machine import until
from fixtures.event_logs import TOPIC, LogPair, consumer, consuming, drain, event, note
from fixtures.marketplace_database import ProvisionedServer
from fixtures.postgres import database_url

from chassis.database.transaction import Transaction
from chassis.event_log.port import Consumer, Event, EventFailed, RecordedEvent
from chassis.event_log.postgres_log import PostgresEventLog
from fleet.replay import ask_for_replay


@dataclass
class Stomach:
    """A consumer that cannot digest some keys yet."""

    pair: LogPair
    group: str
    bad: set[str] = field(default_factory=set)

    @property
    def consumer(self) -> Consumer:
        return consumer(self.group, self.digest, tries=2)

    async def digest(self, transaction: Transaction, recorded: RecordedEvent) -> None:
        await asyncio.sleep(0)
        await note(transaction, recorded)
        if recorded.key in self.bad:
            raise ValueError("cannot digest this")

    async def take(self, *events: Event) -> None:
        """All events, each try without the pause before it."""
        await self.pair.append(*events)
        while True:
            try:
                await drain(self.pair.reader, self.consumer)
                return
            except EventFailed:
                continue

    async def aside(self) -> int:
        return (await self.pair.reader.set_aside())[self.group, TOPIC]

    async def digested(self, *events: Event) -> list[int]:
        """How many times each took effect."""
        seen = dict(await self.pair.effects())
        return [seen.get(one.id, 0) for one in events]


async def stomach(pair: LogPair, name: str, *bad: str) -> Stomach:
    """A group of its own for each test: what a group set aside is kept."""
    group = f"{name}_{secrets.token_hex(4)}"
    await drain(pair.reader, consumer(group))
    return Stomach(pair, group, set(bad))


async def test_a_poison_event_is_set_aside_with_its_reason_and_can_be_replayed(log_pair: LogPair) -> None:
    group = await stomach(log_pair, "discovery.poison", "lst_poison")
    poison, after = event("lst_poison"), event("lst_fine")
    await log_pair.append(poison, after)
    with pytest.raises(EventFailed):
        await log_pair.reader.consume_once(group.consumer)
    await drain(log_pair.reader, group.consumer)
    assert await group.digested(poison, after) == [0, 1]
    assert await group.aside() == 1
    group.bad.clear()
    assert await log_pair.reader.replay(group.consumer) == 1
    assert await log_pair.reader.replay(group.consumer) == 0
    assert await group.digested(poison, after) == [1, 1]
    assert await group.aside() == 0


async def test_what_fails_again_does_not_keep_a_replay_from_the_rest(log_pair: LogPair) -> None:
    group = await stomach(log_pair, "discovery.partly", "lst_bad", "lst_mended")
    bad, mended = event("lst_bad"), event("lst_mended")
    await group.take(bad, mended)
    assert await group.aside() == 2
    group.bad.remove("lst_mended")
    assert await log_pair.reader.replay(group.consumer) == 1
    assert await group.digested(bad, mended) == [0, 1]
    assert await group.aside() == 1


async def test_what_follows_a_poison_event_of_its_key_waits_behind_it(log_pair: LogPair) -> None:
    group = await stomach(log_pair, "discovery.behind", "lst_poison")
    behind, other = [event("lst_poison") for _ in range(3)], event("lst_fine")
    await group.take(*behind[:2], other)
    # Fails again: those behind it stay where they are.
    assert await log_pair.reader.replay(group.consumer) == 0
    group.bad.clear()
    await group.take(behind[2])
    assert await group.digested(*behind, other) == [0, 0, 0, 1]
    assert await group.aside() == 3
    assert await log_pair.reader.replay(group.consumer) == 3
    ours = {one.id for one in behind}
    assert [found for found in await log_pair.effects() if found[0] in ours] == [(one.id, 1) for one in behind]
    after = event("lst_poison")
    await group.take(after)
    assert await group.digested(after) == [1]


async def test_who_set_an_event_aside_has_not_taken_it_until_it_is_replayed(log_pair: LogPair) -> None:
    group = await stomach(log_pair, "discovery.untaken", "lst_poison")
    writer = log_pair.writer
    assert isinstance(writer, PostgresEventLog)
    poison, behind, other = event("lst_poison"), event("lst_poison"), event("lst_fine")
    await group.take(poison, behind, other)
    behind_now = [await writer.groups_behind(TOPIC, one.id, [group.group]) for one in (poison, behind, other)]
    assert behind_now == [1, 1, 0]
    group.bad.clear()
    assert await log_pair.reader.replay(group.consumer) == 2
    assert [await writer.groups_behind(TOPIC, one.id, [group.group]) for one in (poison, behind)] == [0, 0]


async def test_two_replays_at_once_take_no_event_twice(log_pair: LogPair) -> None:
    group = await stomach(log_pair, "discovery.twice", "lst_a", "lst_b")
    events = [event("lst_a"), event("lst_b")]
    await group.take(*events)
    group.bad.clear()
    replayed = await asyncio.gather(*(log_pair.reader.replay(group.consumer) for _ in range(2)))
    assert sum(replayed) == 2
    assert await group.digested(*events) == [1, 1]


async def test_a_worker_that_starts_tries_again_what_was_set_aside(log_pair: LogPair) -> None:
    group = await stomach(log_pair, "discovery.start", "lst_poison")
    poison = event("lst_poison")
    await group.take(poison)
    group.bad.clear()

    async def taken() -> bool:
        return await group.digested(poison) == [1]

    async with consuming(log_pair.reader, group.consumer):
        await until(taken, seconds=20)


async def test_a_worker_that_runs_tries_again_when_a_person_asks(
    log_pair: LogPair, marketplace_database: ProvisionedServer
) -> None:
    url = database_url(marketplace_database.superuser_url, "marketplace")
    group = await stomach(log_pair, "discovery.asked", "lst_poison")
    async with consuming(log_pair.reader, group.consumer):
        poison = event("lst_poison")
        await log_pair.append(poison)

        async def is_aside() -> bool:
            return await group.aside() == 1

        async def taken() -> bool:
            return await group.digested(poison) == [1]

        await until(is_aside, seconds=20)
        group.bad.clear()
        [asked] = [one for one in await asyncio.to_thread(ask_for_replay, url) if one.group == group.group]
        assert (asked.topic, asked.events, asked.reason) == (TOPIC, 1, "ValueError: cannot digest this")
        await until(taken, seconds=20)
