"""The facts about keys, as events."""

from datetime import datetime

from chassis.event_log.port import Event
from consumption.facts import KEY_TOPIC, event_of
from consumption.keys.ports import Deed
from consumption.keys.rules import Key
from marketplace.events.v1 import key_pb2

TOPIC = KEY_TOPIC
CHANGED = key_pb2.KeyChanged.DESCRIPTOR.full_name
REVOKED = key_pb2.KeyRevoked.DESCRIPTOR.full_name
ROTATED = key_pb2.KeyRotated.DESCRIPTOR.full_name


def key_created(key: Key, actor: str) -> Event:
    """A key was made."""
    fact = key_pb2.KeyCreated(
        key_id=key.key_id,
        team_id=key.team_id,
        account_id=key.account_id,
        name=key.name,
        actor=actor,
        access_request_id=key.access_request_id or "",
    )
    fact.created_at.FromDatetime(key.created_at)
    return event_of(TOPIC, key.key_id, fact, key.created_at)


def key_changed(key: Key, deed: Deed, changed: list[str]) -> Event:
    """A key's name or bounds changed."""
    fact = key_pb2.KeyChanged(key_id=key.key_id, team_id=key.team_id, actor=deed.actor, changed=changed)
    return event_of(TOPIC, key.key_id, fact, deed.now)


def key_rotated(key: Key, deed: Deed, previous_ends_at: datetime) -> Event:
    """A key has its next secret."""
    fact = key_pb2.KeyRotated(key_id=key.key_id, team_id=key.team_id, actor=deed.actor, generation=key.generation + 1)
    fact.previous_ends_at.FromDatetime(previous_ends_at)
    return event_of(TOPIC, key.key_id, fact, deed.now)


def key_revoked(key: Key, deed: Deed) -> Event:
    """A key ended."""
    fact = key_pb2.KeyRevoked(key_id=key.key_id, team_id=key.team_id, actor=deed.actor)
    fact.revoked_at.FromDatetime(deed.now)
    return event_of(TOPIC, key.key_id, fact, deed.now)
