"""An event as a Kafka message: CloudEvents 1.0 in binary mode.

Its place in the log is in two extensions: `sequence`, the position, and `logid`, which log it is.
"""

from collections.abc import Sequence
from datetime import datetime

from chassis.clock import rfc3339
from chassis.errors import MarketplaceError
from chassis.event_log.port import RecordedEvent

Headers = Sequence[tuple[str, bytes]]
_CONTENT_TYPE = b"application/protobuf"


class NotAnEvent(MarketplaceError):
    """A message in one of our topics that the relay of this log has not written."""

    code = "not_an_event"


def headers_of(event: RecordedEvent, log_id: str) -> Headers:
    """The attributes of the event."""
    attributes = {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "subject": event.key,
        "time": rfc3339(event.time),
        "sequence": str(event.position),
        "logid": log_id,
    }
    return [("content-type", _CONTENT_TYPE), *((f"ce_{name}", text.encode()) for name, text in attributes.items())]


def event_of(topic: str, log_id: str, headers: Headers, data: bytes) -> RecordedEvent:
    """The event in a message. Raises NotAnEvent."""
    said = {name: value for name, value in headers if name.startswith("ce_")}
    if said.get("ce_logid") != log_id.encode():
        raise NotAnEvent(f"A message in {topic} is of another log.")
    try:
        return RecordedEvent(
            id=said["ce_id"].decode(),
            topic=topic,
            key=said["ce_subject"].decode(),
            type=said["ce_type"].decode(),
            source=said["ce_source"].decode(),
            time=datetime.fromisoformat(said["ce_time"].decode()),
            data=data,
            position=int(said["ce_sequence"]),
        )
    except (KeyError, ValueError) as error:
        raise NotAnEvent(f"A message in {topic} is no CloudEvent of ours: {type(error).__name__}.") from error
