"""A file is named after its idea: no utils, helpers, common, misc, manager, base, core."""

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

import pytest
from architecture.source_tree import SourceFile, planted, source_files
from architecture.verdict import Rule, Violation, assert_kept

SAY_NOTHING = frozenset({"util", "utils", "helper", "helpers", "common", "misc", "manager", "managers", "base", "core"})


def empty_names(files: Sequence[SourceFile]) -> Iterator[Violation]:
    for file in files:
        words = {w for part in PurePosixPath(file.path).with_suffix("").parts for w in part.lower().split("_")}
        for word in sorted(words & SAY_NOTHING):
            yield Violation(file.path, 0, f"`{word}` says nothing: name the file after its idea")


def test_every_file_is_named_after_its_idea() -> None:
    assert_kept(Rule.FILE_NAME, empty_names, source_files())


@pytest.mark.parametrize("path", ["utils.py", "string_utils.py", "core/price.py", "session_manager.py", "base.py"])
def test_a_name_that_says_nothing_is_caught(path: str) -> None:
    assert list(empty_names([planted(f"services/shop/shop/{path}", "")]))


@pytest.mark.parametrize("path", ["base64_text.py", "database/pool.py", "rules.py", "scores.py"])
def test_a_word_that_only_contains_one_is_let_pass(path: str) -> None:
    assert not list(empty_names([planted(f"services/shop/shop/{path}", "")]))
