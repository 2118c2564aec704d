"""How long a process that carries calls may take to end: as long as its calls may go on, and what follows them."""

import math
from collections.abc import Mapping

# The default of GATEWAY_DRAIN_SECONDS and of CONSUMPTION_DRAIN_SECONDS; a test keeps them in step.
_DRAIN_SECONDS = 3.0
# A second to settle what was cut, and half of one to close the rest.
_AFTERWARDS = 1.5


def drained_within(service: str, inherited: Mapping[str, str]) -> float:
    """Seconds from SIGTERM to SIGKILL for a process of this service, after the variable that the shell set for it."""
    # The services' settings take their variables in either case.
    found = {name.upper(): value for name, value in inherited.items()}
    drain = _number(found.get(f"{service.upper()}_DRAIN_SECONDS", ""))
    return drain + _AFTERWARDS


def _number(text: str) -> float:
    """The default for what is no number of seconds: the service itself refuses it at its start, and says why."""
    try:
        found = float(text)
    except ValueError:
        return _DRAIN_SECONDS
    return found if math.isfinite(found) and found >= 0 else _DRAIN_SECONDS
