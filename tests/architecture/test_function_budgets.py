"""A function has at most 40 lines, 6 parameters and 3 levels of nesting; complexity is ruff's C901."""

import ast
import tomllib
from collections.abc import Iterable, Iterator, Sequence

import pytest
from architecture.source_tree import ROOT, SourceFile, planted, product_files, source_files
from architecture.verdict import Rule, Violation, assert_kept

LINES, PARAMETERS, NESTING = 40, 6, 3
BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match)
Function = ast.FunctionDef | ast.AsyncFunctionDef


def long_functions(files: Sequence[SourceFile]) -> Iterator[Violation]:
    for file in files:
        for function in file.functions:
            lines = (function.end_lineno or 0) - function.lineno + 1
            if lines > LINES:
                yield Violation(file.path, function.lineno, f"{function.name}: {lines} lines, at most {LINES}")


def wide_functions(files: Sequence[SourceFile]) -> Iterator[Violation]:
    for file in files:
        for function in file.functions:
            count = parameter_count(function.args)
            if count > PARAMETERS:
                yield Violation(
                    file.path, function.lineno, f"{function.name}: {count} parameters, at most {PARAMETERS}"
                )


def parameter_count(arguments: ast.arguments) -> int:
    """All that a caller may pass; self and cls are not passed."""
    named = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    stars = [a for a in (arguments.vararg, arguments.kwarg) if a]
    return len(named) + len(stars) - (1 if named and named[0] in {"self", "cls"} else 0)


def deep_functions(files: Sequence[SourceFile]) -> Iterator[Violation]:
    for file in files:
        for function in file.functions:
            depth = max((depth_of(statement) for statement in function.body), default=0)
            if depth > NESTING:
                yield Violation(file.path, function.lineno, f"{function.name}: nested {depth} deep, at most {NESTING}")


def depth_of(node: ast.AST) -> int:
    """How many blocks stand inside each other; an elif is the sibling of its if, an inner function begins anew."""
    if isinstance(node, Function | ast.Lambda | ast.ClassDef):
        return 0
    if isinstance(node, ast.If) and len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
        return max(1 + deepest(node.body), depth_of(node.orelse[0]))
    return (1 if isinstance(node, BLOCKS) else 0) + deepest(ast.iter_child_nodes(node))


def deepest(nodes: Iterable[ast.AST]) -> int:
    return max((depth_of(node) for node in nodes if not isinstance(node, ast.expr)), default=0)


def test_functions_keep_to_forty_lines() -> None:
    assert_kept(Rule.FUNCTION_LINES, long_functions, source_files())


def test_functions_take_at_most_six_parameters() -> None:
    assert_kept(Rule.PARAMETERS, wide_functions, product_files())


def test_functions_nest_at_most_three_deep() -> None:
    assert_kept(Rule.NESTING, deep_functions, product_files())


def test_ruff_keeps_complexity_at_eight() -> None:
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    assert lint["mccabe"]["max-complexity"] == 8
    assert "C90" in lint["select"]


def test_a_function_of_41_lines_is_caught() -> None:
    body = "    x = 1\n"
    assert list(long_functions([planted("services/shop/shop/x.py", "def f():\n" + body * 40)]))
    assert not list(long_functions([planted("services/shop/shop/x.py", "def f():\n" + body * 39)]))


@pytest.mark.parametrize(
    ("signature", "caught"),
    [
        ("a, b, c, d, e, f", 0),
        ("self, a, b, c, d, e, f", 0),
        ("a, b, c, *, d, e, f, g", 1),
        ("a, b, c, d, e, *f, **g", 1),
    ],
)
def test_a_seventh_parameter_is_caught(signature: str, caught: int) -> None:
    file = planted("services/shop/shop/x.py", f"def f({signature}):\n    pass\n")
    assert len(list(wide_functions([file]))) == caught


def test_a_fourth_level_is_caught_and_an_elif_is_no_level() -> None:
    deep = "def f(a):\n for x in a:\n  if x:\n   with x:\n    while x:\n     pass\n"
    chain = "def f(a):\n if a == 1:\n  pass\n elif a == 2:\n  pass\n elif a == 3:\n  pass\n elif a == 4:\n  pass\n"
    assert list(deep_functions([planted("services/shop/shop/x.py", deep)]))
    assert not list(deep_functions([planted("services/shop/shop/x.py", chain)]))
