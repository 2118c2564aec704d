"""No BaseHTTPMiddleware: it costs a task and a queue per call and hides disconnects; write plain ASGI."""

import ast
from collections.abc import Iterator, Sequence

import pytest
from architecture.source_tree import SourceFile, planted, product_files
from architecture.verdict import Rule, Violation, assert_kept


def slow_middleware(files: Sequence[SourceFile]) -> Iterator[Violation]:
    for file in files:
        for item in file.imports:
            if item.name.endswith("BaseHTTPMiddleware"):
                yield Violation(file.path, item.line, "BaseHTTPMiddleware: write a plain ASGI callable")
        for node in file.nodes:
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith((".middleware", "BaseHTTPMiddleware")):
                yield Violation(file.path, node.lineno, "write a plain ASGI callable instead")


def test_no_middleware_of_the_slow_kind() -> None:
    assert_kept(Rule.MIDDLEWARE, slow_middleware, product_files())


@pytest.mark.parametrize(
    "text",
    [
        "from starlette.middleware.base import BaseHTTPMiddleware\n",
        "@app.middleware('http')\nasync def f(request, call_next): ...\n",
    ],
)
def test_slow_middleware_is_caught(text: str) -> None:
    assert list(slow_middleware([planted("services/shop/shop/x.py", text)]))


def test_a_plain_asgi_callable_is_let_pass() -> None:
    assert not list(slow_middleware([planted("services/shop/shop/x.py", "app.add_middleware(Access)\n")]))
