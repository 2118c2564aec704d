"""Imports stand at the top of the file, where a reader sees what it needs."""

from collections.abc import Iterator, Sequence

from architecture.source_tree import SourceFile, planted, source_files
from architecture.verdict import Rule, Violation, assert_kept


def local_imports(files: Sequence[SourceFile]) -> Iterator[Violation]:
    for file in files:
        for item in file.imports:
            if item.inside_function:
                yield Violation(file.path, item.line, f"{item.name} is imported inside a function")


def test_nothing_is_imported_inside_a_function() -> None:
    assert_kept(Rule.LOCAL_IMPORT, local_imports, source_files())


def test_an_import_inside_a_function_is_caught() -> None:
    inside = "class A:\n    def f(self):\n        if self:\n            import json\n"
    assert list(local_imports([planted("services/shop/shop/x.py", inside)]))
    assert not list(local_imports([planted("services/shop/shop/x.py", "import json\n")]))
