"""The outbox of a loop with much to do: all that can happen within one of its turns has time to happen."""

import asyncio

from wire.outbox import Outbox

_TURN_SECONDS = 0.005


class BusyOutbox(Outbox):
    """Writes what waits some milliseconds after the first bytes came that may have given rise to it."""

    def come_soon(self) -> None:
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_later(_TURN_SECONDS, self._turn)
