"""A clock that stands."""

from datetime import datetime

from chassis.clock import SystemClock


class FrozenClock(SystemClock):
    """Always the moment at which it was made."""

    def __init__(self) -> None:
        self._now = super().now()

    def now(self) -> datetime:
        return self._now
