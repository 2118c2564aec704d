"""SQL takes its values as bound parameters; only constants of the code are ever written into it."""

import ast
from collections.abc import Iterator, Sequence

import pytest
from architecture.source_tree import SourceFile, planted, product_files
from architecture.verdict import Rule, Violation, assert_kept

RUNNERS = frozenset(
    ["execute", "executemany", "fetch", "fetchrow", "fetchval", "fetchmany", "cursor", "prepare", "copy_from_query"]
)


def is_woven(node: ast.expr) -> bool:
    """A text that takes in a value: an f-string, +, % or format(); names in capitals are constants of the code."""
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) and not is_constant(part.value) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        return not (is_constant(node.left) and is_constant(node.right))
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"format", "join"}


def is_constant(node: ast.expr) -> bool:
    if isinstance(node, ast.Subscript):
        return is_constant(node.value)
    if isinstance(node, ast.Name | ast.Attribute):
        return ast.unparse(node).rpartition(".")[2].isupper()
    return isinstance(node, ast.Constant) or (isinstance(node, ast.JoinedStr | ast.BinOp) and not is_woven(node))


def woven_sql(files: Sequence[SourceFile]) -> Iterator[Violation]:
    for file in files:
        woven = woven_names(file)
        for node in file.nodes:
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
                continue
            text = node.args[0]
            if node.func.attr in RUNNERS and (is_woven(text) or (isinstance(text, ast.Name) and text.id in woven)):
                yield Violation(file.path, node.lineno, f"{node.func.attr}() gets a woven text: bind the value ($1)")


def woven_names(file: SourceFile) -> set[str]:
    """Names that are given a woven text anywhere in the file."""
    return {
        target.id
        for node in file.nodes
        if isinstance(node, ast.Assign) and is_woven(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def test_sql_is_never_woven() -> None:
    assert_kept(Rule.BOUND_SQL, woven_sql, product_files())


@pytest.mark.parametrize(
    "text",
    [
        'c.execute(f"DELETE FROM t WHERE id = {id}")\n',
        'c.fetch("SELECT * FROM t WHERE id = %s" % id)\n',
        'c.fetchrow("SELECT " + column)\n',
        'c.fetchval("SELECT {}".format(x))\n',
        'sql = f"SELECT {x}"\nc.fetch(sql)\n',
        'sql = f"SELECT {x}"\nLATER = 1\nc.executemany(sql, rows)\n',
    ],
)
def test_a_woven_text_is_caught(text: str) -> None:
    assert list(woven_sql([planted("services/shop/shop/orders/postgres_store.py", text)]))


@pytest.mark.parametrize(
    "text",
    [
        'c.execute("DELETE FROM t WHERE id = $1", id)\n',
        'c.fetch(f"SELECT {COLUMNS} FROM t WHERE id = $1", id)\n',
        'c.fetch(f"SELECT x FROM t ORDER BY {_ORDERS[order]}", id)\n',
        "c.fetch(SELECT_ORDERS + ORDER_BY, id)\n",
        'log.info(f"fetched {n}")\n',
    ],
)
def test_bound_parameters_are_let_pass(text: str) -> None:
    assert not list(woven_sql([planted("services/shop/shop/orders/postgres_store.py", text)]))
