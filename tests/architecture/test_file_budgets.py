"""A source file has at most 300 lines, a test file at most 500."""

from collections.abc import Iterator, Sequence

from architecture.source_tree import SourceFile, planted, source_files
from architecture.verdict import Rule, Violation, assert_kept

SOURCE_LINES = 300
TEST_LINES = 500


def long_files(files: Sequence[SourceFile]) -> Iterator[Violation]:
    for file in files:
        budget = TEST_LINES if file.is_test else SOURCE_LINES
        lines = file.text.count("\n")
        if lines > budget:
            yield Violation(file.path, 0, f"{lines} lines, at most {budget}: is it still one idea?")


def test_files_keep_their_budget() -> None:
    assert_kept(Rule.FILE_LINES, long_files, source_files())


def test_a_source_file_of_301_lines_is_caught() -> None:
    assert list(long_files([planted("services/shop/shop/x.py", "x = 1\n" * 301)]))
    assert not list(long_files([planted("services/shop/shop/x.py", "x = 1\n" * 300)]))


def test_a_test_file_may_be_longer_than_a_source_file_but_not_endless() -> None:
    assert not list(long_files([planted("tests/unit/test_x.py", "x = 1\n" * 500)]))
    assert list(long_files([planted("tests/unit/test_x.py", "x = 1\n" * 501)]))
