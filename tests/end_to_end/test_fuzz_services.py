"""Bad input at every operation of each service's own OpenAPI document, with tokens and without.

All of schemathesis's checks and phases, 20 examples an operation, the seed in fuzz.toml; less for those who are nobody.
FUZZ_EXAMPLES: so many.
"""

from pathlib import Path

import pytest
from fixtures.fuzzed_documents import CALLS, FEWER, STAYING, check
from fixtures.fuzzed_fleet import FuzzedFleet

pytestmark = pytest.mark.fleet_fuzz
SERVICES = ["admin", "publishing", "discovery", "consumption"]


@pytest.mark.parametrize("service", SERVICES)
def test_no_input_of_a_publisher_breaks_a_service(fuzzed_fleet: FuzzedFleet, tmp_path: Path, service: str) -> None:
    people = fuzzed_fleet.people("publisher", "stranger")
    check(fuzzed_fleet, tmp_path, service, people, *STAYING, "--exclude-tag", CALLS)


@pytest.mark.parametrize("service", SERVICES)
def test_nobody_s_input_breaks_a_service(fuzzed_fleet: FuzzedFleet, tmp_path: Path, service: str) -> None:
    check(fuzzed_fleet, tmp_path, service, {}, *FEWER)


def test_no_input_breaks_the_calls_at_consumption_s_own_door(fuzzed_fleet: FuzzedFleet, tmp_path: Path) -> None:
    key = {"key": f"Bearer {fuzzed_fleet.key}"}
    check(fuzzed_fleet, tmp_path, "consumption", key, "--include-tag", CALLS, *FEWER)
