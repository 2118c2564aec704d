"""The frames of a journal as settlement takes them: all that they say, or a refusal of the whole batch."""

from datetime import UTC, datetime

import pytest
from fakes.call_facts import some_facts, some_settled
from msgspec.structs import replace

from chassis.errors import InvalidInput
from consumption.settlement.journal_ends import MAX_ENDS, ends_of
from consumption.settlement.rules import Charge, ClaimedReply, LeaseReturn, ReplyFate, UnmadeCall, UsageRow
from dataplane.call_records import EndRecord, Opened, Outcome, Returned, Settled, Unknown, Unmade
from dataplane.journal_frames import frame
from dataplane.kept_reply import KeptReply
from dataplane.reservation import Reservation
from dataplane.settlement import holder_name
from dataplane.usage import Usage

MONTH_END, EPOCH = datetime(2027, 1, 15, 8, 0, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC)
HELD = (
    Reservation("team:t:tokens", 100, "tokens", 1_800_000_000_000_000),
    Reservation("key:k:nanodollars", 7_000, "nanodollars", None),
)
FACTS = replace(some_facts(3), started_at=1_700_000_000_123_456, reservations=HELD, policy_version=4, streamed=True)
ROW = UsageRow(
    call_id="call_3",
    started_at=datetime(2023, 11, 14, 22, 13, 20, 123_456, tzinfo=UTC),
    team_id="team_1",
    account_id="acc_1",
    key_id="key_1",
    listing_id="lst_1",
    listing_version_id="ver_1",
    listing_name="acme/echo",
    listing_version="1.0.0",
    provider="demo",
    model="vendor-echo",
    prompt_tokens=11,
    cached_prompt_tokens=3,
    completion_tokens=7,
    cost=None,
    price_id="prc_1",
    outcome="caller_left",
    estimated=False,
    streamed=True,
    status=499,
    duration=1234,
    first_byte=None,
    policy_version=4,
)
SETTLED = Settled(FACTS, Outcome.CALLER_LEFT, 499, Usage(11, 7, 3), None, (18, 7_500), 1234)
HOLDER = holder_name(7)


def frames_of(*records: EndRecord | Opened, incarnation: int = 7) -> bytes:
    return b"".join(frame(record, incarnation) for record in records)


def test_a_settled_call_is_taken_as_it_is() -> None:
    (call,) = ends_of(HOLDER, frames_of(SETTLED)).calls
    charges = (
        Charge("team:t:tokens", 100, 18, MONTH_END),
        Charge("key:k:nanodollars", 7_000, 7_500, EPOCH),
    )
    assert (call.usage, call.charges, call.reply) == (ROW, charges, None)
    reply = KeptReply("kept", 200, b"a: b\r\n", b"{}")
    full = replace(SETTLED, cost=0, first_byte=0, reply=reply, usage=Usage(11, 7, 3, estimated=True))
    (call,) = ends_of(HOLDER, frames_of(full)).calls
    assert call.usage == replace(ROW, cost=0, first_byte=0, estimated=True)
    assert call.reply == ClaimedReply(ReplyFate.KEPT, 200, b"a: b\r\n", b"{}")
    at_a_guess = replace(SETTLED, facts=replace(FACTS, price_estimated=True))
    assert ends_of(HOLDER, frames_of(at_a_guess)).calls[0].usage.estimated


@pytest.mark.parametrize("estimate", [0, 25])
def test_a_call_of_unknown_end_is_charged_at_its_reservations(estimate: int) -> None:
    (call,) = ends_of(HOLDER, frames_of(Unknown(replace(FACTS, prompt_estimate=estimate)))).calls
    tokens = {"prompt_tokens": estimate, "completion_tokens": 0, "cached_prompt_tokens": 0}
    assert call.usage == replace(ROW, **tokens, outcome="unknown", estimated=True, status=0, duration=0)
    assert [(charge.reserved, charge.spent) for charge in call.charges] == [(100, 100), (7_000, 7_000)]


def test_ends_of_each_kind_come_together_and_in_order() -> None:
    records = [some_settled(1), Returned("ret_1", HELD), Unmade("team_1", "call_9"), some_settled(2), some_settled(1)]
    ends = ends_of(HOLDER, frames_of(*records))
    assert [call.usage.call_id for call in ends.calls] == ["call_1", "call_2", "call_1"]
    assert ends.returns == [
        LeaseReturn("ret_1", (("team:t:tokens", MONTH_END, 100), ("key:k:nanodollars", EPOCH, 7_000)))
    ]
    assert ends.unmade == [UnmadeCall("team_1", "call_9")]
    assert not ends_of(HOLDER, b"").calls


@pytest.mark.parametrize(
    ("holder", "data"),
    [
        ("", frames_of(SETTLED)),
        ("h1", frames_of(SETTLED)),
        ("7", frames_of(SETTLED)),
        (holder_name(8), frames_of(SETTLED)),
        (HOLDER, frames_of(SETTLED)[:-1]),
        (HOLDER, frames_of(SETTLED, incarnation=8)),
        (HOLDER, frames_of(Opened(FACTS))),
        (HOLDER, frames_of(replace(SETTLED, spent=(18,)))),
        (HOLDER, frames_of(replace(SETTLED, spent=(18, 2**63)))),
        (HOLDER, frames_of(*[Unmade("team_1", "call_9")] * (MAX_ENDS + 1))),
    ],
)
def test_a_batch_that_is_not_what_it_should_be_is_refused_as_a_whole(holder: str, data: bytes) -> None:
    with pytest.raises(InvalidInput):
        ends_of(holder, data)
    with pytest.raises(InvalidInput):
        ends_of(holder, frames_of(some_settled(1)) + data)
