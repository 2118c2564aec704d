"""Where a rule is broken, what excuses it, and the one assertion that every rule makes of the tree."""

import io
import re
import tokenize
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from architecture.source_tree import SourceFile

MARK = re.compile(r"#\s*house\s*:")
ESCAPE = re.compile(r"#\s*house: allow (?P<rule>[a-z-]+), because (?P<reason>\S.{9,})")


class Rule(StrEnum):
    """The name of each rule, as an escape comment calls it."""

    FILE_LINES = "file-lines"
    FUNCTION_LINES = "function-lines"
    PARAMETERS = "parameters"
    NESTING = "nesting"
    FILE_NAME = "file-name"
    LAYERS = "layers"
    PURE_RULES = "pure-rules"
    AMBIENT_VALUES = "ambient-values"
    SERVICE_BORDERS = "service-borders"
    FEATURE_BORDERS = "feature-borders"
    IMPORT_CYCLE = "import-cycle"
    LOCAL_IMPORT = "local-import"
    BUSINESS_NOUN = "business-noun"
    ENVIRONMENT = "environment"
    QUIET_IMPORT = "quiet-import"
    ACTION_TEST = "action-test"
    MIDDLEWARE = "middleware"
    BOUND_SQL = "bound-sql"
    DOCSTRING = "docstring"
    MOCK = "mock"


@dataclass(frozen=True)
class Violation:
    """One broken rule; line 0 speaks of the whole file."""

    path: str
    line: int
    message: str


@dataclass(frozen=True)
class Escape:
    """A comment that allows one rule to be broken at one place, and says why."""

    path: str
    line: int
    rule: str
    reason: str


Check = Callable[[Sequence[SourceFile]], Iterable[Violation]]


def marks(file: SourceFile) -> Iterator[tuple[int, str]]:
    """Line and text of each comment that begins like an escape; strings do not count."""
    if not MARK.search(file.text):
        return
    for token in tokenize.generate_tokens(io.StringIO(file.text).readline):
        if token.type == tokenize.COMMENT and (found := MARK.search(token.string)):
            yield token.start[0], token.string[found.start() :]


def escapes(file: SourceFile) -> Iterator[Escape]:
    """The well-formed escapes of a file."""
    for line, text in marks(file):
        if found := ESCAPE.match(text):
            yield Escape(file.path, line, found["rule"], found["reason"])


def excuses(escape: Escape, violation: Violation) -> bool:
    """An escape covers its own line and the next one, or the file where the rule speaks of whole files."""
    return escape.path == violation.path and violation.line in {0, escape.line, escape.line + 1}


def verdict(rule: Rule, check: Check, files: Sequence[SourceFile]) -> list[str]:
    """What breaks the rule without excuse, and the escapes that excuse nothing any more."""
    found = list(check(files))
    allowed = [escape for file in files for escape in escapes(file) if escape.rule == rule]
    open_ones = [v for v in found if not any(excuses(e, v) for e in allowed)]
    stale = [e for e in allowed if not any(excuses(e, v) for v in found)]
    return [
        *(f"{v.path}:{v.line}: {v.message}" for v in open_ones),
        *(f"{e.path}:{e.line}: this escape excuses nothing, take it out" for e in stale),
    ]


def assert_kept(rule: Rule, check: Check, files: Sequence[SourceFile]) -> None:
    """The tree keeps the rule; else every place is listed, with the way out."""
    broken = verdict(rule, check, files)
    assert not broken, f"[{rule}]\n" + "\n".join(sorted(broken)) + f"\n(# house: allow {rule}, because ...)"
