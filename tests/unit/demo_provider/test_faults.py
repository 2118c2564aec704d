"""How an answer is steered, and what a JSON schema is filled with."""

from typing import Any

import pytest

from demo_provider.answers.schema_instance import instance_of
from demo_provider.faults.rules import MAX_MS, Behaviour, Fault, steered


def test_headers_change_what_they_name_and_nothing_else() -> None:
    usual = Behaviour(latency_ms=5, pace_ms=7)
    assert steered(usual, {"x-demo-fault": "cut", "x-demo-pace-ms": "20"}) == Behaviour(5, 20, 0, Fault.CUT)


@pytest.mark.parametrize("text", ["-1", "1e9", "soon", "", "99999999999"])
def test_a_header_that_cannot_be_read_changes_nothing(text: str) -> None:
    assert steered(Behaviour(latency_ms=5), {"x-demo-latency-ms": text, "x-demo-fault": text}) == Behaviour(
        latency_ms=5
    )


def test_a_wait_is_bounded() -> None:
    assert steered(Behaviour(), {"x-demo-latency-ms": "9999999"}).latency_ms == MAX_MS


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string"}, "demo"),
        ({"type": "integer", "minimum": 3}, 3),
        ({"enum": ["b", "a"]}, "b"),
        ({"const": None}, None),
        ({"type": ["null", "string"]}, None),
        ({"anyOf": [{"type": "boolean"}, {"type": "string"}]}, False),
        ({"type": "array", "items": {"type": "string"}}, []),
        ({"type": "array", "items": {"type": "string"}, "minItems": 1}, ["demo"]),
        ({"properties": {"a": {"type": "object"}}}, {"a": {}}),
        ("nonsense", None),
        ({"type": 7}, {}),
    ],
)
def test_a_small_value_of_a_schema_is_found(schema: Any, value: Any) -> None:
    assert instance_of(schema) == value


def test_a_schema_that_goes_on_for_ever_is_cut() -> None:
    schema: dict[str, Any] = {"type": "object", "properties": {}}
    schema["properties"]["again"] = schema
    assert instance_of(schema)
