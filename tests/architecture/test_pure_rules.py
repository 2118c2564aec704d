"""rules.py is true without a computer: nothing asynchronous, no I/O, no clock, no dice."""

import ast
from collections.abc import Iterator, Sequence

import pytest
from architecture.source_tree import SourceFile, planted, product_files
from architecture.verdict import Rule, Violation, assert_kept

ASYNCHRONOUS = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)
WORLDLY = frozenset(
    [
        "asyncio",
        "os",
        "io",
        "socket",
        "subprocess",
        "threading",
        "multiprocessing",
        "random",
        "secrets",
        "time",
        "logging",
        "shutil",
        "tempfile",
        "prometheus_client",
        "opentelemetry",
    ]
)
AMBIENT_CALLS = frozenset(
    [
        "datetime.now",
        "datetime.utcnow",
        "datetime.datetime.now",
        "date.today",
        "time.time",
        "time.time_ns",
        "time.monotonic",
        "uuid.uuid4",
        "uuid4",
        "uuid.uuid1",
        "uuid1",
        "random.random",
        "random.choice",
        "random.randint",
        "secrets.token_bytes",
        "secrets.token_hex",
        "secrets.token_urlsafe",
        "os.urandom",
        "open",
        "input",
        "print",
    ]
)


def impure_rules(files: Sequence[SourceFile]) -> Iterator[Violation]:
    for file in files:
        if file.stem != "rules" or file.is_test:
            continue
        for node in file.nodes:
            if isinstance(node, ASYNCHRONOUS):
                yield Violation(file.path, node.lineno, "rules wait for nothing")
        for item in file.imports:
            if item.name.split(".")[0] in WORLDLY:
                yield Violation(file.path, item.line, f"rules do not touch {item.name}")


def ambient_values(files: Sequence[SourceFile]) -> Iterator[Violation]:
    """Time, randomness and ids come in as arguments."""
    for file in files:
        if file.stem not in {"rules", "actions"}:
            continue
        for node in file.nodes:
            if isinstance(node, ast.Call) and ast.unparse(node.func) in AMBIENT_CALLS:
                yield Violation(file.path, node.lineno, f"{ast.unparse(node.func)}() comes in as an argument")


def test_rules_are_pure() -> None:
    assert_kept(Rule.PURE_RULES, impure_rules, product_files())


def test_time_randomness_and_ids_come_in_as_arguments() -> None:
    assert_kept(Rule.AMBIENT_VALUES, ambient_values, product_files())


@pytest.mark.parametrize(
    "text", ["async def f():\n    pass\n", "import asyncio\n", "from os import path\n", "import random\n"]
)
def test_a_rule_that_touches_the_world_is_caught(text: str) -> None:
    assert list(impure_rules([planted("services/shop/shop/orders/rules.py", text)]))
    assert not list(impure_rules([planted("services/shop/shop/orders/ports.py", text)]))


@pytest.mark.parametrize("call", ["datetime.now(UTC)", "uuid4()", "time.time()", "open(path)"])
def test_an_action_that_looks_at_the_wall_clock_is_caught(call: str) -> None:
    assert list(ambient_values([planted("services/shop/shop/orders/actions.py", f"def f():\n    return {call}\n")]))


def test_a_clock_passed_in_is_let_pass() -> None:
    text = "def f(clock):\n    return clock.now()\n"
    assert not list(ambient_values([planted("services/shop/shop/orders/actions.py", text)]))
