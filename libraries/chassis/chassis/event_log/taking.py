"""How one event takes effect: in a savepoint, tried again when it fails, set aside when it fails for good."""

import logging
from dataclasses import dataclass, field

from chassis.database.errors import driver_errors_translated, passes_by_itself
from chassis.database.transaction import Transaction
from chassis.event_log.port import Consumer, EventFailed, RecordedEvent

# Between the tries of an event: what passes by itself without saying so mostly does within half a minute.
PAUSES_SECONDS = (0.2, 1.0, 5.0, 15.0)
_log = logging.getLogger("event_log")


@dataclass
class Taking:
    """Counts the failures of one process; the same for every way that events come."""

    _failures: dict[tuple[str, str, int], int] = field(default_factory=dict[tuple[str, str, int], int])

    async def take(
        self, transaction: Transaction, consumer: Consumer, event: RecordedEvent, aside: set[str]
    ) -> EventFailed | None:
        """What stops the group at the event; None where it took effect, or failed so often that it is set aside.

        `aside` are the keys of what the group has set aside: an event of one of them follows unread, and the key of one
        that is set aside now is added. Raises what will pass by itself: then nothing of the transaction holds.
        """
        if event.key in aside and event.type in consumer.handlers:
            await _put_aside(transaction, consumer, event, "behind an earlier event of its key", 0)
            return None
        place = (consumer.group, event.topic, event.position)
        failures = self._failures.get(place, 0) + 1
        failure = await _failure(transaction, consumer, event, failures)
        if failure is not None and failures < consumer.tries:
            self._failures[place] = failures
            return EventFailed(event, PAUSES_SECONDS[min(failures, len(PAUSES_SECONDS)) - 1])
        self._failures.pop(place, None)
        if failure is not None:
            await _put_aside(transaction, consumer, event, _reason(failure), failures)
            aside.add(event.key)
        return None


async def keys_set_aside(transaction: Transaction, consumer: Consumer) -> set[str]:
    """The keys of what the group has set aside and not taken since."""
    rows = await transaction.fetch(
        "SELECT key FROM events.keys_set_aside($1, $2) AS key", consumer.group, consumer.topic
    )
    return {row["key"] for row in rows}


async def take_again(transaction: Transaction, consumer: Consumer, event: RecordedEvent, tries: int) -> bool:
    """Whether an event that was set aside takes effect now; else it stays, with its new reason and so many tries.

    Raises what will pass by itself.
    """
    failure = await _failure(transaction, consumer, event, tries)
    if failure is not None:
        await _put_aside(transaction, consumer, event, _reason(failure), tries)
        return False
    await transaction.execute("SELECT events.mark_replayed($1, $2, $3)", consumer.group, event.topic, event.position)
    return True


async def _failure(transaction: Transaction, consumer: Consumer, event: RecordedEvent, tries: int) -> Exception | None:
    """Why the event took no effect; None where it did. Raises what will pass by itself."""
    try:
        with driver_errors_translated():
            async with transaction.savepoint():
                await _apply(transaction, consumer, event)
    except Exception as error:
        if passes_by_itself(error):
            raise
        _log.exception("%s failed on %s %s, try %d", consumer.group, event.type, event.id, tries)
        return error
    return None


async def _put_aside(
    transaction: Transaction, consumer: Consumer, event: RecordedEvent, reason: str, tries: int
) -> None:
    place = (consumer.group, event.topic, event.position)
    await transaction.execute(
        "SELECT events.put_aside($1, $2, $3, $4, $5, $6)",
        *(*place, event.id, reason, tries),
    )


def _reason(failure: Exception) -> str:
    return f"{type(failure).__name__}: {failure}"[:500]


async def _apply(transaction: Transaction, consumer: Consumer, event: RecordedEvent) -> None:
    """Let the handler of the event's type do its deed; a type without one is passed over."""
    handler = consumer.handlers.get(event.type)
    if handler is not None:
        await handler(transaction, event)
