"""What `python -m <service> ...` does: run a part of the service, or print its settings."""

from collections.abc import Mapping, Sequence

from chassis.lifecycle import UnitFactory, run
from chassis.settings import ProcessSettings


def run_service(arguments: Sequence[str], settings: type[ProcessSettings], parts: Mapping[str, UnitFactory]) -> int:
    """Run the part that the command line names; the exit code of the process."""
    wanted = arguments[1] if len(arguments) == 2 else ""
    if wanted == "settings":
        for name, default, description in settings.table():
            print(f"{name:40} {default:20} {description}")
        return 0
    if wanted not in parts:
        print(f"usage: python -m {settings.__module__.split('.')[0]} {' | '.join([*parts, 'settings'])}")
        return 2
    return run([parts[wanted]])
