"""What the simulated processes are made of: the real parts, in whose place a test may put a faulty one."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from simulation.lease_model import LeaseModel
from simulation.settlement_model import SettlementModel

from dataplane.call_ledger import CallLedger
from dataplane.lease_keeper import LeaseKeeper
from dataplane.leases import LeaseBook
from dataplane.recall_answers import RecallAnswers
from dataplane.settlement import replay


@dataclass(frozen=True)
class Seams:
    """One class or function for each place."""

    lease_book: type[LeaseBook] = LeaseBook
    call_ledger: type[CallLedger] = CallLedger
    lease_keeper: type[LeaseKeeper] = LeaseKeeper
    recall_answers: type[RecallAnswers] = RecallAnswers
    replay: Callable[..., Awaitable[int]] = replay
    lease_model: type[LeaseModel] = LeaseModel
    settlement_model: type[SettlementModel] = SettlementModel
