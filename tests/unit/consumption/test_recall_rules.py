"""When other holders have answered a recall, and whom a short scope waits for."""

from datetime import UTC, datetime, timedelta

from consumption.budgets.recalls import (
    GONE_AFTER,
    PATIENCE,
    GivenBack,
    HeldLease,
    after_grant,
    after_recall,
    after_return,
    is_awaited,
    to_recall,
    unanswered,
)
from consumption.budgets.rules import Balance, Limit, Wish, grant_size, month_of
from consumption.settlement.rules import Movement, after_seal

NOW = datetime(2026, 11, 28, tzinfo=UTC)
HELD = HeldLease("h", 100, newest_grant=3)


def _given(amount: int, recall: int, newest_grant: int = 3) -> GivenBack:
    return GivenBack("s", month_of(NOW).end, amount, recall, newest_grant)


def test_who_holds_something_is_asked_once_in_a_round_and_awaited() -> None:
    assert to_recall([HELD, HeldLease("empty", 0)], since=5) == [HELD]
    asked = after_recall(HELD, 6, NOW)
    assert to_recall([asked], since=5) == []
    assert to_recall([asked], since=7) == [asked]
    assert is_awaited([asked], 5, NOW)
    assert unanswered([asked], 5, NOW) == 100


def test_an_answer_that_knows_the_latest_grant_ends_the_waiting() -> None:
    answered = after_return(after_recall(HELD, 6, NOW), _given(70, 6))
    assert (answered.amount, answered.answered, answered.recalled_at) == (30, 6, None)
    assert not is_awaited([answered], 5, NOW)
    assert unanswered([answered], 5, NOW) == 0
    assert to_recall([answered], since=5) == []
    assert to_recall([answered], since=8) == [answered]


def test_an_answer_to_an_earlier_round_does_not_count() -> None:
    answered = after_return(after_recall(after_recall(HELD, 6, NOW), 9, NOW), _given(0, 6))
    assert is_awaited([answered], 8, NOW)
    assert answered.recalled_at == NOW


def test_an_answer_that_does_not_know_the_latest_grant_is_asked_for_again() -> None:
    early = after_return(after_recall(HELD, 6, NOW), _given(0, 6, newest_grant=2))
    assert early.answered == 0
    assert to_recall([early], since=5) == [early]
    newer = after_return(after_recall(after_recall(HELD, 6, NOW), 9, NOW), _given(0, 6, newest_grant=2))
    assert newer.recall == 9


def test_a_grant_outdates_what_was_answered() -> None:
    answered = after_return(after_recall(HELD, 6, NOW), _given(100, 6))
    again = after_grant(answered, 10, 8)
    assert again == HeldLease("h", 10, newest_grant=8)
    assert to_recall([again], since=5) == [again]


def test_a_silent_holder_is_waited_for_once_and_counts_as_dead_after_a_minute() -> None:
    silent = after_recall(HELD, 6, NOW)
    assert not is_awaited([silent], 5, NOW + PATIENCE)
    assert unanswered([silent], 5, NOW + PATIENCE) == 100
    again = after_recall(silent, 9, NOW + PATIENCE)
    assert not is_awaited([again], 8, NOW + PATIENCE)
    assert unanswered([again], 8, NOW + GONE_AFTER) == 0


def test_while_a_scope_is_recalled_grants_are_what_is_needed() -> None:
    balance = Balance(Limit("s", "key", "s", "tokens", 1000), month_of(NOW))
    assert grant_size(balance, Wish("s", 10, 500), NOW) == 120
    scarce = Balance(balance.limit, balance.month, scarce_until=NOW + timedelta(seconds=1))
    assert grant_size(scarce, Wish("s", 10, 500), NOW) == 10
    assert grant_size(scarce, Wish("s", 10, 500), NOW + timedelta(seconds=1)) == 120


def test_what_a_given_up_holder_used_after_all_is_overdraft() -> None:
    place = ("s", month_of(NOW).end)
    assert after_seal({place: Movement(50, 30, 20, 0)}) == {place: Movement(0, 30, 20, 50)}
