"""A README names no file that is not there: whoever moves one says so where it is described."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from architecture.source_tree import ROOT, tracked

# Words in backticks that are a path, or its end.
_NAMED = re.compile(r"`([\w./-]+\.(?:py|lua|sql|proto))`")


def named_in_vain(text: str, files: Sequence[str]) -> Iterator[str]:
    """Files that a text names and none of these is."""
    for name in _NAMED.findall(text):
        if not any(f"/{file}".endswith(f"/{name.removeprefix('./')}") for file in files):
            yield name


def test_every_file_that_a_readme_names_is_there() -> None:
    files = tracked()
    readmes = [path for path in files if Path(path).name == "README.md"]
    assert len(readmes) > 5
    assert not [f"{path}: `{name}`" for path in readmes for name in named_in_vain((ROOT / path).read_text(), files)]


@pytest.mark.parametrize("text", ["`till.py` counts", "in `shop/till.py`", "`./shop/till.py`"])
def test_a_file_that_is_gone_is_caught_and_one_that_is_there_is_not(text: str) -> None:
    assert list(named_in_vain(text, ["services/shop/shop/tills.py", "services/shop/shop/old_till.py"]))
    assert not list(named_in_vain(text, ["services/shop/shop/till.py"]))
