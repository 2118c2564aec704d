"""A coarse limit per client address, counted in Valkey for all gateways; without Valkey requests pass."""

from dataclasses import dataclass

from chassis.clock import Clock
from chassis.valkey import VALKEY_ERRORS, Valkey
from gateway.routes.errors import TooManyRequests
from gateway.signals import GatewaySignals

# One step, so that no counter is left without an end.
_COUNT = """
local seen = redis.call('INCR', KEYS[1])
if seen == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return seen
"""
WINDOW_MILLISECONDS = 1000


@dataclass
class CoarseLimit:
    """Fails open: this limit protects the control plane's capacity, not money."""

    valkey: Valkey
    per_second: int
    signals: GatewaySignals
    clock: Clock
    degraded: bool = False

    async def check(self, client_address: str) -> None:
        """Raise TooManyRequests where the address is over its limit."""
        window = int(self.clock.now().timestamp())
        try:
            counting = self.valkey.eval(
                _COUNT, 1, f"coarse:{{{client_address}}}:{window}", str(WINDOW_MILLISECONDS * 2)
            )
            seen = int(await counting)  # pyright: ignore[reportGeneralTypeIssues, reportUnknownArgumentType]
        except VALKEY_ERRORS:
            self.degraded = True
            self.signals.unlimited.inc()
            return
        self.degraded = False
        if seen > self.per_second:
            self.signals.limited.inc()
            raise TooManyRequests(f"At most {self.per_second} requests a second from one address.", retry_after=1)
