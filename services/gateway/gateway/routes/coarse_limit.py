"""A coarse limit per place of clients, counted in Valkey for all gateways; without Valkey each gateway counts alone."""

import asyncio
from dataclasses import dataclass, field

from chassis.clock import Clock
from chassis.network_place import place_of
from chassis.valkey import TIMEOUT_SECONDS, VALKEY_ERRORS, Valkey
from gateway.routes.errors import TooManyRequests
from gateway.signals import GatewaySignals

# One step, so that no counter is left without an end.
_COUNT = """
local seen = redis.call('INCR', KEYS[1])
if seen == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return seen
"""
WINDOW_MILLISECONDS = 1000
# The client fails where all its connections are in use, and the rates of calls need theirs.
_AT_ONCE = 2


@dataclass
class CoarseLimit:
    """Fails open: this limit protects the control plane's capacity, not money."""

    valkey: Valkey
    per_second: int
    signals: GatewaySignals
    clock: Clock
    degraded: bool = False
    _window: int = 0
    _seen: dict[str, int] = field(default_factory=dict[str, int])
    _room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def check(self, client_address: str) -> None:
        """Raise TooManyRequests where the address's place is over its limit."""
        window = int(self.clock.now().timestamp())
        if window != self._window:
            self._window, self._seen = window, {}
        place = place_of(client_address)
        here = self._seen[place] = self._seen.get(place, 0) + 1
        # Who is over it here is over it everywhere: however many he sends, Valkey is asked for the first few alone.
        if here > self.per_second or await self._everywhere(place, window) > self.per_second:
            self.signals.limited.inc()
            raise TooManyRequests(f"At most {self.per_second} requests a second from one address.", retry_after=1)

    async def _everywhere(self, place: str, window: int) -> int:
        """How many all gateways have seen; 0 where Valkey does not answer in time."""
        key = f"coarse:{{{place}}}:{window}"
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS), self._room:
                counting = self.valkey.eval(_COUNT, 1, key, str(WINDOW_MILLISECONDS * 2))
                seen = int(await counting)  # pyright: ignore[reportGeneralTypeIssues, reportUnknownArgumentType]
        except VALKEY_ERRORS:
            self.degraded = True
            self.signals.alone.inc()
            return 0
        self.degraded = False
        return seen
