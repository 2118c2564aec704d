"""What can go wrong with a run, by name."""

from chassis.errors import Conflict, ErrorKind, MarketplaceError, NotFound


class StepFailed(MarketplaceError):
    """A step failed for good: the workflow may undo what was done before it.

    `key` is the step's, `cause_code` and `cause_kind` are those of the activity's own error.
    """

    code = "step_failed"

    def __init__(
        self, code: str, message: str, *, key: str = "", kind: ErrorKind = ErrorKind.INTERNAL, **details: object
    ) -> None:
        super().__init__(message)
        self.details = details
        self.key = key
        self.cause_code = code
        self.cause_kind = kind


class RunCancelled(MarketplaceError):
    """Somebody cancelled the run: raised once in the workflow, whose later steps work again so that it can undo."""

    code = "run_cancelled"
    kind = ErrorKind.CONFLICT


class NonDeterministicRun(MarketplaceError):
    """The workflow asked for other steps than the run recorded: its code changed under a run in progress."""

    code = "non_deterministic_run"


class StepKeyReused(MarketplaceError):
    """A workflow used one step key twice; a key must be unique in its run."""

    code = "step_key_reused"


class RunNotFound(NotFound):
    """No run has this id."""

    code = "run_not_found"


class RunIdTaken(Conflict):
    """The id belongs to a run of another workflow."""

    code = "run_id_taken"


class UnknownWorkflow(MarketplaceError):
    """The registry of this build does not hold the workflow."""

    code = "unknown_workflow"


class UnknownActivity(MarketplaceError):
    """The registry of this build does not hold the activity."""

    code = "unknown_activity"


class ExecutorIdInUse(Conflict):
    """Another live worker has the same executor id; both would run the same steps."""

    code = "executor_id_in_use"


class WorkerLost(MarketplaceError):
    """This worker can no longer promise to run each step once: end the process and start it again."""

    code = "run_worker_lost"
    kind = ErrorKind.UNAVAILABLE
