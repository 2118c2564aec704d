"""Every action has a test that names it."""

import ast
import re
from collections.abc import Iterator, Sequence

from architecture.source_tree import SourceFile, planted, source_files
from architecture.verdict import Rule, Violation, assert_kept

WORD = re.compile(r"\w+")


def untested_actions(files: Sequence[SourceFile]) -> Iterator[Violation]:
    named = {word for file in files if file.is_test for word in WORD.findall(file.text)}
    for file in files:
        if file.service is None or file.stem != "actions":
            continue
        for node in file.tree.body:
            if isinstance(node, ast.ClassDef) and is_action(node) and node.name not in named:
                yield Violation(file.path, node.lineno, f"no test names the action {node.name}")


def is_action(node: ast.ClassDef) -> bool:
    functions = (n for n in node.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    return any(function.name == "__call__" for function in functions)


def test_every_action_has_a_test_that_names_it() -> None:
    assert_kept(Rule.ACTION_TEST, untested_actions, source_files())


def test_an_action_without_a_test_is_caught() -> None:
    action = planted("services/shop/shop/orders/actions.py", "class Pay:\n    async def __call__(self): ...\n")
    test = planted("tests/unit/shop/test_orders.py", "from shop.orders.actions import Pay\n")
    assert list(untested_actions([action]))
    assert not list(untested_actions([action, test]))
