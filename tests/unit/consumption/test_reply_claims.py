"""What a call under an Idempotency-Key is answered, and what of its reply can be kept."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from chassis.clock import SystemClock
from consumption.replies.actions import ClaimReply, PurgeReplies
from consumption.replies.errors import ClaimUnsettled
from consumption.replies.rules import LONGEST_CALL, Claim, Held, Reply, Standing, standing_of
from consumption.settlement.rules import LARGEST_BODY, LONGEST_HEADER_LINES, ReplyFate, claimed_reply

NOW = datetime(2026, 11, 29, tzinfo=UTC)
CLAIM = Claim("h1", "tea_1", b"s" * 32, b"b" * 32, "call_2")
FIRST = Held("call_1", b"b" * 32, "open", NOW)


@pytest.mark.parametrize(
    ("held", "standing"),
    [
        (replace(FIRST, call_id="call_2"), Standing.CLAIMED),
        (FIRST, Standing.IN_PROGRESS),
        (replace(FIRST, state="kept", reply=Reply(200, b"", b"{}")), Standing.KEPT),
        (replace(FIRST, state="too_large"), Standing.TOO_LARGE),
        (replace(FIRST, state="caller_left"), Standing.CALLER_LEFT),
        (replace(FIRST, state="unknown"), Standing.UNKNOWN),
        (replace(FIRST, body_digest=b"x" * 32), Standing.DIFFERENT_BODY),
        (replace(FIRST, state="kept", body_digest=b"x" * 32), Standing.DIFFERENT_BODY),
    ],
)
def test_a_retry_is_answered_by_what_is_kept_under_its_key(held: Held, standing: Standing) -> None:
    assert standing_of(held, CLAIM, NOW + timedelta(minutes=1)) is standing


def test_a_claim_open_for_longer_than_any_call_is_of_unknown_outcome_and_not_before() -> None:
    assert standing_of(FIRST, CLAIM, NOW + LONGEST_CALL) is Standing.IN_PROGRESS
    assert standing_of(FIRST, CLAIM, NOW + LONGEST_CALL + timedelta(seconds=1)) is Standing.UNKNOWN


@dataclass
class _Store:
    """Gives these answers in turn."""

    answers: list[Held | None] = field(default_factory=list)
    expired: int = 0

    async def claim(self, claim: Claim, now: datetime) -> Held | None:
        return self.answers.pop(0)

    async def purge(self, now: datetime, at_most: int) -> int:
        gone = min(self.expired, at_most)
        self.expired -= gone
        return gone


async def test_a_key_that_was_freed_at_the_same_moment_is_claimed_at_the_next_look() -> None:
    mine = replace(FIRST, call_id=CLAIM.call_id)
    answered = await ClaimReply(_Store([None, None, mine]), SystemClock())(CLAIM)
    assert (answered.standing, answered.held) == (Standing.CLAIMED, mine)


async def test_a_key_that_changes_hands_at_each_look_is_an_error_that_may_be_tried_again() -> None:
    with pytest.raises(ClaimUnsettled) as unsettled:
        await ClaimReply(_Store([None] * 5), SystemClock())(CLAIM)
    assert unsettled.value.retry_after == 1.0


@pytest.mark.parametrize("expired", [0, 1, 500, 1234])
async def test_replies_are_purged_batch_by_batch_until_none_is_expired(expired: int) -> None:
    store = _Store(expired=expired)
    assert await PurgeReplies(store, SystemClock())() == expired
    assert store.expired == 0


def test_a_reply_is_kept_to_its_last_byte_and_one_byte_more_is_not() -> None:
    kept = claimed_reply("kept", 200, b"a: b\r\n", b"x" * LARGEST_BODY)
    assert kept is not None
    assert (kept.fate, kept.body) == (ReplyFate.KEPT, b"x" * LARGEST_BODY)
    larger = claimed_reply("kept", 200, b"a: b\r\n", b"x" * (LARGEST_BODY + 1))
    assert larger is not None
    assert (larger.fate, larger.header_lines, larger.body) == (ReplyFate.TOO_LARGE, b"", None)


def test_nothing_that_is_told_of_a_reply_keeps_its_call_from_being_settled() -> None:
    longer = claimed_reply("kept", 200, b"h" * (LONGEST_HEADER_LINES + 1), b"{}")
    assert longer is not None
    assert (longer.fate, longer.header_lines, longer.body) == (ReplyFate.TOO_LARGE, b"", None)
    assert claimed_reply("a fate of tomorrow", 200, b"", b"") is None
    left = claimed_reply("caller_left", 499, b"", b"never kept")
    assert left is not None
    assert left.body is None
