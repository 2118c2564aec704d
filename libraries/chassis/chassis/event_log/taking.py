"""How one event takes effect: in a savepoint, tried again when it fails, set aside when it fails for good."""

import logging
from dataclasses import dataclass, field

from chassis.database.errors import driver_errors_translated, passes_by_itself
from chassis.database.transaction import Transaction
from chassis.event_log.port import Consumer, RecordedEvent

_log = logging.getLogger("event_log")


@dataclass
class Taking:
    """Counts the failures of one process; the same for every way that events come."""

    _failures: dict[tuple[str, str, int], int] = field(default_factory=dict[tuple[str, str, int], int])

    async def take(self, transaction: Transaction, consumer: Consumer, event: RecordedEvent) -> bool:
        """Whether the group may go on after the event: it took effect, or failed so often that it is set aside.

        Raises what will pass by itself: then nothing of the transaction holds.
        """
        place = (consumer.group, event.topic, event.position)
        try:
            with driver_errors_translated():
                async with transaction.savepoint():
                    await apply(transaction, consumer, event)
        except Exception as error:
            if passes_by_itself(error):
                raise
            failures = self._failures.get(place, 0) + 1
            self._failures[place] = failures
            _log.exception("%s failed on %s %s, try %d", consumer.group, event.type, event.id, failures)
            if failures < consumer.tries:
                return False
            await transaction.execute(
                "SELECT events.put_aside($1, $2, $3, $4, $5, $6)",
                *(*place, event.id, f"{type(error).__name__}: {error}"[:500], failures),
            )
        self._failures.pop(place, None)
        return True


async def apply(transaction: Transaction, consumer: Consumer, event: RecordedEvent) -> None:
    """Let the handler of the event's type do its deed; a type without one is passed over."""
    handler = consumer.handlers.get(event.type)
    if handler is not None:
        await handler(transaction, event)
