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
    source = (
        '"""What it is."""\n\nfrom os import path\n\n_MOST = 3\n_join = path.join\nA, B = 1, 2\n\n\n'
        "def most():\n    return _MOST\n"
    )
    made = _TOOL["with_final_constants"](source)
    assert "\n_MOST: Final = 3\n_join: Final = path.join\nA, B = 1, 2\n" in made
    assert made.count("\n") == source.count("\n")
    assert made.splitlines().index("    return _MOST") == source.splitlines().index("    return _MOST")
    assert compile(made, "made", "exec")


def _lines(*lines: str) -> str:
    return "from dataclasses import dataclass, field\n" + "\n".join(lines) + "\n"


def test_plain_dataclasses_get_an_init_that_means_the_same() -> None:
    source = _lines(
        "@dataclass(slots=True)",
        "class Held:",
        '    """What it is."""',
        "    scope: str",
        "    amount: int = -1",
        "    left: tuple[int | None, int | None] = (None, None)",
        "    def spent(self) -> int:",
        "        return -self.amount",
    )
    made = _TOOL["with_written_inits"](source)
    assert "slots=True, init=False" in made
    first: dict[str, type] = {}
    second: dict[str, type] = {}
    exec(source, first)
    exec(made, second)
    for arguments, named in ((("a",), {}), (("a", 3), {"left": (1, None)}), ((), {"amount": 2, "scope": "b"})):
        one, other = first["Held"](*arguments, **named), second["Held"](*arguments, **named)
        assert repr(one) == repr(other)
        assert one.spent() == other.spent()
        assert other == second["Held"](*arguments, **named)
    with pytest.raises(TypeError):
        second["Held"]()


@pytest.mark.parametrize(
    "lines",
    [
        ("@dataclass(frozen=True, slots=True)", "class Held:", "    scope: str"),
        ("@dataclass(slots=True)", "class Held:", "    scopes: list[str] = field(default_factory=list)"),
        ("@dataclass(slots=True)", "class Held:", "    scope: InitVar[str]"),
        ("@dataclass(slots=True)", "class Held(Other):", "    scope: str"),
        ("@dataclass(slots=True)", "class Held:", "    scope: str", "    def __post_init__(self) -> None: ..."),
        ("@dataclass(slots=True)", "class Held:", "    scope: str", "    _: KW_ONLY", "    amount: int"),
        ("@dataclass(slots=True)", "class Held:", "    pass"),
        ("class Held:", "    scope: str"),
    ],
)
def test_all_other_classes_stay_as_they_are(lines: tuple[str, ...]) -> None:
    assert _TOOL["with_written_inits"](_lines(*lines)) == _lines(*lines)


@pytest.mark.skipif(".compiled" not in os.environ.get("PYTHONPATH", ""), reason="nothing compiled is on PYTHONPATH")
def test_what_is_on_the_path_is_compiled_all_of_it() -> None:
    names = [module.removesuffix(".py").replace("/", ".") for module in _TOOL["listed"]()]
    assert not [name for name in names if not str(importlib.import_module(name).__file__).endswith(".so")]
