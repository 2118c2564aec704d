"""What is compiled means the same as what is read: the list names modules that a compiler takes as they are."""

import importlib
import os
import runpy
from pathlib import Path

import pytest

_TOOL = runpy.run_path(str(Path(__file__).parents[2] / "infrastructure" / "packaging" / "compile_calls.py"))


def test_every_listed_module_may_be_compiled() -> None:
    modules = _TOOL["listed"]()
    assert "dataplane/admission.py" in modules
    assert len(set(modules)) == len(modules)


@pytest.mark.parametrize(
    ("source", "because"),
    [
        ("import msgspec\nclass Said(msgspec.Struct, frozen=True):\n    x: int\n", "Said"),
        ("async def wait() -> None:\n    pass\n", "line 1"),
        ("def steps():\n    yield 1\n", "line 2"),
        ("def steps():\n    yield from ()\n", "line 2"),
    ],
)
def test_what_would_not_mean_the_same_is_refused(source: str, because: str) -> None:
    assert because in _TOOL["why_not"](source)


def test_constants_become_final_and_no_line_moves() -> None:
    source = '"""What it is."""\n\nfrom os import path\n\n_MOST = 3\nA, B = 1, 2\n\n\ndef most():\n    return _MOST\n'
    made = _TOOL["with_final_constants"](source)
    assert "\n_MOST: Final = 3\n" in made
    assert made.count("\n") == source.count("\n")
    assert made.splitlines().index("    return _MOST") == source.splitlines().index("    return _MOST")
    assert compile(made, "made", "exec")


@pytest.mark.skipif(".compiled" not in os.environ.get("PYTHONPATH", ""), reason="nothing compiled is on PYTHONPATH")
def test_what_is_on_the_path_is_compiled_all_of_it() -> None:
    names = [module.removesuffix(".py").replace("/", ".") for module in _TOOL["listed"]()]
    assert not [name for name in names if not str(importlib.import_module(name).__file__).endswith(".so")]
