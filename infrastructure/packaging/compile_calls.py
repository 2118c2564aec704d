"""`make compile`: the modules that every call goes through, as extension modules made of the very same sources.

`.compiled/` then holds whole copies of `wire` and `dataplane`; a process that has it first on its PYTHONPATH takes them
from there, and nothing else changes. The sources stay what is read, tested and run by default: ADR 0014 says what is
gained. Needs a C compiler and the headers of this Python.
"""

import ast
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMPILED = ROOT / ".compiled"
_PACKAGES = ("libraries/wire/wire", "libraries/dataplane/dataplane")
_LIST = Path(__file__).resolve().with_name("compiled_modules.txt")
_BUILD = _LIST.with_name("build_extensions.py")
_CONSTANT = re.compile(r"^(_?[A-Z][A-Z0-9_]+|_[a-z]+) = ", re.MULTILINE)
_PLAIN_DATACLASS = "@dataclass(slots=True)"
_PATH = "/usr/local/bin:/usr/bin:/bin"
_LONGEST_SECONDS = 900


class CannotCompile(Exception):
    """Why, and what to do about it."""


def main() -> int:
    """1 where something is missing or a module is not what a compiler takes; with --can nothing else is done."""
    try:
        _tools_are_here()
        if sys.argv[1:] == ["--can"]:
            return 0
        # What was made of other sources would be taken for this, should this fail.
        shutil.rmtree(COMPILED, ignore_errors=True)
        modules = listed()
        print(f"Compiling {len(modules)} modules into {COMPILED.name}/ (about a minute) ...", flush=True)
        _compile(modules)
    except CannotCompile as error:
        print(f"cannot compile: {error}", file=sys.stderr)
        return 1
    return 0


def listed() -> list[str]:
    """Paths of the modules to compile, such as `wire/outbox.py`; raises CannotCompile for one that must not be."""
    modules = [line for line in _LIST.read_text().splitlines() if line and not line.startswith("#")]
    for module in modules:
        why = why_not(_source(module))
        if why:
            raise CannotCompile(f"{module} {why} Move that elsewhere, or take the module off {_LIST.name}.")
    return modules


def why_not(source: str) -> str | None:
    """Why a module would not mean the same once compiled, or not be safe, or None."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.ClassDef() if any(ast.unparse(base).endswith("Struct") for base in node.bases):
                return f"defines {node.name}, a msgspec.Struct: it would lose its settings and types."
            case ast.AsyncFunctionDef() | ast.Yield() | ast.YieldFrom():
                return f"waits or yields in line {node.lineno}: coroutines that fail or are cancelled crash, compiled."
            case _:
                pass
    return None


def with_final_constants(source: str) -> str:
    """The same, line by line, with what is bound once declared as that: else each use of it looks it up."""
    found, times = _CONSTANT.subn(r"\1: Final = ", source)
    if not times:
        return source
    head, blank, rest = found.partition('"""\n\n')
    return f'{head}"""\nfrom typing import Final\n{rest}' if blank else f"from typing import Final; {found}"


def with_written_inits(source: str) -> str:
    """The same with an `__init__` written out, in a line of its own, for each plain dataclass.

    The compiler takes the one that `dataclass` makes as it runs for a stranger: with it a record costs five times as
    much. Frozen dataclasses, and those with a `field(...)`, stay as they are.
    """
    lines = source.splitlines(keepends=True)
    classes = [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
    for made in reversed(classes):
        fields = [item for item in made.body if isinstance(item, ast.AnnAssign)]
        before_class = made.lineno - 2
        is_plain = fields and lines[before_class].strip() == _PLAIN_DATACLASS and not made.bases
        if not is_plain or _makes_more(made) or not all(map(_is_plain, fields)):
            continue
        taken = ", ".join(ast.unparse(item) for item in fields)
        kept = "; ".join(f"self.{name} = {name}" for name in (ast.unparse(item.target) for item in fields))
        lines.insert(int(fields[-1].end_lineno or 0), f"    def __init__(self, {taken}) -> None: {kept}\n")
        lines[before_class] = lines[before_class].replace("slots=True", "slots=True, init=False")
    return "".join(lines)


def _makes_more(made: ast.ClassDef) -> bool:
    """Whether a class does more with its fields than to keep them."""
    own = {"__init__", "__post_init__"}
    return any(isinstance(item, ast.FunctionDef) and item.name in own for item in made.body)


def _is_plain(field: ast.AnnAssign) -> bool:
    """Whether a field is an argument like any other: given, or else the one value that stands there."""
    said = ast.unparse(field.annotation)
    return not isinstance(field.value, ast.Call) and "Var" not in said and "KW_ONLY" not in said


def _source(module: str) -> str:
    for package in _PACKAGES:
        path = ROOT / Path(package).parent / module
        if path.exists():
            return path.read_text()
    raise CannotCompile(f"{_LIST.name} names {module}, which is not there.")


def _tools_are_here() -> None:
    compiler = str(sysconfig.get_config_var("CC") or "cc").split()[0]
    if not shutil.which(compiler, path=_PATH):
        raise CannotCompile(f"there is no C compiler '{compiler}' here; install one (Debian: gcc, libc6-dev).")
    header = Path(sysconfig.get_path("include")) / "Python.h"
    if not header.exists():
        raise CannotCompile(f"{header} is missing; install this Python's headers (Debian: libpython3-dev).")


def _compile(modules: list[str]) -> None:
    draft = COMPILED.with_name(f"{COMPILED.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    for package in _PACKAGES:
        shutil.copytree(ROOT / package, draft / Path(package).name, ignore=shutil.ignore_patterns("__pycache__"))
    for module in modules:
        copy = draft / module
        copy.write_text(with_written_inits(with_final_constants(copy.read_text())))
    (draft / _LIST.name).write_text("\n".join(modules))
    _run([sys.executable, str(_BUILD), _LIST.name], draft)
    shutil.rmtree(draft / "build")
    names = [module.removesuffix(".py").replace("/", ".") for module in modules]
    checks = (
        f"import importlib\nfor name in {names}: assert importlib.import_module(name).__file__.endswith('.so'), name"
    )
    _run([sys.executable, "-c", checks], draft)
    draft.rename(COMPILED)


def _run(command: list[str], folder: Path) -> None:
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={"PATH": _PATH, "PYTHONPATH": str(folder)},
            capture_output=True,
            text=True,
            timeout=_LONGEST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CannotCompile(f"it took longer than {_LONGEST_SECONDS} s.") from error
    if done.returncode:
        raise CannotCompile(f"the compiler said:\n{(done.stdout + done.stderr)[-4000:]}")


if __name__ == "__main__":
    sys.exit(main())
