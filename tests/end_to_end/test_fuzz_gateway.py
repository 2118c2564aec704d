"""Bad input at every operation of the gateway's document, which joins all services and the calls.

All of schemathesis's checks; all its phases and 20 examples where no service has the operation in its own document, and
less of the rest. FUZZ_EXAMPLES: so many.
"""

from pathlib import Path

import pytest
from fixtures.fuzzed_documents import CALLS, FEWER, LEAVING, STAYING, check
from fixtures.fuzzed_fleet import FuzzedFleet
from fixtures.marketplace_people import new_person

pytestmark = pytest.mark.fleet_fuzz


def test_nobody_s_input_breaks_the_gateway(fuzzed_fleet: FuzzedFleet, tmp_path: Path) -> None:
    check(fuzzed_fleet, tmp_path, "gateway", {}, *FEWER)


def test_no_input_of_a_publisher_breaks_the_gateway(fuzzed_fleet: FuzzedFleet, tmp_path: Path) -> None:
    people = fuzzed_fleet.people("publisher", "stranger")
    check(fuzzed_fleet, tmp_path, "gateway", people, *STAYING, "--exclude-tag", CALLS, *FEWER)


def test_no_input_breaks_the_calls(fuzzed_fleet: FuzzedFleet, tmp_path: Path) -> None:
    check(fuzzed_fleet, tmp_path, "gateway", {"key": f"Bearer {fuzzed_fleet.key}"}, "--include-tag", CALLS)


def test_no_input_breaks_what_ends_a_session(fuzzed_fleet: FuzzedFleet, tmp_path: Path) -> None:
    leaver = new_person(fuzzed_fleet.fleet, fuzzed_fleet.governor, "leavers")
    tokens = {"leaver": leaver.headers["authorization"]}
    check(fuzzed_fleet, tmp_path, "gateway", tokens, "--include-path-regex", LEAVING)
