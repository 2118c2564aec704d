"""What the event log lets each service do: who appends to a topic, who reads it, and by which functions."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TopicGrant:
    """What a service may do with a topic; the relay reads every one."""

    topic: str
    appended_by: tuple[str, ...]
    read_by: tuple[str, ...]


TOPICS: tuple[TopicGrant, ...] = (
    TopicGrant("marketplace.listing.v1", ("publishing",), ("publishing", "discovery", "consumption", "admin")),
    TopicGrant("marketplace.usage.v1", ("consumption",), ("consumption", "discovery", "admin")),
    TopicGrant("marketplace.key.v1", ("consumption",), ("consumption", "admin")),
    TopicGrant("marketplace.access.v1", ("consumption",), ("consumption", "admin")),
    TopicGrant("marketplace.sla.v1", ("consumption",), ("consumption", "admin")),
    TopicGrant("marketplace.invoice.v1", ("consumption",), ("consumption", "admin")),
    TopicGrant("marketplace.ledger.v1", ("consumption",), ("consumption", "admin")),
    TopicGrant("marketplace.approval.v1", ("admin",), ("admin", "publishing", "consumption")),
    TopicGrant("marketplace.policy.v1", ("admin",), ("admin",)),
    TopicGrant("marketplace.identity.v1", ("admin",), ("admin", "publishing", "discovery", "consumption")),
    TopicGrant("marketplace.interaction.v1", ("discovery",), ("discovery", "admin")),
)

# The doors of the log. Everything else in its schema is closed to services.
EVENT_DOORS = (
    "append",
    "sequence_arrivals",
    "read",
    "head",
    "lock_cursor",
    "move_cursor",
    "put_aside",
    "list_set_aside",
    "mark_replayed",
    "count_set_aside",
    "next_set_aside",
    "keys_set_aside",
    "groups_behind",
    "lag",
    "read_untaken",
    "first_untaken",
    "lock_lanes",
    "move_lanes",
    "keep_offsets",
    "offsets",
    "settle_partitions",
    "log_id",
)
