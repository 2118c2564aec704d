"""Under `make test-compiled` the gateway of the journeys runs on the compiled modules, not on copies beside them."""

from pathlib import Path

import pytest
from fixtures.compiled_calls import ARE_COMPILED
from fixtures.running_fleet import RunningFleet

pytestmark = pytest.mark.skipif(not ARE_COMPILED, reason="nothing is compiled here")


def test_the_gateway_runs_on_the_compiled_modules(running_fleet: RunningFleet) -> None:
    mapped = Path("/proc", str(running_fleet.pid("gateway")), "maps").read_text()
    assert "calls__mypyc" in mapped
