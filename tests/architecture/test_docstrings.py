"""The first line of a module or a public class says what it is for."""

import ast
from collections.abc import Iterator, Sequence

import pytest
from architecture.source_tree import SourceFile, planted, source_files
from architecture.verdict import Rule, Violation, assert_kept


def silent_files(files: Sequence[SourceFile]) -> Iterator[Violation]:
    for file in files:
        if not first_line(file.tree):
            yield Violation(file.path, 0, "the module does not say what it is for")


def silent_classes(files: Sequence[SourceFile]) -> Iterator[Violation]:
    for file in files:
        for node in (n for n in file.tree.body if isinstance(n, ast.ClassDef)):
            if not (file.is_test or node.name.startswith("_") or first_line(node)):
                yield Violation(file.path, node.lineno, f"class {node.name} does not say what it is for")


def first_line(node: ast.Module | ast.ClassDef) -> str:
    text = ast.get_docstring(node, clean=False) or ""
    return text.split("\n", 1)[0].strip()


def test_modules_and_public_classes_say_what_they_are_for() -> None:
    assert_kept(Rule.DOCSTRING, lambda files: [*silent_files(files), *silent_classes(files)], source_files())


@pytest.mark.parametrize("text", ["", "x = 1\n", '"""\nLate.\n"""\n', '"""   """\n'])
def test_a_silent_module_is_caught(text: str) -> None:
    assert list(silent_files([planted("services/shop/shop/x.py", text)]))


def test_a_silent_public_class_is_caught_and_a_private_one_is_not() -> None:
    assert list(silent_classes([planted("services/shop/shop/x.py", "class A:\n    x = 1\n")]))
    assert not list(silent_classes([planted("services/shop/shop/x.py", "class _A:\n    x = 1\n")]))
