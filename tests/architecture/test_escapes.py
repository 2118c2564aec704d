"""An escape names a rule that exists and gives its reason; all of them are counted."""

from collections.abc import Iterator, Sequence

import pytest
from architecture.source_tree import SourceFile, planted, product_files, source_files
from architecture.verdict import ESCAPE, Rule, Violation, escapes, marks, verdict

ALLOWED_ESCAPES = 25


def malformed(files: Sequence[SourceFile]) -> Iterator[Violation]:
    for file in files:
        for line, text in marks(file):
            found = ESCAPE.match(text)
            if found is None:
                yield Violation(file.path, line, "write `house: allow <rule>, because <reason>`")
            elif found["rule"] not in set(Rule):
                yield Violation(file.path, line, f"there is no rule {found['rule']}")


def test_every_escape_names_a_rule_and_a_reason() -> None:
    assert list(malformed(source_files())) == []


def test_escapes_stay_few() -> None:
    found = [escape for file in product_files() for escape in escapes(file)]
    assert len(found) <= ALLOWED_ESCAPES, "\n".join(f"{e.path}:{e.line} {e.rule}: {e.reason}" for e in found)


@pytest.mark.parametrize(
    "comment",
    [
        "# house: allow",
        "# house: allow parameters",
        "# house: allow parameters, because",
        "# house:allow parameters because I say so",
        "# house: allow everything, because it is easier like this",
    ],
)
def test_a_bare_escape_is_refused(comment: str) -> None:
    assert len(list(malformed([planted("services/shop/shop/x.py", f"x = 1  {comment}\n")]))) == 1


def test_an_escape_in_a_string_is_no_escape() -> None:
    assert list(malformed([planted("services/shop/shop/x.py", 'x = "# house: allow"\n')])) == []


def test_an_escape_excuses_its_own_line_and_the_next_alone() -> None:
    text = "# house: allow parameters, because the protocol has seven fields\na = 1\nb = 2\n"
    file = planted("services/shop/shop/x.py", text)

    def lines(_: Sequence[SourceFile]) -> list[Violation]:
        return [Violation(file.path, line, "too many") for line in (1, 2, 3)]

    assert verdict(Rule.PARAMETERS, lines, [file]) == [f"{file.path}:3: too many"]


def test_an_escape_that_excuses_nothing_is_reported() -> None:
    file = planted("services/shop/shop/x.py", "# house: allow nesting, because the parser is a table\nx = 1\n")
    assert verdict(Rule.NESTING, lambda _: [], [file]) == [f"{file.path}:1: this escape excuses nothing, take it out"]
