"""Keys end with the team that made them."""

from chassis.database.transaction import Transaction
from chassis.event_log.port import Consumer, RecordedEvent
from consumption.keys.ports import TeamKeys
from marketplace.events.v1 import identity_pb2


def key_ending_consumer(keys: TeamKeys) -> Consumer:
    """`marketplace.identity.v1` into the keys: those of an archived team are revoked."""

    async def on_archived(transaction: Transaction, event: RecordedEvent) -> None:
        team_id = identity_pb2.TeamArchived.FromString(event.data).team_id
        await keys.end_all(transaction, team_id, event.time)

    return Consumer(
        group="consumption.keys",
        topic="marketplace.identity.v1",
        handlers={identity_pb2.TeamArchived.DESCRIPTOR.full_name: on_archived},
    )
