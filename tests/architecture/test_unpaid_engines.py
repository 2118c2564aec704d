"""A process pays for no client of an engine that it does not use: none is loaded with the services themselves."""

import subprocess
import sys

import pytest

CLIENTS = ("aiokafka", "temporalio", "elasticsearch", "elastic_transport")
PARTS = ("admin.compose", "publishing.compose", "publishing.compose_worker", "discovery.compose", "consumption.compose")


@pytest.mark.parametrize("part", [*PARTS, "gateway.compose", "fleet.host"])
def test_a_service_loads_no_client_of_an_engine(part: str) -> None:
    program = f"import sys, {part}; print(*sorted(set(sys.modules) & set({CLIENTS!r})))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert loaded.stdout.split() == []


def test_a_client_that_is_loaded_would_be_seen() -> None:
    program = f"import sys, chassis.event_log.kafka_log; print(*sorted(set(sys.modules) & set({CLIENTS!r})))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert loaded.stdout.split() == ["aiokafka"]
