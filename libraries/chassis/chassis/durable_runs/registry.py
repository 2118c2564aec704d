"""What a worker can run: workflows by name and version, activities by name."""

from dataclasses import dataclass, field

from chassis.durable_runs.errors import UnknownActivity, UnknownWorkflow
from chassis.durable_runs.port import Activity, Workflow, WorkflowRef


@dataclass
class RunRegistry:
    """Filled by compose, read by the worker; a name is given once."""

    workflows: dict[str, Workflow] = field(default_factory=dict[str, Workflow])
    activities: dict[str, Activity] = field(default_factory=dict[str, Activity])

    def add_workflow(self, ref: WorkflowRef, workflow: Workflow) -> None:
        """Register a workflow; old versions stay registered until their last run has ended."""
        if str(ref) in self.workflows:
            raise ValueError(f"workflow {ref} is registered twice; give the second a name or version of its own")
        self.workflows[str(ref)] = workflow

    def add_activity(self, name: str, activity: Activity) -> None:
        """Register an activity; it must be safe to run twice, because a crash may hide that it ended."""
        if name in self.activities:
            raise ValueError(f"activity {name} is registered twice; give the second a name of its own")
        self.activities[name] = activity

    def workflow(self, ref: str) -> Workflow:
        """The workflow registered as `name@version`."""
        if ref not in self.workflows:
            raise UnknownWorkflow(
                f"workflow {ref} is not registered in this build; register it in the worker's compose"
            )
        return self.workflows[ref]

    def activity(self, name: str) -> Activity:
        """The activity registered under this name."""
        if name not in self.activities:
            raise UnknownActivity(
                f"activity {name} is not registered in this build; register it in the worker's compose"
            )
        return self.activities[name]
