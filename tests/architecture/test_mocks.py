"""Tests use hand-written fakes at the ports; a mock agrees with everything."""

import ast
from collections.abc import Iterator, Sequence

import pytest
from architecture.source_tree import SourceFile, planted, source_files
from architecture.verdict import Rule, Violation, assert_kept


def mocks(files: Sequence[SourceFile]) -> Iterator[Violation]:
    for file in files:
        for item in file.imports:
            if item.name.startswith(("unittest.mock", "mock.", "pytest_mock")):
                yield Violation(file.path, item.line, f"{item.name}: write a fake at the port")
        for node in file.nodes:
            if isinstance(node, ast.arg) and node.arg == "mocker":
                yield Violation(file.path, node.lineno, "mocker: write a fake at the port")


def test_nothing_is_mocked() -> None:
    assert_kept(Rule.MOCK, mocks, source_files())


@pytest.mark.parametrize(
    "text",
    [
        "from unittest.mock import patch\n",
        "import unittest.mock\n",
        "from unittest import mock\n",
        "def test_x(mocker): ...\n",
    ],
)
def test_a_mock_is_caught(text: str) -> None:
    assert list(mocks([planted("tests/unit/shop/test_x.py", text)]))
