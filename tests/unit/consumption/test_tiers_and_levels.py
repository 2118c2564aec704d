"""Tiers, levels of budgets, and what a watcher of keys is told."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from chassis.event_log.port import Event, RecordedEvent
from chassis.identity.principal import Principal
from consumption.budgets.levels import PLATFORM, Amounts, Subject, limits_of, scopes_above
from consumption.budgets.rules import Balance, month_of
from consumption.budgets.set_budget import SetBudget
from consumption.facts import KEY_TOPIC, event_of
from consumption.keys import key_changes
from consumption.keys.key_changes import KeyChanges, WatcherTooSlow, change_of
from consumption.tiers.actions import SetTier
from consumption.tiers.rules import Tier, least
from marketplace.consumption.v1.keys_pb2 import KeyChange
from marketplace.events.v1.key_pb2 import BudgetChanged, KeyCreated, KeyRevoked, KeyRotated, TierChanged

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
GOVERNOR = Principal("acc_9", frozenset({"admin"}), None, None, None, 1, NOW)


class StoppedClock:
    def now(self) -> datetime:
        return NOW


@dataclass
class Written:
    """Stores that remember what was written, by whom."""

    rows: list[object] = field(default_factory=list[object])

    async def put(self, *values: object) -> None:
        self.rows.append(values)

    async def balances(self, subject: Subject, now: datetime) -> list[Balance]:
        return [Balance(limit, month_of(now)) for limit in limits_of(subject, Amounts(5, None)) if limit.amount]

    async def overview(self, team_id: str | None, now: datetime) -> list[Balance]:
        return []


def recorded(event: Event) -> RecordedEvent:
    return RecordedEvent(**vars(event), position=1)


async def test_a_tier_is_written_with_the_one_who_set_it() -> None:
    store = Written()
    tier = Tier("slow", 10, 20)
    assert await SetTier(store, StoppedClock())(GOVERNOR, tier) == tier
    assert store.rows == [(tier, "acc_9", NOW)]


async def test_a_budget_is_written_with_the_one_who_set_it_and_shown() -> None:
    store, subject = Written(), Subject.team("tea_1")
    [balance] = await SetBudget(store, StoppedClock())(GOVERNOR, subject, Amounts(5, None))
    assert (balance.limit.scope_id, balance.remaining) == ("team:tea_1:tokens", 5)
    assert store.rows == [(subject, Amounts(5, None), "acc_9", NOW)]


@pytest.mark.parametrize(
    ("own", "most", "bound"), [(1, 2, 1), (3, 2, 2), (None, 2, 2), (1, None, 1), (None, None, None)]
)
def test_least_takes_none_for_no_bound(own: int | None, most: int | None, bound: int | None) -> None:
    assert least(own, most) == bound


def test_scopes_above_a_key_come_in_the_fixed_order_and_a_person_has_one_in_each_team() -> None:
    assert scopes_above("tea_1", "acc_1") == [
        "platform:tokens",
        "platform:nanodollars",
        "team:tea_1:tokens",
        "team:tea_1:nanodollars",
        "user:tea_1:acc_1:tokens",
        "user:tea_1:acc_1:nanodollars",
    ]
    assert not set(scopes_above("tea_1", "acc_1")[4:]) & set(scopes_above("tea_2", "acc_1"))
    assert (Subject.platform().team_id, Subject.platform().scope) == (PLATFORM, "platform")


@pytest.mark.parametrize(
    ("fact", "change"),
    [
        (KeyCreated(key_id="key_1"), None),
        (KeyRevoked(key_id="key_1"), KeyChange(key_id="key_1")),
        (KeyRotated(key_id="key_1"), KeyChange(key_id="key_1")),
        (TierChanged(name="slow"), KeyChange(every_key=True)),
        (BudgetChanged(kind="platform", team_id=PLATFORM), KeyChange(every_key=True)),
        (BudgetChanged(kind="user", team_id="tea_1", subject_id="acc_1"), KeyChange(team_id="tea_1")),
    ],
    ids=lambda one: type(one).__name__,
)
def test_each_fact_says_what_must_be_forgotten(fact: KeyRevoked, change: KeyChange | None) -> None:
    assert change_of(recorded(event_of(KEY_TOPIC, "key_1", fact, NOW))) == change


async def test_a_watcher_hears_a_beat_first_then_changes_then_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_changes, "BEAT_SECONDS", 0.01)
    changes = KeyChanges()
    changes.heard()
    watch = changes.watch()
    assert await anext(watch) == KeyChange()
    await changes.take(recorded(event_of(KEY_TOPIC, "key_1", KeyRevoked(key_id="key_1"), NOW)))
    assert [await anext(watch) for _ in range(3)] == [KeyChange(key_id="key_1"), KeyChange(), KeyChange()]


async def test_a_watcher_hears_no_beat_while_changes_are_not_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_changes, "BEAT_SECONDS", 0.01)
    now = 100.0
    changes = KeyChanges(lambda: now)
    watch = changes.watch()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(first := asyncio.ensure_future(anext(watch))), 0.1)
    changes.heard()
    assert await first == KeyChange()
    now += 10
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(second := asyncio.ensure_future(anext(watch))), 0.1)
    changes.heard()
    assert await second == KeyChange()


async def test_a_watcher_that_would_lose_a_change_is_told_to_start_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_changes, "MAX_WAITING_CHANGES", 3)
    changes, others = KeyChanges(), KeyChanges()
    for one in (changes, others):
        one.heard()
    watch, other = changes.watch(), others.watch()
    await anext(watch)
    await anext(other)
    for number in range(4):
        await changes.take(recorded(event_of(KEY_TOPIC, f"key_{number}", KeyRevoked(), NOW)))
    with pytest.raises(WatcherTooSlow):
        await anext(watch)
