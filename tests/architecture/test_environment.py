"""The environment is read in settings.py and nowhere else."""

import ast
from collections.abc import Iterator, Sequence

import pytest
from architecture.source_tree import SourceFile, planted, product_files
from architecture.verdict import Rule, Violation, assert_kept

READERS = frozenset({"environ", "environb", "getenv", "putenv", "unsetenv"})


def environment_readers(files: Sequence[SourceFile]) -> Iterator[Violation]:
    for file in files:
        if file.stem == "settings":
            continue
        for node in file.nodes:
            if isinstance(node, ast.Attribute) and node.attr in READERS and ast.unparse(node.value) == "os":
                yield Violation(file.path, node.lineno, f"os.{node.attr} belongs to settings.py")
        for item in file.imports:
            if item.name.startswith("os.") and item.name[3:] in READERS:
                yield Violation(file.path, item.line, f"{item.name} belongs to settings.py")


def test_the_environment_is_read_in_settings_alone() -> None:
    assert_kept(Rule.ENVIRONMENT, environment_readers, product_files())


@pytest.mark.parametrize(
    "text",
    [
        "import os\nx = os.environ['A']\n",
        "import os\ndef f():\n    return os.getenv('A')\n",
        "from os import environ\n",
    ],
)
def test_a_look_at_the_environment_is_caught(text: str) -> None:
    assert list(environment_readers([planted("services/shop/shop/orders/actions.py", text)]))
    assert not list(environment_readers([planted("services/shop/shop/settings.py", text)]))
