"""The ten phases of a publication: their names, and the table of what each does, undoes, may take and tries again."""

from datetime import timedelta

from chassis.durable_runs.phases import Phase, PhaseBody
from chassis.durable_runs.retry import Retry

AUTHENTICATION = "authentication"
VALIDATION = "validation"
POLICY_CHECK = "policy_check"
REGISTRY_SYNC = "registry_sync"
TESTING = "testing"
APPROVAL = "approval"
INDEXING = "indexing"
EVENTS = "events"
ANALYTICS = "analytics"
COMPLETION = "completion"
PHASE_NAMES = (
    AUTHENTICATION, VALIDATION, POLICY_CHECK, REGISTRY_SYNC, TESTING, APPROVAL, INDEXING, EVENTS, ANALYTICS, COMPLETION,
)  # fmt: skip

# A service or a database that restarts is waited for, about ten minutes in all.
PATIENT = Retry(attempts=40)
# Each attempt of an observation polls by itself for ten seconds and more.
WATCHFUL = Retry(attempts=12)
# Each attempt may make all the calls of a test, which somebody pays for: few, over two minutes.
SPARING = Retry(attempts=6, first_delay=timedelta(seconds=5), longest_delay=timedelta(minutes=1))
# What testing may take beside its calls, so that it ends by itself before its phase's time does.
_BESIDE_THE_CALLS = 30


def publication_phases(approval: PhaseBody, indexing: PhaseBody, testing: timedelta) -> list[Phase]:
    """Name, do, undo, time-out, retry; read from top to bottom. Two phases take several steps, given as coroutines.

    `testing` is the longest that all calls of a test may take.
    """
    return [
        _phase(AUTHENTICATION, activity_of(AUTHENTICATION), 10, PATIENT),
        _phase(VALIDATION, activity_of(VALIDATION), 90, PATIENT),
        _phase(POLICY_CHECK, activity_of(POLICY_CHECK), 10, PATIENT),
        _phase(REGISTRY_SYNC, activity_of(REGISTRY_SYNC), 10, PATIENT),
        _phase(TESTING, activity_of(TESTING), testing.total_seconds() + _BESIDE_THE_CALLS, SPARING),
        _phase(APPROVAL, approval, 10, PATIENT),
        _phase(INDEXING, indexing, 10, PATIENT),
        _phase(EVENTS, activity_of(EVENTS), 60, WATCHFUL),
        _phase(ANALYTICS, activity_of(ANALYTICS), 60, WATCHFUL),
        _phase(COMPLETION, activity_of(COMPLETION), 10, PATIENT),
    ]


def activity_of(phase: str) -> str:
    """The activity that does a phase, or the first step of it."""
    return f"do.{phase}"


def _phase(name: str, do: str | PhaseBody, seconds: float, retry: Retry) -> Phase:
    return Phase(name, do, f"undo.{name}", timedelta(seconds=seconds), retry)
