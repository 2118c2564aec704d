"""The fact that calls were counted: one event for each team in a batch."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from chassis.event_log.port import Event
from chassis.ids import new_id
from consumption.settlement.rules import EndedCall, UsageRow
from marketplace.events.v1 import usage_pb2

_EPOCH, _DAY = datetime(1970, 1, 1, tzinfo=UTC), 86_400
TOPIC = "marketplace.usage.v1"
RECORDED = usage_pb2.UsageRecorded.DESCRIPTOR.full_name


def usage_recorded(calls: Sequence[EndedCall], now: datetime) -> list[Event]:
    """Events keyed by team."""
    by_team: dict[str, usage_pb2.UsageRecorded] = defaultdict(usage_pb2.UsageRecorded)
    for call in calls:
        _add(by_team[call.usage.team_id], call.usage)
    return [
        Event(
            id=new_id("evt", now),
            topic=TOPIC,
            key=team_id,
            type=RECORDED,
            source="consumption",
            time=now,
            data=recorded.SerializeToString(),
        )
        for team_id, recorded in sorted(by_team.items(), key=lambda item: item[0])
    ]


def _add(recorded: usage_pb2.UsageRecorded, usage: UsageRow) -> None:
    # Made in its place and all at once: a message that is filled elsewhere would be copied here.
    since = usage.started_at - _EPOCH
    recorded.rows.add(
        call_id=usage.call_id,
        started_at=Timestamp(seconds=since.days * _DAY + since.seconds, nanos=since.microseconds * 1000),
        team_id=usage.team_id,
        account_id=usage.account_id,
        key_id=usage.key_id,
        listing_id=usage.listing_id,
        listing_version_id=usage.listing_version_id,
        listing_name=usage.listing_name,
        listing_version=usage.listing_version,
        provider=usage.provider,
        model=usage.model,
        prompt_tokens=usage.prompt_tokens,
        cached_prompt_tokens=usage.cached_prompt_tokens,
        completion_tokens=usage.completion_tokens,
        cost_nanodollars=usage.cost,
        price_id=usage.price_id,
        outcome=usage.outcome,
        estimated=usage.estimated,
        streamed=usage.streamed,
        status=usage.status,
        duration_microseconds=usage.duration,
        first_byte_microseconds=usage.first_byte,
        policy_version=usage.policy_version,
    )
