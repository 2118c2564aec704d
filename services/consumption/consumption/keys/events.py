"""The facts about keys, as events."""

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from chassis.event_log.port import Event
from consumption.keys.rules import Key
from marketplace.events.v1 import key_pb2

TOPIC = "marketplace.key.v1"
CREATED = key_pb2.KeyCreated.DESCRIPTOR.full_name
CHANGED = key_pb2.KeyChanged.DESCRIPTOR.full_name
REVOKED = key_pb2.KeyRevoked.DESCRIPTOR.full_name


def key_created(key: Key, event_id: str) -> Event:
    """A key was made."""
    fact = key_pb2.KeyCreated(key_id=key.key_id, team_id=key.team_id, account_id=key.account_id, name=key.name)
    fact.created_at.FromDatetime(key.created_at)
    return _event(event_id, key, CREATED, key.created_at, fact.SerializeToString())


def key_changed(key: Key, event_id: str, now: datetime) -> Event:
    """A key's bounds changed."""
    fact = key_pb2.KeyChanged(key_id=key.key_id, team_id=key.team_id)
    return _event(event_id, key, CHANGED, now, fact.SerializeToString())


def key_revoked(key: Key, event_id: str, now: datetime) -> Event:
    """A key ended."""
    at = Timestamp()
    at.FromDatetime(now)
    fact = key_pb2.KeyRevoked(key_id=key.key_id, team_id=key.team_id, revoked_at=at)
    return _event(event_id, key, REVOKED, now, fact.SerializeToString())


def _event(event_id: str, key: Key, kind: str, time: datetime, data: bytes) -> Event:
    return Event(event_id, TOPIC, key.key_id, kind, "consumption", time, data)
