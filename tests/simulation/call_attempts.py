"""The calls that callers make: each goes to one gateway, under an id of its own, and something becomes of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simulation.caller import Caller, CallerExchange, CallHead
from simulation.plan import PlannedCall
from simulation.shop import SECRETS, body_of

if TYPE_CHECKING:
    from simulation.gateway_process import GatewayProcess
    from simulation.world import World


@dataclass
class Attempt:
    """One call: `status` once its reply ended; `refused` where that says that a limit is reached."""

    call_id: str
    planned: PlannedCall
    caller: Caller | None = None
    status: int = 0
    body: bytes = b""

    @property
    def refused(self) -> bool:
        return self.status == 402 or (self.status == 429 and b"insufficient_quota" in self.body)


@dataclass
class CallAttempts:
    """All attempts, by id."""

    world: "World"
    all: dict[str, Attempt] = field(default_factory=dict[str, Attempt])

    def begin(self, planned: PlannedCall) -> Attempt:
        """Have a caller call now, through the gateway in its slot; without one the call fails at once."""
        world = self.world
        attempt = Attempt(f"call_{len(self.all):032x}", planned)
        self.all[attempt.call_id] = attempt
        world.vendor.planned[attempt.call_id] = planned
        gateway = world.gateways[planned.slot]
        if gateway is None or not gateway.is_up:
            attempt.status = 503
            return attempt
        gateway.process.loop.call_soon(self._arrive, gateway, attempt)
        return attempt

    def _arrive(self, gateway: "GatewayProcess", attempt: Attempt) -> None:
        planned, call_id = attempt.planned, attempt.call_id
        head = CallHead([(b"authorization", b"Bearer " + SECRETS[planned.key])])
        exchange = CallerExchange(
            *(head, gateway.process, gateway.outbox, self._last_bytes(gateway, call_id)),
            replied=lambda status: self._replied(attempt, status),
        )
        gateway.next_call_id = call_id
        receiver = gateway.door.accept(exchange)  # type: ignore[arg-type]
        attempt.caller = caller = Caller(exchange, receiver)
        gateway.process.loop.call_later(planned.patience, caller.leave)
        caller.call(body_of(planned))

    def _last_bytes(self, gateway: "GatewayProcess", call_id: str) -> Callable[[], None]:
        witness, journal = self.world.witness, gateway.journal
        return lambda: witness.reply_ended(call_id, waits_for_disk=journal.unwritten > 0)

    def _replied(self, attempt: Attempt, status: int) -> None:
        self.world.note(f"{attempt.call_id[-4:]} is answered {status}")
        attempt.status = status
        if attempt.caller is not None:
            attempt.body = attempt.caller.exchange.body
        if b"Something broke on our side" in attempt.body:
            self.world.broke(f"{attempt.call_id} met an error of ours")
