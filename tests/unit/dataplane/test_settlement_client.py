"""Ended calls as they are sent to consumption: what calls have in common is written once, the rest is their own."""

import msgspec
import pytest
from fakes.call_facts import some_facts
from google.protobuf.timestamp_pb2 import Timestamp

from dataplane.call_records import CallFacts, Outcome, Settled, Unknown
from dataplane.control_plane.settlement_client import write_ended_call
from dataplane.kept_reply import KeptReply
from dataplane.leases import Reservation
from dataplane.pricing import Price
from dataplane.usage import Usage
from marketplace.consumption.v1.replies_pb2 import KeptReply as KeptReplyMessage
from marketplace.consumption.v1.settlement_pb2 import EndedCall, ScopeCharge
from marketplace.events.v1.usage_pb2 import UsageRow

HELD = (
    Reservation("team:t:tokens", 100, "tokens", 1_800_000_000_000_000),
    Reservation("key:k:nanodollars", 7_000, "nanodollars", None),
)
FACTS = msgspec.structs.replace(some_facts(3), started_at=1_700_000_000_123_456, reservations=HELD, policy_version=4)
# Each differs from the first in one thing that messages share.
OTHERS = [
    msgspec.structs.replace(FACTS, **{name: other})
    for name, other in {
        **{name: "another" for name in CallFacts.__struct_fields__ if isinstance(getattr(FACTS, name), str)},
        "streamed": True,
        "price": Price("prc_2", 1, 1),
        "policy_version": 5,
        "reservations": (msgspec.structs.replace(HELD[0], period_ends_at=1_900_000_000_000_000), HELD[1]),
    }.items()
]


def row_of(facts: CallFacts, usage: Usage) -> UsageRow:
    """Plainly, field by field."""
    seconds, rest = divmod(facts.started_at, 1_000_000)
    return UsageRow(
        call_id=facts.call_id,
        team_id=facts.team_id,
        account_id=facts.account_id,
        key_id=facts.key_id,
        listing_id=facts.listing_id,
        listing_name=facts.listing_name,
        listing_version=facts.listing_version,
        listing_version_id=facts.listing_version_id,
        provider=facts.provider,
        model=facts.model,
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        cached_prompt_tokens=usage.cached_prompt_tokens,
        streamed=facts.streamed,
        started_at=Timestamp(seconds=seconds, nanos=rest * 1000),
        price_id=facts.price.price_id,
        policy_version=facts.policy_version,
    )


def charges_of(facts: CallFacts, spent: tuple[int, ...]) -> list[ScopeCharge]:
    return [
        ScopeCharge(
            scope_id=held.scope_id,
            reserved=held.amount,
            spent=used,
            period_ends_at=Timestamp(seconds=(held.period_ends_at or 0) // 1_000_000),
        )
        for held, used in zip(facts.reservations, spent, strict=True)
    ]


def written(record: Settled | Unknown) -> EndedCall:
    ended = EndedCall()
    write_ended_call(ended, record)
    return ended


@pytest.mark.parametrize("facts", [FACTS, *OTHERS])
def test_a_settled_call_is_sent_as_it_is(facts: CallFacts) -> None:
    usage = Usage(11, 7, 3)
    row = row_of(facts, usage)
    row.outcome, row.status, row.duration_microseconds = "caller_left", 499, 1234
    plain = Settled(facts, Outcome.CALLER_LEFT, 499, usage, None, (18, 7_000), 1234)
    assert written(plain) == EndedCall(usage=row, charges=charges_of(facts, plain.spent))
    # What the calls before it said is nowhere in it.
    row.cost_nanodollars, row.first_byte_microseconds, row.estimated = 0, 0, True
    reply = KeptReply("kept", 200, b"a: b\r\n", b"{}")
    full = msgspec.structs.replace(
        plain, cost=0, first_byte=0, reply=reply, usage=msgspec.structs.replace(usage, estimated=True)
    )
    said = KeptReplyMessage(fate="kept", status=200, header_lines=b"a: b\r\n", body=b"{}")
    assert written(full) == EndedCall(usage=row, charges=charges_of(facts, plain.spent), reply=said)
    assert written(plain) != written(full)


@pytest.mark.parametrize("estimate", [0, 25])
def test_a_call_of_unknown_end_is_charged_at_its_reservations(estimate: int) -> None:
    facts = msgspec.structs.replace(FACTS, prompt_estimate=estimate)
    row = row_of(facts, Usage(estimate))
    row.outcome, row.estimated = "unknown", True
    assert written(Unknown(facts)) == EndedCall(usage=row, charges=charges_of(facts, (100, 7_000)))
