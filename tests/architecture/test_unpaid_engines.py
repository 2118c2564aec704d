"""A process pays for no client of an engine that it does not use: none is loaded with the services themselves."""

import json
import subprocess
import sys

CLIENTS = ("aiokafka", "temporalio", "elasticsearch", "elastic_transport")
PARTS = (
    *("admin.compose", "publishing.compose", "publishing.compose_worker", "discovery.compose", "consumption.compose"),
    *("gateway.compose", "fleet.host"),
)
# One process loads one part after the other, which costs what they share once; the first to load a client is named.
PROGRAM = """
import importlib, json, sys
parts, clients = json.loads(sys.argv[1])
blamed = {}
for part in parts:
    importlib.import_module(part)
    blamed |= {client: part for client in clients if client in sys.modules and client not in blamed}
print(json.dumps(blamed))
"""


def loaded_by(*parts: str) -> dict[str, str]:
    """The clients that are loaded with these parts, each with the first part that loads it."""
    command = [sys.executable, "-c", PROGRAM, json.dumps([parts, CLIENTS])]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout)


def test_no_service_loads_a_client_of_an_engine() -> None:
    assert loaded_by(*PARTS) == {}


def test_a_client_that_is_loaded_is_seen_with_who_loads_it() -> None:
    assert loaded_by("chassis.errors", "chassis.event_log.kafka_log") == {"aiokafka": "chassis.event_log.kafka_log"}
